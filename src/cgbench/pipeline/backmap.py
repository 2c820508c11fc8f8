"""Backmapping of beads from a file with a trained model."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from cgbench.chem.force_field import force_field_of
from cgbench.chem.frame_stream import FrameStream
from cgbench.chem.frame_writer import frame_writer
from cgbench.core.errors import InputError
from cgbench.core.seeds import derive
from cgbench.core.wording import counted
from cgbench.mapping._bead_molecule import bead_molecule
from cgbench.methods.base import load_model
from cgbench.pipeline.bead_check import check_beads
from cgbench.pipeline.bead_matching import match_beads
from cgbench.pipeline.bead_source import BeadSource, require_positions
from cgbench.pipeline.sample_minimisation import SampleMinimisation

CHUNK_BYTES = 64 * 2**20  # of the samples that are in memory
DEFAULT_FORCE_FIELD = ("amber14-all.xml",)


def first_geometry_path(output_path: Path | str) -> Path:
    """Path of the ``.pdb`` file with the first geometry, or that of the output if it is PDB."""
    return Path(output_path).with_suffix(".pdb")


def backmap(
    model_path: Path | str,
    beads: BeadSource | NDArray[np.float32],
    output_path: Path | str,
    *,
    n_samples: int = 1,
    seed: int = 0,
    strict: bool = False,
    minimise: bool = False,
    force_field: Sequence[str] = (),
    progress: bool = False,
) -> list[str]:
    """Sample all-atom geometries for bead positions, in chunks of frames.

    Beads are matched with those of the model, molecules that a periodic boundary cuts are joined, and the
    beads are compared with those of the training frames; a difference is a warning.

    Parameters
    ----------
    beads
        Beads of :func:`cgbench.pipeline.bead_source.open_beads`, or positions [n_frames, n_beads, 3], Å.
    output_path
        As for :func:`cgbench.chem.frame_writer.frame_writer`. The first geometry is also written to a
        ``.pdb`` file of the same name, as topology of the samples.
    strict
        Whether beads unlike those of the training frames are an error.
    minimise
        Whether the energy of the geometries is minimised, with restraints on the beads.
    force_field
        Files of OpenMM for the minimisation; by default those of the dataset's card, if it lies where the
        workflow writes it, or else amber14.
    progress
        Whether to show a bar.

    Returns
    -------
    list of str
        How beads were matched, and what was left out, corrected or changed.

    Raises
    ------
    InputError
        If there are no beads, a position is not finite, the beads are not those of the model, or all beads
        of a frame are at one point; with ``strict``, also if the beads are unlike those of the training.
    """
    if not isinstance(beads, BeadSource):
        require_positions(beads, "beads")
        beads = BeadSource(FrameStream.of(beads))
    output_path = Path(output_path)
    model, frames = load_model(model_path), beads.frames
    model_beads = bead_molecule(model.mapping, model.molecule)
    try:
        order, how = match_beads(beads.labels, frames.sample.positions.shape[1], model_beads)
    except InputError as error:
        raise InputError(f"{model_path}: {error}") from None

    check_beads(frames.sample.joined(order, model_beads), model.bead_ranges, strict)
    minimisation = None
    if minimise:
        files = tuple(force_field) or _card_force_field(Path(model_path)) or DEFAULT_FORCE_FIELD
        minimisation = SampleMinimisation(model.molecule, model.mapping.matrix, files)
    size = max(1, CHUNK_BYTES // (12 * n_samples * model.molecule.n_atoms))
    first: NDArray[np.float32] | None = None
    with (
        frame_writer(output_path, model.molecule, frames.n_frames, n_samples) as write,
        tqdm(total=frames.n_frames, unit="frame", disable=not progress) as bar,
    ):
        for number, chunk in enumerate(frames.chunks(size)):
            positions = chunk.joined(order, model_beads)
            chunk_seed = derive(seed, "backmap", number) if number else seed
            samples = np.asarray(model.sample(positions, n_samples, chunk_seed), dtype=np.float32)
            if minimisation:
                samples = minimisation(samples, positions)
            write(samples, chunk.cell)
            first = samples[:1, :1] if first is None else first
            bar.update(len(positions))
    if output_path != first_geometry_path(output_path) and first is not None:
        with frame_writer(first_geometry_path(output_path), model.molecule, 1, 1) as write:
            write(first, None)
    notes = [how, *frames.notes]
    if frames.sample.cell is not None:
        notes.append("the periodic images of the beads were joined to whole molecules")
    return notes + ([minimisation.summary()] if minimisation else [])


def _card_force_field(model_path: Path) -> tuple[str, ...]:
    """Force field on the card of the dataset that the workflow trained a model on; empty if not found."""
    folders = model_path.resolve().parents  # fold, method, task, dataset, runs, results
    if len(folders) < 6:
        return ()
    card = folders[5] / "data" / folders[3].name / "card.json"
    return force_field_of(card) if card.is_file() else ()


def described(frames: FrameStream) -> str:
    """Describe the number of frames and beads, for a message."""
    return f"{counted(frames.n_frames, 'frame')} of {counted(frames.sample.positions.shape[1], 'bead')}"
