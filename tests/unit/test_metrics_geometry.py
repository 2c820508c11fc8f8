"""Bonds, angles, clashes and overlaps: by hand, against other packages, and in other units."""

from dataclasses import replace

import MDAnalysis.lib.distances
import mdtraj
import numpy as np
import pytest
from metric_helpers import CHAIN, GEOMETRY
from scipy.spatial.distance import cdist
from scipy.stats import wasserstein_distance

from cgbench.chem.bond_rule import VAN_DER_WAALS_RADII
from cgbench.chem.bonds_and_clashes import count_contacts
from cgbench.chem.geometry import bond_angles
from cgbench.chem.mdtraj_topology import molecule_to_mdtraj
from cgbench.chem.molecule import Molecule
from cgbench.chem.observables import Observables
from cgbench.chem.topology_io import read_topology
from cgbench.core import registry
from cgbench.mapping.base import Mapping
from cgbench.metrics._evaluation import Evaluation


def evaluation(samples, reference=GEOMETRY, molecule=CHAIN):
    """One frame with samples [n_samples, n_atoms, 3], or several with [n_frames, n_samples, n_atoms, 3]."""
    samples = np.asarray(samples, dtype=np.float32).reshape(-1, np.shape(samples)[-3], molecule.n_atoms, 3)
    reference = np.asarray(reference, dtype=np.float32).reshape(-1, molecule.n_atoms, 3)
    one_bead = Mapping.centres(np.zeros(molecule.n_atoms, dtype=np.int64))
    return Evaluation(reference, reference, samples, molecule, one_bead)


def value(name, evaluated):
    metric = registry.load("metrics", name)()
    sums = metric.block_sums(evaluated, np.zeros(evaluated.n_frames, dtype=np.int64))
    return float(metric.value(sums.sum(axis=0)))


def moved(atom, *place):
    changed = GEOMETRY.copy()
    changed[atom] = place
    return changed


def mirrored(positions):
    return positions * np.array([1.0, 1.0, -1.0])


@pytest.fixture(scope="module")
def noisy(alanine_frames, three_beads):
    """Alanine dipeptide: 40 MD frames, 3 samples each that are wrong everywhere."""
    rng = np.random.default_rng(7)
    reference = alanine_frames.positions[::6]
    samples = reference[:, None] + rng.normal(scale=0.3, size=(len(reference), 3, 22, 3)).astype(np.float32)
    return Evaluation(reference, reference, samples, alanine_frames.molecule, three_beads)


class TestBondLengths:
    def test_by_hand(self):
        # One of three bonds is 0.3 Å longer; so are two of three by 1 Å when the atom between moves on.
        assert value("bond_length_w1", evaluation([GEOMETRY])) == 0
        assert value("bond_length_w1", evaluation([moved(2, 3.2, 0, 0)])) == pytest.approx(0.1, abs=1e-5)
        assert value("bond_length_w1", evaluation([moved(1, 0.5, 0, 0)])) == pytest.approx(2 / 3, abs=1e-5)

    def test_errors_of_both_signs_do_not_cancel(self):
        # The O-C bond is 0.2 Å too long in one sample and as much too short in the other.
        two = evaluation([moved(2, 3.1, 0, 0), moved(2, 2.7, 0, 0)])
        assert value("bond_length_w1", two) == pytest.approx(0.2 / 3, abs=1e-5)

    def test_is_in_angstrom(self):
        assert registry.load("metrics", "bond_length_w1").unit == "Å"
        in_nanometres = evaluation([GEOMETRY / 10])
        assert value("bond_length_w1", in_nanometres) == pytest.approx(0.9 * (1.5 + 1.4 + 1.0) / 3, abs=1e-5)
        assert value("bonds_within_10pct", in_nanometres) == 0

    def test_beyond_the_grid_a_length_still_counts_in_full(self):
        assert value("bond_length_w1", evaluation([moved(2, 101.5, 0, 0)])) == pytest.approx(98.6 / 3)

    def test_hydrogens_can_be_left_out(self):
        off = evaluation([moved(3, -1.6, 0, 0)])
        assert value("bond_length_w1", off) == pytest.approx(0.2, abs=1e-5)
        assert value("bond_length_w1", off.restrict_to("heavy")) == 0

    @pytest.mark.parametrize("atoms", ["all", "heavy"])
    def test_agrees_with_mdtraj_and_scipy(self, noisy, atoms):
        part = noisy.restrict_to(atoms)
        topology = molecule_to_mdtraj(part.molecule)

        def lengths(positions):
            flat = positions.reshape(-1, part.molecule.n_atoms, 3)
            return mdtraj.compute_distances(mdtraj.Trajectory(flat, topology), part.molecule.bonds).T

        pairs = zip(lengths(part.reference), lengths(part.samples), strict=True)
        expected = np.mean([wasserstein_distance(md, sample) for md, sample in pairs])
        assert value("bond_length_w1", part) == pytest.approx(expected, rel=2e-3)

    def test_within_a_tenth_by_hand(self):
        # 1.4 Å may be 1.26 to 1.54: the second sample's is too long, its others are right.
        samples = evaluation([moved(2, 3.0, 0, 0), moved(2, 3.1, 0, 0)])
        assert value("bonds_within_10pct", samples) == pytest.approx(5 / 6)


