"""Test frames beside what a method made of them: what every metric sees."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.molecule import Molecule
from cgbench.chem.observables import Observables
from cgbench.core.errors import InputError
from cgbench.mapping.base import Mapping

AtomSet = Literal["all", "heavy"]

FLAT = 1.0  # Å³; MD frames of an L amino acid have 2.5 ± 0.2


@dataclass(frozen=True)
class Evaluation:
    """Test frames beside what a method made of them, for one set of atoms.

    Attributes
    ----------
    reference : float32 [n_frames, n_atoms, 3]
        MD frames, Å.
    reconstruction, reconstruction_draw : float32 [n_frames, n_atoms, 3]
        Encoded and decoded, Å: without noise, and from one draw of what the frame was encoded to.
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
    device
        Where geometries are measured, as torch names it.
    reference_energies : float [2, n_frames], or None
        Energies of the MD frames that were computed before.
    """

    reference: NDArray[np.float32]
    reconstruction: NDArray[np.float32]
    reconstruction_draw: NDArray[np.float32]
    samples: NDArray[np.float32]
    molecule: Molecule
    mapping: Mapping
    atoms: AtomSet = "all"
    force_field: tuple[str, ...] = ()
    device: str = "cpu"
    reference_energies: NDArray[np.float64] | None = None

    @classmethod
    def of_all_atoms(
        cls,
        reference: NDArray[np.float32],
        reconstruction: NDArray[np.float32],
        samples: NDArray[np.float32],
        molecule: Molecule,
        mapping: Mapping,
        force_field: Sequence[str] = (),
        device: str = "cpu",
        reconstruction_draw: NDArray[np.float32] | None = None,
    ) -> "Evaluation":
        """Check shapes and values and hold them together.

        A method that draws nothing when it reconstructs needs no ``reconstruction_draw``.

        Raises
        ------
        InputError
            If shapes disagree or anything is NaN or infinite.
        """
        drawn = reconstruction if reconstruction_draw is None else reconstruction_draw
        n_frames, n_atoms = len(reference), molecule.n_atoms
        for name, array, shape in (
            ("reference", reference, (n_frames, n_atoms, 3)),
            ("reconstruction", reconstruction, (n_frames, n_atoms, 3)),
            ("reconstruction_draw", drawn, (n_frames, n_atoms, 3)),
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
            reference,
            reconstruction,
            drawn,
            samples,
            molecule,
            mapping,
            force_field=tuple(force_field),
            device=device,
        )

    def of(self, atoms: AtomSet) -> "Evaluation":
        """Restrict an evaluation of all atoms to one set of atoms."""
        if atoms == "all":
            return self
        kept = np.flatnonzero(self.molecule.heavy)
        return replace(
            self,
            reference=self.reference[:, kept],
            reconstruction=self.reconstruction[:, kept],
            reconstruction_draw=self.reconstruction_draw[:, kept],
            samples=self.samples[:, :, kept],
            molecule=self.molecule.subset(kept),
            atoms=atoms,
        )

    @property
    def n_frames(self) -> int:
        """Number of test frames."""
        return len(self.reference)

    @cached_property
    def reference_observables(self) -> Observables:
        """Measurements of the MD frames."""
        return replace(self._measured(self.reference[:, None]), known_energies=self.reference_energies)

    @cached_property
    def reconstruction_observables(self) -> Observables:
        """Measurements of the reconstructions."""
        return self._measured(self.reconstruction[:, None])

    @cached_property
    def sample_observables(self) -> Observables:
        """Measurements of the samples."""
        return self._measured(self.samples)

    def _measured(self, positions: NDArray[np.float32]) -> Observables:
        return Observables(positions, self.molecule, self.force_field, self.device)

    @cached_property
    def sample_rmsd(self) -> NDArray[np.float64]:
        """RMSD [n_frames, n_samples] of each sample to its frame, without superposition, Å."""
        return self.sample_observables.rmsd_to(self.reference_observables)

    @cached_property
    def reconstruction_rmsd(self) -> NDArray[np.float64]:
        """RMSD [n_frames] of each reconstruction to its frame, without superposition, Å."""
        return self.reconstruction_observables.rmsd_to(self.reference_observables)[:, 0]

    @cached_property
    def reconstruction_draw_rmsd(self) -> NDArray[np.float64]:
        """RMSD [n_frames] of each drawn reconstruction to its frame, without superposition, Å."""
        return self._measured(self.reconstruction_draw[:, None]).rmsd_to(self.reference_observables)[:, 0]

    @cached_property
    def sample_handedness(self) -> NDArray[np.int8]:
        """Handedness [n_frames, n_samples, n_centres] of residues: 1 the frame's, −1 its mirror's, 0 none."""
        volumes = self.sample_observables.chiral_volumes * np.sign(self.reference_observables.chiral_volumes)
        return np.where(np.abs(volumes) > FLAT, np.sign(volumes), 0).astype(np.int8)
