import MDAnalysis.analysis.rms
import numpy as np
import pytest
from metric_helpers import CHAIN, GEOMETRY, ONE_BEAD, evaluation, moved, value
from scipy.spatial.distance import cdist

from cgbench.chem import geometry
from cgbench.core import registry
from cgbench.core.errors import InputError
from cgbench.metrics.base import Evaluation


class TestRmsd:
    def test_by_hand(self):
        # One of four atoms off by 2 Å: sqrt(4 / 4); of three heavy ones: sqrt(4 / 3).
        off = evaluation([GEOMETRY], reconstruction=moved(0, 2.0))
        assert value("rmsd_recon", off) == pytest.approx(1.0)
        assert value("rmsd_recon", off.restrict_to("heavy")) == pytest.approx(np.sqrt(4 / 3))

    def test_is_in_angstrom(self):
        assert value("rmsd_recon", evaluation([GEOMETRY], reconstruction=GEOMETRY + 10)) == pytest.approx(
            300**0.5
        )

    def test_is_not_superposed(self):
        assert value("rmsd_sample", evaluation([GEOMETRY + np.array([1.0, 0, 0])])) == pytest.approx(1.0)

    def test_mean_and_minimum_over_samples(self):
        samples = evaluation([GEOMETRY + np.array([1.0, 0, 0]), GEOMETRY + np.array([0, 3.0, 0])])
        assert value("rmsd_backmap_mean", samples) == pytest.approx(2.0)
        assert value("rmsd_backmap_min", samples) == pytest.approx(1.0)

    def test_sampling_rmsd_equals_backmapping_rmsd(self, random_evaluation):
        diversity, error = (registry.load("metrics", name) for name in ("rmsd_sample", "rmsd_backmap_mean"))
        assert (diversity.better, error.better) == ("higher", "lower")
        np.testing.assert_array_equal(
            diversity().per_frame(random_evaluation), error().per_frame(random_evaluation)
        )

    def test_invalid_samples_count(self):
        """The published diversity leaves them out."""
        far = moved(2, 100.0)
        assert value("graph_exact", evaluation([far, GEOMETRY])) == 0.5
        assert value("rmsd_sample", evaluation([far, GEOMETRY])) == pytest.approx((100 - 2.9) / 2 / 2)

    @pytest.mark.parametrize("atoms", ["all", "heavy"])
    def test_agrees_with_mdanalysis(self, random_evaluation, atoms):
        evaluated = random_evaluation.restrict_to(atoms)
        expected = [
            [MDAnalysis.analysis.rms.rmsd(sample, reference) for sample in samples]
            for samples, reference in zip(evaluated.samples, evaluated.reference, strict=True)
        ]
        mean = registry.load("metrics", "rmsd_sample")().per_frame(evaluated)
        np.testing.assert_allclose(mean, np.mean(expected, axis=1), rtol=1e-5)
        best = registry.load("metrics", "rmsd_backmap_min")().per_frame(evaluated)
        np.testing.assert_allclose(best, np.min(expected, axis=1), rtol=1e-5)


class TestPublishedVariants:
    def test_reconstruction_is_pooled_before_the_root(self):
        # Off by 1 Å and by 3 Å: sqrt((1 + 9) / 2), where the mean of both is 2.
        frames = np.stack([GEOMETRY, GEOMETRY]).astype(np.float32)
        rebuilt = frames + np.array([[[1.0, 0, 0]], [[0, 3.0, 0]]], dtype=np.float32)
        two = Evaluation(frames, rebuilt, frames[:, None], CHAIN, ONE_BEAD)
        assert value("rmsd_recon_legacy", two) == pytest.approx(5**0.5)
        assert value("rmsd_recon", two) == pytest.approx(2.0)

    def test_posterior_draws_are_scored_separately(self):
        """The mean is exact, its draws are off by 1 Å and by 3 Å."""
        frames = np.stack([GEOMETRY, GEOMETRY]).astype(np.float32)
        drawn = frames + np.array([[[1.0, 0, 0]], [[0, 3.0, 0]]], dtype=np.float32)
        two = Evaluation(frames, frames, frames[:, None], CHAIN, ONE_BEAD, reconstruction_draw=drawn)
        assert value("rmsd_recon", two) == 0.0
        assert value("rmsd_recon_draw", two) == pytest.approx(2.0)
        assert value("rmsd_recon_draw", two.restrict_to("heavy")) == pytest.approx(2.0)
        assert value("rmsd_recon_legacy", two) == pytest.approx(5**0.5)

    def test_only_valid_samples_are_counted(self):
        far, near = moved(2, 100.0), GEOMETRY + np.array([1.0, 0, 0])
        assert value("rmsd_sample_legacy", evaluation([far, near])) == pytest.approx(1.0)
        assert np.isnan(value("rmsd_sample_legacy", evaluation([far, far])))

    def test_one_missing_and_one_extra_bond_are_not_valid(self):
        assert np.isnan(value("rmsd_sample_legacy", evaluation([moved(2, 0.0, 1.4)])))

    def test_every_valid_sample_counts_the_same(self):
        """Two valid samples of one frame and one of another: a mean over three, not over two frames."""
        frames = np.stack([GEOMETRY, GEOMETRY]).astype(np.float32)
        shift = np.array([[1.0, 2.0], [6.0, 0.0]])[:, :, None, None] * np.array([1.0, 0, 0])
        samples = (frames[:, None] + shift).astype(np.float32)
        samples[1, 1, 2, 0] = 100.0
        two = Evaluation(frames, frames, samples, CHAIN, ONE_BEAD)
        assert value("rmsd_sample_legacy", two) == pytest.approx(3.0)


