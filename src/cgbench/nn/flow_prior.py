"""A flow in the place of the Gaussian prior, fitted to latents that do not change any more.

A Gaussian prior for every frame of beads cannot follow a posterior that tells one basin of a torsion from
another: what is drawn from it lies between basins. The flow can. Fitted together with encoder and decoder
it would chase latents whose scale nothing holds; so these come first, with N(0, 1) as their prior.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cgbench.core.chunking import row_chunks
from cgbench.core.training_context import TrainingContext
from cgbench.nn.latent_flow import FlowSettings
from cgbench.nn.training import Positions, Terms, train_network
from cgbench.nn.variational import VariationalNetwork


def fit_flow_prior(
    network: VariationalNetwork,
    train: Positions,
    valid: Positions,
    settings: FlowSettings,
    context: TrainingContext,
) -> None:
    """Fit the flow of a network, whose encoder and decoder are fitted, to latents of the frames.

    Parameters
    ----------
    train, valid : [n_frames, n_atoms, 3]
        Å; of validation frames the best weights of the flow are chosen.
    """
    flow = network.flow
    assert flow is not None

    def loss(codes: Tensor, progress: float, generator: torch.Generator) -> Terms:
        mean, log_sigma, beads = codes.split((flow.n_latent, flow.n_latent, 3), dim=-1)
        noise = torch.randn(mean.shape, generator=generator).to(mean)
        return {"loss": flow.loss(mean + log_sigma.exp() * noise, beads, generator)}

    train_codes, valid_codes = (_codes(network, frames, context.device) for frames in (train, valid))
    train_network(flow, loss, train_codes, valid_codes, settings, context)


@torch.inference_mode()
def _codes(network: VariationalNetwork, frames: Positions, device: str) -> NDArray[np.float32]:
    """Posterior and beads side by side: [n_frames, n_beads, n_latent + n_latent + 3]."""
    parts = []
    for (positions,) in row_chunks(torch.as_tensor(np.asarray(frames, dtype=np.float32), device=device)):
        beads = network.matrix @ positions
        prior, features = network.prior(beads)
        parts.append(torch.cat((*network.posterior(positions, beads, prior, features), beads), dim=-1))
    return np.asarray(torch.cat(parts).cpu().numpy())
