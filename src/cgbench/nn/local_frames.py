"""A right-handed frame at every bead, in which the places of its atoms are invariant numbers."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Floats = NDArray[np.floating]

NEAREST = 8  # beads that may span a frame
EXAMPLES = 512  # frames on which neighbours are chosen


class LocalFrames(nn.Module):
    """Frames spanned by the directions to two other beads, chosen once for every bead.

    They turn with the molecule and tell left from right: the third axis is the vector product of the
    others. Where the three beads lie on a line the second and third axis vanish; with two beads they
    always do, and with one there is no axis.

    Parameters
    ----------
    n_beads
        Until :meth:`choose` is called, a bead looks at the two that follow it.
    """

    neighbours: Tensor

    def __init__(self, n_beads: int) -> None:
        super().__init__()
        bead = torch.arange(n_beads)
        self.register_buffer("neighbours", torch.stack((bead + 1, bead + 2), dim=1) % n_beads)

    def choose(self, beads: Floats, offsets: Floats, bead_index: NDArray[np.integer]) -> None:
        """Take for every bead the two others in whose frame its atoms move least.

        Parameters
        ----------
        beads : [n_frames, n_beads, 3]
            X, Å.
        offsets : [n_frames, n_atoms, 3]
            x − X of the bead of every atom, Å.
        bead_index : [n_atoms]
        """
        n_beads = beads.shape[1]
        if n_beads < 3:
            return
        some = slice(None, None, -(-len(beads) // EXAMPLES))
        X, offset = (torch.as_tensor(np.asarray(part[some], dtype=np.float32)) for part in (beads, offsets))
        members = torch.as_tensor(bead_index)
        for bead in range(n_beads):
            away = X - X[:, bead : bead + 1]
            order = away.square().sum(-1).mean(0).argsort().tolist()
            near = [other for other in order if other != bead][:NEAREST]
            pairs = torch.tensor([(a, b) for a in near for b in near if a != b])
            axes = _axes(away[:, pairs[:, 0]], away[:, pairs[:, 1]])
            local = torch.einsum("fpxk,fax->fpak", axes, offset[:, members == bead])
            self.neighbours[bead] = pairs[local.var(0).sum((1, 2)).argmin()]

    def forward(self, beads: Tensor) -> Tensor:
        """Axes [batch, n_beads, 3, 3] at beads [batch, n_beads, 3] (Å): component first, then axis."""
        first, second = (beads[:, index] - beads for index in self.neighbours.unbind(1))
        return _axes(first, second)


def _axes(first: Tensor, second: Tensor) -> Tensor:
    a = _unit(first)
    b = _unit(second - (second * a).sum(-1, keepdim=True) * a)
    return torch.stack((a, b, torch.linalg.cross(a, b)), dim=-1)


def _unit(vector: Tensor) -> Tensor:
    return vector * (vector.square().sum(-1, keepdim=True) + 1e-6).rsqrt()
