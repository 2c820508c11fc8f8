"""What methods that are one network share: where it runs, in which precision, how it is stored."""

import warnings
from abc import abstractmethod
from collections.abc import Callable
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from cgbench.core.chunking import row_chunks
from cgbench.methods.base import BackmappingMethod, Positions
from cgbench.nn.mapping_module import MappedNetwork
from cgbench.nn.refinement import PLANE

NOISE_CHUNK = 4096  # geometries whose noise is drawn at once: with another number, samples are other ones


class OneNetwork:
    """The part of a method that moves and stores its network.

    Attributes
    ----------
    network
        With new weights until it is fitted or loaded.
    """

    network: nn.Module

    def to(self, device: str) -> Self:
        """Move the network to ``"cpu"`` or ``"cuda"``."""
        self.network.to(device)
        return self

    def state(self) -> dict[str, Any]:
        """Weights of the network."""
        return {name: value.float().cpu() for name, value in self.network.state_dict().items()}

    def load_state(self, state: dict[str, Any]) -> None:
        """Set the weights."""
        self.network.load_state_dict(state)


class NetworkMethod(OneNetwork, BackmappingMethod):
    """A generative method that is one network on the beads, and samples by decoding noise."""

    network: MappedNetwork

    @property
    @abstractmethod
    def n_latent(self) -> int:
        """L, numbers of noise per bead."""

    @abstractmethod
    def decode_noise(self, noise: Tensor, beads: Tensor) -> Tensor:
        """Turn noise [n_samples, batch, n_beads, L] at beads [batch, n_beads, 3] into geometries.

        Returns
        -------
        Tensor [n_samples · batch, n_atoms, 3]
            Å; of all frames for the first draw, then for the second.
        """

    def sample(self, beads: Positions, n_samples: int, seed: int) -> Positions:
        """Decode N(0, 1) at beads [n_frames, n_beads, 3] to geometries [n_frames, n_samples, n_atoms, 3].

        Noise is drawn on the CPU, so that it is the same on every device.
        """
        generator = torch.Generator().manual_seed(seed)

        def draw(batch: Tensor) -> Tensor:
            shape = (n_samples, *batch.shape[:2], self.n_latent)
            noise = torch.randn(shape, generator=generator, dtype=torch.float32).to(batch)
            parts = row_chunks(noise.transpose(0, 1), batch, per_row=n_samples)
            decoded = [self.decode_noise(part.transpose(0, 1), at) for part, at in parts]
            by_draw = [each.view(n_samples, len(each) // n_samples, *each.shape[1:]) for each in decoded]
            return torch.cat([each.transpose(0, 1) for each in by_draw])

        return self.run(draw, beads, chunk=max(1, NOISE_CHUNK // n_samples))

    def warn_without_plane(self) -> None:
        """Warn where beads span no plane: what turns with them cannot leave their point or line."""
        if self.mapping.n_beads < PLANE:
            where = "point" if self.mapping.n_beads == 1 else "line"
            warnings.warn(
                f"{self.name}: {self.mapping.n_beads} bead(s) define no plane, so all atoms will lie on the "
                f"{where} they do define; use {PLANE} beads or more",
                stacklevel=3,
            )

    def run(
        self, function: Callable[[Tensor], Tensor], array: Positions, chunk: int | None = None
    ) -> Positions:
        """Apply a function of the network to parts of an array, on its device, in the array's precision.

        Parameters
        ----------
        function
            From a part to an array with as many rows.
        array
            Å.
        chunk
            Rows of a part; without it, as many as :func:`cgbench.core.chunking.row_chunks` takes.
        """
        dtype = torch.float64 if array.dtype == np.float64 else torch.float32
        device = next(self.network.parameters()).device
        self.network.set_precision(dtype)
        self.network.eval()
        tensor = torch.as_tensor(array, dtype=dtype, device=device)
        with torch.inference_mode():
            parts = torch.split(tensor, chunk) if chunk else [part for (part,) in row_chunks(tensor)]
            result = torch.cat([function(part) for part in parts])
        return np.asarray(result.cpu().numpy())
