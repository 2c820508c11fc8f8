"""Contract of backmapping methods, tested for every file in the folder."""

from pathlib import Path

import numpy as np
import pytest
import torch

from cgbench.chem.molecule import Molecule
from cgbench.contract.methods import *  # noqa: F403
from cgbench.contract.methods import METHODS, context, new
from cgbench.core import registry
from cgbench.core.errors import InputError
from cgbench.mapping.base import Mapping
from cgbench.methods.base import load_model


def test_there_is_one_floor_and_one_ceiling() -> None:
    """New methods that use the test frames or are not ranked must be added here."""
    bounds = {name: registry.load("methods", name).bound for name in METHODS}
    assert {name: bound for name, bound in bounds.items() if bound} == {
        "on_beads": "floor",
        "true_frames": "ceiling",
    }


def test_damaged_model_file_is_named(alanine: Molecule, positions: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    model = new("linear", Mapping.centres(alanine.residue_index), alanine, positions[:64])
    model.fit(positions[:64], positions[64:80], context())
    model.save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match=r"model\.pt: not a usable model file.*train again"):
        load_model(path)


def test_mapping_of_another_molecule_is_refused(alanine: Molecule, positions: np.ndarray) -> None:
    with pytest.raises(InputError, match="mapping has 5 atoms, the molecule has 22"):
        new("linear", Mapping.centres(np.zeros(5, dtype=np.int64)), alanine, positions[:64, :5])


def test_models_are_read_without_executing_them(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    torch.save({"method": Path}, path)  # a class, as a malicious file would name one
    with pytest.raises(InputError, match="not a usable model file"):
        load_model(path)
