"""What is measured on geometries, each thing once however many metrics read it, on a CPU or a GPU.

Kernels see tensors on a GPU and arrays on the CPU, where numpy is the faster at them; metrics see arrays.
Energies are computed on the CPU.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from array_api_compat import to_device
from numpy.typing import NDArray

from cgbench.chem.contacts import Contacts, count_contacts
from cgbench.chem.dihedrals import chi_atoms, phi_psi
from cgbench.chem.geometry import (
    Positions,
    bond_angles,
    chiral_volumes,
    dihedrals,
    pair_distances,
    pairwise_rmsd,
    rmsd,
)
from cgbench.chem.molecule import Molecule

ENERGIES = 24  # frames whose energy is asked for: seconds of minimisation for a small protein


@dataclass(frozen=True)
class Observables:
    """Geometries of one molecule, and what is measured on them when it is first asked for.

    Attributes
    ----------
    positions : float32 [n_frames, n_samples, n_atoms, 3]
        Å; MD frames are one sample each.
    molecule
        Of these atoms.
    force_field
        OpenMM's files, for energies.
    device
        Where everything else is computed: ``"cpu"``, or another device as torch names it.
    known_energies : float [2, n_frames], or None
        Energies that were computed before.
    """

    positions: NDArray[np.float32]
    molecule: Molecule
    force_field: tuple[str, ...] = ()
    device: str = "cpu"
    known_energies: NDArray[np.float64] | None = None

    @cached_property
    def on_device(self) -> Any:
        """The positions where they are computed with: the array itself on the CPU, else a tensor."""
        if self.device == "cpu":
            return self.positions
        import torch  # seconds to import, and arrays need none

        return torch.as_tensor(np.ascontiguousarray(self.positions), device=self.device)

    @cached_property
    def contacts(self) -> Contacts:
        """Missing and extra bonds, clashes and overlaps [n_frames, n_samples]."""
        found = count_contacts(self.on_device, self.molecule)
        return Contacts(*map(_on_host, (found.missing, found.extra, found.clashes, found.overlaps)))

    @cached_property
    def bond_lengths(self) -> Positions:
        """Of the bonds of the topology: [n_frames, n_samples, n_bonds], Å."""
        return _on_host(pair_distances(self.on_device, self.molecule.bonds))

    @cached_property
    def bond_angles(self) -> Positions:
        """Of the angles of the topology: [n_frames, n_samples, n_angles], degrees."""
        return _on_host(bond_angles(self.on_device, self.molecule.angles))

    @cached_property
    def phi_psi(self) -> NDArray[np.float64]:
        """Backbone torsions [n_frames, n_samples, n_residues, 2], degrees."""
        return _on_host(phi_psi(self.on_device, self.molecule))

    @cached_property
    def chi_turn(self) -> NDArray[np.float64]:
        """Side-chain torsions [n_frames, n_samples, n_torsions] in periods of their own, 0 to 1."""
        quads, periods = chi_atoms(self.molecule)
        return _on_host(dihedrals(self.on_device, quads)) / periods % 1.0

    @cached_property
    def chiral_volumes(self) -> Positions:
        """Of Cα with its neighbours: [n_frames, n_samples, n_centres], Å³, positive for L amino acids."""
        return _on_host(chiral_volumes(self.on_device, self.molecule.chiral_centres))

    @cached_property
    def pairwise_rmsd(self) -> NDArray[np.float64]:
        """RMSD between all samples of a frame: [n_frames, n_pairs], Å."""
        return _on_host(pairwise_rmsd(self.on_device))

    def rmsd_to(self, other: "Observables") -> NDArray[np.float64]:
        """RMSD to other geometries, of as many samples or of one: [n_frames, n_samples], Å."""
        return _on_host(rmsd(self.on_device, other.on_device))

    @cached_property
    def energies(self) -> NDArray[np.float64]:
        """Energy [2, n_frames] of the first sample as it is and minimised, kJ/mol per atom.

        Of 24 evenly spaced frames, which are the same for all sets of as many frames; NaN for the others.
        """
        if self.known_energies is not None:
            return self.known_energies
        # Costs a second to import, and not every molecule has a force field.
        from cgbench.chem.energy import energies_per_atom

        n_frames = len(self.positions)
        chosen = np.linspace(0, n_frames - 1, min(ENERGIES, n_frames)).round().astype(np.int64)
        energies = np.full((2, n_frames), np.nan)
        energies[:, chosen] = energies_per_atom(self.positions[chosen, 0], self.molecule, self.force_field)
        return energies


def _on_host(found: Any) -> NDArray[Any]:
    return np.asarray(to_device(found, "cpu"))
