"""The places of atoms as numbers in the frames of their beads, and their principal components."""

import torch
from torch import Tensor, nn

from cgbench.nn.local_frames import LocalFrames

LEAST_SPREAD = 1e-2  # Å, to which trajectories are rounded: what varies less is a constant of the molecule


class LocalCoordinates(nn.Module):
    """Local coordinates of the atoms of every bead, and a linear code of them.

    Beads hold different numbers of atoms. Their coordinates are laid out in rows of one length, so that
    one batched product serves all beads.

    Parameters
    ----------
    bead_index : [n_atoms]
    n_latent
        Components per bead.
    """

    slots: Tensor
    filled: Tensor
    place: Tensor

    def __init__(self, bead_index: Tensor, n_latent: int) -> None:
        super().__init__()
        members = [torch.nonzero(bead_index == bead).flatten() for bead in range(int(bead_index.max()) + 1)]
        n_beads, longest = len(members), max(map(len, members))
        slots = torch.zeros(n_beads, longest, dtype=torch.long)
        filled = torch.zeros(n_beads, longest, 1)
        place = torch.zeros_like(bead_index)
        for bead, atoms in enumerate(members):
            slots[bead, : len(atoms)], filled[bead, : len(atoms)] = atoms, 1.0
            place[atoms] = bead * longest + torch.arange(len(atoms))
        self.register_buffer("slots", slots.flatten(), persistent=False)
        self.register_buffer("filled", filled, persistent=False)
        self.register_buffer("place", place, persistent=False)
        self.register_buffer("bead_index", bead_index, persistent=False)
        self.width = 3 * longest
        self.frames = LocalFrames(n_beads)
        self.template = nn.Parameter(torch.zeros(n_beads, 1, self.width))
        self.components = nn.Parameter(torch.zeros(n_beads, n_latent, self.width))
        self.projection = nn.Parameter(torch.zeros(n_beads, self.width, n_latent))

    def read(self, away: Tensor, beads: Tensor) -> Tensor:
        """Turn vectors [batch, n_atoms, 3] into their beads' frames: rows [n_beads, batch, width], Å."""
        axes = self.frames(beads)[:, self.bead_index]
        local = torch.matmul(away.unsqueeze(-2), axes).squeeze(-2)
        rows = local[:, self.slots].unflatten(1, self.filled.shape[:2]) * self.filled
        return rows.flatten(2).transpose(0, 1)

    def write(self, rows: Tensor, beads: Tensor) -> Tensor:
        """Inverse of :meth:`read`."""
        axes = self.frames(beads)[:, self.bead_index]
        local = rows.transpose(0, 1).flatten(1).unflatten(1, (-1, 3))[:, self.place]
        return torch.matmul(axes, local.unsqueeze(-1)).squeeze(-1)

    def encode(self, rows: Tensor) -> Tensor:
        """Components [batch, n_beads, n_latent] of rows."""
        return ((rows - self.template) @ self.projection).transpose(0, 1)

    def decode(self, latent: Tensor) -> Tensor:
        """Rows that have the components [batch, n_beads, n_latent]."""
        return self.template + latent.transpose(0, 1) @ self.components

    @torch.no_grad()
    def start_from(self, rows: Tensor) -> None:
        """Begin with the principal components of rows of training frames, each of unit variance."""
        self.template.copy_(rows.mean(1, keepdim=True))
        n_latent = self.projection.shape[2]
        for bead, centred in enumerate(rows - self.template):
            variance, axes = torch.linalg.eigh((centred.T @ centred / len(centred)).double())
            spread = variance.flip(0)[:n_latent].clamp_min(0.0).sqrt().unsqueeze(-1)
            axes = axes.T.flip(0)[:n_latent]
            kept = spread > LEAST_SPREAD
            self.components[bead, : len(axes)] = axes * spread * kept
            self.projection[bead, :, : len(axes)] = (axes * kept / spread.clamp_min(LEAST_SPREAD)).T
