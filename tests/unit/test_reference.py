"""The committed reference results say what the README says of them."""

import re
import runpy
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cgbench.config.loader import Config
from cgbench.results.tables import read_metrics

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "results/reference"
BASELINES = ["linear", "equivariant_linear", "mlp", "equivariant_mlp"]


@pytest.fixture(scope="module")
def metrics() -> pd.DataFrame:
    return read_metrics(REFERENCE / "metrics.csv")


def test_reference_is_the_whole_benchmark_of_its_configuration(metrics: pd.DataFrame) -> None:
    config = Config.load(REFERENCE / "config.json")
    key = ["dataset", "mapping", "n_beads", "method", "fold"]
    found = set(metrics[key].drop_duplicates().itertuples(index=False, name=None))
    assert found == {tuple(vars(cell).values()) for cell in config.run_specs()}


@pytest.mark.parametrize("atoms", ["heavy", "all"])
def test_cgvae_reconstructs_better_than_every_baseline_at_every_resolution(
    metrics: pd.DataFrame, atoms: str
) -> None:
    chosen = metrics[(metrics["metric"] == "rmsd_recon") & (metrics["atoms"] == atoms)]
    mean = chosen.pivot_table(index=["dataset", "mapping", "n_beads"], columns="method", values="value")
    assert len(mean) == 13
    assert (mean["cgvae"] < mean[BASELINES].min(axis=1)).all(), mean


@pytest.mark.parametrize(
    ("metric", "atoms", "share"), [("rmsd_recon", "heavy", 0.5), ("rmsd_backmap_min", "heavy", 1.0)]
)
def test_cgvae_knows_chignolin_better_than_every_baseline(
    metric: str, atoms: str, share: float, metrics: pd.DataFrame
) -> None:
    chosen = metrics.query(
        "dataset == 'chignolin' and mapping == 'cgae' and metric == @metric and atoms == @atoms"
    )
    mean = chosen.pivot_table(index="n_beads", columns="method", values="value")
    assert len(mean) == 4
    assert (mean["cgvae"] < share * mean[BASELINES].min(axis=1)).all(), mean


def test_samples_of_chignolin_are_whole_molecules(metrics: pd.DataFrame) -> None:
    chosen = metrics.query("dataset == 'chignolin' and method == 'cgvae'").set_index(["metric", "atoms"])
    assert (chosen.loc[("graph_xor", "heavy"), "value"] <= 0.02).all()
    assert (chosen.loc[("chirality_right", "all"), "value"] >= 0.995).all()


def test_cgvae_rebuilds_both_states_of_chignolin_equally_well() -> None:
    states = pd.read_csv(REFERENCE / "states.csv").query("method == 'cgvae'")
    recon = states.pivot_table(index=["mapping", "n_beads"], columns="state", values="rmsd_recon")
    assert len(recon) == 5
    assert ((recon["unfolded"] - recon["folded"]).abs() <= 0.02).all(), recon


def test_no_job_needed_more_than_its_memory() -> None:
    runs = pd.read_csv(REFERENCE / "runs.csv")
    assert runs["peak_mib"].max() < 4096


def test_table_of_the_readme_is_of_the_reference(metrics: pd.DataFrame) -> None:
    chosen = metrics.query(
        "dataset == 'alanine_dipeptide' and mapping == 'cgae' "
        "and metric == 'rmsd_backmap_min' and atoms == 'heavy'"
    )
    mean = chosen.pivot_table(index="method", columns="n_beads", values="value")
    seen = ["cgvae", "cgvae_e3nn", "local_flow", "true_frames"]  # the atoms that they are to rebuild
    answers = metrics.query(
        "dataset == 'alanine_dipeptide' and mapping == 'cgae' and metric == 'rmsd_recon' and atoms == 'heavy'"
    )
    answers = answers[~answers["method"].isin(seen)]
    single = answers.pivot_table(index="method", columns="n_beads", values="value")
    many = ["cgvae", "cgvae_e3nn", "local_flow", "nearest_frame", "gaussian_relaxed"]
    expected = [*mean.loc[many].to_numpy(), single.min().to_numpy()]
    rows = re.findall(r"^\|[^|]+\|((?: \**[\d.]+\** \|){7})$", (ROOT / "README.md").read_text(), re.MULTILINE)
    cells = [row.strip("|").split("|") for row in rows]
    shown = [[float(cell.strip(" *")) for cell in row] for row in cells]
    assert shown == [[pytest.approx(value, abs=6e-4) for value in row] for row in [mean.columns, *expected]]
    for (_, *texts), (_, *values) in zip(zip(*cells, strict=True), zip(*shown, strict=True), strict=True):
        assert ["**" in text for text in texts] == [value == min(values) for value in values]


