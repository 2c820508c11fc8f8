"""All-atom structure of a capped peptide, built from its sequence."""

import random
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import PeptideBuilder
from Bio.PDB import PDBIO
from openmm import Platform
from openmm.app import PDBFile
from pdbfixer import PDBFixer

from cgbench.core.atomic_io import atomic_output
from cgbench.simulation.recipe import Recipe

PH = 7.0


def build_structure(recipe: Recipe, output_pdb: Path | str) -> None:
    """Write ACE-sequence-NME as an extended chain with all hydrogens.

    Residues are numbered from ACE as 0, so that the first amino acid is 1, and CONECT records contain all
    bonds of the caps. The same recipe always gives the same bytes.

    The file is written atomically.
    """
    fixer = _fixer(_capped(PeptideBuilder.make_extended_structure(f"G{recipe.sequence}G")))
    fixer.findMissingResidues()
    fixer.findMissingAtoms()
    fixer.addMissingAtoms(seed=recipe.seed)
    random.seed(recipe.seed)  # OpenMM places hydrogens with Python's global generator
    fixer.addMissingHydrogens(PH)
    for residue in fixer.topology.residues():
        residue.id = str(residue.index)
    text = StringIO()
    PDBFile.writeFile(fixer.topology, fixer.positions, text, keepIds=True)
    first_line, _, rest = text.getvalue().partition("\n")
    with atomic_output(output_pdb) as temporary:
        # The first line is a remark with the date.
        temporary.write_text(rest if first_line.startswith("REMARK") else text.getvalue(), encoding="utf-8")


def _fixer(structure: Any) -> PDBFixer:
    with TemporaryDirectory() as folder:
        pdb = str(Path(folder, "heavy.pdb"))
        writer = PDBIO()
        writer.set_structure(structure)
        writer.save(pdb)
        # The Reference platform is bitwise repeatable, and faster for a small molecule.
        return PDBFixer(pdb, platform=Platform.getPlatformByName("Reference"))


def _capped(structure: Any) -> Any:
    """Turn the terminal glycines into ACE and NME by removing and renaming atoms."""
    first, *_, last = structure.get_residues()
    for residue, name, removed, (old, new) in (
        (first, "ACE", ["N"], ("CA", "CH3")),
        (last, "NME", ["C", "O"], ("CA", "C")),
    ):
        residue.resname = name
        atom = residue[old]
        for atom_name in (*removed, old):
            residue.detach_child(atom_name)
        atom.name = atom.id = new
        atom.fullname = f" {new:<3}"
        residue.add(atom)
    return structure
