"""The contract of every method."""

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from cgbench.chem.frames import Frames
from cgbench.chem.molecule import Molecule
from cgbench.contract.run import under_test
from cgbench.core import registry
from cgbench.core.errors import InputError
from cgbench.mapping.base import Mapping
from cgbench.methods.base import (
    BackmappingMethod,
    OracleMethod,
    Positions,
    TrainingContext,
    draw,
    load_model,
)
from cgbench.nn.task_facts import TaskFacts
from cgbench.nn.training import TrainingSettings
from cgbench.nn.variational import VariationalSettings

METHODS = under_test("methods")
# Networks are trained once in the quick loop, for ``fitted``; e3nn takes seconds to import and compile.
SLOW_NETWORKS = [
    pytest.param(name, marks=pytest.mark.slow)
    if issubclass(registry.load("methods", name).Settings, TrainingSettings)
    else name
    for name in METHODS
]
SLOW_E3NN = [pytest.param(name, marks=pytest.mark.slow) if name == "cgvae_e3nn" else name for name in METHODS]
N_SAMPLES = 3
# A small network with a short training.
QUICK = {"epochs": 2, "batch_size": 32, "learning_rate": 1e-3, "features": 32}


def weighted(bead_index: np.ndarray, weights: np.ndarray) -> Mapping:
    return Mapping(bead_index, weights / np.bincount(bead_index, weights=weights)[bead_index])


def shared(residues: np.ndarray) -> Mapping:
    """Centres of three residues and, with a third of the weight, of an atom of the next, as in Martini 3."""
    weights = 1.0 / (np.bincount(residues) + 1 / 3)
    first = [int(np.flatnonzero(residues == (bead + 1) % 3)[0]) for bead in range(3)]
    portions = tuple((atom, bead, float(weights[bead] / 3)) for bead, atom in enumerate(first))
    return Mapping(residues, weights[residues], shared=portions)


def mappings(molecule: Molecule) -> dict[str, Mapping]:
    """Centres of mass, one atom per bead as in a Cα mapping, and atoms that beads share.

    ``fitted`` has centres of geometry.
    """
    residues = molecule.residue_index
    first_heavy = np.array([int(np.flatnonzero((residues == r) & molecule.heavy)[0]) for r in range(3)])
    site = np.zeros(molecule.n_atoms)
    site[first_heavy] = 1.0
    return {
        "masses": weighted(residues, molecule.masses),
        "sites": weighted(residues, site),
        "shared": shared(residues),
    }


def new(name: str, mapping: Mapping, molecule: Molecule, train: np.ndarray) -> BackmappingMethod:
    method = registry.load("methods", name)
    quick = {key: value for key, value in QUICK.items() if key in method.Settings.model_fields}
    settings = method.Settings(**quick).resolved(TaskFacts.of(mapping, train))
    model: BackmappingMethod = method(settings, mapping, molecule)
    return model


def assert_beads(mapping: Mapping, positions: np.ndarray, beads: np.ndarray) -> None:
    moved = np.abs(mapping.beads(positions) - beads).max()
    assert moved < 1e-4, f"beads of results are up to {moved:.3g} Å off; use self.mapping.project (R1)"


def context(tmp_path: Path | None = None) -> TrainingContext:
    return TrainingContext(seed=7, scratch=tmp_path)


@pytest.fixture(scope="module")
def positions(alanine_frames: Frames) -> np.ndarray:
    return alanine_frames.positions[::2]


@pytest.fixture(scope="module", params=SLOW_E3NN)
def fitted(request: pytest.FixtureRequest, alanine: Molecule, positions: np.ndarray) -> BackmappingMethod:
    model = new(request.param, Mapping.centres(alanine.residue_index), alanine, positions[:80])
    model.fit(positions[:80], positions[80:100], context())
    return model


@pytest.fixture
def unseen(positions: np.ndarray) -> np.ndarray:
    return positions[100:110]


