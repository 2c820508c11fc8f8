"""Mistakes are told from bad predictions: the first are refused with the cure, the second are scored."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from cgbench.chem.frames import Frames
from cgbench.core import registry
from cgbench.core.errors import InputError
from cgbench.data.sources.bundled import BundledSettings, Source
from cgbench.mapping.base import Mapping
from cgbench.methods.base import TrainingContext
from cgbench.pipeline.prediction_check import check_predictions
from prediction_helpers import Fold

Change = Callable[[np.ndarray], np.ndarray]
NONE = np.empty(0, dtype=np.int64)
RESOURCES = Path(__file__).parents[2] / "workflow/resources"


@pytest.fixture(scope="module")
def chignolin() -> Fold:
    frames, _ = Source(BundledSettings(directory=str(RESOURCES / "chignolin"), stride=60)).read()
    return Fold.of(frames, Mapping.centres(frames.molecule.residue_index))


@pytest.fixture(params=["alanine", "chignolin"])
def fold(
    request: pytest.FixtureRequest, alanine_frames: Frames, three_beads: Mapping, chignolin: Fold
) -> Fold:
    return Fold.of(alanine_frames, three_beads) if request.param == "alanine" else chignolin


def check(fold: Fold, samples: np.ndarray, absent: np.ndarray = NONE) -> np.ndarray:
    found = check_predictions("p.npz", samples, absent, fold.frames, fold.split.test, fold.mapping)
    return np.asarray(found)


def shuffled(samples: np.ndarray) -> np.ndarray:
    return samples[:, :, np.random.default_rng(3).permutation(samples.shape[2])]


def heavy_first(samples: np.ndarray) -> np.ndarray:
    """Order of atoms in which the second half comes first."""
    return np.roll(samples, samples.shape[2] // 2, axis=2)


def turned(samples: np.ndarray) -> np.ndarray:
    rotations = Rotation.random(len(samples), random_state=1).as_matrix()
    return np.einsum("fsai,fij->fsaj", samples - 30.0, rotations).astype(np.float32)


MISTAKES = {
    "nm": (lambda samples: samples / 10, r"the file has nm where its format has Å; multiply"),
    "pm": (lambda samples: samples * 10, r"the file has Å where its format has nm; divide"),
    "bohr": (lambda samples: samples * np.float32(1.8897), r"the file has bohr .*; multiply .* by 0\.529"),
    "shuffled": (shuffled, r"as many bonds as the molecule, but \d+% of them are between other atoms"),
    "other order": (heavy_first, r"the atoms are in another order; give them in the order of topology\.pdb"),
    "mirror": (lambda samples: -samples, r"mirror images of the given ones; check the signs"),
    "shift": (
        lambda samples: samples + np.float32(8),
        r"13\.\d+ Å from the given ones .* shifted against the given ones",
    ),
    "centred": (
        lambda samples: samples - samples.mean(axis=2, keepdims=True) + np.float32(50),
        r"shifted against the given ones; predict atoms where the beads are, not centred",
    ),
    "turned": (turned, r"rotated against the given ones; .*not superposed"),
    "reversed": (
        lambda samples: samples[::-1],
        r"frames are in another order; number 0 has the beads of frame \d+ of the dataset, number 19 of the",
    ),
    "samples first": (
        lambda samples: samples.swapaxes(0, 1).reshape(samples.shape),
        r"with all samples of a frame one after the other",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_each_mistake_has_its_own_error(name: str, fold: Fold) -> None:
    change, message = MISTAKES[name]
    with pytest.raises(InputError, match=rf"^p\.npz: .*({message})"):
        check(fold, change(fold.noisy(3)))


def test_frames_of_another_fold_are_recognised(fold: Fold) -> None:
    others = np.setdiff1d(np.arange(len(fold.frames)), fold.split.test)[:20]
    message = rf"predictions of another fold; .* frame {others[0]} of the dataset, no test frame of this fold"
    with pytest.raises(InputError, match=message):
        check(fold, fold.frames.positions[others][:, None])


def in_nm(frames: object, sample: int) -> Change:
    """Give these frames of one sample in nm."""

    def change(samples: np.ndarray) -> np.ndarray:
        samples[frames, sample] /= 10
        return samples

    return change


def placed(order: np.ndarray, sample: object) -> Change:
    """Give the geometries of some samples in another order."""

    def change(samples: np.ndarray) -> np.ndarray:
        samples[:, sample] = samples[order][:, sample]
        return samples

    return change


def filled(value: float) -> Change:
    def change(samples: np.ndarray) -> np.ndarray:
        samples[[4, 7], 1:] = value
        return samples

    return change


NUMBERS = np.arange(20)
SWAPPED, EARLY = NUMBERS.copy(), np.r_[NUMBERS[1:9], 0, NUMBERS[9:]]
SWAPPED[[3, 12]] = 12, 3
PARTLY = {
    "two frames swapped": (
        placed(SWAPPED, slice(None)),
        r"another test frame in 2 of 20 frames, the first in frame 3, sample 0, which has the beads of frame "
        r"12; predict the test frames of this fold in the order of beads\.npz",
    ),
    "two frames of one sample swapped": (
        placed(SWAPPED, 2),
        r"in 2 of 20 frames, the first in frame 3, sample 2, which has the beads of frame 12",
    ),
    "less than half": (placed(EARLY, slice(None)), r"in 9 of 20 frames, .* sample 0, .* beads of frame 1;"),
    "one sample reversed": (
        placed(NUMBERS[::-1], 1),
        r"p\.npz: sample 1 of the frames: beads are .* frames are in another order; number 0 has",
    ),
    "one sample shuffled": (
        lambda samples: np.concatenate([samples[:, :2], shuffled(samples[:, 2:])], axis=1),
        r"sample 2 of the frames: the geometries have as many bonds",
    ),
    "one sample in nm": (in_nm(NUMBERS, 1), r"sample 1 of the frames: bonds are .*multiply the positions"),
    "some frames in nm": (
        in_nm([5, 8], 1),
        r"multiplied by 10 in 2 of 20 frames, the first in frame 5, sample 1; give all frames in Å",
    ),
    "filled": (filled(9999.0), r"at one point, far from the beads, in 2 of 20 .* frame 4, sample 1; .*again"),
    "zeros": (filled(0.0), r"these are fill values; predict them again"),
}


@pytest.mark.parametrize("name", PARTLY)
def test_mistakes_of_some_geometries_are_found(name: str, fold: Fold) -> None:
    change, message = PARTLY[name]
    with pytest.raises(InputError, match=message):
        check(fold, change(fold.noisy(3)))


def test_a_few_frames_that_a_method_failed_for_are_scored(fold: Fold) -> None:
    """Geometries of the training frames, and one test frame at the place of another, by chance."""
    samples = fold.noisy(2)
    samples[3:7] = fold.frames.positions[fold.split.train[:4], None]
    samples[10] = samples[12]
    assert (check(fold, samples) > 0.5).sum() == 10


@pytest.mark.parametrize("scale", [0.0, 0.1, 0.3, 1.0])
def test_predictions_may_be_as_bad_as_they_like(scale: float, fold: Fold) -> None:
    assert (check(fold, fold.noisy(2, scale)) < 2.0 * scale + 1e-6).all()


@pytest.mark.parametrize("method", ["on_beads", "linear", "nearest_frame", "rigid_template"])
def test_what_methods_make_is_never_refused(method: str, fold: Fold) -> None:
    plug_in = registry.load("methods", method)
    model = plug_in(plug_in.Settings(), fold.mapping, fold.frames.molecule)
    positions = fold.frames.positions
    model.fit(positions[fold.split.train], positions[fold.split.valid], TrainingContext(seed=0))
    samples = model.sample(fold.mapping.beads(fold.truth), 2, 0)
    assert check(fold, np.asarray(samples, dtype=np.float32)).max() < 1e-3


@pytest.mark.parametrize("moved", [0.4, 2.0])
def test_beads_that_moved_are_measured(moved: float, fold: Fold, rng: np.random.Generator) -> None:
    """Every bead in a direction of its own, so that no shift or rotation explains it."""
    directions = rng.normal(size=(20, 1, fold.mapping.n_beads, 3))
    directions *= moved / np.linalg.norm(directions, axis=-1, keepdims=True)
    samples = fold.truth[:, None] + fold.mapping.lift(directions)
    np.testing.assert_allclose(check(fold, samples.astype(np.float32)), moved, rtol=1e-3)


def test_without_hydrogens_the_heavy_atoms_of_the_beads_are_compared(fold: Fold) -> None:
    hydrogens = np.flatnonzero(~fold.frames.molecule.heavy)
    samples = fold.noisy(1, 0.0)
    samples[:, :, hydrogens] = np.nan
    assert check(fold, samples, hydrogens).max() < 1e-4
    with pytest.raises(InputError, match="frames are in another order"):
        check(fold, samples[::-1], hydrogens)
