"""Molecules, evaluations and values that tests of metrics of other papers share."""

import numpy as np

from cgbench.chem.molecule import Molecule
from cgbench.core import registry
from cgbench.data.sources.bundled import BundledSettings, Source
from cgbench.mapping.base import Mapping
from cgbench.metrics.base import Evaluation


def heavy_molecule(residues, bonds=()):
    """Molecule of residues, each a name with the names of its heavy atoms."""
    names = [(residue, atom, number) for number, (residue, atoms) in enumerate(residues) for atom in atoms]
    return Molecule(
        elements=tuple(atom[0] for _, atom, _ in names),
        atom_names=tuple(atom for _, atom, _ in names),
        residue_names=tuple(residue for residue, _, _ in names),
        residue_index=np.array([number for _, _, number in names]),
        masses=np.full(len(names), 12.0),
        bonds=np.array(bonds, dtype=np.int64).reshape(-1, 2),
    )


def evaluation(molecule, samples, reference):
    """Samples [n_frames, n_samples, n_atoms, 3] of frames [n_frames, n_atoms, 3]."""
    samples, reference = np.asarray(samples, np.float32), np.asarray(reference, np.float32)
    one_bead = Mapping.centres(np.zeros(molecule.n_atoms, dtype=np.int64))
    return Evaluation(reference, samples[:, 0], samples, molecule, one_bead, atoms="heavy")


def value(name, evaluated):
    metric = registry.load("metrics", name)()
    sums = metric.block_sums(evaluated, np.arange(evaluated.n_frames))
    return float(metric.value(sums.sum(axis=0)))


def noisy_chignolin(alanine_directory):
    """Heavy atoms of some frames of chignolin, with samples so wrong that atoms clash."""
    folder = alanine_directory.parent / "chignolin"
    frames, _ = Source(BundledSettings(directory=str(folder), stride=200)).read()
    reference = frames.positions[:12]
    noise = np.random.default_rng(0).normal(scale=0.8, size=(12, 4, *reference.shape[1:]))
    per_residue = Mapping.centres(frames.molecule.residue_index)
    samples = (reference[:, None] + noise).astype(np.float32)
    everything = Evaluation(reference, samples[:, 0], samples, frames.molecule, per_residue)
    return everything.restrict_to("heavy")
