"""Clashes and bonds as other papers define them, computed by hand and from all distances."""

import numpy as np
import pytest
from dialect_helpers import evaluation, heavy_molecule, noisy_chignolin, value
from scipy.spatial.distance import cdist

from cgbench.core import registry

# C1, C2 and O in a row; distances 1.5, 1.4 and 2.9 Å.
CHAIN = np.array([[0.0, 0, 0], [1.5, 0, 0], [2.9, 0, 0]])
CHAIN_BONDS = [[0, 1], [1, 2]]
FAR = np.array([2.9, 9.0, 0])  # breaks the bond of O
SWAPPED = np.array([0.0, 1.4, 0])  # breaks the bond of O and makes one with C1


def of_chain(*frames):
    """Chains of which O is where each sample of each frame has it."""
    samples = np.array([[[*CHAIN[:2], oxygen] for oxygen in oxygens] for oxygens in frames])
    molecule = heavy_molecule([("LIG", ["C1", "C2", "O"])], CHAIN_BONDS)
    return evaluation(molecule, samples, np.broadcast_to(CHAIN, (len(frames), 3, 3)))


@pytest.fixture(scope="module")
def chignolin(alanine_directory):
    return noisy_chignolin(alanine_directory)


class TestGenZProtClashScore:
    def test_pairs_by_hand(self):
        # O is 1.0 Å from C2, then out of range; all three pairs are in range, then one.
        assert value("genzprot_clash_score", of_chain([[2.5, 0, 0]])) == pytest.approx(100 / 3)
        assert value("genzprot_clash_score", of_chain([[2.5, 0, 0], FAR])) == pytest.approx(100 / 4)

    def test_frames_are_pooled(self):
        both = of_chain([[2.5, 0, 0]], [FAR])
        assert value("genzprot_clash_score", both) == pytest.approx(100 / 4)

    def test_agrees_with_all_distances(self, chignolin):
        pairs = np.triu_indices(chignolin.molecule.n_atoms, k=1)
        all_distances = np.array([cdist(x, x)[pairs] for sample in chignolin.samples for x in sample])
        expected = 100 * (all_distances < 1.2).sum() / (all_distances < 5.0).sum()
        assert value("genzprot_clash_score", chignolin) == pytest.approx(expected)


class TestFlowBackClashScore:
    @pytest.mark.parametrize(
        ("first", "last", "expected"),
        [
            ((0, "CA"), (2, "CA"), 50.0),  # two of four residues
            ((0, "CB"), (3, "N"), 50.0),
            ((0, "CA"), (1, "CA"), 0.0),  # backbones of neighbours
            ((0, "CB"), (1, "C"), 0.0),
            ((0, "CB"), (1, "CB"), 50.0),  # their side chains
            ((2, "CB"), (3, "OXT"), 0.0),  # of which one is a glycine
            ((1, "CA"), (1, "CB"), 0.0),  # within a residue
        ],
    )
    def test_pairs_by_hand(self, first, last, expected):
        names = ["N", "CA", "C", "O", "CB"]
        end = ["N", "CA", "C", "O", "OXT"]
        molecule = heavy_molecule([("ALA", names), ("SER", names), ("VAL", names), ("GLY", end)])
        apart = 5.0 * np.array(list(np.ndindex(3, 3, 3))[: molecule.n_atoms])
        i, j = (5 * residue + (end if residue == 3 else names).index(atom) for residue, atom in (first, last))
        sample = apart.copy()
        sample[j] = sample[i] + np.array([1.19, 0, 0])
        assert value("flowback_clash_score", evaluation(molecule, [[sample]], [apart])) == expected

    def test_a_residue_counts_once(self):
        molecule = heavy_molecule([("ALA", ["CA"])] * 4)
        line = np.array([[0, 0, 0], [5.0, 0, 0], [0.5, 0, 0], [1.0, 0, 0]])
        # Residue 0 clashes with 2 and 3; 2 and 3 are neighbours.
        assert value("flowback_clash_score", evaluation(molecule, [[line]], [line])) == 75.0

    def test_agrees_with_distances_of_residues(self, chignolin):
        """Residue by residue."""
        molecule = chignolin.molecule
        names, residue = np.array(molecule.atom_names), molecule.residue_index
        side = ~np.isin(names, ["N", "CA", "C", "O"])
        glycine = {int(residue[i]) for i, name in enumerate(molecule.residue_names) if name == "GLY"}
        flags, n_residues = [], residue.max() + 1
        for x in chignolin.samples.reshape(-1, molecule.n_atoms, 3):
            flagged = np.zeros(n_residues, dtype=bool)
            for a in range(n_residues):
                for b in range(a + 1, n_residues):
                    if b == a + 1 and {a, b} & glycine:
                        continue
                    chosen = side if b == a + 1 else np.ones_like(side)
                    distances = cdist(x[chosen & (residue == a)], x[chosen & (residue == b)])
                    flagged[[a, b]] |= distances.min(initial=np.inf) < 1.2
            flags.append(flagged)
        expected = 100 * np.mean(flags)
        assert 1 < expected < 90
        assert value("flowback_clash_score", chignolin) == pytest.approx(expected)