class TestDiversity:
    def test_deterministic_method_scores_one(self):
        off = GEOMETRY + np.array([1.0, 0, 0])
        assert value("diversity", evaluation([off, off, off])) == 1.0

    def test_perfect_copies_score_one(self):
        assert value("diversity", evaluation([GEOMETRY, GEOMETRY])) == 1.0

    def test_by_hand(self):
        # Each 1 Å from the reference, 2 Å from each other: 1 - 2 / 1.
        samples = [GEOMETRY + np.array([1.0, 0, 0]), GEOMETRY - np.array([1.0, 0, 0])]
        assert value("diversity", evaluation(samples)) == pytest.approx(-1.0)

    def test_independent_draws_score_zero(self, rng):
        draws = rng.normal(size=(2000, 9, 4, 3)).astype(np.float32)
        reference, samples = draws[:, 0], draws[:, 1:]
        evaluated = Evaluation(reference, reference, samples, CHAIN, ONE_BEAD)
        assert value("diversity", evaluated) == pytest.approx(0.0, abs=0.03)

    @pytest.mark.parametrize("share", [0.5, 0.1])
    def test_independent_draws_of_two_states_score_zero(self, rng, share):
        """A mean of ratios is −0.10 and −0.24 here."""
        state = (rng.random((4000, 9)) < share)[..., None, None]
        draws = (3.0 * state + 0.3 * rng.normal(size=(4000, 9, 4, 3))).astype(np.float32)
        evaluated = Evaluation(draws[:, 0], draws[:, 0], draws[:, 1:], CHAIN, ONE_BEAD)
        assert value("diversity", evaluated) == pytest.approx(0.0, abs=0.03)
        each = registry.load("metrics", "diversity")().per_frame(evaluated)
        assert (1 - each[:, 0] / each[:, 1]).mean() < -0.05

    def test_single_sample_leaves_it_undefined(self):
        off = GEOMETRY + np.array([1.0, 0, 0])
        assert np.isnan(value("diversity", evaluation([GEOMETRY])))
        assert np.isnan(value("diversity", evaluation([off])))

    def test_pairs_agree_with_scipy(self, random_evaluation):
        found = geometry.pairwise_rmsd(random_evaluation.samples)
        i, j = np.triu_indices(5, k=1)
        for row, samples in zip(found, random_evaluation.samples.reshape(20, 5, -1), strict=True):
            np.testing.assert_allclose(row, cdist(samples, samples)[i, j] / np.sqrt(22), rtol=1e-5)


class TestEvaluation:
    @pytest.mark.parametrize("bad", [np.nan, np.inf])
    def test_non_finite_samples_are_refused(self, bad):
        broken = GEOMETRY.copy()
        broken[1, 2] = bad
        with pytest.raises(InputError, match="samples: 1 of 1 frames hold NaN or infinite coordinates"):
            evaluation([GEOMETRY, broken])

    @pytest.mark.parametrize("samples", [np.zeros((2, 3, 3)), np.zeros((0, 4, 3)), np.zeros((4, 3))])
    def test_wrong_shapes_are_refused(self, samples):
        with pytest.raises(InputError, match="samples: shape"):
            evaluation(samples)


class TestConsistency:
    def test_by_hand(self):
        # Moving one of four atoms by 2 Å moves their centre by 0.5 Å.
        assert value("consistency", evaluation([GEOMETRY, moved(3, -3.0)])) == pytest.approx(0.5)

    def test_projected_samples_are_consistent(self, random_evaluation):
        mapping = random_evaluation.mapping
        beads = mapping.beads(random_evaluation.reference)
        projected = mapping.project(random_evaluation.samples, beads[:, None])
        evaluated = Evaluation(
            random_evaluation.reference,
            random_evaluation.reference,
            projected,
            random_evaluation.molecule,
            mapping,
        )
        assert value("consistency", random_evaluation) > 0.1
        assert value("consistency", evaluated) < 1e-5
