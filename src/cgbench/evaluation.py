"""Test frames beside what a method made of them: what every metric sees."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cgbench.errors import InputError
from cgbench.geometry import rmsd
from cgbench.mapping.base import Mapping
from cgbench.measured import Measured
from cgbench.molecule import Molecule

AtomSet = Literal["all", "heavy"]

ENERGIES = 32  # samples whose energy is asked for: seconds of minimisation for a small protein
FLAT = 1.0  # Å³; MD frames of an L amino acid have 2.5 ± 0.2


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
    molecule
        Of the atoms that the arrays hold.
    mapping
        Always of all atoms.
    atoms
        Which atoms the arrays hold.
    force_field
        OpenMM's files that the MD frames were made with, as far as that is known.
    """

    reference: NDArray[np.float32]
    reconstruction: NDArray[np.float32]
    samples: NDArray[np.float32]
    molecule: Molecule
    mapping: Mapping
    atoms: AtomSet = "all"
    force_field: tuple[str, ...] = ()

    @classmethod
    def of_all_atoms(
        cls,
        reference: NDArray[np.float32],
        reconstruction: NDArray[np.float32],
        samples: NDArray[np.float32],
        molecule: Molecule,
        mapping: Mapping,
        force_field: Sequence[str] = (),
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
        return cls(reference, reconstruction, samples, molecule, mapping, force_field=tuple(force_field))

    def of(self, atoms: AtomSet) -> "Evaluation":
        """Restrict an evaluation of all atoms to one set of atoms."""
        if atoms == "all":
            return self
        kept = np.flatnonzero(self.molecule.heavy)
        return replace(
            self,
            reference=self.reference[:, kept],
            reconstruction=self.reconstruction[:, kept],
            samples=self.samples[:, :, kept],
            molecule=self.molecule.subset(kept),
            atoms=atoms,
        )

    @property
    def n_frames(self) -> int:
        """Number of test frames."""
        return len(self.reference)

    @cached_property
    def of_reference(self) -> Measured:
        """Measurements of the MD frames."""
        return Measured(self.reference[:, None], self.molecule)

    @cached_property
    def of_reconstruction(self) -> Measured:
        """Measurements of the reconstructions."""
        return Measured(self.reconstruction[:, None], self.molecule)

    @cached_property
    def of_samples(self) -> Measured:
        """Measurements of the samples."""
        return Measured(self.samples, self.molecule)

    @cached_property
    def sample_rmsd(self) -> NDArray[np.float64]:
        """RMSD [n_frames, n_samples] of each sample to its frame, without superposition, Å."""
        return rmsd(self.samples, self.reference[:, None])

    @cached_property
    def reconstruction_rmsd(self) -> NDArray[np.float64]:
        """RMSD [n_frames] of each reconstruction to its frame, without superposition, Å."""
        return rmsd(self.reconstruction, self.reference)

    @cached_property
    def sample_handedness(self) -> NDArray[np.int8]:
        """Handedness [n_frames, n_samples, n_centres] of residues: 1 the frame's, −1 its mirror's, 0 none."""
        volumes = self.of_samples.chiral_volumes * np.sign(self.of_reference.chiral_volumes)
        return np.where(np.abs(volumes) > FLAT, np.sign(volumes), 0).astype(np.int8)

    @cached_property
    def excess_energies(self) -> NDArray[np.float64]:
        """Energy [2, n_frames] of samples above their frame's, as they are and minimised, kJ/mol per atom.

        Mean over the samples of a frame, of as many evenly spaced frames as have 32 samples in all;
        NaN for the others.
        """
        # Costs a second to import, and not every evaluation has a force field.
        from cgbench.energy import energies_per_atom

        n_samples = self.samples.shape[1]
        count = min(max(1, ENERGIES // n_samples), self.n_frames)
        chosen = np.linspace(0, self.n_frames - 1, count).round().astype(np.int64)
        geometries = np.concatenate([self.reference[chosen][:, None], self.samples[chosen]], axis=1)
        flat = geometries.reshape(-1, self.molecule.n_atoms, 3)
        energies = np.stack(energies_per_atom(flat, self.molecule, self.force_field))
        energies = energies.reshape(2, count, 1 + n_samples)
        excess = np.full((2, self.n_frames), np.nan)
        excess[:, chosen] = energies[:, :, 1:].mean(axis=2) - energies[:, :, 0]
        return excess
