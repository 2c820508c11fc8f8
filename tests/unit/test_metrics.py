import MDAnalysis.analysis.rms
import numpy as np
import pytest
from scipy.spatial.distance import cdist

from cgbench.chem import bonds_and_clashes, geometry
from cgbench.chem.molecule import COVALENT_RADII, Molecule
from cgbench.core import registry
from cgbench.core.errors import InputError
from cgbench.mapping.base import Mapping
from cgbench.metrics.base import Evaluation

# C-C-O in a row with a hydrogen on the first carbon, all bonds of ordinary length (Å).
CHAIN = Molecule(
    elements=("C", "C", "O", "H"),
    atom_names=("C1", "C2", "O", "H"),
    residue_names=("LIG",) * 4,
    residue_index=np.zeros(4, dtype=np.int64),
    masses=np.array([12.0, 12.0, 16.0, 1.0]),
    bonds=np.array([[0, 1], [0, 3], [1, 2]]),
)
GEOMETRY = np.array([[0.0, 0, 0], [1.5, 0, 0], [2.9, 0, 0], [-1.0, 0, 0]])
ONE_BEAD = Mapping.centres(np.zeros(4, dtype=np.int64))


def evaluation(samples, reference=GEOMETRY, reconstruction=None):
    """One frame with samples [n_samples, 4, 3]."""
    samples = np.asarray(samples, dtype=np.float32)[None]
    reference = np.asarray(reference, dtype=np.float32)[None]
    reconstruction = reference if reconstruction is None else np.asarray(reconstruction, np.float32)[None]
    return Evaluation(reference, reconstruction, samples, CHAIN, ONE_BEAD)


def value(name, evaluated):
    metric = registry.load("metrics", name)()
    sums = metric.block_sums(evaluated, np.zeros(evaluated.n_frames, dtype=np.int64))
    return float(metric.value(sums.sum(axis=0)))


def moved(atom, x, y=0.0):
    """The chain, which lies on the x axis, with one atom moved to (x, y)."""
    changed = GEOMETRY.copy()
    changed[atom, :2] = x, y
    return changed


@pytest.fixture
def random_evaluation(alanine_frames, three_beads, rng):
    """Alanine dipeptide, 5 samples per frame, wrong enough that bonds break and form."""
    reference = alanine_frames.positions[:20]
    noise = rng.normal(scale=0.4, size=(20, 5, 22, 3)).astype(np.float32)
    return Evaluation(
        reference,
        reference + noise[:, 0] / 2,
        reference[:, None] + noise,
        alanine_frames.molecule,
        three_beads,
    )


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


