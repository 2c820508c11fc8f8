"""A walker that is killed and then finds the disk full ends like one that ran through."""

import shutil
from pathlib import Path

import pytest
from injection import SmallDisk, kill_when

from cgbench.core.errors import InputError
from cgbench.core.settings import parse_settings
from cgbench.simulation import Recipe, build_structure, simulate_walker

pytestmark = pytest.mark.slow

RECIPE = {
    "title": "test",
    "sequence": "A",
    "walkers": 1,
    "starts": [{"kind": "torsions", "phi": 55, "psi": 40}],
    "frames_per_walker": 300,
    "frame_interval_ps": 0.1,
    # So few frames that the library keeps them all until it closes the file, and then fails silently.
    "chunk_frames": 10,
    "equilibration_ps": 0.5,
}


def test_full_disk_stops_a_killed_walker_that_goes_on_when_there_is_room(
    small_disk: SmallDisk, tmp_path: Path
) -> None:
    recipe = parse_settings(Recipe, RECIPE, "recipe")
    structure = tmp_path / "start.pdb"
    build_structure(recipe, structure)
    output = small_disk.folder / "walker-0.xtc"
    parts = output.with_suffix(".parts")
    kill_when(
        lambda: (parts / "state-00003.xml").exists(),
        *("simulate", "--recipe", recipe.to_json(), "--structure", str(structure), "--walker", "0"),
        *("--output", str(output)),
    )
    for leftover in parts.glob(".*"):  # of the file that was being written
        leftover.unlink()
    kept = shutil.copytree(parts, tmp_path / "kept")

    small_disk.fill()
    with pytest.raises(InputError, match=r"chunk-\d+\.xtc: not written, the disk is full \(.+\); free"):
        simulate_walker(recipe, 0, structure, output)
    small_disk.make_room()
    for folder in (parts, kept):
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
            path.name: path.read_bytes() for path in kept.iterdir()
        }

    simulate_walker(recipe, 0, structure, output)
    simulate_walker(recipe, 0, structure, tmp_path / "whole.xtc")
    assert output.read_bytes() == (tmp_path / "whole.xtc").read_bytes()
    assert [path.name for path in small_disk.folder.iterdir()] == ["walker-0.xtc"]
