"""The flow of a large molecule: a bead knows its surroundings only."""

import numpy as np
import pytest
import torch

from cgbench.mapping.base import Mapping
from cgbench.methods.base import TrainingContext, load_model
from cgbench.nn.latent_flow import NEAR_NEIGHBOURS
from cgbench.nn.near_beads import nearest_on_average
from method_helpers import method


@pytest.mark.parametrize(("values", "n_known"), [({}, NEAR_NEIGHBOURS + 1), ({"neighbours": 4}, 5)])
def test_the_flow_knows_the_nearest_beads(values, n_known, protein) -> None:
    molecule, frames = protein
    mapping = Mapping.centres(molecule.residue_index)
    flow = method("local_flow", mapping, molecule, frames, **values).network.flow
    assert flow.geometry.shape == (78, 3 * n_known, 128)
    flow.fit_normalisation(torch.as_tensor(mapping.beads(frames)))
    # In an extended chain, these are nearest in sequence.
    assert (flow.known[40] - 40).abs().max() <= n_known // 2
    assert flow.known[40].unique().numel() == n_known
    restored = method("local_flow", mapping, molecule, frames, **values).network.flow
    restored.load_state_dict(flow.state_dict())
    assert torch.equal(restored.known, flow.known)


def test_far_beads_do_not_change_the_samples_of_the_flow(protein) -> None:
    """A chain that is shifted from bead 40 on: atoms more than 60 Å, five cutoffs, away from there stay."""
    molecule, frames = protein
    mapping = Mapping.centres(molecule.residue_index)
    model = method("local_flow", mapping, molecule, frames)
    model.network.initialise(torch.as_tensor(frames))
    torch.nn.init.normal_(model.network.flow.velocity, std=0.1)
    beads = mapping.beads(frames[:1].astype(np.float64))
    bent = beads.copy()
    bent[:, 40:, 0] += 3.0
    samples, moved = (model.sample(each, 2, 1) for each in (beads, bent))
    distance = np.linalg.norm(beads[0, :40] - beads[0, 40], axis=-1)
    far = mapping.bead_index < np.flatnonzero(distance > 60).max()
    assert far.sum() > 100
    np.testing.assert_allclose(samples[..., far, :], moved[..., far, :], rtol=0, atol=1e-12)
    assert np.abs(samples - moved)[..., mapping.bead_index < 40, :].max() > 0.1


def test_a_model_file_of_many_beads_gives_the_same_samples(protein, tmp_path) -> None:
    molecule, frames = protein
    mapping = Mapping.centres(molecule.residue_index)
    model = method("local_flow", mapping, molecule, frames, epochs=1, batch_size=8)
    model.fit(frames[:20], frames[20:25], TrainingContext(1))
    model.save(tmp_path / "model.pt")
    beads = mapping.beads(frames[25:27])
    np.testing.assert_array_equal(
        load_model(tmp_path / "model.pt").sample(beads, 2, 5), model.sample(beads, 2, 5)
    )


def test_nearest_on_average_is_the_order_of_mean_squares(rng) -> None:
    beads = rng.normal(size=(60, 3)) * 12 + rng.normal(size=(20, 60, 3))
    square = np.square(beads[:, None] - beads[:, :, None]).sum(-1).mean(0)
    np.testing.assert_array_equal(nearest_on_average(beads, 5), square.argsort(axis=1)[:, :5])
