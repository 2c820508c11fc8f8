"""The simulated Cα model, and its beads through the command, as `benchmarks/cg_trajectory.py` does it."""

import sys
from pathlib import Path

import mdtraj
import numpy as np
import openmm
import pytest
from openmm import unit

from cgbench.chem.mdtraj_topology import molecule_to_mdtraj

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def benchmarks(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield
    for name in [name for name in sys.modules if name.split(".")[0] in ("support", "cg_trajectory")]:
        del sys.modules[name]


@pytest.fixture
def model(benchmarks, chignolin_frames):
    from support.go_model import GoModel, native_contacts

    molecule = chignolin_frames.molecule
    sites = [residue_site(residue) for residue in molecule_to_mdtraj(molecule).residues]
    native = chignolin_frames.positions[0].astype(np.float64)
    return GoModel(native[sites], native_contacts(native, molecule))


def test_bonded_terms_and_contacts_have_their_minima_in_the_native_structure(model) -> None:
    system = model.system()
    for index in range(system.getNumForces()):
        system.getForce(index).setForceGroup(index)
    context = openmm.Context(
        system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatformByName("Reference")
    )
    context.setPositions(model.native / 10)
    energies = [
        context.getState(getEnergy=True, groups={index})
        .getPotentialEnergy()
        .value_in_unit(unit.kilojoule_per_mole)
        for index in range(4)
    ]
    # Bonds, angles and dihedrals; a native contact has -ε = -4.184 kJ/mol.
    np.testing.assert_allclose(energies, [0, 0, 0, -4.184 * len(model.contacts)], atol=1e-4)
    assert len(model.contacts) > 5 and model.formed(model.native[None]) == [1.0]


def test_the_same_seed_gives_the_same_frames(model) -> None:
    first, again = (model.simulate(440.0, 3, 20, seed=1) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    other = model.simulate(440.0, 3, 20, seed=2)
    assert first.shape == (3, 12, 3) and np.abs(first - other).max() > 0.01
    bonds = np.linalg.norm(np.diff(first, axis=1), axis=-1)
    native = np.linalg.norm(np.diff(model.native, axis=0), axis=-1)
    assert np.abs(bonds - native).max() < 0.5


def residue_site(residue):
    """Atom of the bead of a residue: Cα, or the methyl carbon of a cap."""
    wanted = {"ACE": "CH3", "NME": "C"}.get(residue.name, "CA")
    return next(atom.index for atom in residue.atoms if atom.name == wanted)


@pytest.mark.slow
def test_simulated_beads_through_the_command(benchmarks, tmp_path, capsys) -> None:
    from cg_trajectory import rows

    table = list(rows(["nearest_frame"], 6, 0, tmp_path, steps=600))
    printed = capsys.readouterr().out
    assert "6 frames of 12 beads" in printed and "beads are matched by chain, residue and name" in printed
    wholes = [row for row in table if "," not in str(row["beads"])]
    assert [(row["beads"], row["structures"]) for row in wholes] == [("Gō model", 6), ("MD test frames", 6)]
    assert sum(int(str(row["structures"])) for row in table) == 2 * (6 + 6)  # and in parts
    assert all(float(str(row["bead drift (Å)"])) < 0.1 for row in table)
    for stem in ("cg", "md"):
        path = tmp_path / f"nearest_frame-{stem}.xtc"
        atoms = mdtraj.load(str(path), top=str(path.with_suffix(".pdb")))
        beads = mdtraj.load(str(tmp_path / f"{stem}.xtc"), top=str(tmp_path / f"{stem}.gro"))
        assert atoms.xyz.shape == (6, 175, 3)
        # XTC rounds to 0.001 nm.
        sites = [residue_site(residue) for residue in atoms.topology.residues]
        np.testing.assert_allclose(atoms.xyz[:, sites], beads.xyz, atol=0.0011)
