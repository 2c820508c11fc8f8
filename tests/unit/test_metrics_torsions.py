"""Torsions and chirality: by hand, against MDAnalysis, and for mirror images."""

from dataclasses import replace

import MDAnalysis.lib.distances
import numpy as np
import pytest

from cgbench.chem.dihedrals import chi_atoms, phi_psi, phi_psi_atoms
from cgbench.chem.geometry import dihedrals
from cgbench.chem.molecule import Molecule
from cgbench.chem.topology_io import read_topology
from cgbench.chem.trajectory_io import load_trajectory
from cgbench.core import registry
from cgbench.core.settings import parse_settings
from cgbench.mapping.base import Mapping
from cgbench.metrics._evaluation import Evaluation
from cgbench.simulation.recipe import Recipe
from cgbench.simulation.structure import build_structure

# N at the origin, then CA, C, CB of one residue, so that (N - CA) x (C - CA) · (CB - CA) is 1.5^3.
CENTRE = Molecule(
    elements=("N", "C", "C", "C"),
    atom_names=("N", "CA", "C", "CB"),
    residue_names=("ALA",) * 4,
    residue_index=np.zeros(4, dtype=np.int64),
    masses=np.array([14.0, 12.0, 12.0, 12.0]),
    bonds=np.array([[0, 1], [1, 2], [1, 3]]),
)
LEFT = np.array([[1.5, 0, 0], [0, 0, 0], [0, 1.5, 0], [0, 0, 1.5]])
# Four atoms of a serine, a torsion χ1 about CA-CB.
SERINE = replace(CENTRE, elements=("N", "C", "C", "O"), atom_names=("N", "CA", "CB", "OG"))
SERINE = replace(SERINE, residue_names=("SER",) * 4, bonds=np.array([[0, 1], [1, 2], [2, 3]]))


def serine(angle):
    """N, CA, CB and OG with a given χ1, degrees."""
    turn = np.radians(angle)
    return np.array([[1.0, 0, 0], [0, 0, 0], [0, 0, 1.5], [np.cos(turn), np.sin(turn), 1.5]])


def evaluation(reference, samples, molecule):
    reference, samples = (np.asarray(each, dtype=np.float32) for each in (reference, samples))
    one_bead = Mapping.centres(np.zeros(molecule.n_atoms, dtype=np.int64))
    return Evaluation(reference, reference, samples, molecule, one_bead)


def value(name, evaluated):
    metric = registry.load("metrics", name)()
    sums = metric.block_sums(evaluated, np.zeros(evaluated.n_frames, dtype=np.int64))
    return float(metric.value(sums.sum(axis=0)))


def chirality(evaluated):
    return [value(f"chirality_{which}", evaluated) for which in ("right", "wrong", "flat")]


def mirrored(positions):
    return positions * np.array([1.0, 1.0, -1.0])


@pytest.fixture(scope="module")
def peptide(tmp_path_factory):
    """ACE-YEDK-NME and 60 distorted geometries of it."""
    path = tmp_path_factory.mktemp("peptide") / "start.pdb"
    starts = [{"kind": "torsions", "phi": -75, "psi": 65}]
    values = {"title": "test", "sequence": "YEDK", "walkers": 1, "starts": starts, "frames_per_walker": 1}
    build_structure(parse_settings(Recipe, values, "recipe"), path)
    molecule = read_topology(path)
    noise = np.random.default_rng(5).normal(scale=0.3, size=(60, molecule.n_atoms, 3))
    return molecule, (load_trajectory(path, path).positions + noise).astype(np.float32)


class TestChirality:
    def test_by_hand(self):
        whole = evaluation([LEFT], [[LEFT, mirrored(LEFT), LEFT * [1, 1, 0.2], LEFT]], CENTRE)
        assert chirality(whole) == [0.5, 0.25, 0.25]

    @pytest.mark.parametrize(("height", "expected"), [(0.43, [0, 0, 1]), (0.46, [1, 0, 0])])
    def test_below_one_cubic_angstrom_a_residue_is_flat(self, height, expected):
        # The volume is 2.25 Å² times the height of CB.
        sample = LEFT.copy()
        sample[3, 2] = height
        assert chirality(evaluation([LEFT], [[sample]], CENTRE)) == expected

    def test_in_nanometres_all_would_be_flat(self):
        assert chirality(evaluation([LEFT], [[LEFT / 10]], CENTRE)) == [0, 0, 1]

    def test_the_frame_is_the_reference(self):
        assert chirality(evaluation([mirrored(LEFT)], [[mirrored(LEFT), LEFT]], CENTRE)) == [0.5, 0.5, 0]

    def test_md_is_right_and_its_mirror_image_wrong(self, alanine_frames):
        frames = alanine_frames.positions[::5]
        as_it_is = evaluation(frames, frames[:, None], alanine_frames.molecule)
        assert chirality(as_it_is) == [1, 0, 0]
        mirror = evaluation(frames, mirrored(frames)[:, None], alanine_frames.molecule)
        assert chirality(mirror) == [0, 1, 0]

    def test_needs_a_beta_carbon(self):
        metric = registry.load("metrics", "chirality_wrong")()
        assert metric.applies(CENTRE)
        assert not metric.applies(replace(CENTRE, atom_names=("N", "CA", "C", "HA3")))