class TestGraph:
    def test_true_geometry_has_the_graph_of_the_topology(self):
        for name in ("graph_xor", "graph_missing", "graph_extra", "graph_xor_recon"):
            assert value(name, evaluation([GEOMETRY])) == 0
        assert value("graph_exact", evaluation([GEOMETRY])) == 1

    def test_one_missing_and_one_extra_bond_do_not_cancel(self):
        # O leaves C2 (2.0 Å is beyond 1.3 * 1.36 Å) and takes the place next to C1.
        swapped = evaluation([moved(2, 0.0, 1.4)])
        assert value("graph_missing", swapped) == pytest.approx(1 / 3)
        assert value("graph_extra", swapped) == pytest.approx(1 / 3)
        assert value("graph_xor", swapped) == pytest.approx(2 / 3)
        assert value("graph_exact", swapped) == 0

    def test_in_the_published_count_they_cancel(self):
        assert value("graph_legacy", evaluation([moved(2, 0.0, 1.4)])) == 0
        # One of three bonds is missing from the first sample, none from the second.
        assert value("graph_legacy", evaluation([moved(2, 9.0), GEOMETRY])) == pytest.approx(1 / 6)

    def test_the_published_reference_is_the_frame(self):
        broken = moved(2, 9.0)
        assert value("graph_legacy", evaluation([broken], reference=broken)) == 0
        # Three bonds where the frame has two.
        assert value("graph_legacy", evaluation([GEOMETRY], reference=broken)) == pytest.approx(1 / 2)
        scattered = 100 * GEOMETRY
        assert np.isnan(value("graph_legacy", evaluation([GEOMETRY], reference=scattered)))

    def test_heavy_atoms_have_their_own_bonds(self):
        without_hydrogen = evaluation([moved(3, -5.0)])
        assert value("graph_xor", without_hydrogen) == pytest.approx(1 / 3)
        assert value("graph_xor", without_hydrogen.restrict_to("heavy")) == 0
        without_oxygen = evaluation([moved(2, 9.0)])
        assert value("graph_missing", without_oxygen.restrict_to("heavy")) == pytest.approx(1 / 2)

    @pytest.mark.parametrize(("length", "bonded"), [(1.767, True), (1.769, False)])
    def test_rule_ends_at_1_3_times_the_sum_of_radii(self, length, bonded):
        changed = evaluation([moved(2, 1.5 + length)])
        assert value("graph_xor", changed) == pytest.approx(0 if bonded else 1 / 3)

    def test_nanometres_would_bond_everything(self):
        assert value("graph_extra", evaluation([GEOMETRY / 10])) == 1.0

    def test_reference_is_the_topology_not_the_frame(self):
        broken = moved(2, 9.0)
        assert value("graph_xor", evaluation([broken], reference=broken)) == pytest.approx(1 / 3)

    @pytest.mark.parametrize("atoms", ["all", "heavy"])
    def test_agrees_with_plain_counting(self, random_evaluation, atoms):
        evaluated = random_evaluation.restrict_to(atoms)
        kept = [e for e in evaluated.molecule.elements if atoms == "all" or e != "H"]
        right = {tuple(bond) for bond in evaluated.molecule.bonds.tolist()}
        expected = np.zeros((20, 5))
        for frame, sample in np.ndindex(20, 5):
            distances = cdist(evaluated.samples[frame, sample], evaluated.samples[frame, sample])
            found = {
                (i, j)
                for i in range(len(kept))
                for j in range(i + 1, len(kept))
                if distances[i, j] < 1.3 * (COVALENT_RADII[kept[i]] + COVALENT_RADII[kept[j]])
            }
            expected[frame, sample] = len(found ^ right) / len(right)
        assert expected.any()
        scores = registry.load("metrics", "graph_xor")().per_frame(evaluated)
        np.testing.assert_allclose(scores, expected.mean(axis=1))
        exact = registry.load("metrics", "graph_exact")().per_frame(evaluated)
        np.testing.assert_allclose(exact, (expected == 0).mean(axis=1))

    def test_chunks_change_nothing(self, random_evaluation, monkeypatch):
        whole = random_evaluation.sample_observables.contacts
        monkeypatch.setattr(geometry, "CHUNK_BYTES", 7 * 16 * random_evaluation.molecule.n_atoms)
        again = bonds_and_clashes.count_contacts(random_evaluation.samples, random_evaluation.molecule)
        for name in ("missing", "extra", "clashes", "overlaps"):
            np.testing.assert_array_equal(getattr(again, name), getattr(whole, name))

    def test_does_not_apply_to_a_molecule_without_bonds(self):
        bare = Molecule(
            CHAIN.elements,
            CHAIN.atom_names,
            CHAIN.residue_names,
            CHAIN.residue_index,
            CHAIN.masses,
            CHAIN.bonds[:0],
        )
        for name in ("graph_xor", "graph_legacy", "rmsd_sample_legacy", "bond_length_w1"):
            assert not registry.load("metrics", name)().applies(bare)
            assert registry.load("metrics", name)().applies(CHAIN)

    def test_frames_of_md_have_the_graph_of_the_topology(self, alanine_frames, three_beads):
        frames = alanine_frames.positions
        evaluated = Evaluation(frames, frames, frames[:, None], alanine_frames.molecule, three_beads)
        assert value("graph_xor", evaluated) < 1e-3


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
