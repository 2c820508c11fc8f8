"""Observables of geometries, computed once for all metrics, on a CPU or a GPU.

Functions get numpy arrays on the CPU, where they are faster than tensors, and tensors on a GPU. Metrics get
numpy arrays. Energies are computed on the CPU.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from array_api_compat import to_device
from numpy.typing import NDArray

from cgbench.chem import geometry
from cgbench.chem.bonds_and_clashes import Contacts, count_contacts
from cgbench.chem.dihedrals import chi_atoms, phi_psi
from cgbench.chem.equivalent_atoms import reduction_of_squares
from cgbench.chem.molecule import IntArray, Molecule
from cgbench.chem.peptide_groups import omega, peptide_groups
from cgbench.chem.ring_piercing import piercings
from cgbench.chem.rings import planar_rings

# Frames whose energies are computed, raw and minimised. For a small protein, one takes milliseconds, and its
# minimisation a quarter of a second.
MAX_ENERGY_FRAMES, MAX_MINIMISED_FRAMES = 200, 20
# Without a cutoff, the time grows with the square of the number of atoms. For these, the energies of a run
# take two minutes, and the minimised ones one.
MAX_ENERGY_ATOMS, MAX_MINIMISED_ATOMS = 2000, 600


@dataclass(frozen=True)
class Observables:
    """Geometries of one molecule and their observables, each computed on first use.

    Attributes
    ----------
    positions : float32 [n_frames, n_samples, n_atoms, 3]
        Å; MD frames have one sample each.
    force_field
        Names of files that come with OpenMM, for energies.
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
        """Positions as input of computations: the array itself on the CPU, else a tensor on the device."""
        if self.device == "cpu":
            return self.positions
        import torch  # import takes seconds, and arrays need none

        return torch.as_tensor(np.ascontiguousarray(self.positions), device=self.device)

    @cached_property
    def contacts(self) -> Contacts:
        """Missing and spurious bonds, clashes and overlaps [n_frames, n_samples]."""
        counts = count_contacts(self.on_device, self.molecule)
        return Contacts(*map(_to_numpy, (counts.missing, counts.extra, counts.clashes, counts.overlaps)))

    @cached_property
    def bond_lengths(self) -> geometry.Positions:
        """Lengths of the bonds of the topology [n_frames, n_samples, n_bonds], Å."""
        return _to_numpy(geometry.pair_distances(self.on_device, self.molecule.bonds))

    @cached_property
    def bond_angles(self) -> geometry.Positions:
        """Bond angles of the topology [n_frames, n_samples, n_angles], degrees."""
        return _to_numpy(geometry.bond_angles(self.on_device, self.molecule.angles))

    @cached_property
    def phi_psi(self) -> NDArray[np.float64]:
        """Backbone torsions [n_frames, n_samples, n_residues, 2], degrees."""
        return _to_numpy(phi_psi(self.on_device, self.molecule))

    @cached_property
    def chi_in_periods(self) -> NDArray[np.float64]:
        """Side-chain torsions [n_frames, n_samples, n_torsions] in units of their period, from 0 to 1."""
        quads, periods = chi_atoms(self.molecule)
        return _to_numpy(geometry.dihedrals(self.on_device, quads)) / periods % 1.0

    @cached_property
    def chiral_volumes(self) -> geometry.Positions:
        """Chiral volumes at Cα [n_frames, n_samples, n_centres], Å³, positive for L-amino acids."""
        return _to_numpy(geometry.chiral_volumes(self.on_device, self.molecule.chiral_centres))

    @cached_property
    def beta_volumes(self) -> geometry.Positions:
        """Chiral volumes at Cβ [n_frames, n_samples, n_centres], Å³, positive for L-Thr and L-Ile."""
        return _to_numpy(geometry.chiral_volumes(self.on_device, self.molecule.chiral_beta_carbons))

    @cached_property
    def omega(self) -> NDArray[np.float64]:
        """Torsions of peptide bonds [n_frames, n_samples, n_bonds], degrees."""
        return _to_numpy(omega(self.on_device, self.molecule))

    @cached_property
    def out_of_plane_peptides(self) -> NDArray[np.float64]:
        """RMS distance of each peptide group from its plane [n_frames, n_samples, n_groups], Å."""
        return _to_numpy(geometry.out_of_plane(self.on_device, peptide_groups(self.molecule)))

    @cached_property
    def out_of_plane_rings(self) -> NDArray[np.float64]:
        """RMS distance of each planar ring from its plane [n_frames, n_samples, n_rings], Å."""
        return _to_numpy(geometry.out_of_plane(self.on_device, planar_rings(self.molecule)))

    @cached_property
    def piercings(self) -> IntArray:
        """Number of bonds that pass through rings [n_frames, n_samples]."""
        shape = self.positions.shape[:2]
        flat = self.on_device.reshape(-1, *self.positions.shape[2:])
        found = _to_numpy(piercings(flat, self.molecule))
        return np.bincount(found[:, 0], minlength=len(flat)).reshape(shape)

    @cached_property
    def pairwise_rmsd(self) -> NDArray[np.float64]:
        """RMSD between all samples of a frame [n_frames, n_pairs], Å."""
        return _to_numpy(geometry.pairwise_rmsd(self.on_device))

    def rmsd_to(self, other: "Observables") -> NDArray[np.float64]:
        """RMSD [n_frames, n_samples], Å, to other geometries with as many samples per frame, or one."""
        return _to_numpy(geometry.rmsd(self.on_device, other.on_device))

    def reduction_of_squares(self, other: "Observables", groups: Sequence[IntArray]) -> NDArray[np.float64]:
        """Reduction [n_frames, n_samples, n_others] of Σ|x − y|², Å², by permutations of equivalent atoms."""
        return _to_numpy(reduction_of_squares(self.on_device, other.on_device, groups))

    @cached_property
    def energies(self) -> NDArray[np.float64]:
        """Energies [2, n_frames] of the first sample, raw and minimised, kJ/mol per atom.

        They are computed for at most 200 evenly spaced frames, minimised for at most 20, which depend only on
        the number of frames; all others are NaN, and so are minimised ones of a large molecule.
        """
        if self.known_energies is not None:
            return self.known_energies
        # Costs a second to import, and not every molecule has a force field.
        from cgbench.chem.force_field import energies_per_atom

        n_frames = len(self.positions)
        energies = np.full((2, n_frames), np.nan)
        small = self.molecule.n_atoms <= MAX_MINIMISED_ATOMS
        for row, most in enumerate((MAX_ENERGY_FRAMES, MAX_MINIMISED_FRAMES)[: 1 + small]):
            chosen = np.linspace(0, n_frames - 1, min(most, n_frames)).round().astype(np.int64)
            energies[row, chosen] = energies_per_atom(
                self.positions[chosen, 0], self.molecule, self.force_field, minimised=bool(row)
            )
        return energies


def _to_numpy(values: Any) -> NDArray[Any]:
    return np.asarray(to_device(values, "cpu"))
