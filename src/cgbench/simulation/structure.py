"""The capped peptide a simulation starts from, built from its sequence alone."""

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

    Residues are numbered so that the first amino acid is 1 (ACE is 0), and every bond of the caps
    stands in a CONECT record. The same recipe gives the same file, byte for byte.

    Parameters
    ----------
    output_pdb
        Written atomically.
    """
    fixer = _fixer(_capped(PeptideBuilder.make_extended_structure(f"G{recipe.sequence}G")))
    fixer.findMissingResidues()
    fixer.findMissingAtoms()
    fixer.addMissingAtoms(seed=recipe.seed)
    random.seed(recipe.seed)  # OpenMM scatters new hydrogens with the global generator
    fixer.addMissingHydrogens(PH)
    for residue in fixer.topology.residues():
        residue.id = str(residue.index)
    text = StringIO()
    PDBFile.writeFile(fixer.topology, fixer.positions, text, keepIds=True)
    dated, _, rest = text.getvalue().partition("\n")
    with atomic_output(output_pdb) as temporary:
        temporary.write_text(rest if dated.startswith("REMARK") else text.getvalue())


def _fixer(structure: Any) -> Any:
    with TemporaryDirectory() as folder:
        heavy = Path(folder, "heavy.pdb")
        writer = PDBIO()
        writer.set_structure(structure)
        writer.save(str(heavy))
        # A small molecule is faster, and repeatable to the last bit, on the Reference platform.
        return PDBFixer(str(heavy), platform=Platform.getPlatformByName("Reference"))


def _capped(structure: Any) -> Any:
    """Turn the terminal glycines into the caps: what is left of them has the caps' geometry."""
    residues = list(structure.get_residues())
    first, last = residues[0], residues[-1]
    first.resname, last.resname = "ACE", "NME"
    first.detach_child("N")
    last.detach_child("C")
    last.detach_child("O")
    _rename(first, "CA", "CH3")
    _rename(last, "CA", "C")
    return structure


def _rename(residue: Any, old: str, new: str) -> None:
    atom = residue[old]
    residue.detach_child(old)
    atom.name = atom.id = new
    atom.fullname = f" {new:<3}"
    residue.add(atom)
