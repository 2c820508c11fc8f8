"""Simulation of one walker with checkpoints.

Frames are written in chunks, each with the state after its last frame. Every chunk starts from the state
of the chunk before in a new OpenMM context with its own seed, so that an interrupted and resumed walker
gives the same trajectory as an uninterrupted one, bitwise on the Reference platform.
"""

import shutil
import sys
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np
import openmm
from mdtraj.formats import XTCTrajectoryFile
from openmm.app import PDBFile
from tqdm import tqdm

from cgbench.core.atomic_io import atomic_output, read_json, sha256, write_json
from cgbench.core.errors import InputError
from cgbench.core.file_lock import sole_writer
from cgbench.core.settings import fingerprint
from cgbench.simulation.dynamics import Simulator, noise_seed
from cgbench.simulation.preparation import prepare
from cgbench.simulation.recipe import Recipe

SECONDS_PER_DAY = 86400


class FrameBar(tqdm):  # type: ignore[type-arg]
    """Progress bar of one walker on standard error, in ns and ns/day."""

    @property
    def format_dict(self) -> dict[str, Any]:
        """Values for ``bar_format``, with the mean speed of this run added."""
        values = dict(super().format_dict)
        new_ns = (values["n"] - values["initial"]) * values["unit_scale"]
        values["speed"] = f"{new_ns / max(values['elapsed'], 1e-9) * SECONDS_PER_DAY:,.0f} ns/day"
        return values


def simulate_walker(
    recipe: Recipe,
    walker: int,
    structure_pdb: Path | str,
    output_xtc: Path | str,
    threads: int = 1,
    wait: bool = False,
) -> None:
    """Simulate one walker, from its last checkpoint if there is one.

    Checkpoints are stored beside the output in ``<output name>.parts``, until the output is complete.

    Parameters
    ----------
    walker
        From 0; determines the start and, with ``recipe.seed``, the random numbers.
    output_xtc
        Will have ``frames_per_walker`` frames, one every ``frame_interval_ps``.
    wait
        Whether to wait while another process writes ``output_xtc``, instead of raising an error.

    Raises
    ------
    InputError
        If the checkpoints belong to another recipe, walker or structure, another process writes the
        same output, the start is not reached, the integration diverges, or the disk is full.
    """
    if not 0 <= walker < recipe.walkers:
        raise InputError(f"walker {walker}: give one of the walkers 0 to {recipe.walkers - 1} of the recipe")
    structure_pdb, output_xtc = Path(structure_pdb), Path(output_xtc)
    with sole_writer(output_xtc, wait):
        parts = output_xtc.with_suffix(".parts")
        _claim(parts, fingerprint(recipe.of_walker(walker).to_json(), sha256(structure_pdb)))
        simulator = Simulator(recipe, PDBFile(str(structure_pdb)), threads, f"walker {walker}")
        if not _state(parts, 0).exists():
            print(f"walker {walker}: preparing the start", file=sys.stderr, flush=True)
            _save_state(prepare(simulator, walker), _state(parts, 0))

        n_chunks = -(-recipe.frames_per_walker // recipe.chunk_frames)
        done = _complete_chunks(parts, n_chunks)
        with FrameBar(
            desc=f"walker {walker}",
            total=recipe.frames_per_walker,
            initial=min(done * recipe.chunk_frames, recipe.frames_per_walker),
            unit_scale=recipe.frame_interval_ps / 1000,  # frames to ns
            bar_format="{desc}: {n:.3f}/{total:.3f} ns {bar} {speed}, {remaining} left",
            smoothing=0,  # time left from the mean speed of this run
        ) as bar:
            for chunk in range(done + 1, n_chunks + 1):
                _run_chunk(simulator, walker, chunk, parts, bar)
        _join([_chunk(parts, k) for k in range(1, n_chunks + 1)], output_xtc)
        shutil.rmtree(parts)


def _claim(parts: Path, owner: str) -> None:
    """Create the checkpoint folder, or check that an existing one belongs to the same walker."""
    note = parts / "owner.json"
    if not note.exists():
        # Killed while the folder was created or removed: its owner is unknown.
        shutil.rmtree(parts, ignore_errors=True)
        parts.mkdir(parents=True)
        write_json(note, {"fingerprint": owner})
    found = read_json(note)["fingerprint"]
    if found != owner:
        raise InputError(
            f"{parts}: these checkpoints belong to another recipe, walker or structure "
            f"(fingerprint {found}, expected {owner}); remove the folder to start again, "
            "or restore the recipe to resume"
        )


def _complete_chunks(parts: Path, n_chunks: int) -> int:
    """Count the consecutive chunks from the first that have both frames and state."""
    stored = (_chunk(parts, k).exists() and _state(parts, k).exists() for k in range(1, n_chunks + 1))
    return sum(takewhile(bool, stored))


def _chunk(parts: Path, number: int) -> Path:
    return parts / f"chunk-{number:05d}.xtc"


def _state(parts: Path, number: int) -> Path:
    return parts / f"state-{number:05d}.xml"


def _save_state(state: Any, path: Path) -> None:
    with atomic_output(path) as temporary:
        temporary.write_text(openmm.XmlSerializer.serialize(state), encoding="utf-8")


def _run_chunk(simulator: Simulator, walker: int, chunk: int, parts: Path, bar: FrameBar) -> None:
    recipe = simulator.recipe
    context = simulator.context(noise_seed(recipe, walker, chunk))
    context.setState(openmm.XmlSerializer.deserialize(_state(parts, chunk - 1).read_text(encoding="utf-8")))
    first = (chunk - 1) * recipe.chunk_frames
    last = min(first + recipe.chunk_frames, recipe.frames_per_walker)
    stride = recipe.steps(recipe.frame_interval_ps)
    frames = []
    for number in range(first + 1, last + 1):
        stage = f"step {number * stride} (frame {number})"
        simulator.advance(context, stride, stage)
        frames.append(simulator.positions(context, stage))
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
    # Written last, so that a state exists only if the frames before it are complete.
    _save_state(context.getState(getPositions=True, getVelocities=True), _state(parts, chunk))


def _verify(xtc: Path, n_frames: int) -> None:
    """Read the frames back, because the XTC writer reports no error if the disk is full at the end."""
    with XTCTrajectoryFile(str(xtc)) as written:
        found = len(written.read()[0]) if xtc.stat().st_size else 0
    if found != n_frames:
        raise RuntimeError(f"{xtc}: {found} of {n_frames} frames were written")


def _join(chunks: list[Path], output_xtc: Path) -> None:
    """Concatenate XTC files byte for byte, which is valid because the format has no file header."""
    with atomic_output(output_xtc) as temporary, temporary.open("wb") as joined:
        for chunk in chunks:
            with chunk.open("rb") as part:
                shutil.copyfileobj(part, joined)
