"""Target frames: rigid units, near frames by soft torsions, and consistent targets."""

import numpy as np
import pytest
import torch

from cgbench.chem.frames import Frames
from cgbench.chem.molecule import Molecule
from cgbench.nn.internal_coordinates import pair_vectors, torsions, volumes
from cgbench.nn.restraints import Restraints
from cgbench.nn.target_frames import TargetFrames


@pytest.fixture
def frames(alanine: Molecule, alanine_frames: Frames) -> TargetFrames:
    restraints = Restraints(alanine).double()
    restraints.fit(torch.as_tensor(alanine_frames.positions[::3], dtype=torch.float64))
    return TargetFrames(restraints)


def test_units_are_joined_by_soft_torsions(frames: TargetFrames, alanine: Molecule) -> None:
    units = [
        {alanine.label(atom) for atom in np.flatnonzero(frames.unit == number) if alanine.heavy[atom]}
        for number in range(frames.n_units)
    ]
    assert sorted(units, key=sorted) == [
        {"ACE1 C", "ACE1 O", "ALA2 N"},
        {"ACE1 CH3"},
        {"ALA2 C", "ALA2 O", "NME3 N"},
        {"ALA2 CA"},
        {"ALA2 CB"},
        {"NME3 C"},
    ]


def test_a_training_frame_is_its_own_target(frames: TargetFrames) -> None:
    x = frames.restraints.frames.permute(1, 2, 0)
    number = torch.arange(x.shape[2])
    chosen = frames.nearest(x, number)
    assert (chosen == number).all()
    targets = frames.targets(chosen)
    _, lengths = pair_vectors(x, frames.pairs)
    assert (lengths - lengths.clamp(targets.least, targets.most)).abs().max() < 1e-6
    torch.testing.assert_close(volumes(x, frames.corners)[0], targets.volumes)


def test_coordinates_of_a_unit_are_those_of_one_frame(frames: TargetFrames, alanine: Molecule) -> None:
    """Angles are those of the frame of their unit, even where a bond is that of another."""
    chosen = torch.arange(frames.n_units)[:, None]
    targets = frames.targets(chosen)
    positions = frames.restraints.frames.numpy()
    lengths = dict(zip(map(tuple, frames.pairs.T.tolist()), targets.least[:, 0].tolist(), strict=True))
    for i, j, k in alanine.angles.tolist():
        a, b, c = (lengths[min(pair), max(pair)] for pair in ((i, j), (j, k), (i, k)))
        x = positions[chosen[frames.unit[j], 0]]
        first, second = x[i] - x[j], x[k] - x[j]
        expected = first @ second / np.linalg.norm(first) / np.linalg.norm(second)
        assert (a**2 + b**2 - c**2) / (2 * a * b) == pytest.approx(expected, abs=1e-6)
    assert (targets.least[: frames.n_bonds] == targets.most[: frames.n_bonds]).all()


def test_near_frames_have_similar_torsions(frames: TargetFrames, alanine_frames: Frames) -> None:
    """φ and ψ of the frames that Cα takes its targets from."""
    x = torch.as_tensor(alanine_frames.positions[1::3], dtype=torch.float64).permute(1, 2, 0)
    chosen = frames.nearest(x, torch.arange(x.shape[2]))
    unit = frames.unit[alanine_frames.molecule.atom_names.index("CA")]
    index = frames.soft_torsions[unit]
    own = torsions(x, frames.restraints.quads)[index]
    near = frames.known_torsions[index][..., chosen[unit]]
    anywhere = frames.known_torsions[index][..., torch.arange(x.shape[2]) % frames.known_torsions.shape[2]]
    errors = [float((own - other).square().sum(1).mean()) for other in (near, anywhere)]
    assert errors[0] < 0.1 * errors[1]


@pytest.mark.parametrize(("degrees", "n_units"), [(0, 8), (20, 6), (180, 1)])
def test_torsions_that_vary_less_join_atoms(
    alanine: Molecule, alanine_frames: Frames, degrees: float, n_units: int
) -> None:
    """None, those of the two peptide groups, and all."""
    restraints = Restraints(alanine, stiff_torsion=degrees)
    restraints.fit(torch.as_tensor(alanine_frames.positions))
    assert TargetFrames(restraints).n_units == n_units


def test_a_molecule_without_soft_torsions_takes_all_frames_in_turn() -> None:
    """Water: one rigid unit."""
    bonds = np.array([[0, 1], [0, 2]])
    water = Molecule(("O", "H", "H"), ("O", "H1", "H2"), ("HOH",) * 3, np.zeros(3, int), np.ones(3), bonds)
    restraints = Restraints(water)
    positions = (
        torch.tensor([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]]) * torch.tensor([0.9, 1.0, 1.1])[:, None, None]
    )
    restraints.fit(positions)
    frames = TargetFrames(restraints)
    chosen = frames.nearest(positions.permute(1, 2, 0)[..., [0, 0, 0, 0]], torch.arange(4))
    assert chosen.tolist() == [[0, 1, 2, 0]]
    np.testing.assert_allclose(frames.targets(chosen).least[:2, 2], 1.1, rtol=1e-6)