def test_declares_what_it_is(fitted: BackmappingMethod) -> None:
    for name in ("stochastic", "equivariance", "reference"):
        assert hasattr(fitted, name), f"declare `{name}` in the class Method"
    assert isinstance(fitted.stochastic, bool)
    assert fitted.equivariance in {"none", "SE(3)", "E(3)"}
    assert fitted.reference
    assert isinstance(fitted, OracleMethod) == (fitted.bound == "ceiling")
    assert not fitted.bound or fitted.name in {"on_beads", "true_frames"}, "these two are the only controls"
    card = fitted.card("a second on one core")
    assert card.deterministic != fitted.stochastic
    assert card.method.endswith(".") and len(card.method) > 20, "begin the file with a sentence on the method"
    learns = fitted.training == "task"
    assert learns == bool(fitted.n_parameters()), "declare what is trained: `training`"
    if issubclass(fitted.Settings, TrainingSettings):
        assert fitted.uses_gpu(), "a network trains on a GPU"


def test_samples_follow_from_the_beads_alone(fitted: BackmappingMethod, unseen: np.ndarray) -> None:
    """Atoms with the same beads give the same samples, except for the oracle."""
    other: Positions = unseen.astype(np.float64)
    moved: Positions = other + np.random.default_rng(1).normal(size=other.shape)
    moved = fitted.mapping.project(moved, fitted.mapping.beads(other))
    samples, others = (draw(fitted, positions, N_SAMPLES, 1) for positions in (other, moved))
    if isinstance(fitted, OracleMethod):
        np.testing.assert_array_equal(samples, np.repeat(other[:, None], N_SAMPLES, axis=1))
        with pytest.raises(InputError, match=r"beads alone do not give; backmap with another method"):
            fitted.sample(fitted.mapping.beads(other), N_SAMPLES, 1)
    else:
        unlike = "samples differ between frames with equal beads, or between two calls with one seed"
        np.testing.assert_allclose(samples, others, atol=1e-8, err_msg=unlike)
        np.testing.assert_array_equal(samples, fitted.sample(fitted.mapping.beads(other), N_SAMPLES, 1))


def test_shapes_dtypes_and_finite_values(fitted: BackmappingMethod, unseen: np.ndarray) -> None:
    for dtype in (np.float32, np.float64):
        reconstruction = fitted.reconstruct(unseen.astype(dtype))
        samples = draw(fitted, unseen.astype(dtype), N_SAMPLES, seed=1)
        assert reconstruction.shape == unseen.shape
        assert samples.shape == (len(unseen), N_SAMPLES, *unseen.shape[1:])
        assert reconstruction.dtype == samples.dtype == dtype
        assert np.isfinite(reconstruction).all() and np.isfinite(samples).all()


def test_reconstructions_are_drawn_with_a_seed_or_not_at_all(
    fitted: BackmappingMethod, unseen: np.ndarray
) -> None:
    """The same seed gives the same draw, with the same beads."""
    drawn = fitted.reconstruct_draw(unseen, 1)
    assert drawn.shape == unseen.shape and drawn.dtype == unseen.dtype
    np.testing.assert_array_equal(drawn, fitted.reconstruct_draw(unseen, 1))
    assert_beads(fitted.mapping, drawn, fitted.mapping.beads(unseen))
    if np.abs(drawn - fitted.reconstruct(unseen)).max() <= 1e-4:
        assert not isinstance(fitted.settings, VariationalSettings), "the posterior has no width"


def test_the_input_is_not_changed(fitted: BackmappingMethod, unseen: np.ndarray) -> None:
    before = unseen.copy()
    fitted.reconstruct(unseen)
    draw(fitted, unseen, 1, seed=1)
    np.testing.assert_array_equal(unseen, before)
    if isinstance(fitted, OracleMethod):
        return
    beads = fitted.mapping.beads(unseen)
    beads_before = beads.copy()
    fitted.sample(beads, 1, seed=1)
    np.testing.assert_array_equal(beads, beads_before)


def test_same_seed_same_samples(fitted: BackmappingMethod, unseen: np.ndarray) -> None:
    np.testing.assert_array_equal(draw(fitted, unseen, N_SAMPLES, 1), draw(fitted, unseen, N_SAMPLES, 1))


def test_samples_differ_as_declared(fitted: BackmappingMethod, unseen: np.ndarray) -> None:
    samples = draw(fitted, unseen, N_SAMPLES, seed=1)
    spread = np.ptp(samples, axis=1).max(initial=0.0)
    if fitted.stochastic:
        assert spread > 1e-3, "all samples of a frame are equal: declare `stochastic = False`"
    else:
        assert spread == 0, "samples of a frame differ: declare `stochastic = True`"


