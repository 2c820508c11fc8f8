"""What a metric sees, and the contract of a metric."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from cgbench.errors import InputError
from cgbench.geometry import bond_errors, rmsd
from cgbench.mapping.base import Mapping
from cgbench.molecule import IntArray, Molecule

AtomSet = Literal["all", "heavy"]


@dataclass(frozen=True)
class Evaluation:
    """Test frames beside what a method made of them, for one set of atoms.

    Attributes
    ----------
    reference : float32 [n_frames, n_atoms, 3]
        MD frames, Å.
    reconstruction : float32 [n_frames, n_atoms, 3]
        Encoded and decoded, Å.
    samples : float32 [n_frames, n_samples, n_atoms, 3]
        Drawn from the beads alone, Å.
    bonds : int [n_bonds, 2]
        Covalent bonds of the topology between the atoms of this set.
    covalent_radii : float [n_atoms]
        Of the published bond rule, Å.
    molecule, mapping
        Always of all atoms.
    atoms
        Which atoms the arrays hold.
    """

    reference: NDArray[np.float32]
    reconstruction: NDArray[np.float32]
    samples: NDArray[np.float32]
    bonds: IntArray
    covalent_radii: NDArray[np.float64]
    molecule: Molecule
    mapping: Mapping
    atoms: AtomSet = "all"

    @classmethod
    def of_all_atoms(
        cls,
        reference: NDArray[np.float32],
        reconstruction: NDArray[np.float32],
        samples: NDArray[np.float32],
        molecule: Molecule,
        mapping: Mapping,
    ) -> "Evaluation":
        """Check shapes and values and hold them together.

        Raises
        ------
        InputError
            If shapes disagree or anything is NaN or infinite.
        """
        n_frames, n_atoms = len(reference), molecule.n_atoms
        for name, array, shape in (
            ("reference", reference, (n_frames, n_atoms, 3)),
            ("reconstruction", reconstruction, (n_frames, n_atoms, 3)),
            ("samples", samples, (n_frames, samples.shape[1] if samples.ndim == 4 else 1, n_atoms, 3)),
        ):
            if array.shape != shape or 0 in shape:
                raise InputError(f"{name}: shape {array.shape}, expected {shape} with no zero in it")
            if not np.isfinite(array).all():
                bad = ~np.isfinite(array).reshape(n_frames, -1).all(axis=1)
                raise InputError(
                    f"{name}: {int(bad.sum())} of {n_frames} frames hold NaN or infinite coordinates, "
                    f"the first is frame {int(bad.argmax())}; the method diverged, look at its history.csv"
                )
        return cls(
            reference, reconstruction, samples, molecule.bonds, molecule.covalent_radii, molecule, mapping
        )

    def of(self, atoms: AtomSet) -> "Evaluation":
        """Restrict an evaluation of all atoms to one set of atoms."""
        if atoms == "all":
            return self
        kept = np.flatnonzero(self.molecule.heavy)
        renumbered = np.full(self.molecule.n_atoms, -1)
        renumbered[kept] = np.arange(len(kept))
        bonds = renumbered[self.molecule.bonds]
        return replace(
            self,
            reference=self.reference[:, kept],
            reconstruction=self.reconstruction[:, kept],
            samples=self.samples[:, :, kept],
            bonds=bonds[(bonds >= 0).all(axis=1)],
            covalent_radii=self.covalent_radii[kept],
            atoms=atoms,
        )

    @cached_property
    def sample_rmsd(self) -> NDArray[np.float64]:
        """RMSD [n_frames, n_samples] of each sample to its frame, without superposition, Å."""
        return rmsd(self.samples, self.reference[:, None])

    @cached_property
    def sample_bond_errors(self) -> tuple[IntArray, IntArray]:
        """Missing and extra bonds [n_frames, n_samples] of the samples against the topology.

        Kept, because several metrics read them and nothing else takes as long to count.
        """
        flat = self.samples.reshape(-1, *self.samples.shape[2:])
        missing, extra = bond_errors(flat, self.bonds, self.covalent_radii)
        shape = self.samples.shape[:2]
        return missing.reshape(shape), extra.reshape(shape)

    @property
    def n_bonds(self) -> int:
        """Number of bonds of the topology between the atoms of this set.

        Raises
        ------
        InputError
            If there are none: what is counted per bond is then undefined.
        """
        if not len(self.bonds):
            raise InputError(
                f"the topology has no bonds between {self.atoms} atoms, so graph metrics are undefined; "
                "leave them out of run.metrics or give a topology with bonds"
            )
        return len(self.bonds)


class MetricBase(ABC):
    """Contract of a metric: one file in ``cgbench/metrics`` with one class named ``Metric``.

    Attributes
    ----------
    label
        Name for axes and table heads, without unit.
    unit
        ``"Å"``, ``"1"`` for pure numbers, ...
    better
        Whether lower or higher values are better.
    atom_sets
        For which sets of atoms it is defined.
    reference
        Where its definition comes from.
    """

    label: ClassVar[str]
    unit: ClassVar[str]
    better: ClassVar[Literal["lower", "higher"]]
    atom_sets: ClassVar[tuple[AtomSet, ...]] = ("all", "heavy")
    reference: ClassVar[str]

    @abstractmethod
    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        """Score each test frame: [n_frames]; the metric's value is the mean over frames."""
