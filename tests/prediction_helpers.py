"""Predictions for the test frames of a small fold, and files of them with the names of other programs."""

from dataclasses import dataclass
from pathlib import Path

import mdtraj
import numpy as np

from cgbench.chem.frames import Frames
from cgbench.chem.mdtraj_topology import molecule_to_mdtraj
from cgbench.config.method_card import MethodCard
from cgbench.config.schema import Protocol
from cgbench.data.splits import Split, make_split
from cgbench.mapping.base import Mapping

CARD = MethodCard(
    method="test",
    reference="none",
    code="none",
    licence="MIT",
    training="none",
    training_data="none",
    test_molecules="excluded",
    deterministic=False,
    cost="nothing",
)


@dataclass(frozen=True)
class Fold:
    """A fold with test frames, and what it is predicted from."""

    frames: Frames
    split: Split
    mapping: Mapping

    @classmethod
    def of(cls, frames: Frames, mapping: Mapping) -> "Fold":
        return cls(frames, make_split(frames, Protocol(folds=3, test_frames=20), 0, 0), mapping)

    @property
    def truth(self) -> np.ndarray:
        """Test frames [n_frames, n_atoms, 3], Å."""
        return self.frames.positions[self.split.test]

    def noisy(self, n_samples: int = 2, scale: float = 0.05) -> np.ndarray:
        """Samples [n_frames, n_samples, n_atoms, 3] near the test frames."""
        noise = np.random.default_rng(1).normal(
            scale=scale, size=(len(self.truth), n_samples, *self.truth.shape[1:])
        )
        return np.asarray(self.truth[:, None] + noise, dtype=np.float32)


def write(path: Path, samples: np.ndarray) -> Path:
    np.savez(path, samples=samples)
    return path


def renamed(molecule, names: dict[str, str], residues: dict[str, str] | None = None) -> mdtraj.Topology:
    """Topology in which atoms, by residue and name or by name alone, and residues have other names."""
    topology = molecule_to_mdtraj(molecule)
    for atom in topology.atoms:
        atom.name = names.get(f"{atom.residue.name} {atom.name}", names.get(atom.name, atom.name))
    for residue in topology.residues:
        residue.name = (residues or {}).get(residue.name, residue.name)
    return topology


def pdb(path: Path, geometries: np.ndarray, topology: mdtraj.Topology) -> Path:
    mdtraj.Trajectory(geometries / 10, topology).save_pdb(str(path))
    return path
