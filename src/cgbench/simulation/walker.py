"""One walker: a trajectory that survives being killed at any moment.

Frames are written in chunks, each with the state that ends it. Every chunk begins with a fresh
OpenMM context, that state, and a seed of its own, whether or not the process was interrupted; so
an interrupted walker gives the same trajectory, to the last bit on the Reference platform, as one
that ran through.
"""

import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import openmm
from mdtraj.formats import XTCTrajectoryFile
from openmm.app import PDBFile

from cgbench.core.atomic_io import atomic_output, read_json, sha256, write_json
from cgbench.core.errors import InputError
from cgbench.core.file_lock import sole_writer
from cgbench.core.settings import fingerprint
from cgbench.simulation.dynamics import advance, frame, make_context, make_system, noise_seed
from cgbench.simulation.progress import FrameBar
from cgbench.simulation.recipe import Recipe
from cgbench.simulation.start import prepare


def simulate_walker(
    recipe: Recipe,
    walker: int,
    structure_pdb: Path | str,
    output_xtc: Path | str,
    threads: int = 1,
    wait: bool = False,
) -> None:
    """Simulate one walker, continuing from its last checkpoint if there is one.

    Checkpoints lie beside the output in ``<output name>.parts`` and go when the output is complete.

    Parameters
    ----------
    walker
        From 0; chooses the start and, with ``recipe.seed``, the random numbers.
    output_xtc
        Exactly ``frames_per_walker`` frames, one every ``frame_interval_ps``.
    wait
        Whether to wait for another process that makes ``output_xtc`` to end instead of refusing.

    Raises
    ------
    InputError
        If the checkpoints belong to another recipe, walker or structure, another process makes the
        same output, the run diverges, or the disk is full.
    """
    if not 0 <= walker < recipe.walkers:
        raise InputError(f"walker {walker}: the recipe has walkers 0 to {recipe.walkers - 1}")
    structure_pdb, output_xtc = Path(structure_pdb), Path(output_xtc)
    with sole_writer(output_xtc, wait):
        parts = output_xtc.with_suffix(".parts")
        _claim(parts, fingerprint(recipe.of_walker(walker).to_json(), sha256(structure_pdb)))
        pdb = PDBFile(str(structure_pdb))
        if not _state(parts, 0).exists():
            print(f"walker {walker}: preparing its start", file=sys.stderr, flush=True)
            _save_state(prepare(recipe, walker, pdb, threads), _state(parts, 0))

        n_chunks = -(-recipe.frames_per_walker // recipe.chunk_frames)
        done = _complete_chunks(parts, n_chunks)
        system = make_system(recipe, pdb.topology)
        with FrameBar(recipe, walker, min(done * recipe.chunk_frames, recipe.frames_per_walker)) as bar:
            for chunk in range(done + 1, n_chunks + 1):
                _run_chunk(recipe, walker, chunk, system, parts, threads, bar)
        _join([_chunk(parts, k) for k in range(1, n_chunks + 1)], output_xtc)
        shutil.rmtree(parts)


def _claim(parts: Path, owner: str) -> None:
    """Take the checkpoint folder, or refuse the one another specification left there."""
    note = parts / "owner.json"
    if not note.exists():
        # Killed while it was being made or removed: nothing says whose the rest is.
        shutil.rmtree(parts, ignore_errors=True)
        parts.mkdir(parents=True)
        write_json(note, {"fingerprint": owner})
    found = read_json(note)["fingerprint"]
    if found != owner:
        raise InputError(
            f"{parts}: these checkpoints belong to another recipe, walker or structure "
            f"(fingerprint {found}, wanted {owner}); remove the folder to start afresh, "
            "or restore the recipe to continue"
        )


def _complete_chunks(parts: Path, n_chunks: int) -> int:
    """Return how many chunks, counted from the first without a hole, have their frames and state."""
    for number in range(1, n_chunks + 1):
        if not (_chunk(parts, number).exists() and _state(parts, number).exists()):
            return number - 1
    return n_chunks


def _chunk(parts: Path, number: int) -> Path:
    return parts / f"chunk-{number:05d}.xtc"


def _state(parts: Path, number: int) -> Path:
    return parts / f"state-{number:05d}.xml"


def _save_state(state: Any, path: Path) -> None:
    with atomic_output(path) as temporary:
        temporary.write_text(openmm.XmlSerializer.serialize(state))


def _run_chunk(
    recipe: Recipe, walker: int, chunk: int, system: Any, parts: Path, threads: int, bar: FrameBar
) -> None:
    context = make_context(recipe, system, noise_seed(recipe, walker, chunk), threads)
    context.setState(openmm.XmlSerializer.deserialize(_state(parts, chunk - 1).read_text()))
    first = (chunk - 1) * recipe.chunk_frames
    last = min(first + recipe.chunk_frames, recipe.frames_per_walker)
    stride = recipe.steps(recipe.frame_interval_ps)
    frames = []
    for number in range(first + 1, last + 1):
        where = f"walker {walker}, step {number * stride} (frame {number})"
        advance(context, stride, where)
        frames.append(frame(context, where))
        bar.update()
    numbers = np.arange(first + 1, last + 1)
    with atomic_output(_chunk(parts, chunk)) as temporary:
        with XTCTrajectoryFile(str(temporary), "w") as xtc:
            xtc.write(
                np.asarray(frames, dtype=np.float32),
                time=(numbers * recipe.frame_interval_ps).astype(np.float32),
                step=(numbers * stride).astype(np.int32),
            )
        _verify(temporary, len(frames))
    # The state comes last: where it exists, the frames before it are complete.
    _save_state(context.getState(getPositions=True, getVelocities=True), _state(parts, chunk))


def _verify(xtc: Path, n_frames: int) -> None:
    """Read frames back: the library says nothing when the end of a file finds no room on the disk."""
    with XTCTrajectoryFile(str(xtc)) as written:
        found = len(written.read()[0]) if xtc.stat().st_size else 0
    if found != n_frames:
        raise RuntimeError(f"{xtc}: {found} of {n_frames} frames were written")


def _join(chunks: list[Path], output_xtc: Path) -> None:
    """Join XTC files byte for byte: the format is a plain sequence of frames."""
    with atomic_output(output_xtc) as temporary, temporary.open("wb") as joined:
        for chunk in chunks:
            with chunk.open("rb") as part:
                shutil.copyfileobj(part, joined)
