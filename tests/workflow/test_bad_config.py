"""Mistakes end in one readable message and a failed exit, and leave nothing half-written."""

import shutil
from pathlib import Path

import mdtraj
import pytest

from workflow_project import Project

pytestmark = pytest.mark.slow


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project.copy_of_checkout(tmp_path / "project")


def _run_with(project: Project, override: str, *arguments: str) -> str:
    """Run with a config file over that of the tests; it must fail, and say so without a traceback."""
    (project.root / "override.yaml").write_text(override)
    done = project.snakemake("override.yaml", "--show-failed-logs", *arguments)
    assert done.returncode != 0, done.stdout
    assert "Traceback" not in done.stdout
    return done.stdout


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("protocl: {folds: 2}", ["'protocl'", "known keys", "protocol"]),
        ("seed: 1\nseed: 2", ["override.yaml", "line 2", "'seed' occurs twice"]),
    ],
)
def test_wrong_configuration_stops_before_anything_is_made(
    project: Project, override: str, said: list[str]
) -> None:
    printed = _run_with(project, override)
    for text in said:
        assert text in printed
    assert not (project.root / "results").exists()


def test_more_beads_than_atoms(project: Project) -> None:
    printed = _run_with(
        project,
        "run: {resolutions: {alanine_dipeptide: [23]}}",
        "results/test/mappings/alanine_dipeptide/backbone-23/fold0.json",
    )
    assert (
        "error: results/test/data/alanine_dipeptide/frames.npz: mapping 'backbone' with 23 beads" in printed
    )
    assert "run.resolutions" in printed
    assert "a molecule of 22 atoms can have 1 to 22 beads; change" in printed
    assert not list(project.root.glob("results/test/mappings/**/*.json"))


def test_damaged_trajectory_is_refused_by_its_checksum(project: Project) -> None:
    resources = project.root / "workflow" / "resources"
    original = resources.resolve()
    resources.unlink()
    shutil.copytree(original, resources)
    walker = resources / "alanine_dipeptide" / "walker-0.xtc"
    content = bytearray(walker.read_bytes())
    content[len(content) // 2] ^= 0xFF
    walker.write_bytes(content)
    printed = _run_with(project, "{}", "data")
    assert "walker-0.xtc: SHA-256 is" in printed
    assert "restore it" in printed
    assert not list(project.root.glob("results/test/data/*/frames.npz"))


def test_truncated_trajectory_of_ones_own(project: Project, alanine_directory: Path) -> None:
    trajectory = next(
        mdtraj.iterload(f"{alanine_directory}/walker-0.xtc", top=f"{alanine_directory}/topology.pdb", chunk=5)
    )
    trajectory[0].save(str(project.root / "own.pdb"))
    path = project.root / "own.xtc"
    trajectory.save(str(path))
    path.write_bytes(path.read_bytes()[:-10])
    target = "results/test/data/mine/card.json"
    printed = _run_with(
        project,
        "datasets: {mine: {source: files, topology: own.pdb, trajectories: own.xtc}}\n"
        "run: {datasets: [mine], resolutions: {mine: [3]}}\n",
        target,
    )
    for text in ("error: ", "own.xtc", "truncated"):
        assert text in printed
    assert [file.name for file in (project.root / target).parent.iterdir()] == ["prepare.log"]


def test_missing_trajectories_of_ones_own(project: Project) -> None:
    printed = _run_with(
        project,
        "datasets: {mine: {source: files, topology: absent.pdb, trajectories: [absent.xtc]}}\n"
        "run: {datasets: [mine], resolutions: {mine: [3]}}\n",
        "data",
    )
    assert "absent.pdb" in printed
    assert "absent.xtc" in printed


def test_braces_in_names_are_refused(project: Project) -> None:
    (project.root / "override.yaml").write_text(
        "mappings: {own: {use: file, path: 'md{300K}/beads.yaml'}}\nrun: {mappings: [own]}\n"
    )
    done = project.snakemake("override.yaml", "--dry-run", "all")
    assert done.returncode != 0
    assert "md{300K}/beads.yaml: Snakemake takes braces for wildcards; rename" in done.stdout
