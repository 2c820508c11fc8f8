"""Torsions ω and planarity of peptide groups: by hand, against mdtraj, and with planted faults."""

from dataclasses import replace

import mdtraj
import numpy as np
import pytest
from peptide_helpers import applies, atom, built, evaluation, molecule_of, moved, reordered, turned, value

from cgbench.chem.geometry import out_of_plane
from cgbench.chem.mdtraj_topology import molecule_to_mdtraj
from cgbench.chem.peptide_groups import omega, omega_atoms, peptide_groups, twist

# CA, C, O, N and the next CA, with ω about the z axis.
BOND = molecule_of(
    "CCOCN", [[0, 1], [1, 2], [1, 4], [3, 4]], names=["CA", "C", "O", "CA", "N"], residues=[0, 0, 0, 1, 1]
)


def bond(angle):
    """Geometry of one peptide bond with a given ω, degrees."""
    turn = np.radians(angle)
    last = [1.4 * np.cos(turn), 1.4 * np.sin(turn), 1.8]
    return np.array([[1.4, 0, -0.5], [0, 0, 0], [-1.1, 0, -0.5], last, [0, 0, 1.33]])


def labels(molecule, quad):
    return [molecule.label(index) for index in quad]


def off(first, second):
    """Largest difference between torsions, degrees."""
    return np.abs((first - second + 180) % 360 - 180).max()


class TestAtoms:
    def test_chignolin_has_eleven_with_its_caps(self, chignolin_frames):
        molecule = chignolin_frames.molecule
        quads = omega_atoms(molecule)
        assert len(quads) == 11
        assert labels(molecule, quads[0]) == ["ACE1 CH3", "ACE1 C", "TYR2 N", "TYR2 CA"]
        assert labels(molecule, quads[3]) == ["ASP4 CA", "ASP4 C", "PRO5 N", "PRO5 CA"]
        assert labels(molecule, quads[-1]) == ["TYR11 CA", "TYR11 C", "NME12 N", "NME12 C"]

    def test_agree_with_mdtraj_but_for_the_caps(self, chignolin_frames):
        molecule, positions = chignolin_frames.molecule, chignolin_frames.positions
        trajectory = mdtraj.Trajectory(positions / 10, molecule_to_mdtraj(molecule))
        quads, expected = mdtraj.compute_omega(trajectory)
        ours = omega_atoms(molecule)
        np.testing.assert_array_equal(ours[1:-1], quads)
        assert off(omega(positions, molecule)[:, 1:-1], np.degrees(expected)) < 0.05

    def test_side_chains_have_none(self, tmp_path):
        molecule, _ = built("NQ", tmp_path)
        assert [labels(molecule, quad)[1:3] for quad in omega_atoms(molecule)] == [
            ["ACE1 C", "ASN2 N"],
            ["ASN2 C", "GLN3 N"],
            ["GLN3 C", "NME4 N"],
        ]

    def test_follow_from_the_bonds_and_not_from_the_order_or_names_of_atoms(self, chignolin_frames):
        molecule = chignolin_frames.molecule
        order = np.random.default_rng(1).permutation(molecule.n_atoms)
        shuffled = reordered(molecule, order)
        names = tuple(name if name == "CA" else "X" for name in shuffled.atom_names)
        found = {tuple(order[quad]) for quad in omega_atoms(replace(shuffled, atom_names=names))}
        assert found == set(map(tuple, omega_atoms(molecule)))

    def test_hydrogens_are_not_needed(self, chignolin_frames):
        molecule = chignolin_frames.molecule
        heavy = molecule.subset(np.flatnonzero(molecule.heavy))
        assert [labels(heavy, quad) for quad in omega_atoms(heavy)] == [
            labels(molecule, quad) for quad in omega_atoms(molecule)
        ]

    @pytest.mark.parametrize(
        "other",
        [
            replace(BOND, elements=("H", *BOND.elements[1:])),  # formyl
            replace(BOND, elements=("C", "C", "O", "H", "N")),  # NH2 at the end
            replace(BOND, elements=("C", "C", "N", "C", "N")),  # no carbonyl
            replace(BOND, residue_index=np.zeros(5, dtype=np.int64)),  # within a residue
            BOND.subset(np.array([1, 2, 3, 4])),
        ],
    )
    def test_other_bonds_have_none(self, other):
        assert applies("omega_cis", BOND) and applies("peptide_planarity", BOND)
        assert not applies("omega_cis", other) and not applies("peptide_planarity", other)
        assert omega(np.zeros((2, other.n_atoms, 3)), other).shape == (2, 0)

    def test_group_is_the_bond_with_all_its_neighbours(self, chignolin_frames):
        molecule = chignolin_frames.molecule
        groups = peptide_groups(molecule)
        names = [{molecule.atom_names[index] for index in group} for group in groups]
        assert names[0] == {"CH3", "C", "O", "N", "H", "CA"}
        assert names[3] == {"CA", "C", "O", "N", "CD"}
        assert {len(group) for group in groups} == {6}


