"""A walker that is killed and then meets a full disk equals an uninterrupted one."""

import shutil
from pathlib import Path

import pytest
from injection import SmallDisk, kill_when

from cgbench.core.errors import InputError
from cgbench.core.settings import parse_settings
from cgbench.simulation.recipe import Recipe
from cgbench.simulation.structure import build_structure
from cgbench.simulation.walker import simulate_walker

pytestmark = pytest.mark.slow

RECIPE = {
    "title": "test",
    "sequence": "A",
    "walkers": 1,
    "starts": [{"kind": "torsions", "phi": 55, "psi": 40}],
    "frames_per_walker": 300,
    "frame_interval_ps": 0.1,
    # Few frames, which the XTC library buffers until it closes the file, where it reports no error.
    "chunk_frames": 10,
    "equilibration_ps": 0.5,
}


def test_walker_resumes_after_a_kill_and_a_full_disk(small_disk: SmallDisk, tmp_path: Path) -> None:
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
    simulate_walker(recipe, 0, structure, tmp_path / "uninterrupted.xtc")
    assert output.read_bytes() == (tmp_path / "uninterrupted.xtc").read_bytes()
    assert [path.name for path in small_disk.folder.iterdir()] == ["walker-0.xtc"]