class TestBondAngles:
    def test_by_hand(self):
        # C-C-O bends from 180° to 90°, H-C-C stays straight.
        bent = evaluation([moved(2, 1.5, 1.4, 0)])
        assert value("angle_w1", bent) == pytest.approx(45.0, abs=1e-3)
        assert value("bond_length_w1", bent) == pytest.approx(0.0, abs=1e-5)

    def test_collapsed_atoms_do_not_drop_out(self):
        assert value("angle_w1", evaluation([np.zeros((4, 3))])) == pytest.approx(180.0, abs=1e-3)

    @pytest.mark.parametrize("scale", [0.1, 1.0])
    def test_does_not_depend_on_the_unit(self, noisy, scale):
        molecule = noisy.molecule
        trajectory = mdtraj.Trajectory(noisy.reference, molecule_to_mdtraj(molecule))
        expected = np.degrees(mdtraj.compute_angles(trajectory, molecule.angles))
        found = bond_angles(noisy.reference * np.float32(scale), molecule.angles)
        np.testing.assert_allclose(found, expected, atol=0.02)

    def test_agrees_with_mdanalysis_and_scipy(self, noisy):
        def angles(positions):
            places = positions.reshape(-1, 22, 3)
            return [
                np.degrees(MDAnalysis.lib.distances.calc_angles(places[:, i], places[:, j], places[:, k]))
                for i, j, k in noisy.molecule.angles
            ]

        pairs = zip(angles(noisy.reference), angles(noisy.samples), strict=True)
        expected = np.mean([wasserstein_distance(md, sample) for md, sample in pairs])
        assert value("angle_w1", noisy) == pytest.approx(expected, rel=2e-3)


class TestContacts:
    # Beyond 1-3 neighbours there is only H ... O: sum of radii 2.72 Å, less 0.4.
    @pytest.mark.parametrize(("gap", "clashes"), [(2.31, 1), (2.33, 0)])
    def test_clash_by_hand(self, gap, clashes):
        close = evaluation([moved(3, 2.9, gap, 0)])
        assert value("clashes", close) == 1000 * clashes / 4
        assert value("clashes", close.restrict_to("heavy")) == 0

    def test_neighbours_do_not_clash(self):
        # Everything on one point: of six pairs, three bonds and two 1-3 neighbours do not count.
        assert value("clashes", evaluation([np.zeros((4, 3)), GEOMETRY])) == 1000 / 4 / 2

    @pytest.mark.parametrize(("gap", "share"), [(1.19, 0.5), (1.21, 0.0)])
    def test_overlap_by_hand(self, gap, share):
        samples = evaluation([moved(3, 2.9, gap, 0), GEOMETRY])
        assert value("overlaps", samples) == share

    def test_a_short_bond_is_no_overlap(self):
        assert value("overlaps", evaluation([moved(3, -0.2, 0, 0)])) == 0
        # Its 1-3 neighbour is none either, but it is not bonded.
        assert value("overlaps", evaluation([moved(3, 1.5, 0.5, 0)])) == 1

    def test_nanometres_would_clash_everywhere(self):
        assert value("overlaps", evaluation([GEOMETRY / 10])) == 1
        assert value("clashes", evaluation([GEOMETRY / 10])) == 250

    @pytest.mark.parametrize("atoms", ["all", "heavy"])
    def test_agree_with_scipy(self, noisy, atoms):
        part = noisy.restrict_to(atoms)
        molecule = part.molecule
        radii = np.array([VAN_DER_WAALS_RADII[element] for element in molecule.elements])
        bonded = np.zeros((molecule.n_atoms, molecule.n_atoms), dtype=bool)
        bonded[tuple(molecule.bonds.T)] = True
        bonded |= bonded.T
        near = bonded | (bonded.astype(int) @ bonded > 0)
        upper = np.triu(np.ones_like(bonded), k=1)
        clashes, overlaps = [], []
        for sample in part.samples.reshape(-1, molecule.n_atoms, 3):
            distances = cdist(sample, sample)
            clashes.append(((distances < radii[:, None] + radii - 0.4) & ~near & upper).sum())
            overlaps.append(((distances < 1.2) & ~bonded & upper).any())
        assert 0 < np.mean(overlaps) < 1 or atoms == "heavy"
        expected = 1000 * np.mean(clashes) / molecule.n_atoms
        assert expected > 0
        assert value("clashes", part) == pytest.approx(expected)
        assert value("overlaps", part) == pytest.approx(np.mean(overlaps))


