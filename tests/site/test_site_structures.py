"""Geometries of the structure viewer: which they are, how precise, and how many fit."""

import base64
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from site_benchmark import script

from cgbench.chem.frames import Frames
from cgbench.config.run_matrix import RunMatrix
from cgbench.mapping.base import Mapping
from cgbench.pipeline.task import PreparedTask
from cgbench.results.samples_file import Samples
from cgbench.site.faults import faults
from cgbench.site.structures import molecule_of, structures

TASK = "data/alanine_dipeptide-backbone-3.js"


def coordinates(task: Any, text: str) -> np.ndarray:
    values = np.frombuffer(base64.b64decode(text), dtype="<i2") * task["scale"]
    return values.reshape(len(task["frames"]), -1, len(task["elements"]), 3)


def test_geometries_are_those_of_the_files(site: Path, benchmark: RunMatrix) -> None:
    """They are centred and turned, which changes no distance between atoms of frame and samples."""
    task = script(site / TASK)
    frames = Frames.load(Path(benchmark.results, "data/alanine_dipeptide/frames.npz"))
    index = [frame["index"] for frame in task["frames"]]
    reference = frames.positions[index]
    shown = coordinates(task, task["reference"])[:, 0]
    run = Path(benchmark.results, "runs/alanine_dipeptide/backbone-3/nearest_frame/fold0")
    stored = Samples.load(run / "samples.npz")
    samples = coordinates(task, task["samples"]["nearest_frame"])
    places = [stored.frame_index.tolist().index(number) for number in index]
    for k, place in enumerate(places):
        numbers = task["numbers"]["nearest_frame"][k]
        assert sorted(numbers) == [1, 2, 3], "all of them fit"
        for j, number in enumerate(numbers):
            moved = stored.samples[place, number - 1]
            # Distances of every atom of the sample from every atom of the frame.
            expected = np.linalg.norm(moved[:, None] - reference[k], axis=-1)
            found = np.linalg.norm(samples[k, j][:, None] - shown[k], axis=-1)
            np.testing.assert_allclose(found, expected, atol=0.003)
            heavy = frames.molecule.heavy
            rmsd = np.sqrt(np.square(moved - reference[k])[heavy].sum(axis=-1).mean())
            assert task["rmsd"]["nearest_frame"][k][j] == pytest.approx(rmsd, abs=6e-4)
        assert task["rmsd"]["nearest_frame"][k] == sorted(task["rmsd"]["nearest_frame"][k])
    assert np.linalg.det(np.linalg.lstsq(reference[0] - reference[0].mean(axis=0), shown[0])[0]) > 0


