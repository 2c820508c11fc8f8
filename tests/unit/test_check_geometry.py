"""`cgbench check` finds each planted fault of the geometry, at its place, and passes MD frames."""

import numpy as np
import pytest
from check_helpers import failures, places, structure
from peptide_helpers import atom, beyond, turned

from cgbench.pipeline.checks.reference import Reference
from cgbench.pipeline.checks.run import run_checks


@pytest.fixture(scope="module")
def peptide(chignolin_frames):
    """Molecule and geometry [n_atoms, 3] of an MD frame of chignolin."""
    return chignolin_frames.molecule, chignolin_frames.positions[0].astype(np.float64)


def reference_of(positions, molecule):
    checked = structure(positions, molecule)
    return Reference(checked.frames.sample.positions, checked.labels)


@pytest.mark.parametrize("name", ["alanine_frames", "chignolin_frames"])
def test_md_frames_pass(name, request) -> None:
    frames = request.getfixturevalue(name)
    report = run_checks(structure(frames.positions[::4], frames.molecule))
    assert places(report) == {}
    assert report.result("bonds").n_examined == len(frames.molecule.bonds)
    assert report.result("angles").n_examined == len(frames.molecule.angles)


def test_a_stretched_bond(peptide) -> None:
    molecule, positions = peptide
    start, end = atom(molecule, "THR7 CB"), atom(molecule, "THR7 CG2")
    direction = positions[end] - positions[start]
    moved = positions.copy()
    moved[[end, *beyond(molecule, start, end)]] += 0.3 * direction / np.linalg.norm(direction)
    assert failures(moved, molecule) == {"bonds": ["THR7 CB–CG2"]}
    (found,) = run_checks(structure(moved, molecule)).result("bonds").failures
    assert found.value == pytest.approx(np.linalg.norm(direction) + 0.3, abs=1e-4)
    # ff14SB: 1.526 Å, 310 kcal/mol/Å²; six standard deviations at 300 K.
    assert (found.low, found.high) == pytest.approx((1.526 - 0.186, 1.526 + 0.186), abs=1e-3)


def test_a_bent_angle(peptide) -> None:
    molecule, positions = peptide
    ring, oxygen, hydrogen = (atom(molecule, f"TYR2 {name}") for name in ("CZ", "OH", "HH"))
    arm, axis = positions[hydrogen] - positions[oxygen], positions[ring] - positions[oxygen]
    axis /= np.linalg.norm(axis)
    normal = arm - (arm @ axis) * axis
    normal /= np.linalg.norm(normal)
    bent = positions.copy()
    angle = np.radians(75.0)
    bent[hydrogen] = positions[oxygen] + np.linalg.norm(arm) * (np.cos(angle) * axis + np.sin(angle) * normal)
    assert failures(bent, molecule)["angles"] == ["TYR2 CZ–OH–HH"]
    assert "bonds" not in failures(bent, molecule)


def test_a_mirror_image_fails_by_chirality_alone(peptide) -> None:
    molecule, positions = peptide
    found = failures(positions * [-1, 1, 1], molecule)
    assert found.keys() == {"chirality", "beta_chirality"}
    assert len(found["chirality"]) == len(molecule.chiral_centres)
    assert sorted(found["beta_chirality"]) == ["THR7 CA–CB–OG1–CG2", "THR9 CA–CB–OG1–CG2"]


def test_a_d_amino_acid_passes_where_the_reference_has_one(peptide) -> None:
    molecule, positions = peptide
    mirrored = positions * [-1, 1, 1]
    assert failures(mirrored, molecule, reference_of(mirrored, molecule)) == {}
    assert "chirality" in failures(positions, molecule, reference_of(mirrored, molecule))


def test_an_allothreonine(peptide) -> None:
    """A reflection in a plane through CA, CB and HB exchanges OG1 and CG2."""
    molecule, positions = peptide
    alpha, beta, hydrogen = (atom(molecule, f"THR7 {name}") for name in ("CA", "CB", "HB"))
    normal = np.cross(positions[alpha] - positions[beta], positions[hydrogen] - positions[beta])
    normal /= np.linalg.norm(normal)
    moving = beyond(molecule, alpha, beta)
    reflected = positions.copy()
    reflected[moving] -= 2 * ((positions[moving] - positions[beta]) @ normal)[:, None] * normal
    found = failures(reflected, molecule)
    assert found["beta_chirality"] == ["THR7 CA–CB–OG1–CG2"]
    assert not found.keys() & {"bonds", "angles", "chirality"}


