"""Diversity scores as other papers define them, computed by hand, by mdtraj, and for perfect samples."""

import mdtraj
import numpy as np
import pytest
from dialect_helpers import evaluation, heavy_molecule, noisy_chignolin, value

from cgbench.chem.superposition import centred, rotations


@pytest.fixture(scope="module")
def chignolin(alanine_directory):
    return noisy_chignolin(alanine_directory)


def dumbbells(frames, lengths):
    """Two atoms; their superposed RMSD is half of the difference of the lengths."""
    molecule = heavy_molecule([("LIG", ["C1", "C2"])], [[0, 1]])
    ends = np.array([[0.0, 0, 0], [1.0, 0, 0]])
    return evaluation(molecule, np.multiply.outer(lengths, ends), np.multiply.outer(frames, ends))


class TestDiversity:
    def test_by_hand(self):
        # To the frame 0.5 and 1.0 Å, between samples 1.5 Å, from their mean (length 2.5) 0.75 Å each.
        one = dumbbells([2.0], [[1.0, 4.0]])
        assert value("diamondback_div", one) == pytest.approx(1 - 1.5 / 0.75)
        assert value("flowback_div", one) == pytest.approx(1 - 1.5 / 0.75)
        assert value("codlad_div", one) == pytest.approx(1 - 0.75 / 0.75)

    def test_order_of_division_and_mean(self):
        # The second frame: 2.0 Å to the frame and 0.5 Å between samples, 0.25 Å from their mean.
        two = dumbbells([2.0, 6.0], [[1.0, 4.0], [1.5, 2.5]])
        assert value("diamondback_div", two) == pytest.approx(1 - (1.5 + 0.5) / (0.75 + 2.0))
        assert value("flowback_div", two) == pytest.approx((-1.0 + 0.75) / 2)
        assert value("codlad_div", two) == pytest.approx(1 - (0.75 + 0.25) / (0.75 + 2.0))

    def test_agrees_with_mdtraj(self, chignolin):
        def rmsd(a, b):
            return float(mdtraj.rmsd(mdtraj.Trajectory(a, None), mdtraj.Trajectory(b, None))[0])

        between, to_frame, to_mean = [], [], []
        for frame, samples in zip(chignolin.reference, chignolin.samples, strict=True):
            between.append([rmsd(a, b) for k, a in enumerate(samples) for b in samples[:k]])
            to_frame.append([rmsd(a, frame) for a in samples])
            to_mean.append([rmsd(a, samples.mean(axis=0)) for a in samples])
        ratios = np.mean(between, axis=1) / np.mean(to_frame, axis=1)
        expected = {
            "diamondback_div": 1 - np.mean(between) / np.mean(to_frame),
            "flowback_div": 1 - ratios.mean(),
            "codlad_div": 1 - np.mean(to_mean) / np.mean(to_frame),
        }
        assert {name: value(name, chignolin) for name in expected} == pytest.approx(expected, abs=1e-4)

    @pytest.mark.parametrize("n_samples", [2, 8, 10])
    def test_perfect_samples_of_a_narrow_distribution(self, alanine, alanine_frames, rng, n_samples):
        """Frame and samples from one Gaussian: 0, and 1 − sqrt((K − 1) / 2K) as CODLAD has it."""
        heavy = alanine_frames.positions[0][alanine.heavy]
        drawn = heavy + rng.normal(scale=0.1, size=(400, n_samples + 1, *heavy.shape))
        perfect = evaluation(alanine.subset(np.flatnonzero(alanine.heavy)), drawn[:, 1:], drawn[:, 0])
        assert value("diamondback_div", perfect) == pytest.approx(0.0, abs=0.02)
        assert value("flowback_div", perfect) == pytest.approx(0.0, abs=0.03)
        expected = 1 - np.sqrt((n_samples - 1) / (2 * n_samples))
        assert value("codlad_div", perfect) == pytest.approx(expected, abs=0.02)
        if n_samples == 10:
            assert expected == pytest.approx(0.33, abs=0.005)

    def test_perfect_samples_of_several_states(self, alanine, alanine_frames, rng):
        """Frames and samples are MD frames drawn at random: only the ratio of means is 0.

        With several states the distances of pairs vary more than those from the mean, which makes the value
        of CODLAD lower than that of a narrow distribution.
        """
        heavy = centred(alanine_frames.positions[:, alanine.heavy], np.full(10, 0.1)).astype(np.float64)
        turned = heavy @ rotations(heavy, heavy[:1], np.full(10, 0.1), rng).swapaxes(1, 2)
        drawn = turned[rng.integers(len(turned), size=(1000, 11))]
        perfect = evaluation(alanine.subset(np.flatnonzero(alanine.heavy)), drawn[:, 1:], drawn[:, 0])
        assert value("diamondback_div", perfect) == pytest.approx(0.0, abs=0.03)
        assert value("flowback_div", perfect) < -0.03
        assert value("codlad_div", perfect) == pytest.approx(0.27, abs=0.02)

    def test_equal_samples(self):
        """Without spread all are 1, and with one sample undefined."""
        for name in ("diamondback_div", "flowback_div", "codlad_div"):
            assert value(name, dumbbells([2.0, 3.0], [[1.0, 1.0], [4.0, 4.0]])) == 1.0
            assert np.isnan(value(name, dumbbells([2.0, 3.0], [[1.0], [4.0]])))

    def test_samples_that_turn(self):
        """Superposition hides it from all but the mean over samples."""
        straight = dumbbells([2.0], [[3.0, 4.0]])
        samples = straight.samples.copy()
        samples[0, 1] = samples[0, 1][:, [1, 0, 2]]
        turned = evaluation(straight.molecule, samples, straight.reference)
        assert value("diamondback_div", turned) == pytest.approx(value("diamondback_div", straight))
        # The mean is (1.5, 2), which is 2.5 long, as 3 and 4 are orthogonal.
        assert value("codlad_div", turned) == pytest.approx(1 - (0.25 + 0.75) / (0.5 + 1.0))
