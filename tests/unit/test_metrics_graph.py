"""Bond graphs of samples: missing, extra and exact, and the published count."""

import numpy as np
import pytest
from metric_helpers import CHAIN, GEOMETRY, evaluation, moved, value
from scipy.spatial.distance import cdist

from cgbench.chem import bonds_and_clashes, geometry
from cgbench.chem.bond_rule import COVALENT_RADII
from cgbench.chem.molecule import Molecule
from cgbench.core import registry
from cgbench.metrics.base import Evaluation


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
