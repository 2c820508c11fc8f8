"""Base classes of methods that consist of one network: device, precision, storage and sampling."""

import warnings
from abc import abstractmethod
from collections.abc import Callable
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from cgbench.core.chunking import row_chunks
from cgbench.methods.base import BackmappingMethod, Positions
from cgbench.nn.mapped_network import MIN_BEADS, MappedNetwork

NOISE_CHUNK = 4096  # geometries per draw of noise; samples depend on this number


class NetworkMixin:
    """Device and storage of a method with one network.

    Attributes
    ----------
    network
        Has random weights until it is fitted or loaded.
    """

    network: nn.Module

    def to(self, device: str) -> Self:
        """Move the network to ``"cpu"`` or ``"cuda"``."""
        self.network.to(device)
        return self

    def state(self) -> dict[str, Any]:
        """Return the weights of the network."""
        return {name: value.float().cpu() for name, value in self.network.state_dict().items()}

    def load_state(self, state: dict[str, Any]) -> None:
        """Restore the weights of the network."""
        self.network.load_state_dict(state)


class NetworkMethod(NetworkMixin, BackmappingMethod):
    """A generative method that decodes Gaussian noise at the beads with one network."""

    network: MappedNetwork

    @property
    @abstractmethod
    def n_latent(self) -> int:
        """Number L of latent variables per bead."""

    @abstractmethod
    def decode_noise(self, noise: Tensor, beads: Tensor) -> Tensor:
        """Decode noise [n_samples, batch, n_beads, L] at beads [batch, n_beads, 3].

        Returns
        -------
        Tensor [n_samples · batch, n_atoms, 3]
            Å, sorted by sample first and by frame second.
        """

    def sample(self, beads: Positions, n_samples: int, seed: int) -> Positions:
        """Decode N(0, 1) noise: beads [n_frames, n_beads, 3] to [n_frames, n_samples, n_atoms, 3] (Å).

        Noise is drawn on the CPU, so it is the same on every device.
        """
        generator = torch.Generator().manual_seed(seed)

        def draw(batch: Tensor) -> Tensor:
            shape = (n_samples, *batch.shape[:2], self.n_latent)
            noise = torch.randn(shape, generator=generator, dtype=torch.float32).to(batch)
            chunks = row_chunks(noise.transpose(0, 1), batch, per_row=n_samples)
            decoded = [self.decode_noise(part.transpose(0, 1), part_beads) for part, part_beads in chunks]
            return torch.cat([part.unflatten(0, (n_samples, -1)).transpose(0, 1) for part in decoded])

        return self.run(draw, beads, chunk=max(1, NOISE_CHUNK // n_samples))

    def warn_without_plane(self) -> None:
        """Warn if there are too few beads for an equivariant network to leave their point or line."""
        if self.mapping.n_beads < MIN_BEADS:
            where = "at one point" if self.mapping.n_beads == 1 else "on one line"
            warnings.warn(
                f"{self.name}: {self.mapping.n_beads} bead(s) define no plane, so an equivariant network "
                f"places all atoms {where}; use {MIN_BEADS} beads or more",
                stacklevel=3,
            )

    def run(
        self, function: Callable[[Tensor], Tensor], array: Positions, chunk: int | None = None
    ) -> Positions:
        """Apply a function of the network to chunks of an array, on its device and in the array's precision.

        Parameters
        ----------
        function
            Maps a chunk to a tensor with as many rows.
        array
            Å.
        chunk
            Rows per chunk; None takes those of :func:`cgbench.core.chunking.row_chunks`.
        """
        dtype = torch.float64 if array.dtype == np.float64 else torch.float32
        device = next(self.network.parameters()).device
        self.network.set_precision(dtype)
        self.network.eval()
        tensor = torch.as_tensor(array, dtype=dtype, device=device)
        with torch.inference_mode():
            chunks = torch.split(tensor, chunk) if chunk else [rows for (rows,) in row_chunks(tensor)]
            result = torch.cat([function(rows) for rows in chunks])
        return np.asarray(result.cpu().numpy())
