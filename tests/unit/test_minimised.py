"""A minimised method: lower energies at the same beads, in the force field of the settings."""

import numpy as np
import pytest

from cgbench.chem.force_field import energies_per_atom
from cgbench.chem.frames import Frames
from cgbench.chem.held_minimisation import HeldMinimisation
from cgbench.chem.molecule import Molecule
from cgbench.core.errors import InputError
from cgbench.core.registry import PlugIn
from cgbench.mapping.base import Mapping
from cgbench.methods import minimised
from cgbench.methods.base import TrainingContext

FORCE_FIELD = ("amber99sbildn.xml", "amber99_obc.xml")


def parse(**settings: object) -> minimised.MinimisedSettings:
    parsed = PlugIn.parse("methods", "mine", "minimised", settings, "config: methods.mine").settings
    assert isinstance(parsed, minimised.MinimisedSettings)
    return parsed


def test_energies_fall_at_fixed_beads(
    alanine: Molecule, alanine_frames: Frames, three_beads: Mapping
) -> None:
    """Minima are colder than MD frames."""
    train, test = alanine_frames.positions[:150], alanine_frames.positions[150::8].astype(np.float64)
    method = minimised.Method(parse(of="conditional_gaussian"), three_beads, alanine)
    method.fit(train, test, TrainingContext(seed=1))
    beads = three_beads.beads(test)
    drawn, finished = method.method.sample(beads, 1, seed=2)[:, 0], method.sample(beads, 1, seed=2)[:, 0]
    np.testing.assert_allclose(three_beads.beads(finished), beads, atol=1e-9)
    before, after, frames = (
        np.median(energies_per_atom(geometries, alanine, FORCE_FIELD))
        for geometries in (drawn, finished, test)
    )
    assert before > frames + 50
    assert after < frames


def test_beads_are_held_by_their_weights(alanine: Molecule, alanine_frames: Frames) -> None:
    """Centres of mass, and one atom of each bead."""
    frame = alanine_frames.positions[0].astype(np.float64)
    residues = alanine.residue_index
    masses = alanine.masses / np.bincount(residues, alanine.masses)[residues]
    site = np.zeros(alanine.n_atoms)
    site[[1, 8, 18]] = 1.0
    for weights in (masses, site):
        mapping = Mapping(residues, weights)
        moved = HeldMinimisation(alanine, FORCE_FIELD, mapping.matrix).minimise(
            frame, mapping.beads(frame), steps=30
        )
        assert moved is not None and np.abs(moved - frame).max() > 0.05
        assert np.abs(mapping.beads(moved) - mapping.beads(frame)).max() < 0.02


def test_geometries_without_an_energy_cannot_be_minimised(alanine: Molecule, three_beads: Mapping) -> None:
    lost = np.full((alanine.n_atoms, 3), np.nan)
    minimisation = HeldMinimisation(alanine, FORCE_FIELD, three_beads.matrix)
    assert minimisation.minimise(lost, np.zeros((3, 3)), steps=5) is None


def test_unknown_force_fields_are_named(
    alanine: Molecule, alanine_frames: Frames, three_beads: Mapping
) -> None:
    method = minimised.Method(parse(of="linear", force_field=["nothing.xml"]), three_beads, alanine)
    frames = alanine_frames.positions[:20]
    method.fit(frames, frames, TrainingContext(seed=1))
    with pytest.raises(InputError, match=r"force field nothing\.xml.*name files that come with OpenMM"):
        method.reconstruct(frames[:1])
