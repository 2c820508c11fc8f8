"""Backmap Cα traces with cgback: python run_cgback.py <beads.pdb> <samples.pdb> <samples of a frame> <seed>.

One start of cgback takes seconds before it computes anything, so that all copies of all frames (models of
<beads.pdb>) are given to it at once, side by side in space.
"""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

APART = 60.0  # Å between copies; cgback looks at most 20 Å far
LARGEST = 9000.0  # Å; coordinates in PDB files have few columns


def position(line: str) -> np.ndarray:
    """Coordinates on a line of a PDB file, Å."""
    return np.array([float(line[start : start + 8]) for start in (30, 38, 46)])


def moved(line: str, by: np.ndarray) -> str:
    """Line with other coordinates."""
    x, y, z = position(line) + by
    return f"{line[:30]}{x:8.3f}{y:8.3f}{z:8.3f}{line[54:]}"


def main(beads: Path, samples: Path, n_samples: int, seed: int) -> None:
    """Write the samples of each frame one after the other."""
    text = beads.read_text(encoding="utf-8")
    models = text.split("MODEL ")[1:] or [text]
    frames = [[line for line in model.splitlines() if line[:4] in ("ATOM", "TER ")] for model in models]
    traces = [np.array([position(line) for line in frame if line.startswith("ATOM")]) for frame in frames]
    spacing = APART + max(np.ptp(trace, axis=0).max() for trace in traces)
    side = int(np.ceil((len(frames) * n_samples) ** (1 / 3)))
    if side * spacing > LARGEST:
        sys.exit(f"{len(frames)} frames with {n_samples} samples need too much space; make `chunk` smaller")
    copies = [(frame, trace) for frame, trace in zip(frames, traces, strict=True) for _ in range(n_samples)]
    shifts = [
        spacing * np.array(np.unravel_index(copy, (side, side, side))) - trace.mean(axis=0)
        for copy, (_, trace) in enumerate(copies)
    ]
    with TemporaryDirectory() as folder:
        given, made = Path(folder, "traces.pdb"), Path(folder, "atoms.pdb")
        lines = [
            line if line.startswith("TER") else moved(line, shift)
            for (frame, _), shift in zip(copies, shifts, strict=True)
            for line in frame
        ]
        given.write_text("\n".join([*lines, "END\n"]), encoding="utf-8")
        # It ends with status 0 also if it fails, but then writes nothing.
        subprocess.run(["cgback", given, "--output", made, "--seed", str(seed)], check=True)
        chains = made.read_text(encoding="utf-8").split("TER\n")[:-1]
    n_chains = sum(line.startswith("TER") for line in frames[0])
    with samples.open("w", encoding="utf-8") as output:
        for copy, shift in enumerate(shifts):
            output.write(f"MODEL     {copy + 1:4d}\n")
            for chain in chains[copy * n_chains : (copy + 1) * n_chains]:
                atoms = [moved(line, -shift) for line in chain.splitlines() if line.startswith("ATOM")]
                output.write("\n".join([*atoms, "TER\n"]))
            output.write("ENDMDL\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
