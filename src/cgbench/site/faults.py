"""What is wrong with a sample, in numbers: bonds, clashes, chirality and torsions."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.dihedrals import chi_atoms, phi_psi_atoms
from cgbench.chem.geometry import dihedrals
from cgbench.chem.molecule import IntArray, Molecule
from cgbench.chem.observables import Observables
from cgbench.chem.peptide_groups import omega_atoms
from cgbench.metrics.chirality import MIN_VOLUME


def faults(
    samples: NDArray[np.floating], reference: NDArray[np.floating], molecule: Molecule, present: IntArray
) -> list[list[list[Any]]]:
    """Count the faults of samples [n_frames, n_samples, n_atoms, 3] of the frames [n_frames, n_atoms, 3].

    Only atoms that are ``present`` count. Bonds and clashes are those of the metrics.

    Returns
    -------
    list
        For each frame and sample: missing bonds, spurious bonds, clashes, residues whose chirality at Cα is
        inverted or flat, and the largest error of φ, ψ, ω and χ in degrees with the name of its torsion.
        Without such a residue, or without a torsion, a value is nothing.
    """
    part = molecule.subset(present)
    given = Observables(samples[:, :, present].astype(np.float32), part)
    true = Observables(reference[:, None, present].astype(np.float32), part)
    contacts, volumes = given.contacts, given.chiral_volumes * np.sign(true.chiral_volumes)
    wrong = (~(volumes > MIN_VOLUME)).sum(axis=2)
    quads, periods, names = _torsions(part)
    off = (dihedrals(given.positions, quads) - dihedrals(true.positions, quads)) % periods
    errors = np.nan_to_num(np.minimum(off, periods - off), nan=180.0)  # NaN: atoms at one point

    def of_sample(place: tuple[int, int]) -> list[Any]:
        counts = [int(each[place]) for each in (contacts.missing, contacts.extra, contacts.clashes)]
        centres = int(wrong[place]) if volumes.shape[2] else None
        worst = int(errors[place].argmax()) if names else None
        torsion = [None, ""] if worst is None else [round(float(errors[place][worst])), names[worst]]
        return [*counts, centres, *torsion]

    return [[of_sample((frame, k)) for k in range(samples.shape[1])] for frame in range(len(samples))]


def _torsions(molecule: Molecule) -> tuple[IntArray, NDArray[np.float64], list[str]]:
    """Atoms of all torsions, their periods in degrees, and names with the residue, such as ``χ TRP10``."""
    backbone, omega, (chi, periods) = phi_psi_atoms(molecule), omega_atoms(molecule), chi_atoms(molecule)
    symbols = ["φ", "ψ"] * len(backbone) + ["ω"] * len(omega) + ["χ"] * len(chi)
    quads = np.concatenate([backbone.reshape(-1, 4), omega, chi])
    full = np.full(len(quads) - len(chi), 360.0)
    names = [
        f"{symbol} {molecule.residue_names[atom]}{molecule.residue_index[atom] + 1}"
        for symbol, atom in zip(symbols, quads[:, 1], strict=True)
    ]
    return quads, np.concatenate([full, periods]), names
