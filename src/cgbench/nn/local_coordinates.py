"""Local frames at the beads, invariant atom coordinates in them, and their principal components."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Floats = NDArray[np.floating]

N_CANDIDATES = 8  # nearest beads that may span a frame
N_FRAMES = 512  # training frames on which the spanning beads are chosen
MIN_SPREAD = 1e-2  # Å, the precision of stored trajectories; components that vary less are constant


class LocalFrames(nn.Module):
    """Right-handed orthonormal frames at the beads, each spanned by the directions to two other beads.

    The frames rotate with the molecule and distinguish enantiomers. If the three beads are collinear the
    second and third axes vanish; this is always the case with two beads, and with one bead all axes vanish.

    Parameters
    ----------
    n_beads
        Number of beads. Until :meth:`choose_neighbours` is called, the next two beads span the frame of a
        bead.
    """

    neighbours: Tensor

    def __init__(self, n_beads: int) -> None:
        super().__init__()
        bead = torch.arange(n_beads)
        self.register_buffer("neighbours", torch.stack((bead + 1, bead + 2), dim=1) % n_beads)

    def choose_neighbours(self, beads: Floats, offsets: Floats, bead_index: NDArray[np.integer]) -> None:
        """Choose for every bead the two other beads in the frame of which its atoms vary least.

        Parameters
        ----------
        beads : [n_frames, n_beads, 3]
            X, Å.
        offsets : [n_frames, n_atoms, 3]
            Positions of the atoms relative to their beads, Å.
        bead_index : [n_atoms]
            Bead of every atom.
        """
        n_beads = beads.shape[1]
        if n_beads < 3:
            return
        stride = slice(None, None, -(-len(beads) // N_FRAMES))
        X, offset = (torch.as_tensor(np.asarray(part[stride], np.float32)) for part in (beads, offsets))
        index = torch.as_tensor(bead_index)
        for bead in range(n_beads):
            vectors = X - X[:, bead : bead + 1]
            order = vectors.square().sum(-1).mean(0).argsort().tolist()
            nearest = [other for other in order if other != bead][:N_CANDIDATES]
            pairs = torch.tensor([(a, b) for a in nearest for b in nearest if a != b])
            axes = _axes(vectors[:, pairs[:, 0]], vectors[:, pairs[:, 1]])
            local = torch.einsum("fpxk,fax->fpak", axes, offset[:, index == bead])
            self.neighbours[bead] = pairs[local.var(0).sum((1, 2)).argmin()]

    def forward(self, beads: Tensor) -> Tensor:
        """Return axes [batch, n_beads, component, axis] at beads [batch, n_beads, 3] (Å)."""
        first, second = (beads[:, index] - beads for index in self.neighbours.unbind(1))
        return _axes(first, second)


def _axes(first: Tensor, second: Tensor) -> Tensor:
    a = _unit(first)
    b = _unit(second - (second * a).sum(-1, keepdim=True) * a)
    return torch.stack((a, b, torch.linalg.cross(a, b)), dim=-1)


def _unit(vector: Tensor) -> Tensor:
    return vector * (vector.square().sum(-1, keepdim=True) + 1e-6).rsqrt()


class LocalCoordinates(nn.Module):
    """Atom coordinates in the local frames of their beads, and a linear code of them.

    The coordinates of a bead are one row. Rows are padded to the length of the largest bead, so that one
    batched product handles all beads.

    Parameters
    ----------
    bead_index : [n_atoms]
        Bead of every atom.
    n_latent
        Components L per bead.

    Attributes
    ----------
    width
        Length of a row, three times the number of atoms of the largest bead.
    """

    slots: Tensor
    filled: Tensor
    place: Tensor
    template: Tensor
    components: Tensor
    projection: Tensor

    def __init__(self, bead_index: Tensor, n_latent: int) -> None:
        super().__init__()
        members = [torch.nonzero(bead_index == bead).flatten() for bead in range(int(bead_index.max()) + 1)]
        n_beads, largest = len(members), max(map(len, members))
        slots = torch.zeros(n_beads, largest, dtype=torch.long)
        filled = torch.zeros(n_beads, largest, 1)
        place = torch.zeros_like(bead_index)
        for bead, atoms in enumerate(members):
            slots[bead, : len(atoms)], filled[bead, : len(atoms)] = atoms, 1.0
            place[atoms] = bead * largest + torch.arange(len(atoms))
        self.register_buffer("slots", slots.flatten(), persistent=False)
        self.register_buffer("filled", filled, persistent=False)
        self.register_buffer("place", place, persistent=False)
        self.register_buffer("bead_index", bead_index, persistent=False)
        self.width = 3 * largest
        self.frames = LocalFrames(n_beads)
        self.register_buffer("template", torch.zeros(n_beads, 1, self.width))
        self.register_buffer("components", torch.zeros(n_beads, n_latent, self.width))
        self.register_buffer("projection", torch.zeros(n_beads, self.width, n_latent))

    def to_local(self, offsets: Tensor, beads: Tensor) -> Tensor:
        """Transform offsets [batch, n_atoms, 3] to rows [n_beads, batch, width] of local coordinates, Å."""
        axes = self.frames(beads)[:, self.bead_index]
        local = torch.matmul(offsets.unsqueeze(-2), axes).squeeze(-2)
        rows = local[:, self.slots].unflatten(1, self.filled.shape[:2]) * self.filled
        return rows.flatten(2).transpose(0, 1)

    def to_cartesian(self, rows: Tensor, beads: Tensor) -> Tensor:
        """Invert :meth:`to_local`."""
        axes = self.frames(beads)[:, self.bead_index]
        local = rows.transpose(0, 1).flatten(1).unflatten(1, (-1, 3))[:, self.place]
        return torch.matmul(axes, local.unsqueeze(-1)).squeeze(-1)

    def encode(self, rows: Tensor) -> Tensor:
        """Project rows [n_beads, batch, width] to components [batch, n_beads, L]."""
        return ((rows - self.template) @ self.projection).transpose(0, 1)

    def decode(self, latent: Tensor) -> Tensor:
        """Expand components [batch, n_beads, L] to rows [n_beads, batch, width]."""
        return self.template + latent.transpose(0, 1) @ self.components

    def fit_components(self, rows: Tensor) -> None:
        """Set the code to the principal components of training rows, each with unit variance."""
        self.template.copy_(rows.mean(1, keepdim=True))
        n_latent = self.projection.shape[2]
        for bead, centred in enumerate(rows - self.template):
            variance, axes = torch.linalg.eigh((centred.T @ centred / len(centred)).double())
            spread = variance.flip(0)[:n_latent].clamp_min(0.0).sqrt().unsqueeze(-1)
            axes = axes.T.flip(0)[:n_latent]
            varies = spread > MIN_SPREAD
            self.components[bead, : len(axes)] = axes * spread * varies
            self.projection[bead, :, : len(axes)] = (axes * varies / spread.clamp_min(MIN_SPREAD)).T
