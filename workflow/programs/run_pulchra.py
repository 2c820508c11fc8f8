"""Backmap Cα traces with pulchra: python run_pulchra.py <beads.pdb> <samples.pdb>, a model for each frame.

Where the trace is so unusual that pulchra has no rotamer for a side chain, it leaves the side chain out. Its
atoms are put on the Cα then, so that the sample counts, as one with wrong bonds.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from pulchra import Pulchra
from pulchra.core.constants import HEAVY_ATOMS
from pulchra.core.structures import Atom
from pulchra.io.pdb_writer import write_pdb


def read(path: Path) -> str:
    """Text of a file."""
    return path.read_text(encoding="utf-8")


beads, samples = map(Path, sys.argv[1:])
written = []
with TemporaryDirectory() as folder:
    trace, atoms = Path(folder, "trace.pdb"), Path(folder, "atoms.pdb")
    for number, model in enumerate(read(beads).split("MODEL ")[1:] or [read(beads)], 1):
        lines = [line for line in model.splitlines() if line.startswith(("ATOM", "TER"))]
        trace.write_text("\n".join([*lines, "END\n"]), encoding="utf-8")
        molecule = Pulchra().reconstruct(trace)
        for residue in molecule.residues:
            missing = [name for name in HEAVY_ATOMS[residue.res_type] if residue.get_atom(name) is None]
            for name in missing:
                residue.add_atom(Atom(residue.ca.coords.copy(), name))
            if missing:
                print(f"frame {number}: no rotamer for {residue.name} {residue.num}", file=sys.stderr)
        write_pdb(atoms, molecule)
        placed = [line for line in read(atoms).splitlines() if line.startswith("ATOM")]
        written += [f"MODEL     {number:4d}", *placed, "ENDMDL"]
samples.write_text("\n".join([*written, "END\n"]), encoding="utf-8")