class TestCodladClash:
    PEPTIDE = heavy_molecule(
        [("ALA", ["N", "CA", "C", "O"]), ("ALA", ["N", "CA", "C", "O"])],
        [[0, 1], [1, 2], [2, 3], [2, 4], [4, 5], [5, 6], [6, 7]],
    )
    # The zigzag of an extended chain, with both O beside their C.
    FRAME = np.zeros((8, 3))
    FRAME[:, 0] = 0, 1.2, 2.4, 2.4, 3.6, 4.8, 6.0, 6.0
    FRAME[:, 1] = 0, 0.9, 0.0, -1.2, 0.9, 0.0, 0.9, 2.1

    def score(self, atom, place):
        sample = self.FRAME.copy()
        sample[atom] = place
        return value("codlad_clash", evaluation(self.PEPTIDE, [[sample]], [self.FRAME]))

    def test_pairs_by_hand(self):
        """28 pairs, all within 9 Å; 7 are bonds and 7 are ends of angles, 1 of them O and the next N."""
        assert len(self.PEPTIDE.angle_ends) == 7
        assert self.score(0, self.FRAME[0]) == 0.0
        assert self.score(7, self.FRAME[0] + [0, 0, 1.1]) == pytest.approx(1 / 14)
        assert self.score(0, self.FRAME[1] + [0, 0, 1.1]) == 0.0  # a bond
        assert self.score(0, self.FRAME[2] + [0, 0, 1.1]) == 0.0  # ends of an angle

    def test_peptide_bonds_are_a_share_of_their_own(self):
        """O on the N of the next residue: 1 of 1 such pairs, and no pair of the others."""
        assert self.score(3, self.FRAME[4] + [0, 0, 1.1]) == 1.0

    def test_pairs_apart_in_the_frame_are_left_out(self):
        """The samples clash where the frame has them 9.1 Å apart: no such pair is tested."""
        frame, sample = self.FRAME.copy(), self.FRAME.copy()
        frame[7] = [9.1, 0, 0]
        sample[7] = self.FRAME[0] + [0, 0, 1.1]
        assert value("codlad_clash", evaluation(self.PEPTIDE, [[sample]], [frame])) == 0.0

    def test_agrees_with_all_distances(self, chignolin):
        molecule = chignolin.molecule
        pairs = {(i, j) for i, j in zip(*np.triu_indices(molecule.n_atoms, k=1), strict=True)}
        pairs -= set(map(tuple, molecule.bonds)) | set(map(tuple, molecule.angle_ends))
        i, j = np.array(sorted(pairs)).T
        names = np.array(molecule.atom_names)
        o, n = (np.flatnonzero(names == name) for name in "ON")  # the caps have one of them each
        scores = []
        for frame, samples in zip(chignolin.reference, chignolin.samples, strict=True):
            near = cdist(frame, frame)[i, j] <= 9.0
            for x in samples:
                distances = cdist(x, x)
                scores.append((distances[i, j] < 1.2)[near].mean() + (distances[o, n] < 1.2).mean())
        assert value("codlad_clash", chignolin) == pytest.approx(np.mean(scores))


