"""One bead per residue, at its centre of mass."""

from cgbench.chem.molecule import Molecule
from cgbench.mapping._residues import Bead, mapping_of, residues
from cgbench.mapping.base import Mapping, MappingGenerator, Positions


class Generator(MappingGenerator):
    """Make every residue, and every cap, a bead at the centre of mass of its atoms.

    Only one number of beads is possible; the seed has no effect.
    """

    reference = "textbook"

    def _generate(self, molecule: Molecule, n_beads: int, seed: int, positions: Positions | None) -> Mapping:
        beads = [Bead("COM", atoms, molecule.masses[atoms]) for atoms in residues(molecule)]
        return mapping_of(beads, molecule)
