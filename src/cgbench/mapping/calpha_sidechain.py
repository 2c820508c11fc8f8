"""Two beads per residue: Cα and side chain."""

from cgbench.chem.molecule import Molecule
from cgbench.mapping._residues import Bead, mapping_of, residues, side_chain, site_bead
from cgbench.mapping.base import Mapping, MappingGenerator, Positions


class Generator(MappingGenerator):
    """Make every residue a bead at its Cα and a bead at the centre of mass of its side chain.

    Glycine and caps have one bead, that of :mod:`cgbench.mapping.alpha_carbon`. The backbone atoms N, C and
    O, and hydrogens that are bonded to the backbone, belong to the bead at the Cα, without weight. Only one
    number of beads is possible; the seed has no effect.
    """

    reference = "two-bead models, after M. Levitt, J. Mol. Biol. 104, 59 (1976)"

    def _generate(self, molecule: Molecule, n_beads: int, seed: int, positions: Positions | None) -> Mapping:
        beads = []
        for atoms in residues(molecule):
            side = side_chain(molecule, atoms)
            beads.append(site_bead(molecule, [atom for atom in atoms if atom not in side]))
            if side:
                beads.append(Bead("SC", side, molecule.masses[side]))
        return mapping_of(beads, molecule)
