"""A refined method: properties of the other method, and geometries of molecules."""

from pathlib import Path

import numpy as np
import pytest

from cgbench.chem.bonds_and_clashes import count_contacts
from cgbench.chem.force_field import energies_per_atom
from cgbench.chem.frames import Frames
from cgbench.chem.molecule import Molecule
from cgbench.core.errors import InputError
from cgbench.core.registry import PlugIn
from cgbench.core.settings import Settings
from cgbench.mapping.base import Mapping
from cgbench.methods import conditional_gaussian, refined
from cgbench.methods.base import TrainingContext, load_model
from cgbench.nn.task_facts import TaskFacts


def parse(**settings: object) -> refined.RefinedSettings:
    parsed = PlugIn.parse("methods", "mine", "refined", settings, "config: methods.mine").settings
    assert isinstance(parsed, refined.RefinedSettings)
    return parsed


def test_refined_gaussian_samples_have_correct_bonds(
    alanine: Molecule, alanine_frames: Frames, three_beads: Mapping
) -> None:
    train, test = alanine_frames.positions[:150], alanine_frames.positions[150:]
    method = refined.Method(parse(of="conditional_gaussian"), three_beads, alanine)
    plain = conditional_gaussian.Method(Settings(), three_beads, alanine)
    for each in (method, plain):
        each.fit(train, test, TrainingContext(seed=1))
    beads = three_beads.beads(test)
    before, after = (each.sample(beads, 4, seed=2) for each in (plain, method))
    other = method.sample(beads, 4, seed=3)
    wrong = [count_contacts(samples, alanine) for samples in (before, after)]
    errors = [(counts.missing + counts.extra).mean() for counts in wrong]
    assert errors[0] > 1
    assert errors[1] < 0.05
    off, apart = np.abs(before - after).mean(), np.abs(before - other).mean()
    assert off < 0.75 * apart, "refined samples stay close to their draws"
    force_field = ("amber99sbildn.xml", "amber99_obc.xml")
    drawn, ours, frames = (
        np.median(energies_per_atom(geometries, alanine, force_field))
        for geometries in (before[::4, 0], after[::4, 0], test[::4])
    )
    assert drawn > frames + 50
    assert ours < frames + 2


def test_settings_reach_the_restraints(
    alanine: Molecule, alanine_frames: Frames, three_beads: Mapping
) -> None:
    settings = parse(frames=7, stiff_torsion=0, contact_quantile=0.5, contact_spread=0.3)
    method, default = (refined.Method(each, three_beads, alanine) for each in (settings, parse()))
    for each in (method, default):
        each.fit(alanine_frames.positions[:150], alanine_frames.positions[150:], TrainingContext(seed=1))
    restraints, usual = method.restraints, default.restraints
    assert len(restraints.frames) == 7 < len(usual.frames)
    assert restraints.stiff_spread == 0 < usual.stiff_spread
    assert restraints.contact_spread == 0.3 != usual.contact_spread
    assert restraints.contacts.shortest.mean() > usual.contacts.shortest.mean()


@pytest.mark.parametrize(("of", "stochastic", "equivariance"), [
    ("conditional_gaussian", True, "SE(3)"),
    ("equivariant_linear", False, "SE(3)"),
    ("mlp", False, "none"),
])  # fmt: skip
def test_properties_are_those_of_the_wrapped_method(
    of: str, stochastic: bool, equivariance: str, alanine: Molecule, three_beads: Mapping
) -> None:
    settings = parse(of=of).resolved(TaskFacts(22, 3, 64, spacing=4.0, extent=6.0))
    method = refined.Method(settings, three_beads, alanine)
    assert (method.stochastic, method.equivariance) == (stochastic, equivariance)
    assert method.made_of(method.settings) == (of,)


def test_settings_are_those_of_the_wrapped_method() -> None:
    settings = parse(of="mlp", settings={"width": 3})
    assert settings.inner().settings.width == 3
    with pytest.raises(InputError, match="unknown key 'breadth'"):
        parse(of="mlp", settings={"breadth": 3})
    with pytest.raises(InputError, match="nothing"):
        parse(of="nothing")


@pytest.mark.parametrize("of", ["true_frames", "on_beads", "refined", "minimised"])
def test_controls_are_refused(of: str) -> None:
    with pytest.raises(InputError, match=f"{of} cannot be refined"):
        parse(of=of)


def test_wrapped_network_is_stored_and_loaded(
    alanine: Molecule, alanine_frames: Frames, three_beads: Mapping, tmp_path: Path
) -> None:
    """A method used in double precision can be fitted again."""
    frames = alanine_frames.positions[:64]
    small = {"epochs": 1, "features": 16, "batch_size": 16}
    settings = parse(of="cgvae", settings=small).resolved(TaskFacts.of(three_beads, frames))
    method = refined.Method(settings, three_beads, alanine)
    method.fit(frames[:48], frames[48:], TrainingContext(seed=1))
    method.save(tmp_path / "model.pt")
    loaded = load_model(tmp_path / "model.pt")
    np.testing.assert_array_equal(loaded.reconstruct(frames), method.reconstruct(frames))
    assert method.n_parameters() > method.method.n_parameters() > 1000
    method.reconstruct(frames.astype(np.float64))
    method.fit(frames[:48], frames[48:], TrainingContext(seed=1))
    np.testing.assert_allclose(loaded.reconstruct(frames), method.reconstruct(frames), atol=1e-4)


def test_one_or_two_beads_are_not_refined(alanine: Molecule, alanine_frames: Frames) -> None:
    """All atoms are collinear, so rounding errors would determine the displacements."""
    mapping = Mapping.centres(np.arange(alanine.n_atoms) * 2 // alanine.n_atoms)
    method = refined.Method(parse(of="equivariant_linear"), mapping, alanine)
    frames = alanine_frames.positions[:64]
    with pytest.warns(UserWarning, match=r"refined: 2 bead.s. define no plane, so the refinement is"):
        method.fit(frames[:48], frames[48:], TrainingContext(seed=1))
    np.testing.assert_array_equal(method.reconstruct(frames), method.method.reconstruct(frames))


@pytest.mark.parametrize("name", ["refined", "minimised"])
def test_no_frames_give_no_geometries(
    name: str, alanine: Molecule, alanine_frames: Frames, three_beads: Mapping
) -> None:
    method = PlugIn.parse("methods", name, name, {"of": "linear"}, name).create(three_beads, alanine)
    frames = alanine_frames.positions[:20]
    method.fit(frames, frames, TrainingContext(seed=1))
    assert method.sample(three_beads.beads(frames[:0]), 2, seed=1).shape == (0, 2, *frames.shape[1:])
