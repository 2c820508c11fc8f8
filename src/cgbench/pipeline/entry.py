"""Predictions of one fold that another program made, checked and stored like a run.

What a file has is checked, matched to the molecule and stored as the sampling stage would, and is scored like
the samples of any method. Nothing is projected on the beads.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cgbench.chem.frames import Frames
from cgbench.config.method_card import MethodCard
from cgbench.config.run_matrix import RunSpec
from cgbench.core.atomic_io import sha256, write_json
from cgbench.core.errors import InputError
from cgbench.core.wording import counted
from cgbench.data.splits import Split
from cgbench.mapping.base import Mapping
from cgbench.pipeline.prediction_check import check_predictions, other_numbering
from cgbench.pipeline.predictions import Predictions
from cgbench.results.samples_file import Samples
from cgbench.runtime import provenance

ROUNDING = 1e-3  # Å; samples that differ by less are equal, as those in XTC files


@dataclass(frozen=True)
class Entered:
    """Predictions that were taken as a run.

    Attributes
    ----------
    n_frames, n_samples
        Test frames, and samples of each in the file.
    notes
        What was left out or changed, and how far beads are from the given ones.
    """

    n_frames: int
    n_samples: int
    notes: tuple[str, ...]


def enter(
    read: Predictions,
    frames: Frames,
    split: Split,
    mapping: Mapping,
    run: RunSpec,
    card: MethodCard | None,
    output_dir: Path | str,
    *,
    n_samples: int,
    source: dict[str, Any] | None = None,
    seconds: float = float("nan"),
) -> Entered:
    """Check predictions and write ``run.json`` and ``samples.npz``.

    Parameters
    ----------
    card
        Method card; without one, the row says nothing of the method.
    n_samples
        Samples per test frame in the protocol. A single geometry counts as that many equal ones; of more,
        the first are used.
    source
        Description of what made the predictions, for ``run.json``; their file if not given.
    seconds
        Wall time of making them; NaN if unknown.

    Raises
    ------
    InputError
        If the predictions cannot be used, have too few samples, or differ where the card says that the method
        is deterministic.
    """
    moved = check_predictions(read.name, read.samples, read.absent, frames, split.test, mapping)
    read, notes = _renumbered(read, frames, split)
    samples, stochastic = _as_many(read, n_samples, card, notes)
    beads = "beads" if not len(read.absent) else "heavy atoms of the beads"
    notes.append(
        f"{beads} are {np.median(moved):.3f} Å (median RMSD) to {moved.max():.3f} Å (largest) from the given "
        "ones"
    )
    stored: dict[str, Any] = {
        **vars(run),
        "task": mapping.task,
        "stochastic": stochastic,
        "bound": None,
        "wall_seconds": None,
        "n_parameters": card.parameters if card else None,
        "card": card.model_dump(mode="json") if card else {},
        **(source or {"predictions": {"file": read.name, "sha256": sha256(read.name)}}),
        "notes": " ".join(notes),
        "versions": provenance.versions(),
        "date": provenance.now(),
    }
    folder = Path(output_dir)
    write_json(folder / "run.json", stored)
    Samples(
        frame_index=split.test,
        reconstruction=samples[:, 0],
        reconstruction_draw=samples[:, 0],
        samples=samples,
        seconds=seconds,
        absent=read.absent,
    ).save(folder / "samples.npz")
    return Entered(len(samples), read.samples.shape[1], tuple(notes))


def _renumbered(read: Predictions, frames: Frames, split: Split) -> tuple[Predictions, list[str]]:
    """Exchange the hydrogens of CH2 groups if they are numbered in the other order."""
    notes = list(read.notes)
    groups = read.old_numbers[~np.isin(read.old_numbers, read.absent).any(axis=1)]
    if other_numbering(read.samples, frames.positions[split.test], groups, frames.molecule):
        read.samples[:, :, groups.T.ravel()] = read.samples[:, :, groups[:, ::-1].T.ravel()]
        notes.append(
            f"hydrogens 1 and 2 of {counted(len(groups), 'CH2 group')} were read as 2 and 3, as their "
            "chirality shows, not as 3 and 2"
        )
    return read, notes


def _as_many(
    read: Predictions, n_samples: int, card: MethodCard | None, notes: list[str]
) -> tuple[Any, bool]:
    """Return samples [n_frames, n_samples, n_atoms, 3] as in the protocol, and whether they differ."""
    samples = read.samples
    found = samples.shape[1]
    spread = np.abs(samples - samples[:, :1])
    stochastic = bool(spread.max(initial=0.0, where=~np.isnan(spread)) > ROUNDING)
    if stochastic and card and card.deterministic:
        raise InputError(
            f"{read.name}: samples of a frame differ, but the card says `deterministic: true`; correct "
            "one of them"
        )
    if not stochastic:
        if found > 1 or (card and not card.deterministic):
            notes.append("all samples of a frame are equal, and are scored as one geometry")
        return np.repeat(samples[:, :1], n_samples, axis=1), False
    if found < n_samples:
        raise InputError(
            f"{read.name}: {found} samples of each frame, but the protocol has {n_samples}; give {n_samples} "
            "or more, or one geometry"
        )
    if found > n_samples:
        notes.append(f"the first {n_samples} of {found} samples are used")
    return samples[:, :n_samples], True
