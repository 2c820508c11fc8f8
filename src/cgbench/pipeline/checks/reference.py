"""Geometries that a structure is compared with, in place of the force field."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.atom_matching import AtomLabel, match_atoms, read_labels
from cgbench.chem.geometry import chiral_volumes, dihedrals
from cgbench.chem.molecule import IntArray
from cgbench.chem.residue_templates import Parameters
from cgbench.chem.trajectory_io import load_trajectory
from cgbench.core.errors import InputError
from cgbench.metrics.omega import MOST_CIS
from cgbench.pipeline.checks.structure import Structure

# Standard deviations of terms that the force field does not know, as large as those of its softer terms.
SPREADS = {2: 0.03, 3: 4.5}  # Å, degrees


@dataclass(frozen=True)
class Reference:
    """Geometries of the molecule, or of a part of it.

    Attributes
    ----------
    positions : float32 [n_frames, n_atoms, 3]
        Å; NaN for atoms that the reference lacks.
    labels
        Atoms of the reference in its file.
    """

    positions: NDArray[np.float32]
    labels: tuple[AtomLabel, ...]

    @classmethod
    def open(cls, path: Path | str, structure: Structure) -> "Reference":
        """Read all frames of a file with names of atoms, and match its atoms by residue and name.

        Raises
        ------
        InputError
            If the file is missing or damaged, or its residues are not those of the structure.
        """
        labels = read_labels(path)
        raw = load_trajectory(path, path)
        match = match_atoms(labels, structure.molecule, path)
        if not len(match.of_file):
            raise InputError(
                f"{path}: no atom has a name of {structure.path}; give a file of the same molecule"
            )
        positions = np.full((len(raw.positions), structure.molecule.n_atoms, 3), np.nan, dtype=np.float32)
        positions[:, match.of_molecule] = raw.positions[:, match.of_file]
        return cls(positions, tuple(labels))

    def parameters(
        self,
        expected: Parameters,
        terms: IntArray,
        measure: Callable[[NDArray[np.float32], IntArray], NDArray[np.float32]],
    ) -> Parameters:
        """Replace expected values by the means of the reference.

        The spread is the larger one of the reference and the force field, because a reference may have one
        frame, and constrained bonds.
        """
        values = measure(self.positions, terms).astype(np.float64)
        known = ~np.isnan(self.positions[0, terms]).any(axis=(1, 2))
        mean, spread = expected.mean.copy(), expected.spread.copy()
        mean[known] = values[:, known].mean(axis=0)
        least = np.where(np.isnan(spread), SPREADS[terms.shape[1]], spread)
        spread[known] = np.maximum(values[:, known].std(axis=0), least[known])
        return Parameters(mean, spread)

    def signs(self, centres: IntArray) -> NDArray[np.float64]:
        """Sign of each chiral volume; 1 (L) where the reference lacks an atom."""
        volumes = chiral_volumes(self.positions, centres).mean(axis=0)
        return np.where(volumes < 0, -1.0, 1.0)

    def cis(self, omegas: IntArray) -> NDArray[np.bool_]:
        """Whether each peptide bond is cis in any frame."""
        return np.asarray((np.abs(dihedrals(self.positions, omegas)) < MOST_CIS).any(axis=0))
