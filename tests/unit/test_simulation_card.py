"""The card of a simulation: provenance, and agreement between walkers."""

import mdtraj
import numpy as np
import pytest

from cgbench.chem.rama_basins import BASINS
from cgbench.core.atomic_io import read_json, sha256
from cgbench.core.errors import InputError
from cgbench.core.settings import parse_settings
from cgbench.simulation.analysis import agreement, agreement_markdown
from cgbench.simulation.card import bundle
from cgbench.simulation.folding import contact_atoms
from cgbench.simulation.recipe import Recipe
from cgbench.simulation.structure import build_structure
from cgbench.simulation.walker import simulate_walker

COMMAND = "snakemake --cores 2 results/simulations/tiny/card.json"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulation")
    values = {
        "title": "Tiny",
        "sequence": "A",
        "walkers": 2,
        "starts": [{"kind": "torsions", "phi": -75, "psi": 65}],
        "frames_per_walker": 40,
        "frame_interval_ps": 0.1,
        "equilibration_ps": 0.1,
    }
    recipe = parse_settings(Recipe, values, "recipe")
    build_structure(recipe, folder / "start.pdb")
    for walker in range(2):
        simulate_walker(recipe, walker, folder / "start.pdb", folder / f"walker-{walker}.xtc")
    return folder, recipe


def make_bundle(finished, output, count=2):
    folder, recipe = finished
    walkers = [folder / f"walker-{k}.xtc" for k in range(count)]
    bundle("tiny", recipe, folder / "start.pdb", walkers, output, COMMAND)
    return read_json(output / "card.json")


def test_card_describes_the_files_beside_it(finished, tmp_path):
    card = make_bundle(finished, tmp_path)
    assert (card["name"], card["n_atoms"], card["n_frames"]) == ("tiny", 22, 80)
    assert set(card["files"]) == {"topology.pdb", "walker-0.xtc", "walker-1.xtc"}
    for name, entry in card["files"].items():
        assert entry["sha256"] == sha256(tmp_path / name)
        assert entry["bytes"] == (tmp_path / name).stat().st_size
    assert card["files"]["walker-1.xtc"]["n_frames"] == 40


def test_card_contains_the_recipe_and_versions(finished, tmp_path):
    card = make_bundle(finished, tmp_path)
    assert parse_settings(Recipe, card["spec"], "card") == finished[1]
    assert card["command"] == COMMAND
    assert set(card["versions"]) == {"python", "openmm", "mdtraj", "numpy", "pdbfixer", "PeptideBuilder"}
    assert "/tmp" not in (tmp_path / "card.json").read_text()


def test_bundle_in_place_moves_nothing(finished):
    folder, _ = finished
    before = sha256(folder / "walker-0.xtc")
    assert make_bundle(finished, folder)["files"]["walker-0.xtc"]["sha256"] == before


def test_bundle_refuses_missing_walkers_and_frames(finished, tmp_path):
    folder, recipe = finished
    with pytest.raises(InputError, match="1 walker given, the recipe has 2"):
        make_bundle(finished, tmp_path, count=1)
    longer = recipe.model_copy(update={"frames_per_walker": 41})
    with pytest.raises(InputError, match="40 frames, but frames_per_walker is 41"):
        make_bundle((folder, longer), tmp_path)


def test_agreement_as_markdown(rng):
    walkers = {name: rng.uniform(-180, 180, (400, 2)) for name in ("a", "b")}
    text = agreement_markdown(agreement(walkers))
    assert all(f"- {basin}: " in text for basin in BASINS)
    assert "between the two halves of a walker" in text


def test_agreement_of_walkers_that_never_left_the_left_handed_basin():
    summary = agreement({name: np.full((20, 2), 45.0) for name in ("a", "b")})
    assert summary["divergence_between_walkers"] == {"a b": None}
    assert "not defined between walkers" in agreement_markdown(summary)


def test_contacts_count_residues_from_one(finished):
    topology = mdtraj.load_topology(str(finished[0] / "start.pdb"))
    [[nitrogen, methyl]] = contact_atoms(topology, (("1:N", "1:CB"),))
    assert [str(topology.atom(i)) for i in (nitrogen, methyl)] == ["ALA1-N", "ALA1-CB"]
    with pytest.raises(InputError, match=r"no atoms \['9:N'\]"):
        contact_atoms(topology, (("9:N", "1:CB"),))
