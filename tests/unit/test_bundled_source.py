"""Trajectories in a folder with a card."""

import json

import numpy as np
import pytest
from dataset_helpers import N_FRAMES, small_bundle, source

from cgbench.core.atomic_io import sha256
from cgbench.core.errors import InputError


@pytest.fixture
def small(alanine_frames, alanine_directory, tmp_path):
    return small_bundle(alanine_frames, alanine_directory, tmp_path / "bundled")


def edit_card(folder, change):
    card = json.loads((folder / "card.json").read_text())
    change(card)
    (folder / "card.json").write_text(json.dumps(card))


def test_every_walker_is_a_trajectory(small):
    frames, card = source("bundled", directory=str(small)).read()
    assert frames.positions.shape == (2 * N_FRAMES, 22, 3)
    assert frames.trajectory.tolist() == [0] * N_FRAMES + [1] * N_FRAMES
    np.testing.assert_allclose(frames.time, 2 * [1, 2, 3, 4, 5, 6])
    assert card["title"] == "Small"
    assert card["trajectories"][1] == {"file": "walker-1.xtc", "state": "folded"}


def test_stride_starts_anew_in_every_walker(small):
    frames, _ = source("bundled", directory=str(small), stride=4).read()
    np.testing.assert_allclose(frames.time, [1, 5, 1, 5])


def test_card_is_waited_for_whether_or_not_it_is_there(small, tmp_path):
    assert source("bundled", directory=str(small)).input_files() == [str(small / "card.json")]
    reader = source("bundled", directory=str(tmp_path))
    assert reader.input_files() == [str(tmp_path / "card.json")]
    with pytest.raises(InputError, match=r"card\.json: no such file"):
        reader.read()


def test_checksum_mismatch_names_both_hashes_and_the_cure(small):
    path = small / "walker-1.xtc"
    promised = sha256(path)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    message = rf"walker-1\.xtc: SHA-256 is {sha256(path)}, but .*card\.json states {promised}; .*restore it"
    with pytest.raises(InputError, match=message):
        source("bundled", directory=str(small)).read()


def test_missing_walker_is_named(small):
    (small / "walker-0.xtc").unlink()
    with pytest.raises(InputError, match=r"walker-0\.xtc: no such file, though card\.json names it"):
        source("bundled", directory=str(small)).read()


def test_number_of_frames_is_held_against_the_card(small):
    edit_card(small, lambda card: card["files"]["walker-0.xtc"].update(n_frames=7))
    with pytest.raises(InputError, match=r"walker-0\.xtc: 6 frames, but card\.json states 7"):
        source("bundled", directory=str(small)).read()


def test_number_of_atoms_is_held_against_the_card(small):
    edit_card(small, lambda card: card.update(n_atoms=175))
    with pytest.raises(InputError, match=r"n_atoms is 175, but topology\.pdb has 22"):
        source("bundled", directory=str(small)).read()


@pytest.mark.parametrize(
    "change",
    [
        lambda card: card.pop("files"),
        lambda card: card["files"].pop("topology.pdb"),
        lambda card: card["files"]["walker-0.xtc"].pop("sha256"),
        lambda card: card.update(files=[]),
    ],
)
def test_incomplete_card_is_refused(small, change):
    edit_card(small, change)
    with pytest.raises(InputError, match=r"card\.json: a card needs n_atoms and files"):
        source("bundled", directory=str(small)).read()


def test_folders_of_the_checkout_are_found_from_elsewhere(tmp_path, monkeypatch, alanine_directory):
    relative = "workflow/resources/alanine_dipeptide"
    monkeypatch.chdir(tmp_path)
    assert source("bundled", directory=relative).input_files() == [str(alanine_directory / "card.json")]
    # A folder that is to be made, and one that is there, are relative to the working directory.
    for name in ("results/simulations/mine", relative):
        (tmp_path / relative).mkdir(parents=True, exist_ok=True)
        assert source("bundled", directory=name).input_files() == [f"{name}/card.json"]
