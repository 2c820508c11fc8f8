"""Controls: scores and samples against theory."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from cgbench.chem.bonds_and_clashes import count_contacts
from cgbench.chem.frames import Frames
from cgbench.chem.geometry import pair_distances, rmsd
from cgbench.chem.molecule import Molecule
from cgbench.core import registry
from cgbench.mapping.base import Mapping
from cgbench.methods.base import BackmappingMethod, TrainingContext, draw


def fitted(
    name: str, mapping: Mapping, molecule: Molecule, train: np.ndarray, **settings
) -> BackmappingMethod:
    method = registry.load("methods", name)
    model: BackmappingMethod = method(method.Settings(**settings), mapping, molecule)
    model.fit(train, train[:5], TrainingContext(seed=3))
    return model


@pytest.fixture(scope="module")
def train(alanine_frames: Frames) -> np.ndarray:
    return alanine_frames.positions[:160]


@pytest.fixture(scope="module")
def test_frames(alanine_frames: Frames) -> np.ndarray:
    return alanine_frames.positions[160:]


def wrong_bonds(positions: np.ndarray, molecule: Molecule) -> float:
    """λ: missing and extra bonds per bond."""
    found = count_contacts(positions, molecule)
    return float((found.missing + found.extra).mean() / len(molecule.bonds))


def test_the_ceiling_is_perfect(
    alanine: Molecule, three_beads: Mapping, train: np.ndarray, test_frames: np.ndarray
) -> None:
    model = fitted("true_frames", three_beads, alanine, train)
    assert rmsd(model.reconstruct(test_frames), test_frames).max() == 0
    samples = draw(model, test_frames, 4, 1)
    assert rmsd(samples, test_frames[:, None]).max() == 0
    assert wrong_bonds(samples[:, 0], alanine) == 0


def test_the_floor_is_no_molecule(
    alanine: Molecule, three_beads: Mapping, train: np.ndarray, test_frames: np.ndarray
) -> None:
    samples = draw(fitted("on_beads", three_beads, alanine, train), test_frames, 4, 1)
    assert wrong_bonds(samples[:, 0], alanine) > 2
    assert np.ptp(samples, axis=1).max() == 0
    offset = test_frames - three_beads.lift(three_beads.beads(test_frames))
    expected = np.sqrt(np.square(offset).sum(-1).mean(-1))
    np.testing.assert_allclose(rmsd(samples[:, 0], test_frames), expected, rtol=1e-5)


def test_a_leak_is_found(alanine: Molecule, three_beads: Mapping, train: np.ndarray) -> None:
    """A rotated and translated training frame is reproduced exactly; frames of another walker are not."""
    model = fitted("nearest_frame", three_beads, alanine, train, neighbours=1)
    turn = Rotation.from_rotvec([1.0, 2.0, -0.5]).as_matrix()
    known = train[:20].astype(np.float64) @ turn.T + [10.0, 0.0, -5.0]
    np.testing.assert_allclose(model.reconstruct(known), known, atol=1e-5)
    np.testing.assert_allclose(draw(model, known, 2, 1)[:, 1], known, atol=1e-5)


def test_nearest_frames_are_real_and_not_repeated(
    alanine: Molecule, three_beads: Mapping, train: np.ndarray, test_frames: np.ndarray
) -> None:
    model = fitted("nearest_frame", three_beads, alanine, train, neighbours=6)
    samples = draw(model, test_frames, 6, 1)
    assert np.ptp(samples, axis=1).min(axis=(1, 2)).min() > 0, "a frame was drawn twice"
    # Within a bead every sample has the distances of some training frame.
    atoms = np.flatnonzero(three_beads.bead_index == 1)
    pairs = np.stack([atoms[:-1], atoms[1:]], axis=1)
    found, known = pair_distances(samples, pairs), pair_distances(train, pairs)
    off = np.abs(found[:, :, None] - known).max(axis=-1).min(axis=-1)
    assert off.max() < 1e-4
    better = rmsd(samples, test_frames[:, None]).mean()
    floor = rmsd(
        draw(fitted("on_beads", three_beads, alanine, train), test_frames, 1, 1), test_frames[:, None]
    )
    assert better < 0.75 * floor.mean()


def test_mirrored_beads_are_not_near(alanine: Molecule, train: np.ndarray) -> None:
    mapping = Mapping.centres(np.arange(alanine.n_atoms) * 6 // alanine.n_atoms)
    model = fitted("nearest_frame", mapping, alanine, train, neighbours=1)
    mirrored = train[:20] * np.array([1, 1, -1], dtype=np.float32)
    assert rmsd(model.reconstruct(train[:20]), train[:20]).max() < 1e-4
    assert rmsd(model.reconstruct(mirrored), mirrored).min() > 0.1


def test_template_is_rigid_and_real(
    alanine: Molecule, three_beads: Mapping, train: np.ndarray, test_frames: np.ndarray
) -> None:
    rebuilt = fitted("rigid_template", three_beads, alanine, train).reconstruct(test_frames)
    for bead in range(3):
        atoms = np.flatnonzero(three_beads.bead_index == bead)
        pairs = np.stack(np.triu_indices(len(atoms), 1), axis=1)
        distances = pair_distances(rebuilt[:, atoms], pairs)
        assert np.ptp(distances, axis=0).max() < 1e-4, "not rigid"
        known = pair_distances(train[:, atoms], pairs)
        assert np.abs(known - distances[0]).max(axis=1).min() < 1e-4, "not the geometry of any frame"


def test_conditional_gaussian_is_the_regression_on_beads(
    alanine: Molecule, three_beads: Mapping, train: np.ndarray
) -> None:
    """In the body frame the mean is the regression, and the covariance is that of its residuals."""
    model = fitted("conditional_gaussian", three_beads, alanine, train)
    rebuilt = model.reconstruct(train.astype(np.float64))
    residual = (train - rebuilt).reshape(len(train), -1)
    # The mean squared residual is the trace of the conditional covariance.
    assert np.square(model.noise).sum() == pytest.approx(np.square(residual).sum() / len(train), rel=1e-6)
    along_beads = np.kron(three_beads.matrix, np.eye(3)) @ model.noise
    assert np.abs(along_beads).max() < 1e-8


def test_conditional_gaussian_recovers_a_gaussian(alanine: Molecule, rng: np.random.Generator) -> None:
    """Rigid beads with one atom that depends linearly on a bead distance, with known slope and noise."""
    mapping = Mapping.centres(np.arange(alanine.n_atoms) * 4 // alanine.n_atoms)
    rest = rng.normal(size=(alanine.n_atoms, 3)) * 4
    stretch = rng.normal(size=(5000, 1, 1))
    axis = np.zeros_like(rest)
    axis[:6] = np.array([1.0, 0.0, 0.0])  # all atoms of bead 0 move together
    noise = np.zeros((5000, *rest.shape))
    noise[:, 10, 1], noise[:, 9, 1] = 0.3, -0.3  # and two atoms of bead 1 in opposite directions
    noise *= rng.normal(size=(5000, 1, 1))
    model = fitted("conditional_gaussian", mapping, alanine, rest + 0.2 * stretch * axis + noise)
    frame = (rest + 0.2 * 1.5 * axis)[None]
    samples = model.sample(mapping.beads(frame), 4000, 1)[0]
    np.testing.assert_allclose(samples.mean(axis=0), frame[0], atol=0.03)
    spread = samples.std(axis=0)
    np.testing.assert_allclose(np.linalg.norm(spread[[9, 10]], axis=1), 0.3, rtol=0.05)
    assert spread[11:].max() < 0.01


def test_one_bead_gives_every_orientation(alanine: Molecule, train: np.ndarray) -> None:
    one = Mapping.centres(np.zeros(alanine.n_atoms, dtype=np.int64))
    for name in ("nearest_frame", "conditional_gaussian"):
        model = fitted(name, one, alanine, train)
        samples = model.sample(np.zeros((1, 1, 3)), 2000, 1)[0]
        direction = samples[:, 0] / np.linalg.norm(samples[:, 0], axis=1, keepdims=True)
        assert np.abs(direction.mean(axis=0)).max() < 4 * np.sqrt(1 / 3 / 2000), name
