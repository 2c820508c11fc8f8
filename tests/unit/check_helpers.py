"""Structures in memory, and the results of their checks."""

from pathlib import Path

import numpy as np

from cgbench.chem.atom_matching import AtomLabel
from cgbench.chem.frame_stream import FrameStream
from cgbench.pipeline.checks.run import run_checks
from cgbench.pipeline.checks.structure import Structure


def structure(positions, molecule, numbers=None):
    """Structure of positions [n_atoms, 3] or [n_frames, n_atoms, 3]; residues are counted from 1."""
    frames = np.asarray(positions, dtype=np.float32).reshape(-1, molecule.n_atoms, 3)
    numbers = molecule.residue_index + 1 if numbers is None else numbers
    names = zip(numbers, molecule.residue_names, molecule.atom_names, strict=True)
    labels = tuple(AtomLabel(0, int(number), residue, atom) for number, residue, atom in names)
    selected = np.arange(molecule.n_atoms)
    return Structure(Path("test.pdb"), molecule, labels, FrameStream.of(frames), selected, ())


def failures(positions, molecule, reference=None):
    """Places of the failures of each check that fails."""
    checked = structure(positions, molecule)
    return places(run_checks(checked, reference))


def places(report):
    return {
        result.check: [each.text or report.structure.place(each.atoms) for each in result.failures]
        for result in report.results
        if not result.passed
    }
