"""Frames that occur in several trajectories, which would be in the training and in the test part.

They come from parts of one run that overlap, and from copies of a trajectory, as they are or superposed.
"""

from collections.abc import Sequence

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from cgbench.chem.frames import Frames
from cgbench.chem.geometry import all_pairs, in_chunks, pair_distances
from cgbench.chem.molecule import IntArray, Molecule
from cgbench.core.errors import InputError

FEW = 2  # frames that two trajectories may share: a common start, or the end of one as the start of the other
RUN = 3  # consecutive frames of one shape in two trajectories are no coincidence
N_DISTANCES = 32  # fixed distances that tell shapes apart
SEARCHED = 5  # of them, those that vary most, in which similar shapes are looked for
# Å. Superposition and rounding to the 0.01 Å of an XTC file change a distance by 0.017 Å at most.
SAME_SHAPE = 0.02
COINCIDENCES = 0.01  # share of frames with the shape of another one of their trajectory: shapes tell nothing
SAMPLE = 1000  # evenly spaced frames in which that is looked for first
SHOWN = 3  # pairs of trajectories in a message

Floats = NDArray[np.floating]


def drop_repeated(frames: Frames, files: Sequence[str]) -> tuple[Frames, list[str]]:
    """Drop the few frames that trajectories share with an earlier one, such as a common start.

    Frames are compared byte by byte, and by distances between atoms, which superposition does not change.

    Parameters
    ----------
    files
        Name of each trajectory in messages.

    Returns
    -------
    frames
        Without the repeated ones.
    notes
        What was dropped.

    Raises
    ------
    InputError
        If trajectories share more frames, or one has frames twice.
    """
    numbers = frames.trajectory
    earlier, exact = _earlier(frames)
    later = np.flatnonzero(earlier >= 0)
    pairs, which = np.unique(
        np.stack([numbers[earlier[later]], numbers[later]], axis=1), axis=0, return_inverse=True
    )
    repeated = np.zeros(len(frames), dtype=bool)
    notes: list[str] = []
    copies: list[str] = []
    parts: dict[tuple[int, int], str] = {}
    for row, (one, other) in enumerate(pairs.tolist()):
        shared = later[which.ravel() == row]
        lengths = [int((numbers == number).sum()) for number in (one, other)]
        if len(shared) <= FEW and len(shared) < lengths[1] / 2:
            repeated[shared] = True
            at = ", ".join(f"{time:g} ps" for time in frames.time[shared])
            notes.append(f"{files[other]}: dropped frames that {files[one]} has already ({at})")
            continue
        begin, first = (int(np.argmax(numbers == number)) for number in (other, one))
        told = (
            f"{len(shared)} of {lengths[1]} frames of {files[other]} occur "
            f"{'in it twice' if one == other else f'in {files[one]} too'} (frame {shared[0] - begin} equals "
            f"frame {earlier[shared[0]] - first}"
            f"{'' if exact[shared].all() else ' but for rotation, translation and rounding'})"
        )
        if one != other and len(shared) > 0.9 * min(lengths):
            copies.append(told)
        else:
            # The part that begins with shared frames continues the other one.
            parts[(one, other) if shared[0] == begin else (other, one)] = told
    if copies or parts:
        raise InputError(f"test frames would be among the training frames. {_cures(copies, parts, files)}")
    return (frames.take(~repeated) if notes else frames), notes


def _cures(copies: list[str], parts: dict[tuple[int, int], str], files: Sequence[str]) -> str:
    """Cures for copies, and for parts of one run by their numbers, with what was found."""
    cures = []
    if copies:
        cures.append(f"{_some(copies)}: leave out copies, also superposed or thinned out ones")
    if parts:
        joined = any(one == other for one, other in parts)
        cures.append(
            f"{_some(list(parts.values()))}: give parts of one run as one trajectory, a list in the list: "
            f"{as_lists(list(parts), files)}"
            + (", or join them without repeated frames (gmx trjcat without -cat)" if joined else "")
        )
    return ". ".join(cures)


def _some(items: list[str]) -> str:
    more = f"; and {len(items) - SHOWN} more pairs" if len(items) > SHOWN else ""
    return "; ".join(items[:SHOWN]) + more


def as_lists(pairs: list[tuple[int, int]], files: Sequence[str]) -> str:
    """Write the setting ``trajectories`` with the parts of each run.

    Parameters
    ----------
    pairs
        Numbers of a part and of the part that continues it.
    """
    graph = nx.DiGraph((one, other) for one, other in pairs if one != other)
    runs = []
    for run in map(graph.subgraph, nx.weakly_connected_components(graph)):
        order = nx.topological_sort(run) if nx.is_directed_acyclic_graph(run) else sorted(run)
        runs.append(f"[{', '.join(files[part] for part in order)}]")
    return f"trajectories: [{', '.join(runs) or '[part1.xtc, part2.xtc]'}]"