class TestBackbone:
    def test_md_agrees_with_itself_and_not_with_its_mirror_image(self, alanine_frames):
        frames = alanine_frames.positions[alanine_frames.trajectory == 1]
        # Of these frames, which have φ < 0, no mirror image is in a bin that one of them is in.
        frames = frames[(phi_psi(frames, alanine_frames.molecule)[:, 0, 0] < 0)]
        same = evaluation(frames, frames[:, None], alanine_frames.molecule)
        assert value("phi_psi_jsd", same) == pytest.approx(0, abs=1e-9)
        mirror = evaluation(frames, mirrored(frames)[:, None], alanine_frames.molecule)
        assert value("phi_psi_jsd", mirror) == pytest.approx(np.log(2))

    def test_angles_agree_with_mdanalysis(self, peptide):
        molecule, positions = peptide
        quads = phi_psi_atoms(molecule)
        assert quads.shape == (4, 2, 4)
        names = [[molecule.atom_names[atom] for atom in quad] for quad in quads[1]]
        assert names == [["C", "N", "CA", "C"], ["N", "CA", "C", "N"]]
        for residue in range(4):
            for which in range(2):
                places = [positions[:, atom] for atom in quads[residue, which]]
                expected = np.degrees(MDAnalysis.lib.distances.calc_dihedrals(*places))
                off = phi_psi(positions, molecule)[:, residue, which] - expected
                np.testing.assert_allclose((off + 180) % 360 - 180, 0, atol=0.05)

    def test_does_not_apply_without_a_backbone(self):
        assert not registry.load("metrics", "phi_psi_jsd")().applies(SERINE)


class TestSideChains:
    def test_by_hand(self):
        # Half of the samples share the frames' bin. m = (3/4, 1/4): ½ ln 4/3 + ½ (½ ln 2/3 + ½ ln 2).
        frames = [serine(65.0), serine(66.0)]
        samples = [[serine(65.0), serine(-65.0)]] * 2
        expected = 0.5 * np.log(4 / 3) + 0.25 * np.log(2 / 3) + 0.25 * np.log(2)
        assert value("chi_jsd", evaluation(frames, samples, SERINE)) == pytest.approx(expected)

    def test_mirror_image_is_wrong(self):
        frames = np.array([serine(65.0)])
        mirror = evaluation(frames, mirrored(frames)[:, None], SERINE)
        assert value("chi_jsd", mirror) == pytest.approx(np.log(2))

    def test_minus_and_plus_half_a_turn_are_one(self):
        wrapped = evaluation([serine(180.0)], [[serine(-180.0 + 1e-4)]], SERINE)
        assert value("chi_jsd", wrapped) == pytest.approx(0, abs=1e-9)

    def test_collapsed_atoms_do_not_drop_out(self):
        assert value("chi_jsd", evaluation([serine(65.0)], [[np.zeros((4, 3))]], SERINE)) == pytest.approx(
            np.log(2)
        )

    def test_atoms_and_angles(self, peptide):
        molecule, positions = peptide
        quads, periods = chi_atoms(molecule)
        # Tyr has two χ, Glu three, Asp two, Lys four.
        found = {
            (molecule.residue_names[quad[1]], "-".join(molecule.atom_names[atom] for atom in quad), period)
            for quad, period in zip(quads, periods, strict=True)
        }
        assert found == {
            ("TYR", "N-CA-CB-CG", 360.0),
            ("TYR", "CA-CB-CG-CD1", 180.0),
            ("GLU", "N-CA-CB-CG", 360.0),
            ("GLU", "CA-CB-CG-CD", 360.0),
            ("GLU", "CB-CG-CD-OE1", 180.0),
            ("ASP", "N-CA-CB-CG", 360.0),
            ("ASP", "CA-CB-CG-OD1", 180.0),
            ("LYS", "N-CA-CB-CG", 360.0),
            ("LYS", "CA-CB-CG-CD", 360.0),
            ("LYS", "CB-CG-CD-CE", 360.0),
            ("LYS", "CG-CD-CE-NZ", 360.0),
        }
        for column, quad in enumerate(quads):
            expected = np.degrees(
                MDAnalysis.lib.distances.calc_dihedrals(*(positions[:, atom] for atom in quad))
            )
            off = dihedrals(positions, quads)[:, column] - expected
            np.testing.assert_allclose((off + 180) % 360 - 180, 0, atol=0.05)

    @pytest.mark.parametrize(("residue", "last", "expected"), [("TYR", "CD1", 0.0), ("GLU", "CD", np.log(2))])
    def test_half_a_turn_of_like_atoms_changes_nothing(self, residue, last, expected):
        names = replace(SERINE, residue_names=(residue,) * 4, atom_names=("CA", "CB", "CG", last))
        turned = evaluation([serine(67.0)], [[serine(67.0 - 180.0)]], names)
        assert value("chi_jsd", turned) == pytest.approx(expected, abs=1e-9)

    def test_does_not_apply_to_alanine(self, alanine):
        assert not registry.load("metrics", "chi_jsd")().applies(alanine)
