"""Names of residues and atoms in other programs and force fields, and those of the PDB."""

from functools import cache

from mdtraj.formats.pdb.pdbfile import PDBTrajectoryFile

# Residues that mdtraj's table lacks: protonation states of AMBER, CHARMM and GROMACS, and caps of CHARMM.
RESIDUES = {
    **dict.fromkeys(("ASH", "ASPH", "ASPP"), "ASP"),
    **dict.fromkeys(("GLH", "GLUH", "GLUP"), "GLU"),
    **dict.fromkeys(("LYN", "LSN", "LYSH"), "LYS"),
    **dict.fromkeys(("CYM", "CYS2", "CYSH"), "CYS"),
    **dict.fromkeys(("HISA", "HISB", "HISD", "HISE", "HISH", "HIS1", "HIS2"), "HIS"),
    "CT3": "NME",
}
# CHARMM makes caps a part of the residue that they are bonded to.
PATCHES = {
    "ACE": frozenset({"CAY", "HY1", "HY2", "HY3", "CY", "OY"}),
    "NME": frozenset({"NT", "HNT", "CAT", "HT1", "HT2", "HT3"}),
}


@cache
def _tables() -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Names of residues, and of the atoms of each, that mdtraj replaces when it reads PDB files."""
    PDBTrajectoryFile._loadNameReplacementTables()
    return PDBTrajectoryFile._residueNameReplacements, PDBTrajectoryFile._atomNameReplacements


def replaced_names(residue_name: str, atom_name: str) -> set[str]:
    """Return the names in a topology file that mdtraj reads as ``atom_name`` of a residue."""
    replacements = _tables()[1].get(residue_name, {})
    return {old for old, new in replacements.items() if new == atom_name} - {atom_name}


def standard_residue(name: str) -> str:
    """Name of a residue in the PDB, whatever its protonation state: HIS for HIE of AMBER or HSD of CHARMM."""
    residues, _ = _tables()
    found = RESIDUES.get(name, name)
    # The AMBER force fields of GROMACS mark the ends of chains: NALA, CALA.
    if len(found) == 4 and found[0] in "NC" and found not in residues:
        found = RESIDUES.get(found[1:], found[1:])
    return residues.get(found, found)


def standard_atom(residue: str, name: str) -> str:
    """Name of an atom in the PDB, such as H for HN of CHARMM; ``residue`` has its standard name.

    Of two hydrogens on one carbon, HB1 and HB2, the first is renamed to HB3. Programs number them in either
    order, which names alone do not tell (:func:`counts_from_one`).
    """
    return _tables()[1].get(residue, {}).get(name, name)


def counts_from_one(name: str, standard: str) -> bool:
    """Whether a hydrogen of a CH2 group has the number 1 in a file, and 3 in the PDB."""
    number = name[0] if name[:1].isdigit() else name[-1:]
    return number == "1" and standard.startswith("H") and standard.endswith("3")
