"""Names of atoms that mdtraj replaces by those of the PDB, such as HN of CHARMM by H."""

from mdtraj.formats.pdb.pdbfile import PDBTrajectoryFile


def replaced_names(residue_name: str, atom_name: str) -> set[str]:
    """Return the names in a topology file that mdtraj reads as ``atom_name`` of a residue."""
    PDBTrajectoryFile._loadNameReplacementTables()
    replacements = PDBTrajectoryFile._atomNameReplacements.get(residue_name, {})
    return {old for old, new in replacements.items() if new == atom_name} - {atom_name}
