"""Conditional flow matching from Gaussian noise to a code of the atoms, which may be multimodal.

dz/dt = v(z, t, X) from z ~ N(0, 1) at t = 0 to the code of a frame at t = 1 (Lipman et al., arXiv
2210.02747; Liu et al., arXiv 2209.03003).
"""

import math
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from cgbench.core.settings import AUTO, Automatic
from cgbench.nn.dense import Linear
from cgbench.nn.invariant import MessageSettings, message_layers
from cgbench.nn.local_coordinates import LocalFrames
from cgbench.nn.near_beads import nearest_on_average
from cgbench.nn.radial import Pairs, RadialBasis
from cgbench.nn.task_facts import LARGE_CUTOFF, TaskFacts
from cgbench.nn.training import TrainingSettings

N_FREQUENCIES = 16  # of the sines and cosines that embed the time
DRAWS_PER_FRAME = 4  # times and starting points per frame and training step
MOST_IN_BATCH = 65536  # atoms; more do not fit into the cache, and then take longer each
# In a molecule that extends beyond ``LARGE_CUTOFF``, a bead knows its surroundings only: what is far from it
# says little about its atoms. Å, and number of other beads.
NEAR_CUTOFF, NEAR_NEIGHBOURS = 12.0, 5
MOST_NEIGHBOURS = 31  # in a smaller molecule, so that the number of weights is linear in the number of beads

# Bead features [batch, n_beads, 1, F] and the pair weights of every layer.
Condition = tuple[Tensor, list[Pairs]]


