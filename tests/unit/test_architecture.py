"""docs/architecture.md shows the rules of the workflow and the layers of the package as they are."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import networkx as nx
import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/architecture.md").read_text()
DIAGRAM = PAGE.split("```mermaid\n")[1].split("```")[0]
TARGETS = {
    name
    for row in re.findall(r"^\| (`\w+`.*?) \|", PAGE.split("## Reports")[0], flags=re.MULTILINE)
    for name in re.findall(r"`(\w+)`", row)
}
NODES = set(re.findall(r"^ +(\w+)\[\"", DIAGRAM, flags=re.MULTILINE))
ARROWS = set(re.findall(r"^ +(\w+) --> (\w+)$", DIAGRAM, flags=re.MULTILINE))
DOTTED = set(re.findall(r"^ +(\w+) -\.-> (\w+)$", DIAGRAM, flags=re.MULTILINE))
FIGURES = {name for name in NODES if name.startswith("figures_")}
# Downloads are one rule per dataset, which the diagram and the table show as their target.
BOTH = {"fetch"}


def rules() -> set[str]:
    """Names of the rules in all files of the workflow."""
    files = [ROOT / "Snakefile", *(ROOT / "workflow").rglob("Snakefile"), *(ROOT / "workflow").rglob("*.smk")]
    names = (
        re.findall(r"^ *(?:rule|checkpoint) (\w+):", path.read_text(), flags=re.MULTILINE) for path in files
    )
    return {name for found in names for name in found}


def test_every_rule_is_a_box_or_a_target() -> None:
    assert rules(), "no rules found"
    assert not rules() - NODES - TARGETS, "add them to docs/architecture.md"
    assert not (NODES | TARGETS) - rules(), "remove them from docs/architecture.md, there are no such rules"
    assert NODES & TARGETS == BOTH


def test_arrows_join_boxes() -> None:
    assert {end for arrow in ARROWS | DOTTED for end in arrow} <= NODES


# Every rule takes part: a method in closed form, an entry, a program with an environment, and two networks
# that differ in one setting, which the figure of a sweep needs. It belongs to no target.
CONFIG = """
methods:
  less: {use: cgvae, beta: 0.1}
  more: {use: cgvae, beta: 0.2}
  started:
    use: program
    command: "python program.py {beads}.npz {samples}.npz"
    card: card.yaml
    mappings: [cgae]
    environment: workflow/programs/pulchra.txt
entries: {theirs: {path: "{fold}.npz", tasks: [alanine_dipeptide-cgae-3], card: card.yaml}}
run:
  datasets: [alanine_dipeptide]
  methods: [linear, less, more, started]
  resolutions: {alanine_dipeptide: [3]}
"""
SWEEP = "results/figures/alanine_dipeptide/cgae/sweep-beta.svg"


@pytest.mark.slow
def test_arrows_are_the_dependencies_of_the_rules(tmp_path: Path) -> None:
    """All dependencies, without those that follow from others and those of figures on `settings`."""
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG)
    options = ["--nolock", "--forceall", "--rulegraph", "mermaid-js", "--configfile", str(path)]
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", *options, "--", *sorted(TARGETS), SWEEP],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    names = dict(re.findall(r"(\w+)\[(\w+)\]", done.stdout))
    graph = nx.DiGraph(
        (names[start], names[end]) for start, end in re.findall(r"(\w+) --> (\w+)", done.stdout)
    )
    graph.remove_nodes_from(TARGETS & set(graph))
    arrows = nx.transitive_reduction(graph).edges
    expected = {(start, end) for start, end in arrows if start != "settings" or end not in FIGURES}
    lines = "\n".join(f"    {start} --> {end}" for start, end in sorted(expected))
    assert expected == ARROWS, f"the arrows of docs/architecture.md should be:\n{lines}"


def layers() -> list[str]:
    """Packages in the order of the import linter, highest first."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (listed,) = [contract["layers"] for contract in settings["contracts"] if contract["type"] == "layers"]
    return [name.strip() for layer in listed for name in re.split(r"[|:]", layer)]


def test_packages_are_the_layers_of_the_import_linter() -> None:
    table = PAGE.split("## Packages")[1]
    assert re.findall(r"^\| `(\w+)` \| \S", table, flags=re.MULTILINE) == layers()


def test_contributing_lists_the_layers_in_order() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    (listed,) = re.findall(r"are layers, highest first: (.+?)\. ", text)
    assert [name.strip("` ") for name in listed.split(",")] == layers()
