"""A plug-in's results depend on its file and on the parts that it imports."""

from pathlib import Path

import pytest

from cgbench.core import registry
from cgbench.core.code_dependencies import code_hash, plugin_files, verb_files


def _names(room: str, name: str) -> set[str]:
    return {f"{path.parent.name}/{path.stem}" for path in plugin_files(room, name)}


def test_a_method_with_a_network_depends_on_its_parts() -> None:
    assert _names("methods", "cgvae") >= {"methods/cgvae", "nn/training", "nn/radial"}


def test_a_method_without_depends_on_no_network() -> None:
    of_methods = {"methods/linear", "methods/_baselines", "methods/_memory"}
    of_others = {"core/safe_io", "core/wording", "chem/bond_rule", "chem/geometry", "chem/molecule"}
    assert _names("methods", "linear") == of_methods | of_others


@pytest.mark.parametrize(
    ("room", "name", "part"),
    [
        ("methods", "equivariant_linear", "methods/_baselines"),
        ("methods", "equivariant_mlp", "methods/_baselines"),
        ("metrics", "graph_xor", "chem/geometry"),
        ("metrics", "rmsd_recon", "chem/geometry"),
        ("mapping", "backbone", "mapping/_partition"),
        ("sources", "bundled", "chem/topology_io"),
    ],
)
def test_helpers_outside_the_room_count(room: str, name: str, part: str) -> None:
    assert part in _names(room, name)


def test_verbs_have_their_own_files() -> None:
    assert {path.stem for path in verb_files("split")} >= {"splits", "frames"}
    assert {path.stem for path in verb_files("prepare")} >= {"prepare", "autocorrelation", "trajectory_io"}


DRAWN = {
    "figures-scores": {"comparison", "fidelity", "cost"},
    "figures-samples": {"sample_figures", "ramachandran", "atom_errors"},
    "figures-distributions": {"distributions"},
    "figures-sweep": {"sweep"},
    "figures-training": {"training"},
    "figures-mappings": {"mapping_graph"},
    "figures-trajectories": {"walkers", "rmsd_rg"},
    "figures-leakage": {"leakage"},
}
# Errors of atoms are drawn on the same layout of the molecule as mappings.
SHARED = {("figures-samples", "mapping_graph")}


@pytest.mark.parametrize("verb", DRAWN)
def test_a_figure_depends_on_what_draws_it_and_on_no_other_figure(verb: str) -> None:
    drawing = {path.stem for path in verb_files(verb) if path.parent.name == "figures"}
    assert DRAWN[verb] | {"style"} <= drawing
    others = set().union(*(own for other, own in DRAWN.items() if other != verb))
    assert {(verb, name) for name in drawing & others} <= SHARED


def test_no_verb_depends_on_how_it_is_called() -> None:
    assert not {path for path in verb_files("figures-training") if path.parent.name == "cli"}


def test_an_edit_of_what_scores_are_made_with_repeats_no_training() -> None:
    """What prepares a dataset comes before what is trained on it."""
    measuring = {"energy", "observables", "bonds_and_clashes", "_evaluation", "histograms", "score"}
    for room in ("sources", "mapping", "methods"):
        for name in registry.names(room):
            assert not measuring & {path.stem for path in plugin_files(room, name)}
    assert not measuring & {path.stem for path in (*verb_files("prepare"), *verb_files("split"))}


def test_an_edit_of_a_contract_repeats_no_training() -> None:
    for room in ("sources", "mapping", "methods"):
        for name in registry.names(room):
            assert not {path for path in plugin_files(room, name) if path.stem == "base"}


@pytest.mark.parametrize(
    ("edited", "same"),
    [
        ('"""Other text."""\n# a comment\nX  =  1\n\n\ndef f():\n    """Text."""\n    return X\n', True),
        ('"""Text."""\nX = 2\n\n\ndef f():\n    return X\n', False),
        ('"""Text."""\nX = 1\n\n\ndef f():\n    return -X\n', False),
    ],
)
def test_only_code_counts(tmp_path: Path, edited: str, same: bool) -> None:
    before, after = tmp_path / "before.py", tmp_path / "after.py"
    before.write_text('"""Text."""\nX = 1\n\n\ndef f():\n    return X\n')
    after.write_text(edited)
    assert (code_hash([before]) == code_hash([after])) == same
