"""Latent flow: the identity before training, both basins of a bimodal posterior afterwards."""

import torch

from cgbench.nn.latent_flow import FlowSettings, LatentFlow
from cgbench.nn.local_coordinates import LocalFrames


def _flow(n_latent: int = 1) -> LatentFlow:
    torch.manual_seed(0)
    settings = FlowSettings(features=16, layers=1, basis=4, heads=2, bead_cutoff=20.0, neighbours=2)
    return LatentFlow(LocalFrames(3), 3, n_latent, settings)


def _beads(n_frames: int) -> torch.Tensor:
    return 3.0 * torch.randn(n_frames, 3, 3, generator=torch.Generator().manual_seed(1))


def test_an_untrained_flow_is_the_identity() -> None:
    latent = torch.randn(2, 5, 3, 4)
    assert torch.equal(_flow(4).integrate(latent, _beads(5)), latent)


def test_one_frame_is_enough_to_start_from() -> None:
    flow = _flow(4)
    flow.fit_normalisation(_beads(1))
    torch.nn.init.normal_(flow.velocity)
    assert flow.integrate(torch.randn(2, 5, 3, 4), _beads(5)).isfinite().all()


def test_draws_and_frames_are_independent() -> None:
    """Draws share the condition on the beads; each must equal the result of a separate call."""
    flow, beads = _flow(4).double(), _beads(5).double()
    torch.nn.init.normal_(flow.velocity)
    latent = torch.randn(2, 5, 3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(4))
    pushed = flow.integrate(latent, beads)
    assert (pushed - latent).abs().min() > 1e-3
    for draw in range(2):
        for frame in range(5):
            alone = flow.integrate(latent[draw, frame][None, None], beads[frame][None])
            torch.testing.assert_close(pushed[draw, frame], alone[0, 0], rtol=1e-10, atol=1e-10)


def test_flow_samples_both_basins() -> None:
    """Latents are −2 or 2 with equal probability; a Gaussian with the same moments has its mode at 0."""
    flow, generator = _flow(), torch.Generator().manual_seed(2)
    optimizer = torch.optim.Adam(flow.parameters(), lr=5e-3)
    beads = _beads(64)
    for _ in range(150):
        target = torch.randint(0, 2, (64, 3, 1), generator=generator) * 4.0 - 2.0
        loss = flow.loss(target, beads, generator)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        drawn = flow.integrate(torch.randn(4, 64, 3, 1, generator=generator), beads)
    assert ((drawn.abs() - 2.0).abs() < 1.0).float().mean() > 0.85, "a Gaussian has 0.48 there"
    assert 0.4 < (drawn > 0).float().mean() < 0.6
