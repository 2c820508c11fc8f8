"""Making of stored tasks: the folds of a dataset, and one mapping for each number of beads."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

import cgbench
from cgbench.chem.frames import Frames
from cgbench.config.schema import Protocol
from cgbench.core.atomic_io import atomic_folder, write_json
from cgbench.core.registry import PlugIn
from cgbench.core.seeds import derive
from cgbench.data.stored_folds import StoredFolds
from cgbench.mapping._partition import count_groups
from cgbench.mapping.cgae import gram_matrix, linear_error
from cgbench.mapping.stored import FOLDS, Learned, StoredMapping


def make_tasks(
    dataset: str,
    frames: Frames,
    mapping: PlugIn,
    resolutions: Sequence[int],
    output_dir: Path | str,
    *,
    protocol: Protocol,
    seed: int,
    version: int,
    tuning: tuple[str, Frames] | None = None,
) -> None:
    """Write ``folds.json`` and, for each number of beads, ``<generator>-<n_beads>.json``.

    Parameters
    ----------
    dataset, frames
        Name and frames of the dataset.
    tuning
        Name and frames of the dataset from which the mappings are learned; by default the training frames of
        fold 0, which other folds validate and test with.

    Raises
    ------
    InputError
        If the frames cannot be split, or the generator cannot make such beads.
    """
    folds = StoredFolds.make(frames, protocol, seed, version)
    source, learned_from = tuning or (dataset, frames.take(folds.folds[0].frames("train")))
    with atomic_folder(output_dir) as folder:
        folds.save(folder / FOLDS)
        for n_beads in resolutions:
            made = mapping.create().generate(
                frames.molecule, n_beads, derive(seed, "mapping"), learned_from.positions
            )
            gram, matrix = gram_matrix(learned_from.positions), torch.as_tensor(made.matrix)
            stored = StoredMapping(
                task=f"{dataset}-{mapping.use}-{n_beads}",
                version=version,
                frames_sha256=frames.checksum,
                bead_index=made.bead_index.tolist(),
                weights=made.weights.tolist(),
                shared=made.shared,
                bead_names=made.bead_names,
                learned=Learned(
                    version=cgbench.__version__,
                    mapping={"use": mapping.use, "settings": mapping.settings.model_dump(mode="json")},
                    seed=seed,
                    dataset=source,
                    trajectories=np.unique(learned_from.trajectory).tolist(),
                    n_frames=len(learned_from),
                    frames_sha256=learned_from.checksum,
                    linear_rmsd=round(float(linear_error(matrix, gram, gram)) ** 0.5, 6),
                    groups=int(count_groups(made.bead_index[None], frames.molecule.bonds)[0]),
                ),
            )
            write_json(
                folder / f"{mapping.use}-{n_beads}.json",
                stored.model_dump(mode="json", exclude_defaults=True),
            )
