"""Export of a task as folders that anybody can use without this package, one for each fold."""

from pathlib import Path
from typing import Any

import numpy as np

import cgbench
from cgbench.chem.frame_writer import frame_writer
from cgbench.chem.molecule import IntArray
from cgbench.chem.trajectory_io import write_pdb
from cgbench.core.atomic_io import atomic_folder, sha256, write_json
from cgbench.core.errors import InputError
from cgbench.data.splits import Split
from cgbench.mapping._bead_molecule import bead_molecule
from cgbench.mapping.base import Mapping
from cgbench.pipeline.task import PreparedTask, Task

AnyTask = Task | PreparedTask
UNITS = {"*.npz": "Å", "*.pdb": "Å", "*.xtc": "nm in the file, as the format has it; rounded to 0.01 Å"}
FACTS = ("title", "licence", "citation", "force_field", "temperature_K")  # of the data card
README = """# {name}, fold {fold}
Predict the {n_atoms} atoms of {dataset} for each of {n_test} test frames, from its {n_beads} beads alone.

- `task.json`: names, version, frames, checksums, units and licence.
- `beads.npz`: `beads` [n_frames, n_beads, 3] of the test frames, Å, in the order of the predictions; `matrix`
  [n_beads, n_atoms] by which they follow from the atoms, beads = matrix @ atoms; `bead_index` [n_atoms], the
  bead that each atom belongs to.
- `beads.pdb`, `beads.xtc`: the same beads. A bead that is no atom is a carbon named B1, B2, ...
- `topology.pdb`: names and order of the atoms, in the geometry of a training frame.
{training}
Send an NPZ file with an array `samples` [n_frames, n_samples, n_atoms, 3] in Å, {n_samples} samples (or one
geometry) for each frame, where the beads are: neither centred nor superposed. A PDB file with several models
or a trajectory with a topology does as well. This scores it, with the options `--config` of the export if it
had any:

    cgbench evaluate predictions.npz --task {name} --fold {fold} --card card.yaml --name my_method

`card.yaml` says what the method is, `my_method` is the name of its row; docs/submit.md of cgbench has a card.

A method that is trained for this fold may use its training and validation frames, and no other frames of the
same dataset: other folds train on the test frames of this one.
"""
TRAINING = """\
- `training.npz`: `train` and `valid` [n_frames, n_atoms, 3], Å, {n_train} and {n_valid} frames.
"""


def export_task(task: AnyTask, fold: int, output_dir: Path | str, *, training: bool = True) -> None:
    """Write the folder of one fold; it replaces an older export.

    No file has a test frame of the fold. Other folds train on these frames, so that a method must not see
    their folders. Without training frames, no file has a test frame of any fold.

    Parameters
    ----------
    training
        Whether to write training and validation frames.

    Raises
    ------
    InputError
        If there is no such fold, the mapping does not allow this number of beads, or ``output_dir`` is a
        folder that is no export.
    """
    output = Path(output_dir)
    if output.exists() and not (output / "task.json").is_file():
        raise InputError(f"{output}: exists and is no exported task; give a new folder")
    frames, split, mapping = task.frames, task.split(fold), task.mapping(fold)
    molecule = frames.molecule
    beads = mapping.beads(frames.positions[split.test].astype(np.float64)).astype(np.float32)
    with atomic_folder(output) as folder:
        np.savez(
            folder / "beads.npz",
            beads=beads,
            matrix=mapping.matrix,
            bead_index=mapping.bead_index,
            frame_index=split.test,
        )
        of_beads = bead_molecule(mapping, molecule)
        write_pdb(folder / "beads.pdb", beads[0], of_beads)
        with frame_writer(folder / "beads.xtc", of_beads, len(beads), 1) as write:
            write(beads[:, None], None)
        write_pdb(folder / "topology.pdb", frames.positions[_untested(task, split)], molecule)
        if training:
            np.savez(
                folder / "training.npz",
                train=frames.positions[split.train],
                valid=frames.positions[split.valid],
            )
        files = sorted(path for path in folder.iterdir())
        described = _described(task, fold, split, mapping) | {
            "files": {path.name: {"sha256": sha256(path)} for path in files}
        }
        write_json(folder / "task.json", described)
        numbers = {f"n_{part}": len(getattr(split, part)) for part in ("train", "valid", "test")}
        text = README.format(
            name=task.name,
            fold=fold,
            dataset=task.dataset,
            n_atoms=molecule.n_atoms,
            n_beads=mapping.n_beads,
            n_samples=task.config.protocol.n_samples,
            training=TRAINING.format(**numbers) if training else "",
            **numbers,
        )
        (folder / "README.md").write_text(text, encoding="utf-8")


def _untested(task: AnyTask, split: Split) -> int:
    """Find a training frame that no fold tests, if there is one."""
    folds = range(task.config.protocol.folds)
    tested: IntArray = np.concatenate([task.split(fold).test for fold in folds])
    free = np.setdiff1d(split.train, tested)
    return int(free[0] if len(free) else split.train[0])


def _described(task: AnyTask, fold: int, split: Split, mapping: Mapping) -> dict[str, Any]:
    name, _, version = (mapping.task or f"{task.name} ").partition(" ")
    return {
        "task": name,
        "version": version or None,
        "fold": fold,
        "folds": task.config.protocol.folds,
        "n_samples": task.config.protocol.n_samples,
        "dataset": {
            "name": task.dataset,
            **{key: task.card.get(key) for key in FACTS},
            "n_atoms": task.frames.molecule.n_atoms,
            "frames_sha256": task.frames.checksum,
        },
        "mapping": {
            "name": task.mapping_name,
            "n_beads": mapping.n_beads,
            "bead_index": mapping.bead_index.tolist(),
            "weights": mapping.weights.tolist(),
            "shared": mapping.shared,
            "bead_names": mapping.bead_names,
        },
        "frames": {part: getattr(split, part).tolist() for part in ("train", "valid", "test")},
        "units": UNITS,
        "written_by": f"cgbench {cgbench.__version__}",
    }
