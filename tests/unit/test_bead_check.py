"""Beads for backmapping that differ from those of the training frames."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from typer.testing import CliRunner

from cgbench.chem.frames import Frames
from cgbench.cli.main import app
from cgbench.core.errors import InputError
from cgbench.core.registry import PlugIn
from cgbench.data.sources.bundled import BundledSettings, Source
from cgbench.data.stored_folds import StoredFolds
from cgbench.mapping.base import Mapping
from cgbench.methods._bead_ranges import FRAMES_AT_ONCE, NEAR, BeadRanges
from cgbench.methods.base import TrainingContext, load_model
from cgbench.pipeline.backmap import backmap
from cgbench.pipeline.bead_check import difference_from_training

Beads = NDArray[np.float32]
RESOURCES = Path(__file__).parents[2] / "workflow/resources"


@pytest.fixture(scope="module")
def six_beads(alanine_frames: Frames) -> Mapping:
    generator = PlugIn.from_json("mapping", '{"use": "backbone"}').create()
    mapping: Mapping = generator.generate(alanine_frames.molecule, 6, 0)
    return mapping


@pytest.fixture(scope="module")
def parts(alanine_frames: Frames, six_beads: Mapping) -> tuple[Beads, Beads]:
    """Beads of the first four trajectories, and of the others."""
    beads = six_beads.beads(alanine_frames.positions)
    training = alanine_frames.trajectory < 4
    return beads[training], beads[~training]


@pytest.fixture
def model(alanine_frames: Frames, six_beads: Mapping, parts: tuple[Beads, Beads], tmp_path: Path) -> Path:
    method = PlugIn.from_json("methods", '{"use": "linear"}').create(six_beads, alanine_frames.molecule)
    method.fit(alanine_frames.positions[:60], alanine_frames.positions[60:70], TrainingContext(seed=0))
    method.bead_ranges = BeadRanges.of(parts[0])
    method.save(tmp_path / "model.pt")
    return tmp_path / "model.pt"


def _cut(beads: Beads) -> Beads:
    """Put the last three beads at their next image in a box of 30 Å."""
    return beads + np.array([0, 0, 0, 30, 30, 30], dtype=np.float32)[:, None] * np.eye(3, dtype=np.float32)[0]


MISTAKES: list[tuple[Callable[[Beads], Beads], str]] = [
    (lambda beads: beads / 10, "multiplied by 10, so they are probably in nm"),
    (lambda beads: beads / 0.529177, "multiplied by 0.529, so they are probably in bohr"),
    (lambda beads: beads[:, ::-1], "in reversed order"),
    (lambda beads: beads * np.array([1, 1, -1], dtype=np.float32), "as their mirror image"),
    (lambda beads: beads[:, [0, 4, 2, 3, 1, 5]], "check their unit, order and signs"),
    (_cut, "cut by the periodic boundary"),
    (np.round, "unlike those of the training frames"),
]


@pytest.mark.parametrize(("mistake", "said"), MISTAKES)
def test_mistakes_are_recognised(
    mistake: Callable[[Beads], Beads], said: str, parts: tuple[Beads, Beads]
) -> None:
    assert said in difference_from_training(mistake(parts[1]), BeadRanges.of(parts[0]))


def test_frames_of_other_trajectories_are_like_the_training_frames(parts: tuple[Beads, Beads]) -> None:
    assert difference_from_training(parts[1], BeadRanges.of(parts[0])) == ""
    # A rotation that exchanges the axes, and a translation.
    assert difference_from_training(parts[1][..., [1, 2, 0]] + 500, BeadRanges.of(parts[0])) == ""


@pytest.fixture(scope="module")
def chignolin_beads() -> tuple[Beads, NDArray[np.int64]]:
    """Cα beads of all frames, and the trajectory of each."""
    frames, _ = Source(BundledSettings(directory=str(RESOURCES / "chignolin"))).read()
    generator = PlugIn.from_json("mapping", '{"use": "alpha_carbon"}').create()
    return generator.generate(frames.molecule, 12, 0).beads(frames.positions), frames.trajectory


@pytest.mark.parametrize(("fold", "suspected"), [(0, 1), (1, 1), (2, 2)])
def test_mistakes_are_recognised_where_the_chain_folds_and_unfolds(
    fold: int, suspected: int, chignolin_beads: tuple[Beads, NDArray[np.int64]]
) -> None:
    """All distances and volumes of the mistaken beads are possible there; few walkers alone are suspected."""
    beads, trajectory = chignolin_beads
    chosen = StoredFolds.load(RESOURCES / "tasks/chignolin/folds.json").folds[fold]
    train, test = (beads[chosen.frames(part)] for part in ("train", "test"))
    ranges = BeadRanges.of(train)
    assert difference_from_training(test, ranges) == ""
    assert "in reversed order" in difference_from_training(test[:, ::-1], ranges)
    assert "as their mirror image" in difference_from_training(-test, ranges)
    walkers = np.unique(trajectory[chosen.frames("test")])
    said = [difference_from_training(beads[trajectory == walker], ranges) for walker in walkers]
    assert sum(map(bool, said)) == suspected


def test_frame_beads_and_distance_are_named() -> None:
    """Three beads at 0, 4 and 8 Å; in the second of two frames, the last is at 80 Å."""
    training = np.zeros((2, 3, 3))
    training[:, :, 0] = [[0, 4, 8], [0, 4.2, 8.1]]
    beads = training.copy()
    beads[1, 2, 0] = 80
    said = difference_from_training(beads, BeadRanges.of(training))
    assert said.startswith(
        "unlike those of the training frames in 1 of 2 frames: in frame 1, beads 0 and 2 are 80.00 Å apart "
        "(8.00 to 8.10 in training); some beads are far from the others"
    )


def test_the_number_of_values_is_proportional_to_that_of_beads(rng: np.random.Generator) -> None:
    walk = rng.normal(size=(2, 300, 3)).cumsum(axis=1)
    assert len(BeadRanges.of(walk).low) < 300 * (NEAR + 1 + 10) + 1


def test_frames_are_measured_in_chunks(rng: np.random.Generator) -> None:
    beads = rng.normal(size=(2 * FRAMES_AT_ONCE + 3, 5, 3))
    beads[-1] *= 9
    ranges = BeadRanges.of(beads)
    np.testing.assert_array_equal(ranges.high, ranges.values(beads).max(axis=0))
    unlike = BeadRanges.of(beads[:-1]).unlike(beads)
    assert unlike[-1] and unlike.sum() == 1


@pytest.mark.parametrize("n_beads", [1, 2, 3])
def test_few_beads_have_no_volumes(n_beads: int, rng: np.random.Generator) -> None:
    beads = rng.normal(size=(20, n_beads, 3))
    ranges = BeadRanges.of(beads)
    assert not ranges.tetrahedra.size
    assert difference_from_training(beads, ranges) == ""
    assert bool(difference_from_training(beads * 100, ranges)) == (n_beads > 1)


def test_training_frames_of_three_beads_are_not_suspected(rng: np.random.Generator) -> None:
    """Their mirror images are the same triangles: some sets are nearer to the training frames by rounding."""
    for beads in rng.normal(size=(30, 60, 3, 3)).astype(np.float32):
        assert difference_from_training(beads, BeadRanges.of(beads)) == ""


def test_a_warning_or_an_error(model: Path, parts: tuple[Beads, Beads], tmp_path: Path) -> None:
    output = tmp_path / "atoms.npz"
    backmap(model, parts[1][:3], output, strict=True)
    output.unlink()
    with pytest.raises(InputError, match=r"^beads: unlike .* in 3 of 3 frames: .* in nm"):
        backmap(model, parts[1][:3] / 10, output, strict=True)
    assert not output.exists()
    with pytest.warns(UserWarning, match=r"^beads: unlike .* in 3 of 3 frames: .* in nm"):
        backmap(model, parts[1][:3] / 10, output)
    assert output.exists()


def test_the_command_takes_strict(model: Path, parts: tuple[Beads, Beads], tmp_path: Path) -> None:
    np.save(tmp_path / "nm.npy", parts[1][:3] / 10)
    command = [
        "backmap",
        str(model),
        "--beads",
        str(tmp_path / "nm.npy"),
        "--output",
        str(tmp_path / "a.npz"),
    ]
    assert isinstance(CliRunner().invoke(app, [*command, "--strict"]).exception, InputError)


def test_beads_at_one_point_are_refused(model: Path, parts: tuple[Beads, Beads], tmp_path: Path) -> None:
    beads = parts[1][:3].copy()
    beads[1] = 5.0
    with pytest.raises(InputError, match="beads: all of frame 1 are at one point"):
        backmap(model, beads, tmp_path / "atoms.npz")


@pytest.mark.parametrize("part", ["pairs", "low"])
def test_ranges_of_other_beads_are_refused(part: str, model: Path) -> None:
    content = torch.load(model, weights_only=True)
    stored = content["bead_ranges"][part]
    content["bead_ranges"][part] = stored + 6 if part == "pairs" else stored[:-1]
    torch.save(content, model)
    with pytest.raises(InputError, match=r"model\.pt: not a usable model file"):
        load_model(model)


def test_a_model_file_without_ranges_can_be_used(
    model: Path, parts: tuple[Beads, Beads], tmp_path: Path
) -> None:
    content = torch.load(model, weights_only=True)
    del content["bead_ranges"]
    torch.save(content, model)
    assert load_model(model).bead_ranges is None
    with pytest.warns(UserWarning, match="not compared with training frames, of which the model file has"):
        backmap(model, parts[1][:2], tmp_path / "atoms.npz")
    with pytest.raises(InputError, match="train it again"):
        backmap(model, parts[1][:2], tmp_path / "atoms.npz", strict=True)
