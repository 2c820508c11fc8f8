"""Beads of the Martini 3 force field, by the mapping files of vermouth (martinize2)."""

from collections import defaultdict
from typing import Literal

import numpy as np

from cgbench.chem.molecule import Molecule
from cgbench.core.errors import InputError
from cgbench.core.settings import Settings
from cgbench.mapping._vermouth import Bead, martini_beads
from cgbench.mapping.base import Mapping, MappingGenerator, Positions

# Residues of caps, for which vermouth has no mapping.
CAPS = frozenset({"ACE", "NME", "NMA", "NHE", "NH2"})


class Martini3Settings(Settings):
    """How residues are recognised.

    Attributes
    ----------
    force_field
        Force field of vermouth whose residues are looked up, as the option ``-from`` of martinize2.
    """

    force_field: Literal["charmm", "amber"] = "charmm"


class Generator(MappingGenerator):
    """Make the beads of Martini 3, in the order of martinize2, at its weighted centres of mass.

    Atoms of aromatic rings may be shared between beads. Atoms of a cap belong to the bead of the residue that
    it is bonded to, without weight, as if martinize2 had ignored the cap. Only one number of beads is
    possible; the seed has no effect.
    """

    Settings = Martini3Settings
    settings: Martini3Settings
    reference = "P. C. T. Souza et al., Nat. Methods 18, 382 (2021); mapping files of vermouth"

    def _generate(self, molecule: Molecule, n_beads: int, seed: int, positions: Positions | None) -> Mapping:
        atoms = [atom for atom in range(molecule.n_atoms) if molecule.residue_names[atom] not in CAPS]
        return mapping_of(molecule, martini_beads(molecule, atoms, self.settings.force_field))


def mapping_of(molecule: Molecule, beads: list[Bead]) -> Mapping:
    """Return the mapping; each atom belongs to the bead in which it has most weight.

    An atom without weight belongs to the bead of the nearest atom with weight, by bonds.
    """
    counted_in: dict[int, dict[int, float]] = defaultdict(dict)
    for index, bead in enumerate(beads):
        total = sum(bead.weights.values())
        for atom, weight in bead.weights.items():
            if weight:
                counted_in[atom][index] = weight / total
    bead_index, weights = np.full(molecule.n_atoms, -1, dtype=np.int64), np.zeros(molecule.n_atoms)
    shared = []
    for atom, portions in counted_in.items():
        first, *others = sorted(portions, key=lambda bead: (-portions[bead], bead))
        bead_index[atom], weights[atom] = first, portions[first]
        shared += [(atom, bead, portions[bead]) for bead in sorted(others)]
    reached = list(counted_in)
    for atom in reached:  # grows
        for neighbour in sorted(molecule.graph[atom]):
            if bead_index[neighbour] < 0:
                bead_index[neighbour] = bead_index[atom]
                reached.append(neighbour)
    if (bead_index < 0).any():
        alone = molecule.label(int(bead_index.argmin()))
        raise InputError(f"martini3: {alone} is bonded to no atom of a bead; add the bond to the topology")
    names = tuple(bead.name for bead in beads)
    return Mapping(bead_index, weights, shared=tuple(shared), bead_names=names)
