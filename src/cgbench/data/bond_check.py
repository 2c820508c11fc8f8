"""Check of frames against the bonds of their molecule, before anything is made of them.

MD frames are the upper control of the benchmark, so that their bond graphs have to be those of the topology.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.bond_completion import LONGEST_POSSIBLE, USUAL
from cgbench.chem.bond_rule import BOND_FACTOR
from cgbench.chem.frames import Frames
from cgbench.chem.geometry import CHUNK_BYTES, pair_distances
from cgbench.chem.molecule import IntArray, Molecule
from cgbench.chem.pbc import close_pairs
from cgbench.core.errors import InputError
from cgbench.core.wording import listed
from cgbench.data.bond_faults import likely_causes

# Lengths of bonds in units of r_i + r_j: the median of every bond is within ``USUAL``, which C–H bonds leave
# now and then, and no bond leaves ``POSSIBLE`` in any frame of MD.
POSSIBLE = (0.5, LONGEST_POSSIBLE)
MIN_FRAMES = 5  # of a trajectory, for medians of its own
CONTACT_FRAMES = 64  # evenly spaced frames in which contacts are looked for
EXPLAINED_FRAMES = 200  # evenly spaced frames from which likely causes are told
SHOWN = 5  # contacts in a message
MAX_LISTED = 50  # contacts on the card

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class _Survey:
    """Bonds of all frames.

    Attributes
    ----------
    excess : float [n_frames]
        Largest factor by which a bond of the frame is longer or shorter than ``USUAL``; above 1 if it is.
    worst : int [n_frames]
        The bond with this factor.
    impossible : bool [n_frames]
        Whether a bond is outside ``POSSIBLE``.
    outside : int [n_trajectories, n_bonds]
        Number of frames in which the bond is outside ``USUAL``.
    n_frames : int [n_trajectories]
        Number of frames.
    """

    excess: Floats
    worst: IntArray
    impossible: NDArray[np.bool_]
    outside: IntArray
    n_frames: IntArray


def check_bonds(frames: Frames, files: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """Hold every frame against the bonds of the molecule.

    Parameters
    ----------
    files
        Name of each trajectory in messages.

    Returns
    -------
    card
        Numbers for the data card.
    warnings
        What MD may do but users should know: bonds that leave the rule now and then, and pairs within it.

    Raises
    ------
    InputError
        If a frame has a bond of an impossible length, a bond has an unusual length in most frames of a
        trajectory, or two atoms that no bond connects are within the bond rule in most frames. The message
        names the frames, the atoms and the likely causes.
    """
    card: dict[str, Any] = {"frames_outside_rule": 0, "bonds_outside_rule": [], "contacts": []}
    warnings = []
    if len(frames.molecule.bonds):
        survey = _survey(frames)
        _refuse_wrong_bonds(frames, files, survey)
        outside = survey.excess > 1
        if outside.any():
            card["frames_outside_rule"] = int(outside.sum())
            card["bonds_outside_rule"] = _bonds_outside(frames, survey)
            warnings.append(
                f"{_share(outside)} have a bond outside {_range(USUAL)}, though its median is inside: graph "
                "metrics count it as broken in MD frames as well. "
                + _first_and_worst(frames, files, survey, outside)
            )
    pairs, shares = _contacts(frames)
    if len(pairs):
        names = [
            f"{_name(frames.molecule, pair)} in {share:.3g} % of frames"
            for pair, share in zip(pairs, 100 * shares, strict=True)
        ]
        most = _far_in_graph(frames.molecule, pairs) & (shares > 0.5)
        if most.any():
            raise InputError(
                f"{files[0]}: atoms are as close as bonded ones (d < {BOND_FACTOR} (r_i + r_j)) in most "
                "frames, but no bond of the topology connects them or their neighbours: "
                f"{listed(np.array(names)[most].tolist(), SHOWN)}. Likely causes, in order: 1. the topology "
                "lacks a bond, such as a ring closure, a disulphide or the bond to a ligand; give one that "
                "has it (CONECT records, prmtop, PSF); 2. its atoms are in another order than in the "
                "trajectory"
            )
        card["contacts"] = names[:MAX_LISTED]
        warnings.append(
            f"atoms that are not bonded are as close as bonded ones (d < {BOND_FACTOR} (r_i + r_j)): "
            f"{listed(names, SHOWN)}; graph metrics count them as spurious bonds in MD frames as well"
        )
    return card, warnings


def _survey(frames: Frames) -> _Survey:
    bonds = frames.molecule.bonds
    numbers = np.unique(frames.trajectory)
    excess, worst = np.empty(len(frames)), np.empty(len(frames), dtype=np.int64)
    impossible = np.empty(len(frames), dtype=bool)
    outside = np.zeros((len(numbers), len(bonds)), dtype=np.int64)
    for row, number in enumerate(numbers):
        for rows in _chunks(np.flatnonzero(frames.trajectory == number), len(bonds)):
            ratio = _ratios(frames.molecule, frames.positions[rows])
            # Where two atoms coincide, the factor is only as large as it has to be.
            factor = np.maximum(ratio / USUAL[1], USUAL[0] / np.maximum(ratio, 1e-9))
            worst[rows] = factor.argmax(axis=1)
            excess[rows] = factor.max(axis=1)
            impossible[rows] = ((ratio < POSSIBLE[0]) | (ratio > POSSIBLE[1])).any(axis=1)
            outside[row] += (factor > 1).sum(axis=0)
    return _Survey(excess, worst, impossible, outside, np.unique(frames.trajectory, return_counts=True)[1])


def _chunks(rows: IntArray, n_bonds: int) -> Iterator[IntArray]:
    size = max(1, CHUNK_BYTES // (40 * n_bonds))
    yield from (rows[start : start + size] for start in range(0, len(rows), size))


def _ratios(molecule: Molecule, positions: Floats) -> Floats:
    """Lengths [..., n_bonds] of all bonds in units of r_i + r_j."""
    radii = molecule.covalent_radii[molecule.bonds].sum(axis=1)
    # Numbers that are no positions may be too large to be squared.
    with np.errstate(over="ignore"):
        return np.asarray(pair_distances(positions, molecule.bonds) / radii)


def _refuse_wrong_bonds(frames: Frames, files: Sequence[str], survey: _Survey) -> None:
    """Refuse bonds of impossible lengths, and bonds with an unusual median."""
    wrong = survey.outside > survey.n_frames[:, None] / 2
    wrong &= survey.n_frames[:, None] >= MIN_FRAMES
    # Short trajectories are judged together.
    wrong |= (survey.outside > 0) & (survey.outside.sum(axis=0) > len(frames) / 2)
    if survey.impossible.any():
        bad = survey.impossible
        what = f"have a bond outside {_range(POSSIBLE)}, which no bond is in any frame of MD"
    elif wrong.any():
        concerned = np.unique(frames.trajectory)[wrong.any(axis=1)]
        bad = (survey.excess > 1) & np.isin(frames.trajectory, concerned)
        what = f"have a bond outside {_range(USUAL)} that is outside in most frames of its trajectory"
    else:
        return
    chosen = np.flatnonzero(bad)
    chosen = chosen[np.linspace(0, len(chosen) - 1, min(EXPLAINED_FRAMES, len(chosen))).astype(np.int64)]
    ratios = _ratios(frames.molecule, frames.positions[chosen])
    same = np.isin(frames.trajectory, frames.trajectory[chosen])
    causes = likely_causes(frames.molecule, frames.positions[chosen], ratios, USUAL, bad[same].mean())
    listed = "; ".join(f"{number}. {cause}" for number, cause in enumerate(causes, start=1))
    raise InputError(
        f"{_share(bad)} {what}. {_first_and_worst(frames, files, survey, bad)}. "
        f"{'Likely causes, in order' if len(causes) > 1 else 'Likely cause'}: {listed}"
    )


def _first_and_worst(frames: Frames, files: Sequence[str], survey: _Survey, bad: NDArray[np.bool_]) -> str:
    first = int(bad.argmax())
    worst = int(np.where(bad, survey.excess, 0.0).argmax())
    described = f"First: {_place(frames, files, survey, first)}"
    if worst != first:
        described += f"; worst: {_place(frames, files, survey, worst)}"
    return described


def _place(frames: Frames, files: Sequence[str], survey: _Survey, frame: int) -> str:
    """File and number of a frame, with its worst bond, the length of this and the usual one."""
    number = frames.trajectory[frame]
    within = frame - int(np.argmax(frames.trajectory == number))
    pair = frames.molecule.bonds[survey.worst[frame]]
    radii = float(frames.molecule.covalent_radii[pair].sum())
    length = radii * float(_ratios(frames.molecule, frames.positions[frame])[survey.worst[frame]])
    return (
        f"{files[number]}, frame {within} of those read ({frames.time[frame]:g} ps), "
        f"{_name(frames.molecule, pair)} {length:.3f} Å (usual: {USUAL[0] * radii:.2f} to "
        f"{USUAL[1] * radii:.2f} Å)"
    )


def _bonds_outside(frames: Frames, survey: _Survey) -> list[str]:
    """Kinds of bonds that leave the rule, with the share of frames of one bond, most frequent first."""
    molecule, counts = frames.molecule, survey.outside.sum(axis=0)
    kinds: Counter[str] = Counter()
    bonds: Counter[str] = Counter()
    for pair, count in zip(molecule.bonds, counts.tolist(), strict=True):
        kind = "–".join(sorted(molecule.elements[atom] for atom in pair))
        kinds[kind] += count
        bonds[kind] += 1
    return [
        f"{kind}: {100 * count / bonds[kind] / len(frames):.2g} % of frames, mean over {bonds[kind]} bonds"
        for kind, count in kinds.most_common()
        if count
    ]


def _share(chosen: NDArray[np.bool_]) -> str:
    return f"{int(chosen.sum())} of {len(chosen)} frames ({100 * chosen.mean():.3g} %)"


def _range(bounds: tuple[float, float]) -> str:
    return f"{bounds[0]:g} to {bounds[1]:g} (r_i + r_j)"


def _name(molecule: Molecule, pair: IntArray) -> str:
    """Residues and atoms with their numbers, such as ``ALA2 CA–ALA2 CB (atoms 8 and 10)``."""
    return f"{molecule.label(pair[0])}–{molecule.label(pair[1])} (atoms {pair[0]} and {pair[1]})"


def _contacts(frames: Frames) -> tuple[IntArray, Floats]:
    """Pairs [n, 2] within the bond rule that are no bonds, and the share of frames [n], from some frames."""
    molecule = frames.molecule
    chosen = np.linspace(0, len(frames) - 1, min(CONTACT_FRAMES, len(frames))).astype(np.int64)
    reach = BOND_FACTOR * molecule.covalent_radii
    found = [close_pairs(frame, reach) @ [molecule.n_atoms, 1] for frame in frames.positions[chosen]]
    codes, counts = np.unique(np.concatenate(found), return_counts=True)
    # The bonds of a geometry do not include undecided pairs.
    known = np.concatenate([molecule.bonds, molecule.undecided_pairs])
    no_bond = ~np.isin(codes, known @ [molecule.n_atoms, 1])
    codes, counts = codes[no_bond], counts[no_bond]
    order = np.argsort(-counts, kind="stable")
    pairs = np.stack(np.divmod(codes[order], molecule.n_atoms), axis=1)
    return pairs, counts[order] / len(chosen)


def _far_in_graph(molecule: Molecule, pairs: IntArray) -> NDArray[np.bool_]:
    """Mask [n] of pairs that are not two bonds apart."""
    graph = molecule.graph
    return np.array([not set(graph[i]) & set(graph[j]) for i, j in pairs.tolist()], dtype=bool)
