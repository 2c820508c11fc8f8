"""A flow from noise to the latents that frames really have: p(z|X) with as many basins as there are.

Conditional flow matching (Lipman et al., arXiv 2210.02747; Liu et al., arXiv 2209.03003).
"""

import math
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from cgbench.nn.dense import Linear
from cgbench.nn.invariant import messages
from cgbench.nn.local_frames import LocalFrames
from cgbench.nn.message_settings import MessageSettings
from cgbench.nn.radial import RadialBasis, pair_distance
from cgbench.nn.training import TrainingSettings

FREQUENCIES = 16  # sines and cosines of the time
DRAWS = 4  # times and starts that one frame is trained with at once

# Features of the beads [batch, n_beads, 1, F], and weights of pairs for every layer.
Context = tuple[Tensor, list[Tensor]]


class FlowSettings(MessageSettings, TrainingSettings):
    """Settings of a flow.

    Attributes
    ----------
    features, layers
        Channels per bead of the velocity field, and its message passing layers.
    bead_cutoff
        Å; what is farther from a bead does not move its atoms.
    steps
        Midpoint steps from noise to latents.
    """

    epochs: Annotated[int, Field(ge=1)] = 32
    learning_rate: Annotated[float, Field(gt=0)] = 6e-3
    layers: Annotated[int, Field(ge=1)] = 3
    bead_cutoff: Annotated[float, Field(gt=0)] = 20.0
    steps: Annotated[int, Field(ge=1)] = 5


class LatentFlow(nn.Module):
    """A velocity field on the latents, which sees the beads in each other's frames.

    It moves z from N(0, 1) at time 0 to the latents of frames at time 1. These are to have a variance of
    about one, or the way is long.

    Parameters
    ----------
    frames
        Shared with what encodes and decodes.
    n_beads, n_latent
        Of the latents.
    settings
        How it is made.
    """

    mean: Tensor
    spread: Tensor
    frequencies: Tensor

    def __init__(self, frames: LocalFrames, n_beads: int, n_latent: int, settings: FlowSettings) -> None:
        super().__init__()
        self.frames = frames
        self.cutoff = settings.bead_cutoff
        self.n_latent = n_latent
        self.n_steps = settings.steps
        n_features = settings.features
        self.register_buffer("mean", torch.zeros(n_beads, n_beads, 3))
        self.register_buffer("spread", torch.ones(n_beads, n_beads, 3))
        frequencies = torch.linspace(0.0, 4.0, FREQUENCIES).exp()
        self.register_buffer("frequencies", frequencies, persistent=False)
        self.identity = nn.Parameter(torch.randn(n_beads, n_features))
        self.geometry = nn.Parameter(torch.randn(n_beads, 3 * n_beads, n_features) / (3 * n_beads) ** 0.5)
        self.latent = nn.Parameter(torch.randn(n_beads, n_latent, n_features) / n_latent**0.5)
        self.time = Linear(2 * FREQUENCIES, n_features)
        self.basis = RadialBasis(settings.bead_cutoff, settings.basis)
        self.layers = messages(n_features, settings.layers, settings.basis, settings.heads)
        self.final = nn.LayerNorm(n_features)
        self.velocity = nn.Parameter(torch.zeros(n_beads, n_features, n_latent))

    @torch.no_grad()
    def start_from(self, beads: Tensor) -> None:
        """Measure what is usual of beads [n_frames, n_beads, 3] of training frames."""
        places = self._places(beads)
        self.mean.copy_(places.mean(0))
        self.spread.copy_(places.std(0, correction=0).clamp_min(1e-2))

    def context(self, beads: Tensor) -> Context:
        """All that neither time nor latents change, of beads [batch, n_beads, 3] (Å)."""
        with torch.no_grad():
            distance = pair_distance(beads)
            near = 0.5 * (torch.cos(math.pi * (distance / self.cutoff).clamp_max(1.0)) + 1.0)
            places = (self._places(beads) - self.mean) / self.spread * near.unsqueeze(-1)
            basis = self.basis(distance)
        seen = (places.flatten(2).transpose(0, 1) @ self.geometry).transpose(0, 1)
        return (self.identity + seen).unsqueeze(2), [layer.weights(basis) for layer in self.layers]

    def _places(self, beads: Tensor) -> Tensor:
        """Where every bead J is in the frame of every bead I: [batch, I, J, 3], Å."""
        return (beads.unsqueeze(1) - beads.unsqueeze(2)) @ self.frames(beads)

    def forward(self, latent: Tensor, time: Tensor, context: Context) -> Tensor:
        """Velocity of latents [batch, n_beads, n_draws, L] at times [batch, 1, n_draws] between 0 and 1."""
        features, weights = context
        angle = time.unsqueeze(-1) * self.frequencies
        h = self.time(torch.cat((angle.sin(), angle.cos()), dim=-1)) + features
        h = h + torch.einsum("bnsl,nlf->bnsf", latent, self.latent)
        for layer, weight in zip(self.layers, weights, strict=True):
            h = layer(h, weight)
        return torch.einsum("bnsf,nfl->bnsl", self.final(h), self.velocity)

    def loss(self, latent: Tensor, beads: Tensor, generator: torch.Generator) -> Tensor:
        """Mean squared error of the velocity on straight ways from noise to latents [batch, n_beads, L]."""
        start = torch.randn((DRAWS, *latent.shape), generator=generator).to(latent).movedim(0, 2)
        time = torch.rand((DRAWS, len(latent)), generator=generator).to(latent).t().unsqueeze(1)
        target = latent.unsqueeze(2)
        point = torch.lerp(start, target, time.unsqueeze(-1))
        return (self(point, time, self.context(beads)) - (target - start)).square().mean()

    def push(self, latent: Tensor, beads: Tensor) -> Tensor:
        """Carry draws [n_samples, batch, n_beads, L] from time 0 to 1 by the midpoint rule."""
        context = self.context(beads)
        z = latent.movedim(0, 2)
        step = 1.0 / self.n_steps
        for index in range(self.n_steps):
            time = torch.full((1, 1, 1), index * step).to(z)
            half = z + 0.5 * step * self(z, time, context)
            z = z + step * self(half, time + 0.5 * step, context)
        return z.movedim(2, 0)
