"""What is observables on geometries stays on the device that they are on, whatever it is.

There need be no GPU: here "cpu" tensors meet a default device on which nothing can be computed, and
tensors without values show that nothing is fetched on the way.
"""

import numpy as np
import pytest
import torch

from cgbench.chem import geometry
from cgbench.chem.bonds_and_clashes import count_contacts
from cgbench.chem.dihedrals import phi_psi
from cgbench.chem.equivalent_atoms import reduction_of_squares
from cgbench.chem.observables import Observables
from cgbench.chem.peptide_groups import omega, peptide_groups
from cgbench.core import registry
from cgbench.metrics._evaluation import Evaluation
from cgbench.pipeline.score import score_blocks

NOWHERE = torch.device("meta")  # shapes without values
KERNELS = {
    "rmsd": lambda x, _: geometry.rmsd(x, x[:, :1]),
    "pairwise_rmsd": lambda x, _: geometry.pairwise_rmsd(x),
    "pair_distances": lambda x, molecule: geometry.pair_distances(x, molecule.bonds),
    "bond_angles": lambda x, molecule: geometry.bond_angles(x, molecule.angles),
    "chiral_volumes": lambda x, molecule: geometry.chiral_volumes(x, molecule.chiral_centres),
    "phi_psi": phi_psi,
    "omega": omega,
    "out_of_plane": lambda x, molecule: geometry.out_of_plane(x, peptide_groups(molecule)),
    "reduction_of_squares": lambda x, _: reduction_of_squares(x, x, [np.array([[4, 5], [5, 4]])]),
}
COUNTS = ("missing", "extra", "clashes", "overlaps")


@pytest.fixture(scope="module")
def samples(alanine_frames):
    """Three samples for each of twelve frames, from nearly right to collapsed."""
    frames = alanine_frames.positions[::20]
    scale = np.array([0.02, 0.3, 1.0])[:, None, None]
    noise = scale * np.random.default_rng(3).normal(size=(len(frames), 3, 22, 3))
    return (frames[:, None] + noise).astype(np.float32)


@pytest.mark.parametrize("name", KERNELS)
def test_kernels_give_on_tensors_what_they_give_on_arrays(name, samples, alanine):
    expected = KERNELS[name](samples, alanine)
    with NOWHERE:  # where a tensor goes that is made without a device
        found = KERNELS[name](torch.from_numpy(samples), alanine)
    assert isinstance(expected, np.ndarray)
    assert found.device.type == "cpu"
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-4, atol=1e-3)


def test_contacts_are_counted_where_the_geometries_are(samples, alanine):
    expected = count_contacts(samples, alanine)
    with NOWHERE:
        found = count_contacts(torch.from_numpy(samples), alanine)
    for name in COUNTS:
        counted = getattr(found, name)
        assert counted.device.type == "cpu"
        np.testing.assert_array_equal(counted.numpy(), getattr(expected, name))
    assert expected.missing.any() and expected.extra.any() and expected.clashes.any()


@pytest.mark.parametrize("name", KERNELS)
def test_kernels_take_nothing_from_their_device(name, samples, alanine):
    found = KERNELS[name](torch.from_numpy(samples).to(NOWHERE), alanine)
    assert found.device == NOWHERE
    assert found.shape == KERNELS[name](samples, alanine).shape


def test_geometries_go_to_the_device_that_is_asked_for(samples, alanine, three_beads):
    reference = samples[:, 0]
    placed = Evaluation(reference, reference, samples, alanine, three_beads, device="meta")
    for evaluated in (placed, placed.restrict_to("heavy")):
        for observables in (
            evaluated.reference_observables,
            evaluated.reconstruction_observables,
            evaluated.sample_observables,
        ):
            assert observables.on_device.device == NOWHERE


def test_scores_are_the_same_on_a_device_as_on_the_cpu(samples, alanine, three_beads):
    """On "cpu:0" it is tensors, as on a GPU, that are observables; on "cpu" arrays."""
    blocks = np.zeros(len(samples), dtype=np.int64)

    def scores(device):
        placed = Evaluation(samples[:, 0], samples[:, 1], samples, alanine, three_beads, device=device)
        assert isinstance(
            placed.sample_observables.on_device, np.ndarray if device == "cpu" else torch.Tensor
        )
        return list(score_blocks(placed, registry.names("metrics"), blocks))

    expected = scores("cpu")
    with NOWHERE:
        found = scores("cpu:0")
    assert len(found) == len(expected) > 20
    for one, other in zip(found, expected, strict=True):
        assert type(one.block_sums) is np.ndarray
        assert one.value == pytest.approx(other.value, rel=1e-4, abs=1e-5, nan_ok=True)


def test_on_the_cpu_nothing_is_copied(samples, alanine):
    assert Observables(samples, alanine).on_device is samples