class TestOmega:
    @pytest.mark.parametrize("angle", [0.0, 12.0, -80.0, 95.0, 175.0, -170.0])
    def test_by_hand(self, angle):
        assert omega(bond(angle), BOND)[0] == pytest.approx(angle)

    def test_deviation_by_hand(self):
        assert [twist(angle) for angle in (0.0, -10.0, 90.0, 100.0, -175.0, 180.0)] == [0, 10, 90, 80, 5, 0]

    def test_values_by_hand(self):
        samples = [[bond(0), bond(-89), bond(91), bond(170)]]
        whole = evaluation([bond(180)], samples, BOND)
        assert value("omega_cis", whole) == 0.5
        assert value("omega_deviation", whole) == pytest.approx((0 + 89 + 89 + 10) / 4, abs=1e-4)

    def test_collapsed_atoms_are_cis(self):
        whole = evaluation([bond(180)], np.zeros((1, 1, 5, 3)), BOND)
        assert value("omega_cis", whole) == 1
        assert value("omega_deviation", whole) == 0

    @pytest.mark.parametrize("ends", [("TYR2 C", "TYR3 N"), ("ASP4 C", "PRO5 N"), ("ACE1 C", "TYR2 N")])
    def test_a_peptide_bond_that_is_turned_over_is_cis(self, chignolin_frames, ends):
        molecule, frames = chignolin_frames.molecule, chignolin_frames.positions
        start, end = (atom(molecule, label) for label in ends)
        before = evaluation(frames, frames[:, None], molecule)
        cis = evaluation(frames, turned(frames, molecule, start, end, 180.0)[:, None], molecule)
        assert value("omega_cis", before) == 0
        assert value("omega_cis", cis) == pytest.approx(1 / 11)
        # A cis bond is as planar as the trans bond was.
        assert value("omega_deviation", cis) == pytest.approx(value("omega_deviation", before), abs=1e-3)

    def test_a_twist_counts_in_degrees(self, alanine, alanine_frames):
        frames = alanine_frames.positions
        start, end = atom(alanine, "ALA2 C"), atom(alanine, "NME3 N")
        angles = omega(turned(frames, alanine, start, end, 60.0), alanine)
        assert off(angles[:, 0], omega(frames, alanine)[:, 0]) < 0.01
        assert off(angles[:, 1], omega(frames, alanine)[:, 1] + 60.0) < 0.01

    def test_neither_motion_nor_mirror_changes_the_values(self, chignolin_frames):
        molecule, frames = chignolin_frames.molecule, chignolin_frames.positions[::5]
        samples = frames[:, None] + np.random.default_rng(2).normal(scale=0.3, size=(2, *frames[0].shape))
        expected = evaluation(frames, samples, molecule)
        for changed in (moved(samples), samples * [1, 1, -1]):
            for name in ("omega_cis", "omega_deviation", "peptide_planarity"):
                found = value(name, evaluation(frames, changed, molecule))
                assert found == pytest.approx(value(name, expected), rel=1e-4)
        assert value("omega_cis", expected) > 0


class TestPlanarity:
    @pytest.mark.parametrize("angle", [0.0, 180.0])
    def test_planar_by_hand(self, angle):
        whole = evaluation([bond(180)], [[bond(angle)]], BOND)
        assert value("peptide_planarity", whole) == pytest.approx(0, abs=1e-7)

    def test_a_nitrogen_above_its_neighbours(self):
        # A square and a fifth atom at h above its centre: the plane is at h/5, Σ d² = 4 (h/5)² + (4h/5)².
        square = np.array([[1, 1, 0], [1, -1, 0], [-1, -1, 0], [-1, 1, 0], [0, 0, 0.5]])
        expected = np.sqrt((4 * 0.1**2 + 0.4**2) / 5)
        for scale in (1.0, 0.1):
            whole = evaluation([bond(180)], [[scale * square]], BOND)
            assert value("peptide_planarity", whole) == pytest.approx(scale * expected)

    @pytest.mark.parametrize("ends", [("TYR2 C", "TYR3 N"), ("ASP4 C", "PRO5 N")])
    def test_a_twisted_group_is_out_of_plane_and_others_are_not(self, chignolin_frames, ends):
        molecule, frames = chignolin_frames.molecule, chignolin_frames.positions
        start, end = (atom(molecule, label) for label in ends)
        groups = peptide_groups(molecule)
        before = out_of_plane(frames, groups)
        change = out_of_plane(turned(frames, molecule, start, end, 60.0), groups) - before
        which = [{start, end} <= {*group} for group in groups].index(True)
        assert change[:, which].mean() > 0.3
        assert np.abs(np.delete(change, which, axis=1)).max() < 1e-4


@pytest.mark.parametrize("fixture", ["alanine_frames", "chignolin_frames"])
def test_md_frames_are_trans_and_nearly_planar(fixture, request):
    frames = request.getfixturevalue(fixture)
    whole = evaluation(frames.positions, frames.positions[:, None], frames.molecule)
    assert value("omega_cis", whole) == 0
    assert 5 < value("omega_deviation", whole) < 9
    assert 0.05 < value("peptide_planarity", whole) < 0.12
