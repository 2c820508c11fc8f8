"""A molecule of four atoms in a row, whose scores follow by hand, for tests of metrics."""

import numpy as np

from cgbench.chem.molecule import Molecule
from cgbench.core import registry
from cgbench.mapping.base import Mapping
from cgbench.metrics.base import Evaluation

# C-C-O in a row with a hydrogen on the first carbon, all bonds of ordinary length (Å).
CHAIN = Molecule(
    elements=("C", "C", "O", "H"),
    atom_names=("C1", "C2", "O", "H"),
    residue_names=("LIG",) * 4,
    residue_index=np.zeros(4, dtype=np.int64),
    masses=np.array([12.0, 12.0, 16.0, 1.0]),
    bonds=np.array([[0, 1], [0, 3], [1, 2]]),
)
GEOMETRY = np.array([[0.0, 0, 0], [1.5, 0, 0], [2.9, 0, 0], [-1.0, 0, 0]])
ONE_BEAD = Mapping.centres(np.zeros(4, dtype=np.int64))


def evaluation(samples, reference=GEOMETRY, reconstruction=None):
    """One frame with samples [n_samples, 4, 3]."""
    samples = np.asarray(samples, dtype=np.float32)[None]
    reference = np.asarray(reference, dtype=np.float32)[None]
    reconstruction = reference if reconstruction is None else np.asarray(reconstruction, np.float32)[None]
    return Evaluation(reference, reconstruction, samples, CHAIN, ONE_BEAD)


def value(name, evaluated):
    metric = registry.load("metrics", name)()
    sums = metric.block_sums(evaluated, np.zeros(evaluated.n_frames, dtype=np.int64))
    return float(metric.value(sums.sum(axis=0)))


def moved(atom, x, y=0.0):
    """The chain, which lies on the x axis, with one atom moved to (x, y)."""
    changed = GEOMETRY.copy()
    changed[atom, :2] = x, y
    return changed
