"""The mapping and the base class of mapping generators."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from cgbench.chem.frames import Frames
from cgbench.chem.molecule import IntArray, Molecule
from cgbench.core.atomic_io import read_json, write_json
from cgbench.core.errors import InputError
from cgbench.core.seeds import derive
from cgbench.core.settings import Settings as SettingsModel
from cgbench.core.wording import counted
from cgbench.data.splits import Split

Positions = NDArray[np.float32]

# A matrix with at most so many entries is multiplied faster as it is than without its zeros.
DENSE_SIZE = 2**16


@dataclass(frozen=True)
class Mapping:
    """A linear map from atoms to beads, X = M x, in which every atom belongs to one bead.

    Attributes
    ----------
    bead_index : int [n_atoms]
        The bead of each atom; every bead has at least one atom.
    weights : float [n_atoms]
        Weight of each atom in the position of its bead; the weights in a bead sum to 1. Equal weights
        give the geometric centre, masses the centre of mass, a one-hot weight a site such as Cα.
    task
        Name and version of the stored task that the mapping was made for, if any.
    shared
        Atoms that also count in the position of a bead that they do not belong to, as in the rings of
        Martini 3: atom, bead and weight.
    bead_names
        Name of each bead, such as ``BB``, as files of beads have it; empty if beads have no names.
    """

    bead_index: IntArray
    weights: NDArray[np.float64]
    task: str | None = None
    shared: tuple[tuple[int, int, float], ...] = ()
    bead_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.bead_index.ndim != 1 or self.bead_index.shape != self.weights.shape:
            raise InputError(
                f"mapping: bead_index has shape {self.bead_index.shape} and weights {self.weights.shape}; "
                "both must be [n_atoms]"
            )
        outside = self.bead_index[(self.bead_index < 0) | (self.bead_index >= self.n_atoms)]
        if len(outside) or not self.n_atoms:
            raise InputError(
                f"mapping: {self.n_atoms} atoms cannot be in bead {', '.join(map(str, outside[:1])) or 0}; "
                "beads are counted from 0, and every bead has an atom"
            )
        counts = np.bincount(self.bead_index)
        if (counts == 0).any():
            raise InputError(f"mapping: bead {int(np.argmin(counts))} of {len(counts)} is empty")
        for atom, bead, _ in self.shared:
            if not (0 <= atom < self.n_atoms and 0 <= bead < self.n_beads and bead != self.bead_index[atom]):
                raise InputError(
                    f"mapping: atom {atom} cannot share bead {bead}; name one of {self.n_atoms} atoms and "
                    f"another of {self.n_beads} beads"
                )
        if self.bead_names and len(self.bead_names) != self.n_beads:
            raise InputError(
                f"mapping: {len(self.bead_names)} names for {self.n_beads} beads; name every bead"
            )
        # The matrix of a large molecule takes much memory, and is not needed where mappings are only made.
        sums = np.bincount(self.bead_index, self.weights)
        for (_, bead), weight in {(atom, bead): weight for atom, bead, weight in self.shared}.items():
            sums[bead] += weight
        if not np.allclose(sums, 1.0, atol=1e-9):
            worst = int(np.abs(sums - 1).argmax())
            raise InputError(f"mapping: weights of bead {worst} sum to {sums[worst]}, not to 1")

    @classmethod
    def centres(cls, bead_index: IntArray) -> "Mapping":
        """Make a mapping in which every bead is the geometric centre of its atoms."""
        bead_index = np.asarray(bead_index, dtype=np.int64)
        return cls(bead_index, 1.0 / np.bincount(bead_index)[bead_index])

    @property
    def n_atoms(self) -> int:
        """Number of atoms."""
        return len(self.bead_index)

    @property
    def n_beads(self) -> int:
        """Number of beads (the resolution)."""
        return int(self.bead_index.max()) + 1

    @property
    def is_small(self) -> bool:
        """Whether a product with the whole matrix costs little."""
        return self.n_beads * self.n_atoms <= DENSE_SIZE

    @cached_property
    def matrix(self) -> NDArray[np.float64]:
        """M [n_beads, n_atoms]."""
        matrix = np.zeros((self.n_beads, self.n_atoms))
        matrix[self.bead_index, np.arange(self.n_atoms)] = self.weights
        for atom, bead, weight in self.shared:
            matrix[bead, atom] = weight
        return matrix

    @cached_property
    def _sparse(self) -> csr_array:
        """M [n_beads, n_atoms] without its zeros."""
        own = np.flatnonzero(self.weights)
        atoms, beads, weights = np.array(self.shared).reshape(-1, 3).T
        entries = np.concatenate((self.weights[own], weights))
        rows = np.concatenate((self.bead_index[own], beads.astype(np.int64)))
        columns = np.concatenate((own, atoms.astype(np.int64)))
        return csr_array((entries, (rows, columns)), (self.n_beads, self.n_atoms))

    @cached_property
    def translations(self) -> NDArray[np.float64]:
        """Translations of the atoms of every bead that move one bead by 1 and no other: [n_beads, n_beads].

        The identity if no atom is shared.
        """
        moved = np.zeros((self.n_beads, self.n_beads))
        np.add.at(moved.T, self.bead_index, self.matrix.T)
        return np.asarray(np.linalg.inv(moved), dtype=np.float64)

    @cached_property
    def shares(self) -> NDArray[np.float64]:
        """Fraction [n_beads] of the atoms in each bead."""
        return np.asarray(np.bincount(self.bead_index) / self.n_atoms)

    def beads(self, positions: NDArray[np.floating]) -> NDArray[np.floating]:
        """Coarse-grain positions [..., n_atoms, 3] to beads [..., n_beads, 3], in the same unit."""
        if self.is_small:
            return np.asarray(self.matrix.astype(positions.dtype) @ positions)
        rows = np.moveaxis(positions, -2, 0)
        sums = self._sparse.astype(positions.dtype) @ rows.reshape(self.n_atoms, -1)
        return np.moveaxis(sums.reshape(-1, *rows.shape[1:]), 0, -2)

    def lift(self, beads: NDArray[np.floating]) -> NDArray[np.floating]:
        """Put every atom on its bead: [..., n_beads, 3] to [..., n_atoms, 3]."""
        return np.asarray(beads[..., self.bead_index, :])

    def project(self, positions: NDArray[np.floating], beads: NDArray[np.floating]) -> NDArray[np.floating]:
        """Translate the atoms of each bead so that M x = X holds exactly (R1)."""
        shift = beads - self.beads(positions)
        if self.shared:
            shift = self.translations.astype(positions.dtype) @ shift
        return np.asarray(positions + self.lift(shift))

    def save(self, path: Path | str) -> None:
        """Write as JSON, atomically."""
        lists = {"bead_index": self.bead_index.tolist(), "weights": self.weights.tolist()}
        # Most mappings have neither.
        more = {"shared": self.shared, "bead_names": self.bead_names}
        write_json(path, lists | {"task": self.task} | {key: value for key, value in more.items() if value})

    @classmethod
    def load(cls, path: Path | str) -> "Mapping":
        """Read a file written by :meth:`save`; an InputError names a file that is missing or damaged."""
        stored = read_json(path)
        try:
            return cls(
                np.asarray(stored["bead_index"], dtype=np.int64),
                np.asarray(stored["weights"], dtype=np.float64),
                stored.get("task"),
                tuple(
                    (int(atom), int(bead), float(weight)) for atom, bead, weight in stored.get("shared", ())
                ),
                tuple(map(str, stored.get("bead_names", ()))),
            )
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise InputError(f"{path}: not a mapping ({error}); delete it and run again") from None

    @classmethod
    def load_for(cls, path: Path | str, n_atoms: int, frames_path: Path | str) -> "Mapping":
        """Read a mapping of the molecule in ``frames_path``, which has ``n_atoms`` atoms.

        Raises
        ------
        InputError
            As :meth:`load`, and if the mapping was made for another molecule; names both files.
        """
        mapping = cls.load(path)
        if mapping.n_atoms != n_atoms:
            raise InputError(
                f"{path}: maps {mapping.n_atoms} atoms, but the molecule in {frames_path} has {n_atoms}; "
                "give the mapping that was made for these frames, or make it again with `cgbench map`"
            )
        return mapping


class MappingGenerator(ABC):
    """Base class of mapping generators: one file in ``cgbench/mapping``, one class named ``Generator``.

    Attributes
    ----------
    Settings
        Settings in the config (key ``mappings.<file name>``).
    reference
        Source of the method.
    learned
        Whether the mapping depends on training frames; only then are they passed on.
    """

    Settings: ClassVar[type[SettingsModel]] = SettingsModel
    reference: ClassVar[str]
    learned: ClassVar[bool] = False

    def __init__(self, settings: SettingsModel) -> None:
        self.settings = settings

    def input_files(self) -> list[str]:
        """List the files, besides the frames, that the mapping depends on, for the workflow."""
        return []

    def task(self, frames: Frames, split: Split) -> str | None:
        """Return name and version of the stored task that these frames, this split and the mapping make up.

        Raises
        ------
        InputError
            If the mapping is stored for other frames, or the split differs from the stored one.
        """
        return None

    def of_fold(self, frames: Frames, split: Split, n_beads: int, seed: int) -> Mapping:
        """Make the mapping of a fold, with the name of the stored task if it belongs to one.

        Parameters
        ----------
        seed
            Seed of the benchmark. That of the mapping does not depend on the fold, so that random beads are
            the same in all folds.
        """
        training = frames.positions[split.train] if self.learned else None
        made = self.generate(frames.molecule, n_beads, derive(seed, "mapping"), training)
        return replace(made, task=self.task(frames, split))

    def generate(
        self, molecule: Molecule, n_beads: int, seed: int, positions: Positions | None = None
    ) -> Mapping:
        """Make a mapping with exactly ``n_beads`` beads, the same for the same seed.

        Parameters
        ----------
        positions : float32 [n_frames, n_atoms, 3]
            Training frames, Å; used by learned generators only.

        Raises
        ------
        InputError
            If the molecule or the generator does not allow this number of beads.
        """
        if not 1 <= n_beads <= molecule.n_atoms:
            raise InputError(
                f"resolution {n_beads}: a molecule of {molecule.n_atoms} atoms can have 1 to "
                f"{molecule.n_atoms} beads; change the resolutions in the config"
            )
        mapping = self._generate(molecule, n_beads, seed, positions if self.learned else None)
        if mapping.n_beads != n_beads:
            raise InputError(
                f"{type(self).__module__.rpartition('.')[2]} at resolution {n_beads}: the molecule has "
                f"{counted(mapping.n_beads, 'bead')}; the only possible resolution is {mapping.n_beads}"
            )
        return mapping

    @abstractmethod
    def _generate(self, molecule: Molecule, n_beads: int, seed: int, positions: Positions | None) -> Mapping:
        """Make the mapping; ``n_beads`` is between 1 and n_atoms.

        A mapping of another number of beads is refused by :meth:`generate` as the only possible one.
        """
