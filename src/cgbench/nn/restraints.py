"""Distances, chiral volumes and torsions that a molecule keeps, measured in MD frames."""

import math
from itertools import combinations
from typing import Any

import networkx as nx
import numpy as np
import torch
from torch import Tensor, nn

from cgbench.chem.molecule import Molecule
from cgbench.nn.contacts import QUANTILE, ContactDistances
from cgbench.nn.internal_coordinates import pair_vectors, torsions, volumes

ONE_FOUR = 3  # bonds between 1-4 neighbours
MAX_FRAMES = 3000  # frames from which samples take their targets
STIFF_TORSION = 20.0  # degrees
CONTACT_SPREAD = 0.1  # Å
CHUNK = 512  # frames measured at once


class Restraints(nn.Module):
    """What training frames say about the local geometry of a molecule.

    Before :meth:`fit` there are no frames, and nothing can be refined.

    Parameters
    ----------
    molecule
        Topology with n atoms.
    max_frames
        Training frames from which samples take their targets.
    stiff_torsion
        Standard deviation below which a torsion is stiff, degrees.
    contact_quantile
        Share of the contacts of training frames that are closer than the shortest distance.
    contact_spread
        How far contacts may be below their shortest distance, as σ of a deviation, Å.

    Attributes
    ----------
    pairs : int [2, n_pairs]
        Atoms up to three bonds apart, the smaller index first.
    bonds_between : int [n_pairs]
        1, 2 or 3.
    centres : int [n_centres, 4]
        An atom and three of its neighbours. The sign of the volume that they span is the chirality, including
        that of prochiral hydrogens; the volume of planar groups is close to zero.
    quads : int [n_quads, 4]
        Atoms of a torsion about each bond between atoms with other neighbours.
    frames : [n_frames, n, 3]
        Training frames from which samples take their targets, Å.
    least, most : [n_pairs]
        Smallest and largest value of each distance in all training frames, Å.
    spread, volume_spread : [n_pairs], [n_centres + n_quads]
        Standard deviation of each distance (Å) and of the volume of each centre and torsion (Å³).
    torsion_spread : [n_quads]
        1 − |mean of exp(iτ)| of each torsion τ.
    stiff_spread
        The same of a torsion that is just stiff.
    contacts
        Shortest distances of atoms that are farther apart in the bond graph.
    """

    pairs: Tensor
    bonds_between: Tensor
    centres: Tensor
    quads: Tensor
    frames: Tensor
    least: Tensor
    most: Tensor
    spread: Tensor
    volume_spread: Tensor
    torsion_spread: Tensor

    def __init__(
        self,
        molecule: Molecule,
        max_frames: int = MAX_FRAMES,
        stiff_torsion: float = STIFF_TORSION,
        contact_quantile: float = QUANTILE,
        contact_spread: float = CONTACT_SPREAD,
    ) -> None:
        super().__init__()
        self.max_frames, self.contact_spread = max_frames, contact_spread
        # That of a normal distribution.
        self.stiff_spread = 1 - math.exp(-(math.radians(stiff_torsion) ** 2) / 2)
        self.graph = graph = molecule.graph
        near = [
            (i, j, length)
            for i, lengths in nx.all_pairs_shortest_path_length(graph, cutoff=ONE_FOUR)
            for j, length in lengths.items()
            if i < j
        ]
        i, j, bonds_between = np.array(sorted(near), dtype=np.int64).reshape(-1, 3).T
        centres = [(atom, *three) for atom in graph for three in combinations(sorted(graph[atom]), 3)]
        quads = [quad for bond in molecule.bonds.tolist() if (quad := _torsion(molecule, *bond))]
        for name, array in (
            ("pairs", np.stack((i, j))),
            ("bonds_between", bonds_between),
            ("centres", np.array(centres, dtype=np.int64).reshape(-1, 4)),
            ("quads", np.array(quads, dtype=np.int64).reshape(-1, 4)),
        ):
            self.register_buffer(name, torch.as_tensor(array.copy()), persistent=False)
        for name, shape in (
            ("frames", (0, molecule.n_atoms, 3)),
            ("least", i.shape),
            ("most", i.shape),
            ("spread", i.shape),
            ("volume_spread", (len(centres) + len(quads),)),
            ("torsion_spread", (len(quads),)),
        ):
            self.register_buffer(name, torch.zeros(shape))
        self.contacts = ContactDistances(molecule, np.stack((i, j)), contact_quantile)

    @property
    def corners(self) -> Tensor:
        """Atoms [n_centres + n_quads, 4] whose volumes are restrained."""
        return torch.cat((self.centres, self.quads))

    @torch.no_grad()
    def fit(self, positions: Tensor) -> None:
        """Measure training frames [n_frames, n, 3] (Å)."""
        self.least.fill_(torch.inf)
        self.most.zero_()
        for chunk in positions.to(self.least).split(CHUNK):
            _, lengths = pair_vectors(chunk.permute(1, 2, 0), self.pairs)
            torch.minimum(self.least, lengths.amin(1), out=self.least)
            torch.maximum(self.most, lengths.amax(1), out=self.most)
        chosen = (
            np.linspace(0, len(positions) - 1, min(self.max_frames, len(positions))).round().astype(np.int64)
        )
        self.frames = positions[torch.as_tensor(chosen)].to(self.least)
        x = self.frames.permute(1, 2, 0)
        self.spread.copy_(_standard_deviation(pair_vectors(x, self.pairs)[1]))
        self.volume_spread.copy_(_standard_deviation(volumes(x, self.corners)[0]))
        self.torsion_spread.copy_(1 - torsions(x, self.quads).mean(2).square().sum(1).sqrt())
        self.contacts.fit(x)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        # The number of frames is that of the training.
        self.frames = torch.empty_like(state_dict[f"{prefix}frames"])
        super()._load_from_state_dict(state_dict, prefix, *args)


def _standard_deviation(values: Tensor) -> Tensor:
    return (values - values.mean(1, keepdim=True)).square().mean(1).sqrt()


def _torsion(molecule: Molecule, b: int, c: int) -> tuple[int, int, int, int] | None:
    """Atoms of a torsion about a bond, heavy ones if possible; None at the end of a molecule."""
    graph, heavy = molecule.graph, molecule.heavy
    a, d = (
        min(
            (atom for atom in graph[end] if atom != other),
            key=lambda atom: (not heavy[atom], atom),
            default=None,
        )
        for end, other in ((b, c), (c, b))
    )
    return None if a is None or d is None or a == d else (a, b, c, d)
