"""One bead per residue, at its Cα."""

from cgbench.chem.molecule import Molecule
from cgbench.mapping._residues import mapping_of, residues, site_bead
from cgbench.mapping.base import Mapping, MappingGenerator, Positions


class Generator(MappingGenerator):
    """Make every residue a bead at the position of its Cα.

    The bead of a cap is at its methyl carbon (ACE, NME) or, without one, at its first heavy atom
    (NH2). Only one number of beads is possible; the seed has no effect.
    """

    reference = "Cα mapping of arXiv 2201.12176"

    def _generate(self, molecule: Molecule, n_beads: int, seed: int, positions: Positions | None) -> Mapping:
        beads = [site_bead(molecule, atoms) for atoms in residues(molecule)]
        return mapping_of(beads, molecule)