def test_tables_of_generative_methods_are_of_the_reference(metrics: pd.DataFrame) -> None:
    text = (ROOT / "docs/cgvae.md").read_text()
    columns = {"alanine_dipeptide": [3, 4, 5, 6, 8, 10, 12], "chignolin": [6, 8, 10, 12]}
    rows = re.findall(r"^\| `(\w+)` (heavy|all)[^|]*\| `(\w+)` \|((?: −?[\d.]+ \|)+)$", text, re.MULTILINE)
    assert len(rows) == 2 * 7 * 3
    kept = metrics[metrics["mapping"] == "cgae"]
    means = kept.groupby(["dataset", "method", "metric", "atoms", "n_beads"])["value"].mean()
    for metric, atoms, method, numbers in rows:
        cells = [cell.strip().replace("−", "-") for cell in numbers.strip("|").split("|")]
        (dataset,) = [name for name, n_beads in columns.items() if len(n_beads) == len(cells)]
        expected = means[dataset, method, metric, atoms].loc[columns[dataset]]
        assert cells == [f"{value:.{len(cells[0].partition('.')[2])}f}" for value in expected], metric


def test_tables_of_the_docs_are_of_the_reference(beside_the_published: dict[str, Any]) -> None:
    text = (ROOT / "docs/cgvae.md").read_text()
    assert beside_the_published["table"](REFERENCE) in text
    states = pd.read_csv(REFERENCE / "states.csv").query("mapping == 'cgae'")
    row = r"^\| (\d+) \| `(\w+)` \| (\w+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$"
    rows = re.findall(row, text, re.MULTILINE)
    assert len(rows) == 24
    for n_beads, method, state, *scores in rows:
        (found,) = states.query(
            f"n_beads == {n_beads} and method == {method!r} and state == {state!r}"
        ).to_dict("records")
        names = ("rmsd_recon", "rmsd_backmap_min", "graph_xor", "diversity")
        for score, name, digits in zip(scores, names, (2, 2, 3, 2), strict=True):
            assert score == f"{found[name]:.{digits}f}", (n_beads, method, state, name)


def test_readme_is_filled_in() -> None:
    assert not re.search(r"\b[A-Z_]+_TEXT\b", (ROOT / "README.md").read_text())


@pytest.fixture(scope="module")
def beside_the_published() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "benchmarks/published_numbers.py"))


@pytest.mark.parametrize(
    ("metric", "atoms"),
    [
        ("rmsd_recon", "heavy"),
        ("rmsd_recon", "all"),
        ("rmsd_recon_legacy", "heavy"),
        ("rmsd_recon_legacy", "all"),
        ("graph_xor", "all"),
    ],
)
def test_cgvae_is_as_accurate_as_published(
    metric: str, atoms: str, metrics: pd.DataFrame, beside_the_published: dict[str, Any]
) -> None:
    numbers = beside_the_published["PUBLISHED"][metric, atoms]
    published = dict(zip(beside_the_published["RESOLUTIONS"], numbers, strict=True))
    ours = _of_alanine_dipeptide(metrics, metric, atoms)
    assert len(ours) == len(published)
    assert all(value <= published[n_beads] for n_beads, value in ours.items()), ours


def test_cgvae_samples_torsions_almost_as_well_as_dynamics_itself(metrics: pd.DataFrame) -> None:
    floors = pd.read_csv(REFERENCE / "noise_floor.csv").query(
        "dataset == 'alanine_dipeptide' and metric == 'phi_psi_jsd'"
    )
    assert (_of_alanine_dipeptide(metrics, "phi_psi_jsd", "all") <= 2 * floors["value"].mean()).all()
    assert (_of_alanine_dipeptide(metrics, "chirality_right", "all") >= 0.995).all()


def _of_alanine_dipeptide(metrics: pd.DataFrame, metric: str, atoms: str) -> "pd.Series[float]":
    chosen = metrics.query(
        "dataset == 'alanine_dipeptide' and mapping == 'cgae' and method == 'cgvae' "
        "and metric == @metric and atoms == @atoms"
    )
    return chosen.groupby("n_beads")["value"].mean()


def test_table_beside_the_published_numbers_has_every_resolution(
    metrics: pd.DataFrame, beside_the_published: dict[str, Any]
) -> None:
    lines = beside_the_published["table"](REFERENCE).splitlines()
    chosen = metrics.query("dataset == 'alanine_dipeptide' and mapping == 'cgae'")
    resolutions = sorted(chosen["n_beads"].unique())
    assert [cell.strip() for cell in lines[0].strip("|").split("|")[2:]] == [str(n) for n in resolutions]
    assert len(lines) == 2 + 2 * len(beside_the_published["PUBLISHED"]) + 3
