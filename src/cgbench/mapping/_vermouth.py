"""Martini beads of a molecule, found by vermouth, the library of martinize2.

P. C. Kroon et al., eLife 12, RP90627 (2023).
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from cgbench.chem.molecule import Molecule
from cgbench.core.errors import InputError
from cgbench.core.wording import listed

TARGET = "martini3001"
# Names that other programs give to residues, and those that the force fields of vermouth have for them.
OTHER_NAMES = {
    "charmm": {
        **{"HID": "HSD", "HISD": "HSD", "HIE": "HSE", "HISE": "HSE", "HIP": "HSP", "HISH": "HSP"},
        **{"ASH": "ASPP", "ASPH": "ASPP", "GLH": "GLUP", "GLUH": "GLUP", "LYN": "LSN"},
        **dict.fromkeys(("CYX", "CYM", "CYS2", "CYSH"), "CYS"),
    },
    "amber": {
        **{"HSD": "HID", "HISD": "HID", "HSE": "HIE", "HISE": "HIE", "HSP": "HIP", "HISH": "HIP"},
        **{"ASPP": "ASH", "ASPH": "ASH", "GLUP": "GLH", "GLUH": "GLH", "LSN": "LYN"},
        **dict.fromkeys(("CYX", "CYM", "CYS2", "CYSH"), "CYS"),
    },
}

# Names of AMBER by the nitrogens of the ring that have a hydrogen; without hydrogens it is the usual one.
HISTIDINES = {
    frozenset(): "HIE",
    frozenset({"NE2"}): "HIE",
    frozenset({"ND1"}): "HID",
    frozenset({"ND1", "NE2"}): "HIP",
}


class Bead(NamedTuple):
    """A bead.

    Attributes
    ----------
    residue
        Residue of its atoms, as in ``Molecule.residue_index``.
    name
        Such as ``BB`` or ``SC1``.
    weights
        Weight of each of its atoms in its position, relative to the others.
    """

    residue: int
    name: str
    weights: dict[int, float]


def martini_beads(molecule: Molecule, atoms: list[int], source: str) -> list[Bead]:
    """Find the beads of some residues of a molecule, in the order of martinize2.

    Vermouth compares bonds and elements with those of its residues, so that names of atoms do not matter, and
    finds termini, protonation states and disulfide bridges by their atoms.

    Parameters
    ----------
    source
        Force field of vermouth with which the residues are compared: ``charmm`` or ``amber``.

    Raises
    ------
    InputError
        If vermouth does not know a residue, or has no bead for a heavy atom or no atom for a bead.
    """
    import vermouth

    fields, mappings = _library()
    names = {int(molecule.residue_index[atom]): _name(molecule, atom, source) for atom in atoms}
    graph = vermouth.Molecule(force_field=fields[source])
    for atom in atoms:
        graph.add_node(
            atom,
            atomname=molecule.atom_names[atom],
            resname=names[int(molecule.residue_index[atom])],
            resid=int(molecule.residue_index[atom]) + 1,
            chain="",
            element=molecule.elements[atom],
            atomid=atom + 1,
        )
    graph.add_edges_from(pair for pair in molecule.bonds.tolist() if set(pair) <= set(graph))
    blocks = {name for (name, *_), mapping in _named(mappings[source][TARGET]) if mapping.type == "block"}
    if unknown := [atom for atom in atoms if graph.nodes[atom]["resname"] not in blocks]:
        raise InputError(_without_mapping(molecule, unknown, source))
    system = vermouth.System()
    system.add_molecule(graph)
    with _silent():
        vermouth.RepairGraph(include_graph=False).run_system(system)
        vermouth.CanonicalizeModifications().run_system(system)
        vermouth.AttachMass(attribute="mass").run_system(system)
        (whole,) = system.molecules
        vermouth.DoMapping(mappings, fields[TARGET], attribute_keep=("resname",)).run_system(system)
    beads = []
    for _, node in sorted(system.molecules[0].nodes.items()) if system.molecules else ():
        # Atoms that vermouth added, because the molecule lacks them, have no position and do not count.
        weights = {
            atom: weight * whole.nodes[atom]["mass"] for atom, weight in node["mapping_weights"].items()
        }
        present = {atom: weight for atom, weight in weights.items() if atom in graph}
        residue = whole.nodes[next(iter(weights))]["resid"] - 1
        if not sum(present.values()):
            raise InputError(
                f"martini3: residue {node['resname']}{residue + 1} lacks all atoms of bead "
                f"{node['atomname']}; complete the structure (PDBFixer)"
            )
        beads.append(Bead(residue, node["atomname"], present))
    mapped = {atom for bead in beads for atom in bead.weights}
    if missing := [atom for atom in atoms if molecule.heavy[atom] and atom not in mapped]:
        raise InputError(_without_mapping(molecule, missing, source))
    return beads


def _name(molecule: Molecule, atom: int, source: str) -> str:
    """Name of the residue of an atom in the force field ``source``.

    AMBER has no HIS, and mdtraj gives this name to all histidines of PDB files.
    """
    name = molecule.residue_names[atom]
    if name == "HIS" and source == "amber":
        name = HISTIDINES[frozenset(_protonated_nitrogens(molecule, int(molecule.residue_index[atom])))]
    return OTHER_NAMES[source].get(name, name)


def _protonated_nitrogens(molecule: Molecule, residue: int) -> Iterator[str]:
    for atom in np.flatnonzero(molecule.residue_index == residue).tolist():
        if molecule.atom_names[atom] in ("ND1", "NE2") and any(
            not molecule.heavy[neighbour] for neighbour in molecule.graph[atom]
        ):
            yield molecule.atom_names[atom]


def _named(mappings: dict[Any, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Names of blocks, and their mappings; vermouth has tuples of names, or one name."""
    return ((name if isinstance(name, tuple) else (name,), mapping) for name, mapping in mappings.items())


def _without_mapping(molecule: Molecule, atoms: list[int], source: str) -> str:
    return (
        f"martini3: vermouth has no Martini 3 beads for {listed([molecule.label(atom) for atom in atoms])} "
        f"(names of the force field {source}); select the other residues, or write the beads down (use: file)"
    )


@cache
def _library() -> tuple[dict[str, Any], Any]:
    """Force fields by name, and the mappings between them."""
    import vermouth
    from vermouth.forcefield import ForceField
    from vermouth.map_input import read_mapping_directory

    folder = Path(vermouth.DATA_PATH)
    with _silent():
        fields = {name: ForceField(folder / "force_fields" / name) for name in (*OTHER_NAMES, TARGET)}
        return fields, read_mapping_directory(folder / "mappings" / TARGET, fields)


@contextmanager
def _silent() -> Iterator[None]:
    """Silence vermouth's log, because errors are raised here for all that matters."""
    logger = logging.getLogger("vermouth")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(level)