def without_duplicates(frames: Frames) -> tuple[Frames, int]:
    """Drop frames that equal the previous one in every coordinate, and count them.

    Restarted simulations write their last frame twice.
    """
    same = np.zeros(len(frames), dtype=bool)
    same[1:] = (frames.positions[1:] == frames.positions[:-1]).all(axis=(1, 2))
    same[1:] &= frames.trajectory[1:] == frames.trajectory[:-1]
    return (frames.take(~same) if same.any() else frames), int(same.sum())


def _earlier(frames: Frames) -> tuple[IntArray, NDArray[np.bool_]]:
    """Find the first frame that equals each frame, or −1, and whether it does so exactly."""
    hashes = np.fromiter((hash(geometry.tobytes()) for geometry in frames.positions), np.int64, len(frames))
    _, first, which = np.unique(hashes, return_index=True, return_inverse=True)
    earlier = first[which.ravel()]
    earlier[earlier == np.arange(len(frames))] = -1
    exact = earlier >= 0
    by_shape = _earlier_of_same_shape(frames)
    return np.where(exact, earlier, by_shape), exact


def _earlier_of_same_shape(frames: Frames) -> IntArray:
    """Find a frame of the same shape in an earlier trajectory for each frame, or −1."""
    from scipy.spatial import cKDTree

    earlier = np.full(len(frames), -1)
    numbers = frames.trajectory
    shapes = fixed_distances(frames)
    if len(np.unique(numbers)) < 2 or not shapes.shape[1]:
        return earlier
    # A tree of few distances is fast; most pairs that it finds differ in others.
    searched = shapes[:, np.argsort(-shapes.std(axis=0), kind="stable")[:SEARCHED]]
    sample = np.linspace(0, len(frames) - 1, min(SAMPLE, len(frames))).astype(np.int64)
    for chosen in (sample, np.arange(len(frames))):
        pairs = cKDTree(searched[chosen]).query_pairs(SAME_SHAPE, p=np.inf, output_type="ndarray")
        i, j = chosen[np.sort(pairs, axis=1)].T
        same = (np.abs(shapes[i] - shapes[j]) < SAME_SHAPE).all(axis=1)
        i, j = i[same], j[same]
        within = numbers[i] == numbers[j]
        # Small rigid molecules and frames that follow each other closely have one shape all the time.
        alike = within & (frames.positions[i] != frames.positions[j]).any(axis=(1, 2))
        if len(np.unique(j[alike])) > COINCIDENCES * len(chosen):
            return earlier
    i, j = i[~within], j[~within]
    order = np.lexsort((i, j))
    i, j = i[order], j[order]
    j, first = np.unique(j, return_index=True)
    i = i[first]
    codes = numbers[i] * (numbers.max() + 1) + numbers[j]
    for code in np.unique(codes):
        rows = codes == code
        if max(_longest_run(np.unique(i[rows])), _longest_run(j[rows])) >= RUN:
            earlier[j[rows]] = i[rows]
    return earlier


def _longest_run(sorted_numbers: IntArray) -> int:
    """Length of the longest run of consecutive integers."""
    ends = np.flatnonzero(np.diff(sorted_numbers) != 1)
    return int(np.diff([-1, *ends, len(sorted_numbers) - 1]).max())


def fixed_distances(frames: Frames) -> Floats:
    """Distances [n_frames, n] between some pairs of atoms that no bond connects, Å."""
    pairs = _pairs(frames.molecule)
    return in_chunks(
        lambda rows: pair_distances(rows, pairs),
        frames.positions,
        bytes_per_row=8 * frames.positions.itemsize * max(len(pairs), 1),
    )


def _pairs(molecule: Molecule) -> IntArray:
    n_atoms = molecule.n_atoms
    if n_atoms < 2 * N_DISTANCES:
        drawn = all_pairs(n_atoms)
    else:
        drawn = np.sort(np.random.default_rng(0).integers(n_atoms, size=(4 * N_DISTANCES, 2)), axis=1)
        drawn = np.unique(drawn[drawn[:, 0] < drawn[:, 1]], axis=0)
    size = np.array([n_atoms, 1])
    # Bonds hardly change their length.
    free = drawn[~np.isin(drawn @ size, molecule.bonds @ size)]
    pairs = free if len(free) else drawn
    return pairs[np.linspace(0, len(pairs) - 1, min(N_DISTANCES, len(pairs))).astype(np.int64)]
