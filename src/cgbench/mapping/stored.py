"""Mapping of a task in a file, with the dataset that it belongs to and how it was learned."""

from pathlib import Path
from typing import Any

import numpy as np

from cgbench.chem.frames import Frames
from cgbench.chem.molecule import Molecule
from cgbench.core.atomic_io import read_json
from cgbench.core.errors import InputError
from cgbench.core.settings import InputPath, Settings, or_in_checkout, parse_settings
from cgbench.data.splits import Split
from cgbench.data.stored_folds import StoredFolds
from cgbench.mapping.base import Mapping, MappingGenerator, Positions

FOLDS = "folds.json"


class StoredSettings(Settings):
    """The file of the mapping.

    Attributes
    ----------
    path
        JSON file written by ``cgbench task store``, beside ``folds.json``. In a configuration, ``{dataset}``
        and ``{n_beads}`` stand for the dataset and the number of beads. A relative path that does not exist
        is relative to the checkout of cgbench.
    """

    path: InputPath


class Learned(Settings):
    """How a stored mapping was learned.

    Attributes
    ----------
    version
        Version of this package.
    mapping
        Generator (``use``) and its settings.
    seed
        Seed of the benchmark, from which that of the generator derives.
    dataset, trajectories, n_frames, frames_sha256
        Dataset, its trajectories, number and checksum of the frames.
    linear_rmsd
        RMSD of the best linear decoder on these frames, Å: root of the mean squared error per atom.
    groups
        Groups of atoms that bonds within beads connect: the number of beads if every bead is connected.
    """

    version: str
    mapping: dict[str, Any]
    seed: int
    dataset: str
    trajectories: tuple[int, ...]
    n_frames: int
    frames_sha256: str
    linear_rmsd: float
    groups: int


class StoredMapping(Settings):
    """Content of the file.

    Attributes
    ----------
    task
        Dataset, mapping and number of beads, such as ``chignolin-cgae-6``.
    version
        Version of the task, a new one for any change of frames, folds or beads.
    frames_sha256
        Checksum of the frames of the dataset.
    bead_index, weights, shared, bead_names
        As in :class:`Mapping`.
    learned
        How the mapping was learned.
    """

    task: str
    version: int
    frames_sha256: str
    bead_index: tuple[int, ...]
    weights: tuple[float, ...]
    learned: Learned
    shared: tuple[tuple[int, int, float], ...] = ()
    bead_names: tuple[str, ...] = ()

    @classmethod
    def load(cls, path: Path | str) -> "StoredMapping":
        """Read a file; an InputError names it if it is missing or damaged."""
        return parse_settings(cls, read_json(path, "restore it (git checkout)"), str(path))


class Generator(MappingGenerator):
    """Read a mapping from a file, so that all folds and all machines have the same beads.

    Only one number of beads is possible; the seed has no effect.
    """

    Settings = StoredSettings
    settings: StoredSettings
    reference = "workflow/resources/tasks"

    def input_files(self) -> list[str]:
        """Return the files of the mapping and of the folds.

        Raises
        ------
        InputError
            If there is no such mapping.
        """
        path = or_in_checkout(self.settings.path)
        if not path.is_file():
            there = sorted(sorted(file.stem for file in path.parent.glob("*-*.json")), key=len)
            raise InputError(
                f"{path}: no such stored mapping; choose a stored resolution "
                f"({', '.join(there) or 'none'}), or a mapping that is not stored, such as cgae_learned in "
                "run.mappings, or write the file with `cgbench task store`"
            )
        return [str(path), str(path.with_name(FOLDS))]

    def task(self, frames: Frames, split: Split) -> str | None:
        """Return name and version of the task; None if the split follows another protocol."""
        path, folds = map(Path, self.input_files())
        stored = StoredMapping.load(path)
        if stored.frames_sha256 != frames.checksum:
            raise InputError(
                f"{path}: stored for frames with SHA-256 {stored.frames_sha256}, but these have "
                f"{frames.checksum}; use the dataset as it is bundled, without stride, or a mapping that is "
                "learned anew, such as cgae_learned in run.mappings"
            )
        return f"{stored.task} v{stored.version}" if StoredFolds.load(folds).include(split, folds) else None

    def _generate(self, molecule: Molecule, n_beads: int, seed: int, positions: Positions | None) -> Mapping:
        path, _ = self.input_files()
        stored = StoredMapping.load(path)
        try:
            mapping = Mapping(
                np.array(stored.bead_index, dtype=np.int64),
                np.array(stored.weights),
                shared=stored.shared,
                bead_names=stored.bead_names,
            )
        except (InputError, OverflowError) as error:
            raise InputError(f"{path}: {error}; restore it (git checkout)") from None
        if mapping.n_atoms != molecule.n_atoms:
            raise InputError(
                f"{path}: maps {mapping.n_atoms} atoms, but the molecule has {molecule.n_atoms}; use the "
                "mapping of this molecule"
            )
        if mapping.n_beads != n_beads:
            raise InputError(
                f"{path}: has {mapping.n_beads} beads, but the resolution is {n_beads}; "
                f"the only possible resolution is {mapping.n_beads}"
            )
        return mapping
