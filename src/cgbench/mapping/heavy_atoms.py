"""One bead per heavy atom."""

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.molecule import Molecule
from cgbench.core.errors import InputError
from cgbench.mapping import _partition
from cgbench.mapping.base import Mapping, MappingGenerator


class Generator(MappingGenerator):
    """Every heavy atom is a bead, to which the hydrogens bonded to it belong but add no weight.

    Backmapping is then placing hydrogens. There is one possible number of beads; the seed changes
    nothing.
    """

    reference = "heavy-atom mapping of arXiv 2201.12176"

    def _generate(
        self, molecule: Molecule, n_beads: int, seed: int, positions: NDArray[np.float32] | None
    ) -> Mapping:
        n_heavy = int(molecule.heavy.sum())
        if n_beads != n_heavy:
            raise InputError(
                f"heavy_atoms at resolution {n_beads}: the molecule has {n_heavy} heavy atoms and each is "
                f"a bead; the only possible resolution is {n_heavy}"
            )
        carriers = [_carrier(molecule, atom) for atom in range(molecule.n_atoms)]
        return Mapping(_partition.numbered(np.array(carriers)), molecule.heavy.astype(np.float64))


def _carrier(molecule: Molecule, atom: int) -> int:
    """Heavy atom whose bead an atom belongs to: itself, or the one that it is bonded to."""
    if molecule.heavy[atom]:
        return atom
    bonded: list[int] = [neighbour for neighbour in sorted(molecule.graph[atom]) if molecule.heavy[neighbour]]
    if not bonded:
        raise InputError(
            f"heavy_atoms: hydrogen {atom} ({molecule.residue_names[atom]} {molecule.atom_names[atom]}) is "
            "bonded to no heavy atom; add the bond to the topology or leave the atom out"
        )
    return bonded[0]
