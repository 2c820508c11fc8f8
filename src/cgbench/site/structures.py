"""Geometries for the viewer: test frames of a task, chosen by their scores, and samples of every method."""

import base64
from collections.abc import Mapping as Named
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from cgbench.chem.frames import Frames
from cgbench.chem.superposition import broadest_axes
from cgbench.config.run_matrix import RunSpec
from cgbench.core import registry
from cgbench.core.errors import InputError
from cgbench.core.safe_io import opened_arrays, require
from cgbench.mapping.base import Mapping
from cgbench.pipeline.task import PreparedTask
from cgbench.results.samples_file import Samples
from cgbench.results.scores_file import require_frame_shape
from cgbench.site.faults import faults

Json = dict[str, Any]
Floats = NDArray[np.float64]

SCORE = ("energy_score", "heavy")  # the score that ranks methods
PICKS = ("best", "median", "worst")
FOLD = 0  # one fold shows what samples look like
MOST = 4  # samples of a frame
BYTES = 2  # of a coordinate


def structures(
    task: PreparedTask, runs: Sequence[RunSpec], budget: int, problems: list[str]
) -> tuple[Frames, Mapping, Json] | None:
    """Collect the geometries of one task.

    The frames are those with the best, the median and the worst energy score of every method that places all
    heavy atoms; if they do not fit the budget, those of the mean over methods. Of every frame, samples of all
    methods are kept, evenly spaced by their RMSD from the frame: of two, the closest and the farthest.

    Parameters
    ----------
    runs
        Runs of the task with scores, of fold 0.
    budget
        Largest size of all coordinates, bytes; exceeded only where one sample of each method is larger.
    problems
        Gets a sentence for every run whose files cannot be read.

    Returns
    -------
    Frames, Mapping, dict
        The frames of the dataset, the mapping, and the content of the file for the viewer; None if there is
        nothing to show.
    """
    if not runs:
        return None
    try:
        frames, mapping = task.frames, task.mapping(FOLD)
    except InputError as error:
        problems.append(str(error))
        return None
    scores: dict[str, Floats] = {}
    files: dict[str, Path] = {}
    index: NDArray[np.int64] | None = None
    for run in runs:
        path = task.config.run_folder(run) / "samples.npz"
        try:
            stored = Samples.load(path)
            if index is not None and not np.array_equal(index, stored.frame_index):
                raise InputError(f"{path}: samples of other frames than those of {runs[0].method}; run again")
            heavy = np.flatnonzero(frames.molecule.heavy)
            if not np.isin(heavy, stored.absent).any():
                scores[run.method] = _frame_scores(path.with_name("scores.npz"), len(stored.frame_index))
            index, files[run.method] = stored.frame_index, path
        except InputError as error:
            problems.append(f"{error} (without it, the viewer lacks {run.method})")
    if index is None:
        return None
    size = BYTES * 3 * frames.molecule.n_atoms * len(files)
    picks = _picks(scores)
    if not picks:
        problems.append(f"{task.name}: no frame of fold {FOLD} has a score, so the viewer shows none")
        return None
    if len(picks) * size > budget:
        picks = _picks({"": np.mean(list(scores.values()), axis=0)})
    n_samples = int(np.clip(budget // (len(picks) * size), 1, MOST))
    packed = _pack(frames, index, files, list(picks), n_samples)
    shown = [
        {
            "index": int(index[place]),
            "trajectory": int(frames.trajectory[index[place]]) + 1,
            "time": float(frames.time[index[place]]),
            "picks": chosen,
            "scores": {name: round(float(values[place]), 4) for name, values in scores.items()},
        }
        for place, chosen in picks.items()
    ]
    return frames, mapping, {"frames": shown, "methods": list(files), **packed}


def _frame_scores(path: Path, n_frames: int) -> Floats:
    with opened_arrays(
        path, "a file of scores", "run `cgbench score` first", "delete it and score again"
    ) as arrays:
        require(".".join(SCORE) in arrays, f"scores of frames by {SCORE[0]}, which the viewer chooses by")
        values: Floats = arrays[".".join(SCORE)]
        require_frame_shape(SCORE[0], registry.load("metrics", SCORE[0]), values)
    if len(values) != n_frames:
        raise InputError(f"{path}: scores of {len(values)} frames for samples of {n_frames}; score again")
    return values


def _picks(scores: Named[str, Floats]) -> dict[int, list[list[str]]]:
    """Places of the chosen frames, and of which method each is the best, the median or the worst."""
    chosen: dict[int, list[list[str]]] = {}
    for name, values in scores.items():
        order = np.argsort(values, kind="stable")  # a score that is NaN comes last
        order = order[np.isfinite(values[order])]
        if len(order):
            for word, place in zip(PICKS, (order[0], order[len(order) // 2], order[-1]), strict=True):
                chosen.setdefault(int(place), []).append([name, word])
    return chosen


def _pack(
    frames: Frames, index: NDArray[np.int64], files: Named[str, Path], places: list[int], n_samples: int
) -> Json:
    """Coordinates as 16-bit integers, and by method, frame and sample: number, RMSD and faults.

    ``ranks`` has the places of the samples of a method in the order of their RMSDs, out of as many as
    ``drawn`` says; a deterministic method has drawn one.
    """
    reference = frames.positions[index[places]].astype(np.float64)  # [n_frames, n_atoms, 3]
    centre = reference.mean(axis=1, keepdims=True)
    axes = np.stack([broadest_axes(positions) for positions in reference])  # [n_frames, 3, 3]
    graph = frames.molecule.graph
    chosen: list[NDArray[np.float32]] = []
    about: dict[str, Json] = {"numbers": {}, "rmsd": {}, "ranks": {}, "drawn": {}, "faults": {}}
    for name, path in files.items():
        stored = Samples.load(path)
        # Atoms that predictions lack are at the nearest atom that they have, along bonds.
        shown = np.arange(frames.molecule.n_atoms)
        present = np.delete(shown, stored.absent)
        for atom, members in nx.voronoi_cells(graph, set(present.tolist())).items():
            shown[list(members)] = atom if atom != "unreachable" else present[0]
        heavy = present[frames.molecule.heavy[present]]
        samples = stored.samples[places][:, :, shown]  # [n_frames, n_stored, n_atoms, 3]
        squared = np.square(samples - reference[:, None])[:, :, heavy].sum(axis=-1)
        rmsd = np.sqrt(squared.mean(axis=-1))
        drawn = 1 if np.ptp(samples, axis=1).max() == 0.0 else rmsd.shape[1]  # 1: a deterministic method
        kept = np.linspace(0, drawn - 1, n_samples) if n_samples > 1 else np.array([drawn // 2])
        ranks = np.unique(np.rint(kept).astype(int))
        order = np.argsort(rmsd, axis=1, kind="stable")[:, ranks]
        chosen.append(np.take_along_axis(samples, order[:, :, None, None], axis=1))
        about["numbers"][name], about["ranks"][name] = (order + 1).tolist(), ranks.tolist()
        about["drawn"][name] = drawn
        about["rmsd"][name] = np.take_along_axis(rmsd, order, axis=1).round(3).tolist()
        about["faults"][name] = faults(chosen[-1], reference, frames.molecule, present)
    turned = [(reference - centre) @ axes, *((each - centre[:, None]) @ axes[:, None] for each in chosen)]
    finite = [np.nan_to_num(each, posinf=0.0, neginf=0.0) for each in turned]
    scale = max(float(np.abs(each).max()) for each in finite) / np.iinfo(np.int16).max
    packed = [_encode(each / scale) for each in finite]
    md = faults(reference[:, None], reference, frames.molecule, np.arange(frames.molecule.n_atoms))
    return about | {
        "scale": scale, "reference": packed[0], "samples": dict(zip(files, packed[1:], strict=True)),
        "md": [of_frame for (of_frame,) in md], "centres": len(frames.molecule.chiral_centres),
    }  # fmt: skip


def _encode(values: Floats) -> str:
    return base64.b64encode(np.rint(values).astype("<i2").tobytes()).decode("ascii")


def molecule_of(frames: Frames, mapping: Mapping) -> Json:
    """Atoms, bonds and beads, for the viewer."""
    molecule = frames.molecule
    return {
        "elements": list(molecule.elements),
        "bonds": molecule.bonds.tolist(),
        "bead": mapping.bead_index.tolist(),
        "weights": [
            {str(atom): round(float(row[atom]), 6) for atom in np.flatnonzero(row)} for row in mapping.matrix
        ],
    }
