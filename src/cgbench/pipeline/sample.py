"""Sampling stage: reconstructions and samples of the test frames, stored for any metric."""

import time
from pathlib import Path

import numpy as np

from cgbench.chem.frames import Frames
from cgbench.core.errors import InputError
from cgbench.core.seeds import derive
from cgbench.data.splits import Split
from cgbench.methods.base import draw, load_model
from cgbench.results.samples_file import Samples
from cgbench.runtime import device as runtime


def sample(
    model_path: Path | str,
    frames_path: Path | str,
    split_path: Path | str,
    output_path: Path | str,
    *,
    n_samples: int,
    seed: int,
    fold: int = 0,
    threads: int = 1,
    device: str = "auto",
) -> None:
    """Reconstruct the test frames, draw samples for their beads, and write both as :class:`Samples`.

    Parameters
    ----------
    seed, fold
        Seed of the benchmark and index of the fold, as in training; all methods of a fold use the same seed.
    device
        ``"auto"``, ``"cpu"`` or ``"cuda"``; samples are the same up to rounding. A method that does not use
        a GPU runs on the CPU.

    Raises
    ------
    InputError
        If an input cannot be used, or the model belongs to another molecule.
    """
    model = load_model(model_path)
    device = runtime.choose_device(device, model.uses_gpu())
    frames = Frames.load(frames_path)
    if model.molecule.elements != frames.molecule.elements:
        raise InputError(
            f"{model_path}: trained on a molecule of {model.molecule.n_atoms} atoms, {frames_path} holds "
            f"another one of {frames.molecule.n_atoms} atoms; give the frames it was trained on"
        )
    test = Split.load_for(split_path, frames, frames_path).test
    positions = frames.positions[test]
    sample_seed = derive(seed, "sample", fold)
    runtime.set_up(sample_seed, threads)
    model.to(device)
    reconstruction = model.reconstruct(positions)
    reconstruction_draw = model.reconstruct_draw(positions, derive(seed, "reconstruct", fold))
    started = time.perf_counter()
    samples = draw(model, positions, n_samples, sample_seed)
    seconds = time.perf_counter() - started
    Samples(
        frame_index=test,
        reconstruction=np.asarray(reconstruction, dtype=np.float32),
        reconstruction_draw=np.asarray(reconstruction_draw, dtype=np.float32),
        samples=np.asarray(samples, dtype=np.float32),
        seconds=seconds,
    ).save(output_path)