class TestBonds:
    def test_missing_and_spurious_bonds_cancel(self):
        swapped = of_chain([SWAPPED])
        assert value("graph_legacy", swapped) == 0.0
        assert value("diamondback_ged", swapped) == 0.0
        # Both triangles of the matrix: 2 missing and 2 spurious entries; 4 of bonds and 3 of the diagonal.
        assert value("diamondback_ged_corrected", swapped) == pytest.approx(4 / 7)
        assert value("graph_xor", swapped) == 1.0

    def test_a_missing_bond(self):
        broken = of_chain([FAR])
        assert value("graph_legacy", broken) == pytest.approx(1 / 2)
        assert value("diamondback_ged", broken) == pytest.approx(2 / 7)
        assert value("diamondback_ged_corrected", broken) == pytest.approx(2 / 7)

    def test_bonds_of_different_frames_cancel(self):
        """One frame lacks a bond, the other, with O bonded to both C, has one too many."""
        two = of_chain([FAR], [[0.75, 1.0, 0]])
        assert value("graph_legacy", two) == pytest.approx(1 / 2)
        assert value("diamondback_ged", two) == 0.0
        assert value("diamondback_ged_corrected", two) == pytest.approx(4 / 14)

    def test_samples_of_a_frame_do_not_cancel(self):
        assert value("diamondback_ged", of_chain([FAR, [0.75, 1.0, 0]])) == pytest.approx(2 / 7)

    def test_the_frame_is_the_reference(self):
        """A bond that is broken in the frame and in the sample is not wrong; 2 + 3 entries are left."""
        molecule = heavy_molecule([("LIG", ["C1", "C2", "O"])], CHAIN_BONDS)
        broken, whole = np.array([*CHAIN[:2], FAR]), CHAIN
        for name in ("diamondback_ged", "diamondback_ged_corrected"):
            assert value(name, evaluation(molecule, [[broken]], [broken])) == 0.0
            assert value(name, evaluation(molecule, [[whole]], [broken])) == pytest.approx(2 / 5)

    def test_corrected_is_the_graph_error_of_valid_frames(self, chignolin):
        bonds, n_atoms = len(chignolin.molecule.bonds), chignolin.molecule.n_atoms
        assert not chignolin.reference_observables.contacts.missing.any()
        expected = value("graph_xor", chignolin) * 2 * bonds / (2 * bonds + n_atoms)
        assert value("diamondback_ged_corrected", chignolin) == pytest.approx(expected)

    def test_ged_of_codlad_is_a_squared_error_of_distances(self):
        # C2–O is 1.5 instead of 1.4 Å, C1–O 3.0 instead of 2.9, C1–C2 is right.
        assert value("codlad_ged", of_chain([[3.0, 0, 0]])) == pytest.approx(0.02 / 3, rel=1e-4)


def test_frames_as_their_own_samples(chignolin):
    """MD frames have no wrong bond and no clash, but for GenZProt, where short C=O bonds are clashes."""
    perfect = evaluation(chignolin.molecule, chignolin.reference[:, None], chignolin.reference)
    for name in registry.names("metrics"):
        if name.startswith(("flowback_clash", "codlad_clash", "codlad_ged", "diamondback_ged")):
            assert value(name, perfect) == 0.0
    assert value("genzprot_clash_score", perfect) > 0.0
    names = np.array(chignolin.molecule.atom_names)
    lengths = perfect.reference_observables.bond_lengths
    assert set(map(tuple, names[chignolin.molecule.bonds[(lengths < 1.2).any(axis=(0, 1))]])) == {("C", "O")}