def test_frames_are_the_best_the_median_and_the_worst(site: Path, benchmark: RunMatrix) -> None:
    task = script(site / TASK)
    run = Path(benchmark.results, "runs/alanine_dipeptide/backbone-3/linear/fold0")
    with np.load(run / "scores.npz") as arrays:
        scores, index = arrays["energy_score.heavy"], arrays["frame_index"]
    order = np.argsort(scores)
    for word, place in (("best", order[0]), ("median", order[len(order) // 2]), ("worst", order[-1])):
        (frame,) = [frame for frame in task["frames"] if ["linear", word] in frame["picks"]]
        assert frame["index"] == index[place]
        assert frame["scores"]["linear"] == pytest.approx(scores[place], abs=1e-4)
    # A deterministic method has one geometry for each frame.
    assert {len(numbers) for numbers in task["numbers"]["linear"]} == {1} == {task["drawn"]["linear"]}


def test_the_nearest_and_the_farthest_sample_are_kept(benchmark: RunMatrix) -> None:
    runs = [r for r in benchmark.run_specs() if (r.method, r.n_beads, r.fold) == ("nearest_frame", 3, 0)]
    task = PreparedTask(benchmark, "alanine_dipeptide", "backbone", 3)
    made = structures(task, runs, 3 * 2 * 2 * 3 * 22, [])  # three frames with two samples
    assert made is not None
    content = made[2]
    assert content["ranks"]["nearest_frame"] == [0, 2] and content["drawn"]["nearest_frame"] == 3
    stored = Samples.load(benchmark.run_folder(runs[0]) / "samples.npz")
    reference = task.frames.positions[stored.frame_index]
    heavy = task.frames.molecule.heavy
    rmsd = np.sqrt(np.square(stored.samples - reference[:, None])[:, :, heavy].sum(axis=-1).mean(axis=-1))
    for frame, ends in zip(content["frames"], content["rmsd"]["nearest_frame"], strict=True):
        of_frame = rmsd[stored.frame_index.tolist().index(frame["index"])]
        assert ends == pytest.approx([of_frame.min(), of_frame.max()], abs=6e-4)


def test_faults_are_those_of_the_metrics(alanine_frames: Frames) -> None:
    """Mirrored, stretched and turned geometries have the faults that they were given."""
    molecule, frame = alanine_frames.molecule, alanine_frames.positions[:1].astype(np.float64)
    everything = np.arange(molecule.n_atoms)
    names = [molecule.label(atom) for atom in range(molecule.n_atoms)]
    mirrored, stretched = frame[0] * [1, 1, -1], frame[0].copy()
    (end,) = (k for k, name in enumerate(names) if name == "ALA2 O")
    (centre,) = (k for k, name in enumerate(names) if name == "ALA2 C")
    stretched[end] += 2 * (stretched[end] - stretched[centre])
    samples = np.stack([frame[0], mirrored, stretched])[None]
    ((true, mirror, long),) = faults(samples, frame, molecule, everything)
    assert true[:2] == [0, 0] and true[3:5] == [0, 0]
    assert mirror[:3] == true[:3] and mirror[3] == 1 and 0 < mirror[4] <= 180
    assert long[0] == 1 and long[3:5] == [0, 0]
    heavy = np.flatnonzero(molecule.heavy)
    ((part,),) = faults(frame[None], frame, molecule, heavy)
    assert part[:2] == [0, 0] and part[2] <= true[2] and part[5]
    lone = np.flatnonzero([name.startswith("ACE") for name in molecule.residue_names])
    assert faults(frame[None], frame, molecule, lone)[0][0][3:] == [None, None, ""]


@pytest.mark.parametrize(
    ("budget", "n_frames", "n_samples"), [(40_000, 12, 3), (6_400, 12, 1), (2_000, 3, 1)]
)
def test_geometries_fit_the_budget(benchmark: RunMatrix, budget: int, n_frames: int, n_samples: int) -> None:
    runs = [run for run in benchmark.run_specs() if run.fold == 0 and run.n_beads == 3]
    made = structures(PreparedTask(benchmark, "alanine_dipeptide", "backbone", 3), runs, budget, [])
    assert made is not None
    content = made[2]
    assert (len(content["frames"]) <= n_frames) and {len(k) for k in content["numbers"]["nearest_frame"]} == {
        n_samples
    }
    size = sum(len(base64.b64decode(text)) for text in content["samples"].values())
    assert size <= max(budget, 3 * 4 * 22 * 6)
    if n_frames == 3:
        assert [frame["picks"] for frame in content["frames"]] == [
            [["", w]] for w in ("best", "median", "worst")
        ]


def test_beads_of_the_viewer_are_those_of_the_mapping(alanine_frames: Frames) -> None:
    """Also those of which another bead has a part, as in Martini 3."""
    index = alanine_frames.molecule.residue_index
    own = Mapping.centres(index)
    weights = np.where(index == 1, 0.5 * own.weights, own.weights)
    mapping = Mapping(index, weights, shared=((0, 1, 0.2), (1, 1, 0.3)))
    frame = alanine_frames.positions[0].astype(np.float64)
    shown = molecule_of(alanine_frames, mapping)["weights"]
    beads = [sum(weight * frame[int(atom)] for atom, weight in members.items()) for members in shown]
    np.testing.assert_allclose(beads, mapping.beads(frame), atol=1e-4)


def test_hydrogens_that_predictions_lack_are_at_their_heavy_atoms(copied: RunMatrix) -> None:
    runs = [run for run in copied.run_specs() if (run.method, run.n_beads, run.fold) == ("linear", 3, 0)]
    path = copied.run_folder(runs[0]) / "samples.npz"
    stored = Samples.load(path)
    molecule = Frames.load(Path(copied.results, "data/alanine_dipeptide/frames.npz")).molecule
    hydrogens = np.flatnonzero(~molecule.heavy)
    stored.samples[:, :, hydrogens] = np.nan
    replace(stored, absent=hydrogens).save(path)
    made = structures(PreparedTask(copied, "alanine_dipeptide", "backbone", 3), runs, 100_000, [])
    assert made is not None
    packed = np.frombuffer(base64.b64decode(made[2]["samples"]["linear"]), dtype="<i2").reshape(-1, 22, 3)
    bonded = [next(iter(molecule.graph[atom])) for atom in hydrogens.tolist()]
    np.testing.assert_array_equal(packed[:, hydrogens], packed[:, bonded])
    assert len(np.unique(packed[0, molecule.heavy], axis=0)) == molecule.heavy.sum()
