"""Backmap Cα traces with pulchra: python run_pulchra.py <beads.pdb> <samples.pdb>, a model for each frame."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from pulchra import Pulchra


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
        Pulchra().reconstruct(trace, atoms)
        placed = [line for line in read(atoms).splitlines() if line.startswith("ATOM")]
        written += [f"MODEL     {number:4d}", *placed, "ENDMDL"]
samples.write_text("\n".join([*written, "END\n"]), encoding="utf-8")
