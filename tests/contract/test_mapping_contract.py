"""The contract of every mapping generator in ``cgbench/mapping``."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cgbench.chem.topology_io import read_topology
from cgbench.core import registry
from cgbench.core.errors import InputError

ROOT = Path(__file__).parents[2]
N_TRAINING = 24
N_ATOMS = 22

# A short training for generators that are learned.
QUICK = {"restarts": 2, "steps": 10}
# Beads of chignolin with the mappings that have one resolution.
ONLY = {"alpha_carbon": 12, "calpha_sidechain": 21, "heavy_atoms": 97, "martini3": 32}
ONLY |= {"residue_cog": 12, "residue_com": 12}
BEADS = """
- atoms: resid 1 2
  centre: mass
- atoms: [0, 1, 2, 3, 4, 5]
"""


@pytest.fixture(params=registry.names("mapping"))
def generator(request, tmp_path):
    plug_in = registry.load("mapping", request.param)
    (tmp_path / "beads.yaml").write_text(BEADS)
    stored = ROOT / "workflow/resources/tasks/alanine_dipeptide/cgae-4.json"
    values = QUICK | {"path": str(stored if request.param == "stored" else tmp_path / "beads.yaml")}
    fields = plug_in.Settings.model_fields
    return plug_in(plug_in.Settings(**{key: value for key, value in values.items() if key in fields}))


@pytest.fixture
def resolutions(generator, alanine, alanine_frames):
    """Numbers of beads to try: all, a few if training is needed, or the only one that a refusal names."""
    try:
        generator.generate(alanine, 1, 7, alanine_frames.positions[:N_TRAINING])
    except InputError as refusal:
        return [only_resolution(refusal)]
    return [1, 3, 12, N_ATOMS] if generator.learned else list(range(1, N_ATOMS + 1))


def only_resolution(refusal):
    return int(re.search(r"the only possible resolution is (\d+)", str(refusal))[1])


def test_a_resolution_is_made_or_refused_with_the_only_one(generator, resolutions, alanine, alanine_frames):
    for n_beads in range(1, N_ATOMS + 1) if len(resolutions) == 1 else []:
        if n_beads not in resolutions:
            with pytest.raises(InputError) as refusal:
                generator.generate(alanine, n_beads, 7, alanine_frames.positions[:N_TRAINING])
            assert [only_resolution(refusal.value)] == resolutions


def test_mapping_is_valid_at_every_resolution(generator, resolutions, alanine, alanine_frames):
    for n_beads in resolutions:
        mapping = generator.generate(alanine, n_beads, 7, alanine_frames.positions[:N_TRAINING])
        assert_valid(mapping, N_ATOMS, n_beads)
        if generator.settings.model_dump().get("path", "").endswith("beads.yaml"):
            assert mapping.bead_index[0] == 1, "beads keep the order of the file"
        else:
            assert_in_order(mapping)


def assert_in_order(mapping):
    lowest = [int(np.flatnonzero(mapping.bead_index == bead)[0]) for bead in range(mapping.n_beads)]
    assert lowest == sorted(lowest), "beads are numbered by their lowest atom"


def assert_valid(mapping, n_atoms, n_beads):
    assert mapping.bead_index.shape == (n_atoms,)
    assert sorted(set(mapping.bead_index.tolist())) == list(range(n_beads)), "an empty bead"
    np.testing.assert_allclose(np.bincount(mapping.bead_index, weights=mapping.weights), 1)
    np.testing.assert_allclose(mapping.matrix.sum(axis=1), 1)
    assert np.linalg.matrix_rank(mapping.matrix) == n_beads
    assert ((mapping.matrix != 0).sum(axis=0) <= 1).all(), "an atom in two beads"


@pytest.fixture(scope="session")
def chignolin():
    """Topology of 175 atoms."""
    return read_topology(ROOT / "workflow/resources/chignolin/topology.pdb")


@settings(
    deadline=None,
    max_examples=2,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(n_beads=st.integers(1, 175), seed=st.integers(0, 2**31 - 1))
@pytest.mark.parametrize(
    "name",
    [
        *("alpha_carbon", "backbone", "calpha_sidechain", "heavy_atoms", "martini3", "random"),
        *("residue_cog", "residue_com", "sequence", "shuffled"),
        pytest.param("girvan_newman", marks=pytest.mark.slow),
    ],
)
def test_a_peptide_is_mapped_or_refused_with_the_only_resolution(name, chignolin, n_beads, seed):
    plug_in = registry.load("mapping", name)
    generator = plug_in(plug_in.Settings())
    try:
        mapping = generator.generate(chignolin, n_beads, seed)
    except InputError as refusal:
        n_beads = only_resolution(refusal)
        assert n_beads == ONLY[name]
        mapping = generator.generate(chignolin, n_beads, seed)
    assert_valid(mapping, 175, n_beads)
    if name != "martini3":  # beads have the order of martinize2
        assert_in_order(mapping)
    again = generator.generate(chignolin, n_beads, seed)
    np.testing.assert_array_equal(again.bead_index, mapping.bead_index)
    np.testing.assert_array_equal(again.weights, mapping.weights)


def test_beads_move_with_the_molecule(generator, resolutions, alanine, alanine_frames):
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
def test_same_seed_same_mapping(generator, resolutions, alanine, alanine_frames, seed, choice):
    n_beads = resolutions[choice % len(resolutions)]
    first, second = (
        generator.generate(alanine, n_beads, seed, alanine_frames.positions[:N_TRAINING]) for _ in range(2)
    )
    np.testing.assert_array_equal(first.bead_index, second.bead_index)
    np.testing.assert_array_equal(first.weights, second.weights)


def test_impossible_resolutions_are_refused(generator, alanine, alanine_frames):
    for n_beads in (-1, 0, N_ATOMS + 1):
        with pytest.raises(
            InputError, match=rf"resolution {n_beads}: a molecule of 22 atoms can have 1 to 22 beads"
        ):
            generator.generate(alanine, n_beads, 0, alanine_frames.positions[:N_TRAINING])


def test_declares_its_source(generator):
    assert generator.reference
