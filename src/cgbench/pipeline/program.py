"""Programs as methods: a command line gets beads and writes atoms, frames by chunks, as a run of one fold."""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from cgbench.chem.frames import Frames
from cgbench.chem.molecule import IntArray
from cgbench.config.method_card import MethodCard
from cgbench.config.program import Program
from cgbench.config.run_matrix import RunSpec
from cgbench.core.atomic_io import read_json, sha256, write_json
from cgbench.core.errors import InputError
from cgbench.core.seeds import derive
from cgbench.core.settings import fingerprint, or_in_checkout
from cgbench.data.splits import Split
from cgbench.mapping.base import Mapping
from cgbench.pipeline.entry import Entered, enter
from cgbench.pipeline.predictions import Predictions, read_predictions
from cgbench.pipeline.program_input import BEADS, TOPOLOGY, TRAINING, write_input
from cgbench.runtime.virtual_environment import INSTALLED, variables

CHUNKS = "chunks"  # folder of what is finished, until all chunks are
SAMPLES, DONE, SECONDS = "samples", "done.json", "seconds"
SUFFIXES = (".npz", ".xtc", ".dcd", ".pdb")  # the PDB of a trajectory is its topology


def run_program(
    program: Program,
    frames: Frames,
    split: Split,
    mapping: Mapping,
    run: RunSpec,
    output_dir: Path | str,
    *,
    n_samples: int,
    seed: int,
    threads: int = 1,
    environment: Path | None = None,
) -> Entered:
    """Run a program on the beads of the test frames, and write ``run.json`` and ``samples.npz``.

    What it writes is checked and stored as predictions in files are. Each finished chunk is kept, so that
    after a fault the others alone are run.

    Parameters
    ----------
    n_samples
        Samples per test frame in the protocol; the program may also write one geometry.
    seed
        Seed of the benchmark, from which that of each chunk derives.
    threads
        Threads that numerical libraries of the program may use.
    environment
        Virtual environment from :func:`cgbench.runtime.virtual_environment.build_environment`.

    Raises
    ------
    InputError
        If the program fails, is stopped at its time limit, or does not write what it should.
    """
    output, card = Path(output_dir), MethodCard.load(or_in_checkout(program.card))
    installed = _installed(environment)
    of_task = frames.checksum, *(str(array.tolist()) for array in (mapping.matrix, split.test, split.train))
    contents = [sha256(path) for path in program.files()]
    settings = program.model_dump_json(exclude={"time_limit_min"})
    work = output / CHUNKS / fingerprint(settings, *installed, *of_task, *contents, str(n_samples), str(seed))
    chunks, seconds = [], 0.0
    for first in range(0, len(split.test), program.chunk):
        index = split.test[first : first + program.chunk]
        where = f"{run.method}, test frames {first + 1} to {first + len(index)} of fold {run.fold}"
        folder = (work / f"{first:06d}").resolve()
        if not (folder / DONE).is_file():
            _write(folder, program, frames, split, mapping, index)
            numbers = {"seed": derive(seed, "program", run.fold, first), "n_samples": n_samples}
            places = _paths(folder) | numbers | {"threads": threads}
            took = _start(program, places, variables(environment, threads), where)
            _read(folder, frames, index, where)
            write_json(folder / DONE, {SECONDS: took})
        chunks.append(_read(folder, frames, index, where))
        seconds += read_json(folder / DONE)[SECONDS]
    entered = enter(
        _joined(chunks, run.method),
        frames,
        split,
        mapping,
        run,
        card,
        output,
        n_samples=n_samples,
        seconds=seconds,
        source={"program": {"command": program.command, "installed": installed, "seed": seed}},
    )
    shutil.rmtree(output / CHUNKS)
    return entered


def _installed(environment: Path | None) -> list[str]:
    """List the packages of an environment, as pip does."""
    if environment is None:
        return []
    if not (environment / INSTALLED).is_file():
        raise InputError(f"{environment}: no environment; make it with `cgbench build-environment`")
    return (environment / INSTALLED).read_text(encoding="utf-8").splitlines()


def _paths(folder: Path) -> dict[str, Any]:
    """Paths of a chunk, by their places in a command."""
    names = {"beads": BEADS, "topology": TOPOLOGY, "samples": SAMPLES, "train": TRAINING}
    return {place: folder / name for place, name in names.items()}


def _write(
    folder: Path, program: Program, frames: Frames, split: Split, mapping: Mapping, index: IntArray
) -> None:
    """Write what the program gets for a chunk; what an earlier start has left is removed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    write_input(folder, frames, split, mapping, index, caps=program.caps)
    if "{train}" in program.command:
        train, valid = (frames.positions[part] for part in (split.train, split.valid))
        np.savez(folder / TRAINING, train=train, valid=valid)


def _start(program: Program, places: dict[str, Any], environment: dict[str, str], where: str) -> float:
    """Run one command to its end, with its output in the log, and return the seconds that it took."""
    arguments = program.arguments(places)
    print(f"{where}: {arguments}", file=sys.stderr, flush=True)
    begin = time.monotonic()
    try:
        # A session of its own, so that everything that it starts can be ended with it.
        process = subprocess.Popen(
            arguments, env=environment, stdin=subprocess.DEVNULL, start_new_session=True
        )
    except OSError as error:
        raise InputError(
            f"{where}: {arguments[0]} cannot be started ({error.strerror}); correct the command, or add it "
            f"to the requirements of the environment ({program.environment or 'there is none'})"
        ) from None
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        status = process.wait(timeout=60 * program.time_limit_min)
    except subprocess.TimeoutExpired:
        raise InputError(
            f"{where}: not finished after {program.time_limit_min:g} minutes, and stopped; increase "
            f"`time_limit_min`, or make `chunk` ({program.chunk} frames) smaller"
        ) from None
    finally:
        signal.signal(signal.SIGTERM, before)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if status:
        ended = f"exit status {status}" if status > 0 else signal.Signals(-status).name
        raise InputError(
            f"{where}: the command ended with {ended}; its output is above and its input in "
            f"{places['beads'].parent}; correct the command or the environment, and run again"
        )
    return time.monotonic() - begin


def _read(folder: Path, frames: Frames, index: IntArray, where: str) -> Predictions:
    """Read and check what the program wrote for a chunk."""
    found = [path for suffix in SUFFIXES if (path := folder / f"{SAMPLES}{suffix}").is_file()]
    if not found:
        raise InputError(
            f"{where}: the command ended without error, but wrote none of "
            f"{', '.join(f'{{samples}}{suffix}' for suffix in SUFFIXES)}; its output is above; correct the "
            f"command; {{samples}} was {folder / SAMPLES}"
        )
    has_topology = found[0].suffix != ".npz" and found[-1].suffix == ".pdb"
    try:
        return read_predictions(found[0], frames.molecule, len(index), found[-1] if has_topology else None)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _joined(chunks: list[Predictions], name: str) -> Predictions:
    """Predictions of all chunks."""
    first = chunks[0]
    for each in chunks:
        if each.samples.shape[1] != first.samples.shape[1] or not np.array_equal(each.absent, first.absent):
            raise InputError(
                f"{name}: {each.samples.shape[1]} samples without {len(each.absent)} atoms in one chunk, "
                f"{first.samples.shape[1]} without {len(first.absent)} in another; it has to write the same "
                "atoms and number of samples for all frames"
            )
    notes = tuple(dict.fromkeys(note for each in chunks for note in each.notes))
    return replace(first, samples=np.concatenate([each.samples for each in chunks]), notes=notes, name=name)
