"""The contract of every mapping."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cgbench.chem.frames import Frames
from cgbench.chem.molecule import Molecule
from cgbench.contract.run import under_test
from cgbench.core import registry
from cgbench.core.errors import InputError
from cgbench.mapping.base import Mapping, MappingGenerator

N_TRAINING = 24
N_ATOMS = 22

# A short training for generators that are learned.
QUICK = {"restarts": 2, "steps": 10}
BEADS = """
- atoms: resid 1 2
  centre: mass
- atoms: [0, 1, 2, 3, 4, 5]
"""


@pytest.fixture(params=under_test("mapping"))
def generator(request: pytest.FixtureRequest, tmp_path: Path, alanine_directory: Path) -> MappingGenerator:
    """Every mapping, with its default settings as far as there are any."""
    plug_in = registry.load("mapping", request.param)
    (tmp_path / "beads.yaml").write_text(BEADS, encoding="utf-8")
    stored = alanine_directory.parent / "tasks/alanine_dipeptide/cgae-4.json"
    values = QUICK | {"path": str(stored if request.param == "stored" else tmp_path / "beads.yaml")}
    fields = plug_in.Settings.model_fields
    settings = plug_in.Settings(**{key: value for key, value in values.items() if key in fields})
    made: MappingGenerator = plug_in(settings)
    return made


@pytest.fixture
def resolutions(generator: MappingGenerator, alanine: Molecule, alanine_frames: Frames) -> list[int]:
    """Numbers of beads to try: all, a few if training is needed, or the only one that a refusal names."""
    try:
        generator.generate(alanine, 1, 7, alanine_frames.positions[:N_TRAINING])
    except InputError as refusal:
        return [only_resolution(refusal)]
    return [1, 3, 12, N_ATOMS] if generator.learned else list(range(1, N_ATOMS + 1))


def only_resolution(refusal: InputError) -> int:
    """Return the resolution that a refusal names."""
    found = re.search(r"the only possible resolution is (\d+)", str(refusal))
    assert found, f"refuse a resolution with 'the only possible resolution is <number>': {refusal}"
    return int(found[1])


def test_a_resolution_is_made_or_refused_with_the_only_one(
    generator: MappingGenerator, resolutions: list[int], alanine: Molecule, alanine_frames: Frames
) -> None:
    for n_beads in range(1, N_ATOMS + 1) if len(resolutions) == 1 else []:
        if n_beads not in resolutions:
            with pytest.raises(InputError) as refusal:
                generator.generate(alanine, n_beads, 7, alanine_frames.positions[:N_TRAINING])
            assert [only_resolution(refusal.value)] == resolutions


def test_mapping_is_valid_at_every_resolution(
    generator: MappingGenerator, resolutions: list[int], alanine: Molecule, alanine_frames: Frames
) -> None:
    for n_beads in resolutions:
        mapping = generator.generate(alanine, n_beads, 7, alanine_frames.positions[:N_TRAINING])
        assert_valid(mapping, N_ATOMS, n_beads)
        if generator.settings.model_dump().get("path", "").endswith("beads.yaml"):
            assert mapping.bead_index[0] == 1, "beads keep the order of the file"
        else:
            assert_in_order(mapping)


def assert_in_order(mapping: Mapping) -> None:
    """Check the numbers of beads."""
    lowest = [int(np.flatnonzero(mapping.bead_index == bead)[0]) for bead in range(mapping.n_beads)]
    assert lowest == sorted(lowest), "beads are numbered by their lowest atom"


def assert_valid(mapping: Mapping, n_atoms: int, n_beads: int) -> None:
    """Check that every atom is in a bead and every bead has an atom."""
    assert mapping.bead_index.shape == (n_atoms,)
    assert sorted(set(mapping.bead_index.tolist())) == list(range(n_beads)), "an empty bead"
    np.testing.assert_allclose(np.bincount(mapping.bead_index, weights=mapping.weights), 1)
    np.testing.assert_allclose(mapping.matrix.sum(axis=1), 1)
    assert np.linalg.matrix_rank(mapping.matrix) == n_beads
    assert ((mapping.matrix != 0).sum(axis=0) <= 1).all(), "an atom in two beads"


def test_beads_move_with_the_molecule(
    generator: MappingGenerator, resolutions: list[int], alanine: Molecule, alanine_frames: Frames
) -> None:
    frames = alanine_frames.positions[:N_TRAINING]
    mapping = generator.generate(alanine, resolutions[len(resolutions) // 2], 7, frames)
    rotation, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))
    positions, shift = frames.astype(np.float64), np.array([1.0, -2.0, 3.0])
    moved = mapping.beads(positions @ rotation.T + shift)
    np.testing.assert_allclose(moved, mapping.beads(positions) @ rotation.T + shift, atol=1e-10)


@settings(
    deadline=None,
    max_examples=6,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**31 - 1), choice=st.integers(0, 1000))
def test_same_seed_same_mapping(
    generator: MappingGenerator,
    resolutions: list[int],
    alanine: Molecule,
    alanine_frames: Frames,
    seed: int,
    choice: int,
) -> None:
    n_beads = resolutions[choice % len(resolutions)]
    first, second = (
        generator.generate(alanine, n_beads, seed, alanine_frames.positions[:N_TRAINING]) for _ in range(2)
    )
    np.testing.assert_array_equal(first.bead_index, second.bead_index)
    np.testing.assert_array_equal(first.weights, second.weights)


def test_impossible_resolutions_are_refused(
    generator: MappingGenerator, alanine: Molecule, alanine_frames: Frames
) -> None:
    for n_beads in (-1, 0, N_ATOMS + 1):
        with pytest.raises(
            InputError, match=rf"resolution {n_beads}: a molecule of 22 atoms can have 1 to 22 beads"
        ):
            generator.generate(alanine, n_beads, 0, alanine_frames.positions[:N_TRAINING])


def test_declares_its_source(generator: MappingGenerator) -> None:
    assert generator.reference
