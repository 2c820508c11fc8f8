"""MD frames with their reconstructions and samples: the input of every metric."""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.atom_sets import AtomSet, atoms_of_set
from cgbench.chem.equivalent_atoms import among_atoms, equivalent_atoms
from cgbench.chem.geometry import all_pairs
from cgbench.chem.molecule import IntArray, Molecule
from cgbench.chem.observables import Observables
from cgbench.core.errors import InputError
from cgbench.mapping.base import Mapping


@dataclass(frozen=True)
class Evaluation:
    """Test frames of a run with their reconstructions and samples, for one set of atoms.

    Attributes
    ----------
    reference : float32 [n_frames, n_atoms, 3]
        MD frames, Å.
    reconstruction : float32 [n_frames, n_atoms, 3]
        Frames encoded and decoded without noise, Å.
    samples : float32 [n_frames, n_samples, n_atoms, 3]
        Geometries generated from the beads alone, Å.
    molecule
        Molecule with the atoms of the arrays.
    mapping
        Mapping of all atoms, whichever the arrays contain.
    force_field
        OpenMM files of the force field of the MD frames; empty if unknown.
    device
        Device for measuring geometries, as torch names it.
    reconstruction_draw : float32 [n_frames, n_atoms, 3], optional
        Frames decoded from one draw from their posterior, Å; by default the reconstruction.
    atoms
        Set of atoms that the arrays contain.
    reference_energies : float [2, n_frames], optional
        Energies of the MD frames if they are known; by default they are computed.
    permutations : optional
        Groups of permutations of equivalent atoms; by default those of the molecule.
    absent : int [n_absent]
        Atoms that reconstruction and samples lack, where their coordinates are NaN.

    Raises
    ------
    InputError
        If shapes disagree or a coordinate of another atom is NaN or infinite.
    """

    reference: NDArray[np.float32]
    reconstruction: NDArray[np.float32]
    samples: NDArray[np.float32]
    molecule: Molecule
    mapping: Mapping
    force_field: tuple[str, ...] = ()
    device: str = "cpu"
    reconstruction_draw: NDArray[np.float32] | None = None
    atoms: AtomSet = "all"
    reference_energies: NDArray[np.float64] | None = None
    permutations: tuple[IntArray, ...] | None = None
    absent: IntArray = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def __post_init__(self) -> None:
        n_frames, n_atoms = len(self.reference), self.molecule.n_atoms
        n_samples = self.samples.shape[1] if self.samples.ndim == 4 else 1
        for name, array, shape in (
            ("reference", self.reference, (n_frames, n_atoms, 3)),
            ("reconstruction", self.reconstruction, (n_frames, n_atoms, 3)),
            ("reconstruction_draw", self.reconstruction_draw, (n_frames, n_atoms, 3)),
            ("samples", self.samples, (n_frames, n_samples, n_atoms, 3)),
        ):
            if array is None:
                continue
            if array.shape != shape or 0 in shape:
                raise InputError(f"{name}: shape {array.shape}, expected {shape} with no zero in it")
            known = (
                array if name == "reference" or not len(self.absent) else np.delete(array, self.absent, -2)
            )
            if not np.isfinite(known).all():
                bad = ~np.isfinite(known).reshape(n_frames, -1).all(axis=1)
                raise InputError(
                    f"{name}: {int(bad.sum())} of {n_frames} frames hold NaN or infinite coordinates, "
                    f"the first is frame {int(bad.argmax())}; the method diverged, look at its history.csv"
                )

    def restrict_to(self, atoms: AtomSet) -> "Evaluation":
        """Restrict an evaluation of all atoms to a set of atoms."""
        if atoms == "all":
            return self
        kept = atoms_of_set(self.molecule, atoms)
        draw = self.reconstruction_draw
        return replace(
            self,
            reference=self.reference[:, kept],
            reconstruction=self.reconstruction[:, kept],
            samples=self.samples[:, :, kept],
            molecule=self.molecule.subset(kept),
            reconstruction_draw=None if draw is None else draw[:, kept],
            atoms=atoms,
            # Whether heavy atoms are equivalent depends on their hydrogens, which the subset lacks.
            permutations=among_atoms(self.equivalent_atoms, kept),
            absent=np.flatnonzero(np.isin(kept, self.absent)),
        )

    @property
    def n_frames(self) -> int:
        """Number of test frames."""
        return len(self.reference)

    def _observables(self, positions: NDArray[np.float32]) -> Observables:
        return Observables(positions, self.molecule, self.force_field, self.device)

    @cached_property
    def reference_observables(self) -> Observables:
        """Observables of the MD frames."""
        return replace(self._observables(self.reference[:, None]), known_energies=self.reference_energies)

    @cached_property
    def reconstruction_observables(self) -> Observables:
        """Observables of the reconstructions."""
        return self._observables(self.reconstruction[:, None])

    @cached_property
    def sample_observables(self) -> Observables:
        """Observables of the samples."""
        return self._observables(self.samples)

    @cached_property
    def sample_rmsd(self) -> NDArray[np.float64]:
        """RMSD [n_frames, n_samples] of each sample from its frame, without superposition, Å."""
        return self.sample_observables.rmsd_to(self.reference_observables)

    @cached_property
    def equivalent_atoms(self) -> tuple[IntArray, ...]:
        """Groups of permutations of equivalent atoms, see :mod:`cgbench.chem.equivalent_atoms`."""
        if self.permutations is None:
            return equivalent_atoms(self.molecule, self.reference[0])
        return self.permutations

    def _reduced(self, rmsd: NDArray[np.float64], reduction: NDArray[np.float64]) -> NDArray[np.float64]:
        """RMSD whose sum of squares is reduced by permutations of equivalent atoms."""
        return np.sqrt(np.clip(np.square(rmsd) - reduction / self.molecule.n_atoms, 0.0, None))

    @cached_property
    def symmetric_sample_rmsd(self) -> NDArray[np.float64]:
        """``sample_rmsd`` over permutations of equivalent atoms [n_frames, n_samples], Å."""
        reduction = self.sample_observables.reduction_of_squares(
            self.reference_observables, self.equivalent_atoms
        )
        return self._reduced(self.sample_rmsd, reduction[:, :, 0])

    @cached_property
    def symmetric_pairwise_rmsd(self) -> NDArray[np.float64]:
        """RMSD between samples of a frame, over permutations of equivalent atoms [n_frames, n_pairs], Å."""
        samples = self.sample_observables
        i, j = all_pairs(self.samples.shape[1]).T
        reduction = samples.reduction_of_squares(samples, self.equivalent_atoms)[:, i, j]
        return self._reduced(samples.pairwise_rmsd, reduction)

    @cached_property
    def symmetric_reconstruction_rmsd(self) -> NDArray[np.float64]:
        """``reconstruction_rmsd`` over permutations of equivalent atoms [n_frames], Å."""
        reduction = self.reconstruction_observables.reduction_of_squares(
            self.reference_observables, self.equivalent_atoms
        )
        return self._reduced(self.reconstruction_rmsd, reduction[:, 0, 0])

    @cached_property
    def reconstruction_rmsd(self) -> NDArray[np.float64]:
        """RMSD [n_frames] of each reconstruction from its frame, without superposition, Å."""
        return self.reconstruction_observables.rmsd_to(self.reference_observables)[:, 0]

    @cached_property
    def reconstruction_draw_rmsd(self) -> NDArray[np.float64]:
        """RMSD [n_frames] of each reconstruction from a posterior draw, without superposition, Å."""
        if self.reconstruction_draw is None:
            return self.reconstruction_rmsd
        return self._observables(self.reconstruction_draw[:, None]).rmsd_to(self.reference_observables)[:, 0]