def test_a_cis_peptide(peptide) -> None:
    molecule, positions = peptide
    cis = turned(positions, molecule, atom(molecule, "GLU6 C"), atom(molecule, "THR7 N"), 180)
    place = "GLU6 CA–C–THR7 N–CA"
    found = failures(cis, molecule)
    assert found["cis_peptides"] == [place]
    assert not found.keys() & {"bonds", "chirality", "twisted_peptides"}
    assert "cis_peptides" not in failures(cis, molecule, reference_of(cis, molecule))


def test_a_cis_peptide_before_proline_passes(peptide) -> None:
    molecule, positions = peptide
    cis = turned(positions, molecule, atom(molecule, "ASP4 C"), atom(molecule, "PRO5 N"), 180)
    assert "cis_peptides" not in failures(cis, molecule)


def test_a_twisted_peptide(peptide) -> None:
    molecule, positions = peptide
    start, end = atom(molecule, "GLU6 C"), atom(molecule, "THR7 N")
    twisted = turned(positions, molecule, start, end, 75)
    found = failures(twisted, molecule)
    assert found["twisted_peptides"] == ["GLU6 CA–C–THR7 N–CA"]
    assert "peptide_planarity" in found


@pytest.mark.parametrize(
    ("label", "neighbours", "distance", "check"),
    [("GLY8 O", ("CA", "C"), 2.5, "peptide_planarity"), ("TYR3 CZ", ("CE1", "CE2"), 0.5, "ring_planarity")],
)
def test_an_atom_out_of_its_plane(peptide, label, neighbours, distance, check) -> None:
    molecule, positions = peptide
    residue, _ = label.split()
    i, j, k = (atom(molecule, name) for name in (label, *(f"{residue} {name}" for name in neighbours)))
    normal = np.cross(positions[j] - positions[i], positions[k] - positions[i])
    moved = positions.copy()
    moved[i] += distance * normal / np.linalg.norm(normal)
    assert len(failures(moved, molecule)[check]) == 1
    assert label.split()[0] in failures(moved, molecule)[check][0]


def test_a_bond_through_a_ring(peptide) -> None:
    molecule, positions = peptide
    ring = [atom(molecule, f"TYR2 {name}") for name in ("CG", "CD1", "CE1", "CZ", "CE2", "CD2")]
    centre = positions[ring].mean(axis=0)
    normal = np.cross(positions[ring[0]] - centre, positions[ring[1]] - centre)
    normal /= np.linalg.norm(normal)
    pierced = positions.copy()
    pierced[atom(molecule, "THR7 OG1")], pierced[atom(molecule, "THR7 HG1")] = (
        centre + 0.5 * normal,
        centre - 0.5 * normal,
    )
    assert failures(pierced, molecule)["ring_piercing"] == ["THR7 OG1–HG1–TYR2 CG–CD1–CE1–CZ–CE2–CD2"]


def test_a_clash(peptide) -> None:
    molecule, positions = peptide
    i, j = atom(molecule, "TYR2 HH"), atom(molecule, "PRO5 HG2")
    clashing = positions.copy()
    clashing[i] = positions[j] + [0.0, 0.0, 0.9]
    report = run_checks(structure(clashing, molecule))
    (found,) = [each for each in report.result("clashes").failures if set(each.atoms) == {i, j}]
    assert found.value == pytest.approx(0.9, abs=1e-3)
    assert found.low == pytest.approx(1.3)  # 1.0 + 1.2 − 0.9 Å


def test_the_worst_frame_and_the_number_of_frames_are_named(peptide) -> None:
    molecule, positions = peptide
    frames = np.stack([positions] * 5)
    frames[1, atom(molecule, "TYR2 HH")] += 1.0
    frames[3, atom(molecule, "TYR2 HH")] += 2.0
    found = run_checks(structure(frames, molecule)).result("bonds")
    assert found.n_frames == 2
    assert [(each.frame, each.n_frames) for each in found.failures] == [(3, 2)]
    assert found.worst == found.failures[0]


def test_a_reference_decides_on_lengths(peptide) -> None:
    molecule, positions = peptide
    larger = 1.15 * positions
    assert "bonds" in failures(larger, molecule)
    assert not failures(larger, molecule, reference_of(larger, molecule)).keys() & {"bonds", "angles"}
    assert "bonds" in failures(positions, molecule, reference_of(larger, molecule))
