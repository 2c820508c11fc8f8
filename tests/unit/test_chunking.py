"""Chunks: all rows once and in order, and results that do not depend on the chunk size."""

import numpy as np
import pytest
import torch

from cgbench.chem.frames import Frames
from cgbench.chem.molecule import Molecule
from cgbench.core import chunking
from cgbench.core.chunking import row_chunks
from cgbench.core.registry import PlugIn
from cgbench.mapping.base import Mapping
from cgbench.methods.base import TrainingContext
from cgbench.nn.task_facts import TaskFacts

# Enough steps for a flow that differs from the identity.
SMALL = {"epochs": 1, "features": 8, "batch_size": 8}


@pytest.mark.parametrize("n_rows", [0, 1, 7, 8, 9])
def test_parts_are_the_rows_in_order(n_rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(chunking.GEOMETRIES, "cpu", 8)
    first, second = torch.arange(n_rows), torch.arange(2 * n_rows).reshape(-1, 2)
    pairs = list(row_chunks(first, second, per_row=2))
    assert torch.equal(torch.cat([a for a, _ in pairs]), first)
    assert torch.equal(torch.cat([b for _, b in pairs]), second)
    assert all(len(a) == len(b) <= 4 for a, b in pairs)


def test_a_row_of_more_than_a_part_is_a_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(chunking.GEOMETRIES, "cpu", 8)
    assert [len(a) for (a,) in row_chunks(torch.arange(3), per_row=100)] == [1, 1, 1]


@pytest.mark.parametrize("method", ["cgvae", "local_flow"])
def test_samples_do_not_depend_on_parts(
    method: str, alanine: Molecule, alanine_frames: Frames, monkeypatch: pytest.MonkeyPatch
) -> None:
    mapping = Mapping.centres(np.arange(alanine.n_atoms) * 3 // alanine.n_atoms)
    frames = alanine_frames.positions[:24]
    plug_in = PlugIn.parse("methods", method, method, SMALL, "test")
    model = plug_in.resolved(TaskFacts.of(mapping, frames)).create(mapping, alanine)
    model.fit(frames, frames[:8], TrainingContext(seed=1))
    beads = mapping.beads(frames[:11].astype(np.float64))
    whole = model.sample(beads, 3, seed=2)
    monkeypatch.setitem(chunking.GEOMETRIES, "cpu", 8)
    np.testing.assert_allclose(model.sample(beads, 3, seed=2), whole, atol=1e-9)
    drawn = model.reconstruct_draw(frames.astype(np.float64), seed=3)
    monkeypatch.setitem(chunking.GEOMETRIES, "cpu", 512)
    np.testing.assert_allclose(model.reconstruct_draw(frames.astype(np.float64), seed=3), drawn, atol=1e-9)