class TestSymmetry:
    LENGTHS = ("bond_length_w1", "angle_w1", "bonds_within_10pct", "clashes", "overlaps", "graph_xor")

    @pytest.mark.parametrize("name", LENGTHS)
    def test_distances_cannot_tell_a_mirror_image(self, noisy, name):
        seen = replace(noisy, samples=mirrored(noisy.samples).astype(np.float32))
        assert value(name, seen) == pytest.approx(value(name, noisy), rel=1e-4)

    @pytest.mark.parametrize("name", [*LENGTHS, "rmsd_sample", "diversity", "graph_exact"])
    def test_order_of_atoms_does_not_matter(self, noisy, name):
        order = np.random.default_rng(3).permutation(22)
        place = np.argsort(order)
        old = noisy.molecule
        molecule = Molecule(
            elements=tuple(old.elements[atom] for atom in order),
            atom_names=tuple(old.atom_names[atom] for atom in order),
            residue_names=tuple(old.residue_names[atom] for atom in order),
            residue_index=old.residue_index[order],
            masses=old.masses[order],
            bonds=np.sort(place[old.bonds], axis=1),
        )
        turned = evaluation(noisy.samples[:, :, order], noisy.reference[:, order], molecule)
        assert value(name, turned) == pytest.approx(value(name, noisy), rel=1e-6)


def test_contacts_are_counted_once(noisy, monkeypatch):
    calls = []
    monkeypatch.setattr(
        "cgbench.chem.observables.count_contacts", lambda *args: calls.append(args) or count_contacts(*args)
    )
    observables = Observables(noisy.samples, noisy.molecule)
    for _ in range(3):
        observables.contacts  # noqa: B018
    assert len(calls) == 1


def one_centre(outer, length, angle):
    """Two atoms of an element bonded to a carbon atom at the origin (Å, degrees), and their molecule."""
    half = np.radians(angle / 2)
    x, y = length * np.sin(half), length * np.cos(half)
    molecule = replace(
        CHAIN.subset(np.arange(3)), elements=("C", outer, outer), bonds=np.array([[0, 1], [0, 2]])
    )
    return np.array([[0, 0, 0], [x, y, 0], [-x, y, 0]], dtype=np.float32), molecule


class TestLargeElements:
    """The bond rule takes two large atoms on one centre for bonded, and such pairs are left out."""

    @pytest.mark.parametrize(
        ("outer", "length", "angle"), [("I", 2.14, 112), ("Br", 1.93, 108), ("Si", 1.87, 108), ("P", 1.8, 95)]
    )
    def test_two_on_one_centre(self, outer, length, angle):
        geometry, molecule = one_centre(outer, length, angle)
        apart = np.linalg.norm(geometry[1] - geometry[2])
        assert apart < 1.3 * molecule.covalent_radii[1:].sum()
        assert molecule.undecided_pairs.tolist() == [[1, 2]]
        assert value("graph_xor", evaluation([geometry], geometry, molecule)) == 0
        assert value("graph_exact", evaluation([geometry], geometry, molecule)) == 1
        # Other faults are still found.
        geometry[2] *= 2.0
        assert value("graph_missing", evaluation([geometry], geometry, molecule)) == 0.5

    def test_sulphur_is_decided(self):
        geometry, molecule = one_centre("S", 1.82, 90)
        assert not len(molecule.undecided_pairs)
        assert value("graph_extra", evaluation([geometry], geometry, molecule)) == 0.5

    def test_atoms_of_other_centres_are_decided(self):
        geometry, molecule = one_centre("I", 2.14, 112)
        apart = replace(molecule, bonds=np.array([[0, 1]]))
        assert not len(apart.undecided_pairs)
        assert value("graph_extra", evaluation([geometry], geometry, apart)) == 2

    @pytest.mark.parametrize("name", ["alanine_dipeptide", "chignolin"])
    def test_peptides_have_no_such_pair(self, alanine_directory, name):
        peptide = read_topology(alanine_directory.parent / name / "topology.pdb")
        assert not len(peptide.undecided_pairs)
        sulphur = replace(peptide, elements=tuple("S" if e == "C" else e for e in peptide.elements))
        assert not len(sulphur.undecided_pairs)
