"""The control that relaxes another method: what it begins with is that method, and molecules come out."""

import numpy as np
import pytest

from cgbench.config import PlugIn
from cgbench.contacts import count_contacts
from cgbench.errors import InputError
from cgbench.frames import Frames
from cgbench.mapping.base import Mapping
from cgbench.methods import conditional_gaussian, relaxed
from cgbench.methods.base import FitContext
from cgbench.molecule import Molecule
from cgbench.settings import Settings


def parse(**settings: object) -> relaxed.RelaxedSettings:
    parsed = PlugIn.parse("methods", "mine", "relaxed", settings, "config: methods.mine").settings
    assert isinstance(parsed, relaxed.RelaxedSettings)
    return parsed


def test_what_a_gaussian_draws_becomes_a_molecule(
    alanine: Molecule, alanine_frames: Frames, three_beads: Mapping
) -> None:
    train, test = alanine_frames.positions[:150], alanine_frames.positions[150:]
    method = relaxed.Method(parse(of="conditional_gaussian"), three_beads, alanine)
    plain = conditional_gaussian.Method(Settings(), three_beads, alanine)
    for each in (method, plain):
        each.fit(train, test, FitContext(seed=1))
    beads = three_beads.beads(test)
    before, after = (each.sample(beads, 4, seed=2) for each in (plain, method))
    wrong = [count_contacts(samples, alanine) for samples in (before, after)]
    errors = [(counts.missing + counts.extra).mean() for counts in wrong]
    assert errors[0] > 1
    assert errors[1] < 0.05
    assert np.abs(before - after).mean() < 1.0, "it is still the same draw"


@pytest.mark.parametrize(("of", "stochastic", "equivariance"), [
    ("conditional_gaussian", True, "SE(3)"),
    ("equivariant_linear", False, "SE(3)"),
    ("mlp", False, "none"),
])  # fmt: skip
def test_it_is_what_it_begins_with(
    of: str, stochastic: bool, equivariance: str, alanine: Molecule, three_beads: Mapping
) -> None:
    method = relaxed.Method(parse(of=of), three_beads, alanine)
    assert (method.stochastic, method.equivariance) == (stochastic, equivariance)
    assert method.made_of(method.settings) == (of,)


def test_settings_are_those_of_the_method_to_begin_with() -> None:
    settings = parse(of="mlp", settings={"width": 3})
    assert settings.begun_with().settings.width == 3
    with pytest.raises(InputError, match="unknown key 'breadth'"):
        parse(of="mlp", settings={"breadth": 3})
    with pytest.raises(InputError, match="need no relaxation"):
        parse(of="true_frames")
