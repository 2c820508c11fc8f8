"""Mistakes in predictions, recognised because the predictions fit the test frames when they are undone.

A prediction may be as wrong as it likes, and its score says so. Frames in another order, nm for Å or shuffled
atoms are no predictions of these frames at all, and are refused.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.bond_completion import USUAL
from cgbench.chem.frames import Frames
from cgbench.chem.geometry import chiral_volumes, in_chunks, pair_distances, rmsd
from cgbench.chem.molecule import IntArray, Molecule
from cgbench.chem.superposition import centred, shape_distances
from cgbench.core.errors import InputError
from cgbench.data.bond_faults import UNITS, likely_causes
from cgbench.mapping.base import Mapping

Floats = NDArray[np.floating]
Undone = tuple[float, str]  # deviation that is left when a mistake is undone, Å, and the mistake

MOVED = 0.5  # Å; beads that are nearer to the given ones on average are those of their frames
LEFT = 0.25  # largest share of a deviation that remains when a mistake is undone
AS_WELL, ROUNDING = 1.5, 0.02  # factor, and Å, within which deviations are equal
CHOSEN, FEWEST = 200, 10  # evenly spaced geometries that are looked at, of each sample at least the second
ONE_POINT = 1e-3  # Å; atoms that are nearer to each other coincide
# Other test frames are near the beads of bad predictions by chance: rarely in so large a share of these, and
# rarely is the nearest that much nearer than the next.
NO_CHANCE, NEARER = 0.25, 0.5
CHUNK = 1000  # geometries that are compared with all test frames at once
# Å. Longer than bonds of C, N, O, F and H, shorter than distances of 1-3 neighbours.
LONGEST_LIGHT_BOND = 1.65
LIGHT = 0.7  # Å; largest covalent radius of these elements
AS_MANY = 0.15  # deviation of the number of short distances from that of bonds
FEW = 0.5  # share of the short distances that are bonds
AGAINST = 0.9  # share of CH2 groups by which a numbering of hydrogens is decided


def check_predictions(
    path: Path | str, samples: Floats, absent: IntArray, frames: Frames, test: IntArray, mapping: Mapping
) -> Floats:
    """Refuse predictions with a recognised mistake.

    Parameters
    ----------
    path
        File of the predictions, for messages.
    samples : [n_frames, n_samples, n_atoms, 3]
        Å; NaN for absent atoms.
    frames, test
        Frames of the dataset, and the test frames [n_frames] among them.

    Returns
    -------
    float [n_frames, n_samples]
        RMSD of the beads from the given ones, Å; of the heavy atoms of the beads where hydrogens are absent.

    Raises
    ------
    InputError
        Naming the mistake and the cure.
    """
    kept = np.setdiff1d(np.arange(frames.molecule.n_atoms), absent)
    matrix, molecule = _bead_matrix(mapping, kept), frames.molecule.subset(kept)
    given = matrix @ frames.positions[test][:, kept].astype(np.float64)
    moved, coincide = np.empty(samples.shape[:2]), np.empty(samples.shape[:2], dtype=bool)
    for rows in _chunks(len(samples), max(1, CHUNK // samples.shape[1])):
        positions = samples[rows][:, :, kept]
        moved[rows] = rmsd(matrix @ positions.astype(np.float64), given[rows, None])
        coincide[rows] = (np.ptp(positions, axis=2) <= ONE_POINT).all(axis=-1)
    if len(filled := np.argwhere(coincide & (moved > MOVED))):
        raise InputError(
            f"{path}: all atoms are at one point, far from the beads, {_where(filled, samples)}; these are "
            "fill values; predict them again"
        )
    number = max(CHOSEN // samples.shape[1], FEWEST)
    chosen = np.linspace(0, len(test) - 1, min(number, len(test))).astype(np.int64)
    medians = np.median(moved, axis=0).tolist()
    everything = given
    if max(medians) > MOVED:
        everything = in_chunks(
            lambda rows: matrix @ rows[:, kept].astype(np.float64),
            frames.positions,
            bytes_per_row=48 * frames.molecule.n_atoms,
        )
    for sample, typical in enumerate(medians):
        geometries = samples[chosen, sample][:, kept]
        mistake = (typical > MOVED and _wrong_unit(molecule, geometries)) or _shuffled(molecule, geometries)
        if not mistake and typical > MOVED:
            found = matrix @ geometries.astype(np.float64)
            mistake = _undone(found, given[chosen], typical, _other_order(found, chosen, everything, test))
        if mistake:
            raise InputError(f"{path}: {f'sample {sample} of the frames: ' if sample else ''}{mistake}")
    if mistake := _misplaced(samples, kept, matrix, given, moved):
        raise InputError(f"{path}: {mistake}")
    return moved


def _chunks(number: int, size: int) -> Iterator[slice]:
    return (slice(start, start + size) for start in range(0, number, size))


def _where(geometries: IntArray, samples: Floats) -> str:
    """Say in which frames geometries [n, 2] are, by number of the frame and of the sample, sorted."""
    frame, sample = geometries[0]
    return (
        f"in {len(np.unique(geometries[:, 0]))} of {len(samples)} frames, the first in frame {frame}, "
        f"sample {sample}"
    )


def _bead_matrix(mapping: Mapping, kept: IntArray) -> Floats:
    """Return the mapping [n, n_kept] of the atoms that are there; beads without any are left out."""
    matrix = mapping.matrix[:, kept]
    sums = matrix.sum(axis=1, keepdims=True)
    return np.asarray((matrix / np.where(sums > 0, sums, 1))[sums[:, 0] > 1e-9])


def _wrong_unit(molecule: Molecule, geometries: Floats) -> str:
    """Recognise another unit by the bonds, all of which are longer or shorter by the same factor."""
    if not len(molecule.bonds):
        return ""
    radii = molecule.covalent_radii[molecule.bonds].sum(axis=1)
    ratios = np.asarray(pair_distances(geometries, molecule.bonds)) / radii
    causes = likely_causes(molecule, geometries, ratios, USUAL, 1.0)
    in_a_unit = {cure for _, cure in UNITS}
    for cause in causes:
        if cause in in_a_unit:
            return f"bonds are {np.median(ratios):.2g} (r_i + r_j) long instead of about 1: {cause}"
    return ""


def _shuffled(molecule: Molecule, geometries: Floats) -> str:
    """Recognise a molecule whose atoms are in another order: as many bonds, but between other atoms."""
    from scipy.spatial import cKDTree

    light = (molecule.covalent_radii < LIGHT)[molecule.bonds].all(axis=1)
    bonds = molecule.bonds[light] @ [molecule.n_atoms, 1]
    if not len(bonds):
        return ""
    numbers, shares = [], []
    for positions in geometries:
        near = np.sort(cKDTree(positions).query_pairs(LONGEST_LIGHT_BOND, output_type="ndarray"), axis=1)
        codes = near @ [molecule.n_atoms, 1]
        numbers.append(len(codes) / len(bonds))
        shares.append(np.isin(codes, bonds).mean() if len(codes) else 1.0)
    if abs(np.median(numbers) - 1) > AS_MANY or np.median(shares) > FEW:
        return ""
    return (
        f"the geometries have as many bonds as the molecule, but {1 - np.median(shares):.0%} of them are "
        "between other atoms, so that the atoms are in another order; give them in the order of "
        "topology.pdb, or a topology with their names"
    )


def _undone(found: Floats, given: Floats, typical: float, other_order: Undone) -> str:
    """Recognise a mistake of all frames, because beads are where they should be when it is undone."""
    undone = [*_moved_as_a_whole(found, given), other_order, *_turned(found, given)]
    least = min(left for left, _ in undone)
    if least >= LEFT * typical:
        return ""
    # Superposition fits whatever a shift fits, and a little better.
    reason = next(reason for left, reason in undone if left < AS_WELL * least + ROUNDING)
    return (
        f"beads are {typical:.2f} Å from the given ones (median RMSD), but {least:.2f} Å if this is undone: "
        f"{reason}"
    )


def _misplaced(samples: Floats, kept: IntArray, matrix: Floats, given: Floats, moved: Floats) -> str:
    """Recognise single geometries in another unit, or with the beads of another test frame."""
    far, near = np.argwhere(moved > MOVED), moved[moved <= MOVED]
    limit = ROUNDING + (AS_WELL * float(np.median(near)) if len(near) else 0.0)
    own = moved[tuple(far.T)]
    scaled = {factor: np.empty(len(far)) for factor in (10, 0.1)}
    left, next_left, nearest = np.empty(len(far)), np.empty(len(far)), np.empty(len(far), dtype=np.int64)
    known = given.reshape(len(given), -1)
    for rows in _chunks(len(far), CHUNK):
        frame, sample = far[rows].T
        found = matrix @ samples[frame, sample][:, kept].astype(np.float64)
        for factor, deviations in scaled.items():
            deviations[rows] = rmsd(found * factor, given[frame])
        squares = _squares(found, known)
        squares[np.arange(len(frame)), frame] = np.inf
        nearest[rows] = squares.argmin(axis=1)
        two = np.partition(np.pad(squares, ((0, 0), (0, 1)), constant_values=np.inf), 1, axis=1)[:, :2]
        left[rows], next_left[rows] = np.sqrt(two.T)
    for factor, deviations in scaled.items():
        if (fits := deviations <= limit).sum() > 1:
            return (
                f"beads are the given ones if positions are multiplied by {factor:g} "
                f"{_where(far[fits], samples)}; give all frames in Å"
            )
    fits = (left <= limit) & (left < LEFT * own) & (left < NEARER * next_left)
    if fits.sum() <= max(1, NO_CHANCE * len(far)):
        return ""
    return (
        f"beads are those of another test frame {_where(far[fits], samples)}, which has the beads of frame "
        f"{nearest[fits][0]}; predict the test frames of this fold in the order of beads.npz, with all "
        "samples of a frame one after the other"
    )


def _squares(found: Floats, known: Floats) -> Floats:
    """Mean squared deviation of beads [n, n_beads, 3] from known ones [n_known, n_beads * 3], each pair."""
    flat = found.reshape(len(found), -1)
    squares = np.square(flat).sum(axis=1)[:, None] + np.square(known).sum(axis=1) - 2 * flat @ known.T
    return np.asarray(np.maximum(squares, 0) / found.shape[1])


def _moved_as_a_whole(found: Floats, given: Floats) -> Iterator[Undone]:
    """Undo an inversion, and a shift of every frame."""
    weights = np.full(found.shape[1], 1 / found.shape[1])
    inverted = np.median(rmsd(-found, given))
    yield float(inverted), "they are mirror images of the given ones; check the signs of the coordinates"
    left = np.median(rmsd(centred(found, weights), centred(given, weights)))
    yield (
        float(left),
        "they are shifted against the given ones; predict atoms where the beads are, not centred",
    )


def _turned(found: Floats, given: Floats) -> Iterator[Undone]:
    """Undo a rotation of every frame, unless there are so few beads that any can be superposed."""
    if found.shape[1] > 2:
        weights = np.full(found.shape[1], 1 / found.shape[1])
        pairs = zip(found, given, strict=True)
        left = np.median([shape_distances(a[None], b[None], weights) for a, b in pairs])
        yield (
            float(left),
            "they are rotated against the given ones; predict atoms where the beads are, not superposed",
        )


def _other_order(found: Floats, chosen: IntArray, everything: Floats, test: IntArray) -> Undone:
    """Compare beads with those of all frames of the dataset."""
    squares = _squares(found, everything.reshape(len(everything), -1))
    nearest = squares.argmin(axis=1)
    first = int((nearest != test[chosen]).argmax())
    number = np.flatnonzero(test == nearest[first])
    place = f"number {number[0]} of the test frames" if len(number) else "no test frame of this fold"
    other_fold = np.isin(nearest, test).mean() < 0.5
    what = "these are probably predictions of another fold" if other_fold else "frames are in another order"
    return float(np.median(np.sqrt(squares.min(axis=1)))), (
        f"{what}; number {chosen[first]} has the beads of frame {nearest[first]} of the "
        f"dataset, {place}, instead of frame {test[chosen[first]]}; predict the test frames of this fold in "
        "the order of beads.npz, with all samples of a frame one after the other"
    )


def other_numbering(samples: Floats, reference: Floats, groups: IntArray, molecule: Molecule) -> bool:
    """Whether the hydrogens of CH2 groups are numbered the other way round than their names were read.

    Parameters
    ----------
    samples : [n_frames, n_samples, n_atoms, 3]
        Å.
    reference : [n_frames, n_atoms, 3]
        MD frames, Å.
    groups : int [n_groups, 2]
        The two hydrogens of each group.
    """
    centres = []
    for first, second in groups.tolist():
        carbon = next(iter(molecule.graph[first]))
        others = [atom for atom in sorted(molecule.graph[carbon]) if atom not in (first, second)][:2]
        if len(others) == 2:
            centres.append([others[0], carbon, others[1], first])
    if not centres:
        return False
    sign, expected = (
        np.sign(chiral_volumes(positions, np.array(centres))) for positions in (samples[:, 0], reference)
    )
    return bool((sign == expected).mean() < 1 - AGAINST)
