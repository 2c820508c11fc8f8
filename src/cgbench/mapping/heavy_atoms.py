"""One bead per heavy atom."""

import numpy as np

from cgbench.chem.molecule import Molecule
from cgbench.core.errors import InputError
from cgbench.mapping._partition import renumber
from cgbench.mapping.base import Mapping, MappingGenerator, Positions


class Generator(MappingGenerator):
    """Make every heavy atom a bead; hydrogens bonded to it belong to the bead with weight zero.

    Backmapping then places hydrogens only. Only one number of beads is possible; the seed has no
    effect.
    """

    reference = "heavy-atom mapping of arXiv 2201.12176"

    def _generate(self, molecule: Molecule, n_beads: int, seed: int, positions: Positions | None) -> Mapping:
        sites = np.arange(molecule.n_atoms)
        for hydrogen in np.flatnonzero(~molecule.heavy).tolist():
            neighbours = [atom for atom in molecule.graph[hydrogen] if molecule.heavy[atom]]
            if not neighbours:
                raise InputError(
                    f"heavy_atoms: hydrogen {hydrogen} ({molecule.residue_names[hydrogen]} "
                    f"{molecule.atom_names[hydrogen]}) is bonded to no heavy atom; add the bond to the "
                    "topology or leave the atom out"
                )
            sites[hydrogen] = min(neighbours)
        return Mapping(renumber(sites), molecule.heavy.astype(np.float64))