def _batch_size(facts: TaskFacts, settings: "FlowSettings") -> int:
    """64, or the largest power of two with at most 65,536 atoms in a batch."""
    return min(64, 2 ** int(math.log2(max(1, MOST_IN_BATCH // facts.n_atoms))))


def _epochs(facts: TaskFacts, settings: "FlowSettings") -> int:
    """About 3,000 steps for 22 atoms, and slowly more for a larger molecule, which has more to learn."""
    return facts.epochs(0, 1960 * facts.n_atoms ** (1 / 7), settings.batch_size)


def _learning_rate(facts: TaskFacts, settings: "FlowSettings") -> float:
    """0.002 for 22 atoms and 0.003 from 68 on: the mean error of more coordinates has a smoother gradient."""
    return min(0.003, round(0.002 * (facts.n_atoms / 22) ** 0.2, 3))


def _is_small(facts: TaskFacts) -> bool:
    return facts.extent <= LARGE_CUTOFF


def _bead_cutoff(facts: TaskFacts, settings: "FlowSettings") -> float:
    """20 Å and twice the spacing in a small molecule, otherwise 12 Å and 1.5 times the spacing, at least.

    It is in steps of 0.5 Å. A bead has neighbours in training frames, and in frames that are more extended.
    """
    least, spacings = (LARGE_CUTOFF, 2.0) if _is_small(facts) else (NEAR_CUTOFF, 1.5)
    return math.ceil(2 * max(least, spacings * facts.spacing)) / 2


def _neighbours(facts: TaskFacts, settings: "FlowSettings") -> int:
    """31 in a small molecule, which are all other beads in most, and otherwise 5."""
    return MOST_NEIGHBOURS if _is_small(facts) else NEAR_NEIGHBOURS


class FlowSettings(MessageSettings, TrainingSettings):
    """Settings of a flow and the code that it generates.

    Attributes
    ----------
    latent
        Largest number of principal components per bead; a bead of n atoms has 3n.
    features, layers
        Channels per bead and message passing layers of the velocity field.
    bead_cutoff
        Å; beads farther apart do not interact.
    neighbours
        A bead knows the positions in its local frame of so many nearest beads.
    steps
        Midpoint steps of the integration from noise to the code.
    """

    batch_size: Annotated[int, Field(ge=1), Automatic(_batch_size)] = AUTO
    epochs: Annotated[int, Field(ge=1), Automatic(_epochs)] = AUTO
    learning_rate: Annotated[float, Field(gt=0), Automatic(_learning_rate)] = AUTO
    features: Annotated[int, Field(ge=1)] = 128
    latent: Annotated[int, Field(ge=1)] = 128
    layers: Annotated[int, Field(ge=1)] = 3
    bead_cutoff: Annotated[float, Field(gt=0), Automatic(_bead_cutoff)] = AUTO
    neighbours: Annotated[int, Field(ge=1), Automatic(_neighbours)] = AUTO
    steps: Annotated[int, Field(ge=1)] = 10


class LatentFlow(nn.Module):
    """A velocity field on latents, conditioned on the bead positions in local frames.

    A bead knows the positions of its nearest beads only, so that the number of weights is proportional to the
    number of beads.

    The latents should have about unit variance, so that paths from the noise are short.

    Parameters
    ----------
    frames
        Local frames, shared with the code.
    n_beads, n_latent
        Shape of the latents of one frame, L per bead.
    """

    known: Tensor
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
        n_known = min(n_beads, settings.neighbours + 1)
        # With all beads known, the list is no result of the training.
        known = torch.arange(n_known).repeat(n_beads, 1)
        self.register_buffer("known", known, persistent=n_known < n_beads)
        self.register_buffer("mean", torch.zeros(n_beads, n_known, 3))
        self.register_buffer("spread", torch.ones(n_beads, n_known, 3))
        frequencies = torch.linspace(0.0, 4.0, N_FREQUENCIES).exp()
        self.register_buffer("frequencies", frequencies, persistent=False)
        self.identity = nn.Parameter(torch.randn(n_beads, n_features))
        self.geometry = nn.Parameter(torch.randn(n_beads, 3 * n_known, n_features) / (3 * n_known) ** 0.5)
        self.latent = nn.Parameter(torch.randn(n_beads, n_latent, n_features) / n_latent**0.5)
        self.time = Linear(2 * N_FREQUENCIES, n_features)
        self.basis = RadialBasis(settings.bead_cutoff, settings.basis)
        self.layers = message_layers(n_features, settings.layers, settings.basis, settings.heads)
        self.final = nn.LayerNorm(n_features)
        self.velocity = nn.Parameter(torch.zeros(n_beads, n_features, n_latent))

    @torch.no_grad()
    def fit_normalisation(self, beads: Tensor) -> None:
        """Choose the known beads, and measure their local positions in frames [n_frames, n_beads, 3]."""
        n_beads, n_known = self.known.shape
        if n_known < n_beads:
            self.known.copy_(torch.as_tensor(nearest_on_average(beads.numpy(), n_known)))
        local = self._between(beads) @ self.frames(beads)
        self.mean.copy_(local.mean(0))
        self.spread.copy_(local.std(0, correction=0).clamp_min(1e-2))

    def condition(self, beads: Tensor) -> Condition:
        """Compute everything that depends only on the beads [batch, n_beads, 3] (Å)."""
        with torch.no_grad():
            between = self._between(beads)
            distance = between.square().sum(-1).sqrt()
            envelope = 0.5 * (torch.cos(math.pi * (distance / self.cutoff).clamp_max(1.0)) + 1.0)
            local = (between @ self.frames(beads) - self.mean) / self.spread * envelope.unsqueeze(-1)
            basis = self.basis.of_pairs(beads)
        geometry = (local.flatten(2).transpose(0, 1) @ self.geometry).transpose(0, 1)
        return (self.identity + geometry).unsqueeze(2), [layer.weights(basis) for layer in self.layers]

    def _between(self, beads: Tensor) -> Tensor:
        """Vectors from every bead I to the beads J that it knows: [batch, I, J, 3], Å."""
        return beads[:, self.known] - beads.unsqueeze(2)

    def forward(self, latent: Tensor, time: Tensor, condition: Condition) -> Tensor:
        """Compute the velocity of latents [batch, n_beads, n_draws, L] at times [batch, 1, n_draws]."""
        features, weights = condition
        angle = time.unsqueeze(-1) * self.frequencies
        h = self.time(torch.cat((angle.sin(), angle.cos()), dim=-1)) + features
        h = h + torch.einsum("bnsl,nlf->bnsf", latent, self.latent)
        for layer, weight in zip(self.layers, weights, strict=True):
            h = layer(h, weight)
        return torch.einsum("bnsf,nfl->bnsl", self.final(h), self.velocity)

    def loss(self, latent: Tensor, beads: Tensor, generator: torch.Generator) -> Tensor:
        """Mean squared velocity error on straight paths from noise to latents [batch, n_beads, L]."""
        start = torch.randn((DRAWS_PER_FRAME, *latent.shape), generator=generator).to(latent).movedim(0, 2)
        time = torch.rand((DRAWS_PER_FRAME, len(latent)), generator=generator).to(latent).t().unsqueeze(1)
        target = latent.unsqueeze(2)
        point = torch.lerp(start, target, time.unsqueeze(-1))
        return (self(point, time, self.condition(beads)) - (target - start)).square().mean()

    def integrate(self, noise: Tensor, beads: Tensor) -> Tensor:
        """Integrate noise [n_samples, batch, n_beads, L] from t = 0 to 1 by the midpoint rule."""
        condition = self.condition(beads)
        z = noise.movedim(0, 2)
        step = 1.0 / self.n_steps
        for index in range(self.n_steps):
            time = torch.full((1, 1, 1), index * step).to(z)
            midpoint = z + 0.5 * step * self(z, time, condition)
            z = z + step * self(midpoint, time + 0.5 * step, condition)
        return z.movedim(2, 0)
