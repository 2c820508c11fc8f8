"""Preparation of a dataset: checked frames without duplicates, and their card."""

import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import cgbench
from cgbench.chem.autocorrelation import correlation_time
from cgbench.chem.frames import Frames
from cgbench.chem.mdtraj_topology import molecule_to_mdtraj
from cgbench.chem.molecule import Molecule
from cgbench.chem.trajectory_io import write_pdb
from cgbench.core.atomic_io import sha256, write_json
from cgbench.core.errors import InputError
from cgbench.core.registry import PlugIn
from cgbench.data.bond_check import check_bonds
from cgbench.data.consecutive_parts import consecutive_parts
from cgbench.data.mirrored_centres import mirrored_centres
from cgbench.data.repeated_frames import drop_repeated, without_duplicates


def prepare(source: PlugIn, output_dir: Path | str) -> None:
    """Write ``frames.npz``, ``topology.pdb`` (the first frame) and ``card.json``.

    Everything is checked before anything is written, and the card is written last: if it exists, the
    other files are complete.

    Parameters
    ----------
    source
        Dataset of a config, or ``PlugIn.from_json("sources", ...)``.

    Raises
    ------
    InputError
        If the source cannot be used; then nothing is written.
    """
    frames, card = prepared(source)
    folder = Path(output_dir)
    frames.save(folder / "frames.npz")
    write_pdb(folder / "topology.pdb", frames.positions[0], frames.molecule)
    write_json(folder / "card.json", card)


def prepared(source: PlugIn) -> tuple[Frames, dict[str, Any]]:
    """Read and check the frames of a dataset, and return them with their card.

    Raises
    ------
    InputError
        If the source cannot be used.
    """
    reader = source.create()
    frames, card = reader.read()
    files = _files(frames, card)
    frames.molecule.require_radii()
    # First, because the numbers of its messages are those of the frames that were read.
    card["bond_check"], warned = check_bonds(frames, files)
    frames, n_duplicates = without_duplicates(frames)
    if len(frames) < 2:
        raise InputError(
            f"only one frame is left of {len(frames) + n_duplicates} after `stride` and without "
            f"{n_duplicates} duplicates; give longer trajectories or a smaller stride"
        )
    _check_time(frames, files)
    frames, notes = drop_repeated(frames, files)
    warned += notes + consecutive_parts(frames, files) + mirrored_centres(frames, files)
    for warning in warned:
        warnings.warn(warning, stacklevel=2)
    card["processing"] = [*card.get("processing", []), *notes]
    card = card | _summary(frames, n_duplicates)
    card["trajectories"] = _trajectories(frames, card.get("trajectories"))
    card["inputs"] = {file: sha256(file) for file in reader.input_files()}
    card["prepared_by"] = f"cgbench {cgbench.__version__}"
    return frames, card


def _files(frames: Frames, card: dict[str, Any]) -> list[str]:
    """Name of each trajectory in messages: that of its file, as far as the source tells it."""
    known = card.get("trajectories")
    return [
        known[number]["file"] if known else f"trajectory {number}"
        for number in range(int(frames.trajectory.max()) + 1)
    ]


def _check_time(frames: Frames, files: Sequence[str]) -> None:
    """Refuse time that does not increase, because the gaps of a split are measured by it."""
    wrong = (np.diff(frames.time) <= 0) & (np.diff(frames.trajectory) == 0)
    if not wrong.any():
        return
    frame = int(wrong.argmax()) + 1
    number = int(frames.trajectory[frame])
    raise InputError(
        f"{files[number]}: a frame at {frames.time[frame]} ps follows one at {frames.time[frame - 1]} ps. "
        "If the file was joined from parts of one run, join them without the repeated frames (gmx trjcat "
        "without -cat), or give the parts as one trajectory, a list in the list: trajectories: "
        "[[part1.xtc, part2.xtc]]; if from independent simulations, give these as separate trajectories. If "
        "only the times are wrong, set frame_interval_ps (source `files`)"
    )


def _summary(frames: Frames, n_duplicates: int) -> dict[str, Any]:
    time = correlation_time(frames)
    return {
        "n_frames": len(frames),
        "n_trajectories": len(np.unique(frames.trajectory)),
        "n_atoms": frames.molecule.n_atoms,
        "n_heavy_atoms": int(frames.molecule.heavy.sum()),
        "n_bonds": len(frames.molecule.bonds),
        "composition": composition(frames.molecule),
        "residues": residues(frames.molecule),
        "residues_without_backbone": without_backbone(frames.molecule),
        "duplicate_frames_dropped": n_duplicates,
        "correlation_time_ps": float(f"{time.ps:.3g}"),
        "correlation_time_is_lower_bound": time.lower_bound,
    }


def composition(molecule: Molecule) -> str:
    """Molecular formula in Hill order: carbon, hydrogen, then the others in alphabetical order."""
    counts = Counter(molecule.elements)
    first = ("C", "H") if "C" in counts else ()
    order = sorted(counts, key=lambda element: (element not in first, element))
    return " ".join(f"{element}{counts[element]}" for element in order)


def residues(molecule: Molecule) -> list[str]:
    """Names of the residues in sequence order."""
    _, first = np.unique(molecule.residue_index, return_index=True)
    return [molecule.residue_names[atom] for atom in first.tolist()]


def without_backbone(molecule: Molecule) -> list[str]:
    """Names of the residues that lack an atom N, CA or C: caps, ligands and other molecules."""
    backbone = {"N", "CA", "C"}
    residues_of = molecule_to_mdtraj(molecule).residues
    return sorted({res.name for res in residues_of if not backbone <= {atom.name for atom in res.atoms}})


def _trajectories(frames: Frames, known: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    rows = []
    for number in np.unique(frames.trajectory):
        time = frames.time[frames.trajectory == number]
        measured = {"n_frames": len(time), "first_ps": float(time[0]), "last_ps": float(time[-1])}
        rows.append((known[int(number)] if known else {}) | measured)
    return rows