@pytest.mark.parametrize("kind", ["masses", "sites", "shared"])
@pytest.mark.parametrize("name", SLOW_NETWORKS)
def test_r1_beads_are_kept_on_real_frames(
    name: str, kind: str, alanine: Molecule, positions: np.ndarray, unseen: np.ndarray
) -> None:
    mapping = mappings(alanine)[kind]
    model = new(name, mapping, alanine, positions[:64])
    model.fit(positions[:64], positions[64:80], context())
    beads = mapping.beads(unseen)
    assert_beads(mapping, model.reconstruct(unseen), beads)
    assert_beads(mapping, draw(model, unseen, N_SAMPLES, 1), beads[:, None])


@pytest.mark.parametrize("mirror", [False, True])
def test_equivariance_as_declared(fitted: BackmappingMethod, unseen: np.ndarray, mirror: bool) -> None:
    turn = Rotation.from_rotvec([0.3, -1.1, 2.0]).as_matrix() * (-1 if mirror else 1)
    operation = "a reflection" if mirror else "a rotation"
    shift = np.array([3.0, -7.0, 11.0])
    positions = unseen.astype(np.float64)
    moved = positions @ turn.T + shift

    def error(results: np.ndarray, of_moved: np.ndarray) -> float:
        return float(np.abs(results @ turn.T + shift - of_moved).max())

    errors = [
        error(fitted.reconstruct(positions), fitted.reconstruct(moved)),
        error(fitted.reconstruct_draw(positions, 1), fitted.reconstruct_draw(moved, 1)),
        error(draw(fitted, positions, N_SAMPLES, 1), draw(fitted, moved, N_SAMPLES, 1)),
    ]
    if fitted.equivariance == "E(3)" or (fitted.equivariance == "SE(3)" and not mirror):
        assert max(errors) < 1e-8, (
            f"results do not follow {operation} of the beads by {max(errors):.2g} Å: declare a smaller group "
            f"than `equivariance = {fitted.equivariance!r}`, or correct the method"
        )
    else:
        assert max(errors) > 1e-3, (
            f"results follow {operation} of the beads: declare a larger group than "
            f"`equivariance = {fitted.equivariance!r}`"
        )


def test_translation_never_matters(fitted: BackmappingMethod, unseen: np.ndarray) -> None:
    positions = unseen.astype(np.float64)
    shift = np.array([30.0, -70.0, 110.0])
    np.testing.assert_allclose(
        fitted.reconstruct(positions + shift), fitted.reconstruct(positions) + shift, atol=1e-8
    )


def test_save_and_load(fitted: BackmappingMethod, unseen: np.ndarray, tmp_path: Path) -> None:
    fitted.save(tmp_path / "model.pt")
    loaded = load_model(tmp_path / "model.pt")
    assert type(loaded) is type(fitted)
    assert loaded.settings == fitted.settings
    learned = {name for name, value in vars(fitted).items() if isinstance(value, np.ndarray)}
    assert learned <= vars(loaded).keys(), "name learned arrays in `arrays`, or write state and load_state"
    np.testing.assert_array_equal(loaded.reconstruct(unseen), fitted.reconstruct(unseen))
    np.testing.assert_array_equal(draw(loaded, unseen, N_SAMPLES, 1), draw(fitted, unseen, N_SAMPLES, 1))


@pytest.mark.parametrize("name", SLOW_NETWORKS)
def test_same_seed_same_model(
    name: str, alanine: Molecule, positions: np.ndarray, unseen: np.ndarray
) -> None:
    results = []
    for _ in range(2):
        model = new(name, Mapping.centres(alanine.residue_index), alanine, positions[:64])
        model.fit(positions[:64], positions[64:80], context())
        results.append(model.reconstruct(unseen))
    np.testing.assert_array_equal(results[0], results[1])


@pytest.mark.parametrize("n_beads", [1, 2, 22])
@pytest.mark.parametrize("name", SLOW_NETWORKS)
def test_extreme_resolutions(name: str, n_beads: int, alanine: Molecule, positions: np.ndarray) -> None:
    """With one or two beads, orientations are arbitrary; a method may not refuse them."""
    mapping = Mapping.centres(np.arange(alanine.n_atoms) * n_beads // alanine.n_atoms)
    model = new(name, mapping, alanine, positions[:64])
    model.fit(positions[:64], positions[64:80], context())
    beads = mapping.beads(positions[80:84])
    samples = draw(model, positions[80:84], 2, seed=1)
    assert np.isfinite(samples).all()
    assert_beads(mapping, samples, beads[:, None])
