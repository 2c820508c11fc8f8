"""A plug-in's results depend on its file and on the parts that it imports."""

from cgbench import plugins
from cgbench.sources import source_files


def _names(room: str, name: str) -> set[str]:
    return {f"{path.parent.name}/{path.stem}" for path in source_files(room, name)}


def test_a_method_with_a_network_depends_on_its_parts() -> None:
    assert _names("methods", "cgvae") >= {"methods/cgvae", "nn/training", "nn/radial"}


def test_a_method_without_depends_on_its_file_alone() -> None:
    assert _names("methods", "linear") == {"methods/linear"}


def test_contracts_and_other_plug_ins_are_left_out() -> None:
    for room in plugins.CLASS_NAMES:
        for name in plugins.names(room):
            assert f"{room}/base" not in _names(room, name)
            assert f"{room}/{name}" in _names(room, name)
