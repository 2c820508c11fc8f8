"""A plug-in's results depend on its file and on the parts that it imports."""

import pytest

from cgbench import plugins
from cgbench.sources import module_files, source_files


def _names(room: str, name: str) -> set[str]:
    return {f"{path.parent.name}/{path.stem}" for path in source_files(room, name)}


def test_a_method_with_a_network_depends_on_its_parts() -> None:
    assert _names("methods", "cgvae") >= {"methods/cgvae", "nn/training", "nn/radial"}


def test_a_method_without_depends_on_no_network() -> None:
    assert _names("methods", "linear") == {"methods/linear", "cgbench/combination", "cgbench/reading"}


@pytest.mark.parametrize(
    ("room", "name", "part"),
    [
        ("methods", "equivariant_linear", "cgbench/nearest"),
        ("methods", "equivariant_mlp", "cgbench/nearest"),
        ("metrics", "graph_xor", "cgbench/geometry"),
        ("metrics", "rmsd_recon", "cgbench/geometry"),
        ("mapping", "backbone", "cgbench/partition"),
        ("datasets", "bundled", "cgbench/trajectory_io"),
    ],
)
def test_helpers_outside_the_room_count(room: str, name: str, part: str) -> None:
    assert part in _names(room, name)


def test_stages_have_their_own_files() -> None:
    assert {path.stem for path in module_files("splits")} >= {"splits", "frames"}
    assert {path.stem for path in module_files("prepare")} >= {"prepare", "correlation", "trajectory_io"}


def test_an_edit_of_a_contract_repeats_no_training() -> None:
    for room in ("datasets", "mapping", "methods"):
        for name in plugins.names(room):
            assert not {path for path in source_files(room, name) if path.stem == "base"}
