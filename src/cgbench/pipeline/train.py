"""Training stage: one method on one task and fold."""

import csv
import hashlib
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.frames import Frames
from cgbench.config.run_matrix import RunSpec
from cgbench.core import registry
from cgbench.core.atomic_io import atomic_output, sha256, write_json
from cgbench.core.code_dependencies import code_hash, plugin_files
from cgbench.core.errors import InputError
from cgbench.core.file_lock import sole_writer
from cgbench.core.registry import NestedPlugInSettings, PlugIn
from cgbench.core.seeds import derive
from cgbench.core.settings import fingerprint
from cgbench.data.splits import Split
from cgbench.mapping.base import Mapping
from cgbench.methods._bead_ranges import BeadRanges
from cgbench.methods.base import BackmappingMethod, TrainingContext
from cgbench.nn.task_facts import TaskFacts
from cgbench.results.tables import read_run
from cgbench.runtime import device as runtime
from cgbench.runtime import provenance
from cgbench.runtime.tracking import track


def train(
    frames_path: Path | str,
    split_path: Path | str,
    mapping_path: Path | str,
    method: PlugIn,
    output_dir: Path | str,
    *,
    seed: int,
    fold: int = 0,
    dataset: str = "",
    mapping_name: str = "",
    threads: int = 1,
    device: str = "auto",
    progress: bool = False,
    wait: bool = False,
    trained_path: Path | str | None = None,
) -> dict[str, Any]:
    """Train a method and write ``model.pt``, ``history.csv`` and ``run.json``.

    The method gets training and validation frames only. A killed training leaves its checkpoint in
    ``<output_dir>/scratch``, in a folder named by a hash of data, settings, seed and code of the method, so
    that only the same training resumes from it. Snakemake does not know the folder and does not remove it;
    it is removed when the training succeeds.

    Parameters
    ----------
    method
        Method of the configuration, or ``PlugIn.from_json("methods", ...)``; settings ``auto`` are replaced
        by those of the task, which model and ``run.json`` then hold.
    seed, fold
        Seed of the benchmark and index of the fold; all methods of a fold use the same seed.
    dataset, mapping_name
        Labels of the result, without any other effect.
    device
        ``"auto"``, ``"cpu"`` or ``"cuda"``; a method that does not use a GPU runs on the CPU.
    progress
        Whether to show a progress bar on standard error.
    wait
        Whether to wait for another training in ``output_dir`` to end, instead of raising an error.
    trained_path
        ``model.pt`` of the method that this one builds on, beside its ``run.json``, of the same data and seed
        (optional). It is used instead of training that method again, with the same result.

    Returns
    -------
    dict
        Content of ``run.json``.

    Raises
    ------
    InputError
        If an input cannot be used, the split leaves no frames to train on, the trained method is another one
        or has other data, another process trains in ``output_dir``, or the disk is full.
    """
    output_dir = Path(output_dir)
    frames = Frames.load(frames_path)
    split = Split.load_for(split_path, frames, frames_path)
    mapping = Mapping.load_for(mapping_path, frames.molecule.n_atoms, frames_path)
    train_frames, valid_frames = frames.positions[split.train], frames.positions[split.valid]
    if not len(train_frames) or not len(valid_frames):
        raise InputError(
            f"{split_path}: {len(train_frames)} training and {len(valid_frames)} validation frames; "
            "both are needed, change `protocol` in the config"
        )
    method = method.resolved(TaskFacts.of(mapping, train_frames))
    model: BackmappingMethod = method.create(mapping, frames.molecule)
    device = runtime.choose_device(device, model.uses_gpu())

    arrays = (*frames.molecule.to_arrays().values(), train_frames, valid_frames)
    data = (str(seed), _checksum(*arrays), *map(sha256, (split_path, mapping_path)))
    identity = _identity(method, data)
    trained_seconds = _check_trained(Path(trained_path), method, data) if trained_path else 0.0
    cell = RunSpec(dataset, mapping_name, mapping.n_beads, method.name, fold)
    settings = method.settings.model_dump(mode="json")
    scratch = output_dir / "scratch" / identity
    with sole_writer(output_dir / "scratch", wait):
        planned = {
            "seed": seed,
            "device": device,
            "threads": threads,
            "config_hash": identity,
            "resumed": any(scratch.glob("*")),
            "settings": settings,
        }
        scratch.mkdir(parents=True, exist_ok=True)
        with track("train", vars(cell), planned) as tracker:
            context = TrainingContext(
                derive(seed, "train", fold),
                scratch,
                identity,
                device,
                progress=progress,
                observer=tracker.log_history,
                trained=Path(trained_path) if trained_path else None,
            )
            runtime.set_up(context.seed, threads)
            started = time.perf_counter()
            model.fit(train_frames, valid_frames, context)
            wall_seconds = time.perf_counter() - started
            if context.history:  # which a resumed training begins with that of the killed one
                wall_seconds = max(wall_seconds, context.history[-1].get("seconds", 0.0))
            wall_seconds += trained_seconds
            cost = {
                "wall_seconds": round(wall_seconds, 6),
                "n_parameters": model.n_parameters(),
                "peak_mib": provenance.peak_mib(),
                "peak_gpu_mib": runtime.peak_gpu_mib(device),
            }
            tracker.log_history(context.history)
            tracker.summarise(cost | {"git": provenance.git_revision()})
        where = runtime.device_name(device)
        run = {
            **vars(cell),
            "task": mapping.task,
            "stochastic": model.stochastic,
            "bound": model.bound,
            **planned,
            **cost,
            "card": model.card(f"training {wall_seconds:.3g} s on {where}").model_dump(mode="json"),
            "n_train": len(train_frames),
            "n_valid": len(valid_frames),
            "hardware": {"name": where, **provenance.machine()},
            "versions": provenance.versions(),
            "git": provenance.git_revision(),
            "date": provenance.now(),
        }
        model.bead_ranges = BeadRanges.of(mapping.beads(train_frames))
        model.save(output_dir / "model.pt")
        _write_history(output_dir / "history.csv", context.history)
        write_json(output_dir / "run.json", run)
        shutil.rmtree(output_dir / "scratch")
    return run


def _checksum(*arrays: NDArray[Any]) -> str:
    """SHA-256 of what a method gets, for which other frames of the file need not be read."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _identity(method: PlugIn, data: tuple[str, ...]) -> str:
    """Hash of a method, its code, and the seed and checksums of its training."""
    made_of = registry.load(method.kind, method.use).made_of(method.settings)
    return fingerprint(method.to_json(), *data, code_hash(plugin_files(method.kind, method.use, *made_of)))


def _check_trained(path: Path, method: PlugIn, data: tuple[str, ...]) -> float:
    """Return the training time of a model, s, if it is of the method that another one builds on."""
    if not isinstance(method.settings, NestedPlugInSettings):
        raise InputError(f"{path}: {method.name} builds on no other method; leave the trained one out")
    run_path = path.with_name("run.json")
    run = read_run(run_path)
    if run["config_hash"] != _identity(replace(method.settings.inner(), name=run["method"]), data):
        raise InputError(
            f"{run_path}: {run['method']} is not {method.settings.of} with the settings, data, seed and code "
            f"of {method.name}; train it with those, or leave it out"
        )
    return float(run["wall_seconds"])


def _write_history(path: Path, history: list[dict[str, float]]) -> None:
    """Write one row per epoch; a method that is fitted in one step has none."""
    columns = list(dict.fromkeys(key for row in history for key in row)) or ["epoch"]
    with atomic_output(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, columns)
        writer.writeheader()
        writer.writerows(history)
