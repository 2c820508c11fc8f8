"""What comes with the repository agrees with the code and the recipe that made it."""

import itertools
from pathlib import Path

import pytest

from cgbench.config.loader import Config
from cgbench.config.schema import Protocol
from cgbench.core.atomic_io import read_json, sha256
from cgbench.core.settings import parse_settings
from cgbench.data.sources.bundled import BundledSettings, Source
from cgbench.data.splits import make_split
from cgbench.simulation.recipe import Recipe

ROOT = Path(__file__).parents[2]
CARDS = sorted((ROOT / "workflow/resources").glob("*/card.json"))
RECIPES = Config.load(ROOT / "config/config.yaml", ROOT / "config/simulations.yaml").simulations


@pytest.mark.parametrize("path", CARDS, ids=lambda path: path.parent.name)
def test_bundle_was_made_by_its_recipe(path: Path) -> None:
    card = read_json(path)
    recipe = RECIPES[card["name"]]
    assert parse_settings(Recipe, card["spec"], str(path)).physics() == recipe.physics()
    assert card["n_frames"] == recipe.walkers * recipe.frames_per_walker
    for name, facts in card["files"].items():
        assert sha256(path.parent / name) == facts["sha256"]


def test_alanine_dipeptide_is_large_and_fine_enough() -> None:
    card = read_json(ROOT / "workflow/resources/alanine_dipeptide/card.json")
    assert card["n_atoms"] == 22
    assert card["n_frames"] >= 30_000
    assert card["frame_interval_ps"] == 1.0
    assert sum(name.endswith(".xtc") for name in card["files"]) >= 3


def test_walkers_agree_on_their_basins() -> None:
    """No walker's population is further from another's than three standard errors of the difference."""
    agreement = read_json(ROOT / "workflow/resources/alanine_dipeptide/card.json")["agreement"]
    rows = [row for row in agreement["populations"] if row["walker"] != "all" and row["basin"] != "alphaL"]
    compared = 0
    for a, b in itertools.combinations(rows, 2):
        if a["basin"] == b["basin"]:
            compared += 1
            error = (a["standard_error"] ** 2 + b["standard_error"] ** 2) ** 0.5
            assert abs(a["population"] - b["population"]) < 3 * error, (a, b)
    assert compared >= 2 * 3


def test_chignolin_is_there_in_both_states() -> None:
    card = read_json(ROOT / "workflow/resources/chignolin/card.json")
    assert card["n_atoms"] == 175
    assert card["n_frames"] >= 5000
    walkers = {name: facts for name, facts in card["files"].items() if name.endswith(".xtc")}
    states = [facts["state"] for facts in walkers.values()]
    assert states.count("folded") >= 30
    assert states.count("unfolded") >= 30
    assert sum(facts["bytes"] for facts in walkers.values()) < 8 * 2**20
    # The state follows from hydrogen bonds of the turn, independently of the distance from the known fold:
    # few chains have the turn alone, or the fold with one of its hydrogen bonds open.
    agree = [
        (facts["calpha_rmsd_A"]["mean"] < 2.0) == (walkers[name]["state"] == "folded")
        for name, facts in card["shape"].items()
    ]
    assert sum(agree) >= 0.94 * len(agree)


@pytest.mark.slow
def test_every_part_of_every_fold_has_both_states_of_chignolin() -> None:
    folder = ROOT / "workflow/resources/chignolin"
    frames, card = Source(BundledSettings(directory=str(folder), stride=20)).read()
    for fold in range(3):
        for part, walkers in make_split(frames, Protocol(folds=3), fold, 0).trajectories.items():
            states = {card["trajectories"][walker]["state"] for walker in walkers}
            assert states == {"folded", "unfolded"}, (fold, part, walkers)


def test_bundled_files_are_small() -> None:
    kept = [ROOT / "workflow/resources", ROOT / "results/reference"]
    size = sum(file.stat().st_size for folder in kept for file in folder.rglob("*") if file.is_file())
    assert size < 32e6
