"""README.md and docs/results.md agree with the committed reference results."""

import re
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cgbench.config.run_matrix import RunMatrix
from cgbench.core.atomic_io import read_json, sha256
from cgbench.report.export import MANIFEST
from cgbench.results.tables import read_metrics

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "results/reference"
README = (ROOT / "README.md").read_text()
RESULTS = (ROOT / "docs/results.md").read_text()
PAGES = {"README.md": README, "docs/results.md": RESULTS}
N_BEADS = {"alanine_dipeptide": [3, 4, 5, 6, 8, 10, 12], "chignolin": [6, 8, 10, 12]}


@pytest.fixture(scope="module")
def metrics() -> pd.DataFrame:
    return read_metrics(REFERENCE / "metrics.csv")


@pytest.fixture(scope="module")
def means(metrics: pd.DataFrame) -> "pd.Series[float]":
    """Means over folds, CGAE mappings."""
    kept = metrics[metrics["mapping"] == "cgae"]
    return kept.groupby(["dataset", "metric", "atoms", "method", "n_beads"])["value"].mean()


@pytest.fixture(scope="module")
def noise_floor() -> "pd.Series[float]":
    table = pd.read_csv(REFERENCE / "noise_floor.csv")
    return table.groupby(["dataset", "metric", "atoms"])["value"].mean()


@pytest.fixture(scope="module")
def beside_the_published() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "benchmarks/published_numbers.py"))


def test_reference_has_every_run_of_its_configuration(metrics: pd.DataFrame) -> None:
    """Settings of methods may be those of an earlier version."""
    config = RunMatrix.load(REFERENCE / "config.json")
    key = ["dataset", "mapping", "n_beads", "method", "fold"]
    found = set(metrics[key].drop_duplicates().itertuples(index=False, name=None))
    assert found == {tuple(vars(cell).values()) for cell in config.run_specs()}


def test_no_job_needed_more_than_its_memory() -> None:
    runs = pd.read_csv(REFERENCE / "runs.csv")
    assert runs["peak_mib"].max() < 4096


def rows_of(text: str, label: str) -> list[tuple[str, ...]]:
    """Groups of ``label`` and the numbers of each table row that it matches."""
    found = re.findall(rf"^\| {label} \|((?: \**−?[\d.]+\** \|)+)$", text, re.MULTILINE)
    return [tuple(row) for row in found]


def cells_of(row: str) -> list[str]:
    return [cell.strip(" ").replace("−", "-") for cell in row.strip("|").split("|")]


def written_like(value: float, cell: str) -> str:
    """Format a value with as many decimals as the cell of a table has."""
    return f"{value:.{len(cell.strip('*').partition('.')[2])}f}"


def test_table_of_the_readme_agrees(means: "pd.Series[float]") -> None:
    """Five rows at most; bold is the lowest value of a column as printed."""
    alanine = means["alanine_dipeptide"]
    table = README.split("| beads |")[1].split("\n\n")[0]
    (n_beads, *rows) = [line.strip("| ").split(" | ") for line in table.splitlines() if "---" not in line]
    assert [int(n) for n in n_beads] == N_BEADS["alanine_dipeptide"]
    assert 1 <= len(rows) <= 5
    backmapped = alanine["rmsd_backmap_min", "heavy"]
    runs = pd.read_csv(REFERENCE / "runs.csv")
    # The controls with a bound are the ends of the scale and do not compete.
    one_geometry = runs.loc[~runs["stochastic"] & runs["bound"].isna(), "method"].unique()
    point = backmapped.loc[one_geometry].groupby("n_beads").min()
    for label, *cells in rows:
        name = re.match(r"`(\w+)`", label)
        expected = backmapped[name[1]] if name else point
        assert [cell.strip("*") for cell in cells] == [f"{value:.3f}" for value in expected], label
    for column in list(zip(*rows, strict=True))[1:]:
        lowest = min(cell.strip("*") for cell in column)
        assert [cell.startswith("**") for cell in column] == [cell.strip("*") == lowest for cell in column]


def test_tables_of_scores_agree(means: "pd.Series[float]") -> None:
    rows = rows_of(RESULTS, r"`(\w+)` (heavy|all)[^|]*\| `(\w+)`")
    assert len(rows) >= 100
    for metric, atoms, method, numbers in rows:
        cells = cells_of(numbers)
        (dataset,) = [name for name, n_beads in N_BEADS.items() if len(n_beads) == len(cells)]
        expected = means[dataset, metric, atoms, method].loc[N_BEADS[dataset]]
        found = [written_like(value, cell) for value, cell in zip(expected, cells, strict=True)]
        assert cells == found, (metric, atoms, method)


def test_training_times_agree() -> None:
    runs = pd.read_csv(REFERENCE / "runs.csv").query("mapping == 'cgae'")
    minutes = runs.groupby(["dataset", "method", "n_beads"])["wall_seconds"].mean() / 60
    rows = rows_of(RESULTS, r"training \(min\) \| `(\w+)`")
    assert len(rows) == 6
    for method, numbers in rows:
        cells = cells_of(numbers)
        (dataset,) = [name for name, n_beads in N_BEADS.items() if len(n_beads) == len(cells)]
        assert cells == [f"{value:.1f}" for value in minutes[dataset, method].loc[N_BEADS[dataset]]], method


def test_table_of_states_agrees() -> None:
    states = pd.read_csv(REFERENCE / "states.csv").query("mapping == 'cgae'")
    row = r"^\| (\d+) \| `(\w+)` \| (\w+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$"
    rows = re.findall(row, RESULTS, re.MULTILINE)
    assert len(rows) == 24
    for n_beads, method, state, *scores in rows:
        (found,) = states.query(
            f"n_beads == {n_beads} and method == {method!r} and state == {state!r}"
        ).to_dict("records")
        names = ("rmsd_recon", "rmsd_backmap_min", "graph_xor", "diversity")
        for score, name, digits in zip(scores, names, (2, 2, 3, 2), strict=True):
            assert score == f"{found[name]:.{digits}f}", (n_beads, method, state, name)


def test_table_beside_the_published_numbers_agrees(beside_the_published: dict[str, Any]) -> None:
    assert beside_the_published["table"](REFERENCE) in RESULTS


def test_table_beside_the_published_numbers_has_every_resolution(
    metrics: pd.DataFrame, beside_the_published: dict[str, Any]
) -> None:
    lines = beside_the_published["table"](REFERENCE).splitlines()
    chosen = metrics.query("dataset == 'alanine_dipeptide' and mapping == 'cgae'")
    resolutions = sorted(chosen["n_beads"].unique())
    assert [cell.strip() for cell in lines[0].strip("|").split("|")[2:]] == [str(n) for n in resolutions]
    assert len(lines) == 2 + 2 * len(beside_the_published["PUBLISHED"]) + 3


# Sentences with numbers: page, text with one {} per number, and the scores that belong there as
# (dataset, metric, atoms, method, beads, digits); without method and beads, the noise floor.
A, C = "alanine_dipeptide", "chignolin"
SENTENCES = [
    (
        "README.md",
        "At 3 beads, the divergence of the φ/ψ distribution from MD is {} nat for `cgvae`, {} for "
        "`nearest_frame`, {} for `gaussian_relaxed` and {} for `mlp_relaxed`",
        [
            (A, "phi_psi_jsd", "all", method, 3, 3)
            for method in ("cgvae", "nearest_frame", "gaussian_relaxed", "mlp_relaxed")
        ],
    ),
    ("README.md", "independent MD frames differ by {}.", [(A, "phi_psi_jsd", "all", 3)]),
    (
        "README.md",
        "`local_flow` has λ between {} and {}.",
        [(A, "graph_xor", "all", "local_flow", n, 3) for n in (12, 3)],
    ),
    (
        "README.md",
        "the best of 8 samples of `cgvae` is {} Å (6 beads) to {} Å (12 beads)",
        [(C, "rmsd_backmap_min", "heavy", "cgvae", n, 2) for n in (6, 12)],
    ),
    (
        "docs/results.md",
        "(`rmsd_recon`, all atoms: {} and {} Å at 3 beads)",
        [(A, "rmsd_recon", "all", method, 3, 3) for method in ("conditional_gaussian", "mlp")],
    ),
    (
        "docs/results.md",
        "Averages are not valid molecules (λ = {} for the MLP).",
        [(A, "graph_xor", "all", "mlp", 3, 3)],
    ),
    (
        "docs/results.md",
        "`local_flow` has up to {} missing or spurious bonds per bond.",
        [(A, "graph_xor", "all", "local_flow", 3, 3)],
    ),
    (
        "docs/results.md",
        "After a short minimisation, {} kJ/mol per atom remain for `cgvae` at 3 beads.",
        [(A, "energy_minimised", "all", "cgvae", 3, 3)],
    ),
    (
        "docs/results.md",
        "Clashes at 3 beads: {} per 1,000 atoms for `cgvae`, {} for MD frames.",
        [(A, "clashes", "all", method, 3, 0) for method in ("cgvae", "true_frames")],
    ),
    ("docs/results.md", "the noise floor): {} nat.", [(A, "phi_psi_jsd", "all", 3)]),
    (
        "docs/results.md",
        "{} to {} of the residues are L-amino acids",
        [(C, "chirality_right", "all", "cgvae", n, 3) for n in (6, 12)],
    ),
    (
        "docs/results.md",
        "its molecules are broken: λ is {} to {}.",
        [(C, "graph_xor", "heavy", "local_flow", n, 2) for n in (6, 12)],
    ),
    (
        "docs/results.md",
        "The noise floor is {} nat (φ/ψ) and {} nat (χ).",
        [(C, metric, "all", 3) for metric in ("phi_psi_jsd", "chi_jsd")],
    ),
    (
        "docs/results.md",
        "({} against {} Å at 6 beads)",
        [(C, "bond_length_w1", "all", "cgvae", 6, 3), (C, "bond_length_w1", "all", 3)],
    ),
    (
        "docs/results.md",
        "at 5 beads, samples of `nearest_frame` are on average {} Å from the MD frame",
        [(A, "rmsd_backmap_mean", "heavy", "nearest_frame", 5, 3)],
    ),
]


@pytest.mark.parametrize(("page", "sentence", "scores"), SENTENCES)
def test_numbers_in_sentences_agree(
    page: str,
    sentence: str,
    scores: list[tuple[Any, ...]],
    means: "pd.Series[float]",
    noise_floor: "pd.Series[float]",
) -> None:
    values = ((means if len(key) == 5 else noise_floor)[tuple(key)] for *key, _ in scores)
    numbers = [f"{value:.{digits}f}" for value, (*_, digits) in zip(values, scores, strict=True)]
    assert sentence.format(*numbers) in PAGES[page]


def test_cost_of_the_reference_agrees() -> None:
    runs = pd.read_csv(REFERENCE / "runs.csv")
    hours = runs[["wall_seconds", "sample_seconds"]].sum() / 3600
    assert (
        f"{len(runs)} runs, {hours['wall_seconds']:.1f} hours of training and "
        f"{hours['sample_seconds']:.1f} hours of sampling"
    ) in RESULTS


def test_revisions_of_the_reference_agree() -> None:
    runs = pd.read_csv(REFERENCE / "runs.csv")
    assert (
        "(column `git.revision`); runs of six revisions were collected." in RESULTS
        and runs["git.revision"].nunique() == 6
    )
    revisions = runs[runs["mapping"] == "cgae"].groupby("method")["git.revision"].unique()
    (named,) = re.findall(
        r"\(`cgvae_e3nn`: (\w+); `local_flow`: (\w+); `cgvae`: ([\w, ]+) and (\w+)\)", RESULTS
    )
    assert {named[0]} == {revision[:7] for revision in revisions["cgvae_e3nn"]}
    assert {named[1]} == {revision[:7] for revision in revisions["local_flow"]}
    assert {*named[2].split(", "), named[3]} == {revision[:7] for revision in revisions["cgvae"]}


def test_leaderboard_of_the_reference_has_the_columns_of_the_code() -> None:
    columns = set(pd.read_csv(REFERENCE / "leaderboard.csv", nrows=1))
    assert {"loss", "scaled", "bound", "mark", "p", "samples"} <= columns


def test_reference_has_the_exported_files() -> None:
    for name, checksum in read_json(REFERENCE / MANIFEST).items():
        assert sha256(REFERENCE / name) == checksum, name


# Sentences about ranks, each with the marks in the leaderboard that it stands for:
# (dataset, beads, atoms, method, marks). A page has such a sentence if and only if the marks agree.
RANKS = [
    (
        "README.md",
        "Looking up the training frames with the nearest beads has the lowest backmapping RMSD at 3 beads "
        "and is tied with `local_flow` and `cgvae` at 4.",
        [(A, n, "heavy", "nearest_frame", ["best"]) for n in (3, 4)]
        + [(A, 3, "heavy", method, ["worse"]) for method in ("local_flow", "cgvae")]
        + [(A, 4, "heavy", method, ["tied"]) for method in ("local_flow", "cgvae")],
    ),
    (
        "README.md",
        "From 5 beads on, `cgvae` and `local_flow` have the lowest values (with hydrogens, the lookup is "
        "still tied at 5).",
        [(A, n, "heavy", "cgvae", ["best", "tied"]) for n in (5, 6, 8, 10, 12)]
        + [(A, n, "heavy", "nearest_frame", ["worse"]) for n in (5, 6, 8, 10, 12)]
        + [(A, 5, "all", "nearest_frame", ["tied"])],
    ),
    (
        "README.md",
        "At 6 and 8 beads the linear map is statistically tied with the best method.",
        [(C, n, "heavy", "linear", ["tied"]) for n in (6, 8)],
    ),
    (
        "docs/results.md",
        "At 5 and 6 beads `cgvae` and `local_flow` are tied; from 8 beads on `cgvae` has the lowest value.",
        [(A, n, "heavy", method, ["best", "tied"]) for n in (5, 6) for method in ("cgvae", "local_flow")]
        + [(A, n, "heavy", "cgvae", ["best"]) for n in (8, 10, 12)],
    ),
    (
        "docs/results.md",
        "`linear` is tied with the best method, at 8 also `mlp`, `mlp_relaxed` and `gaussian_relaxed`.",
        [(C, n, "heavy", "linear", ["tied"]) for n in (6, 8)]
        + [(C, 8, "heavy", method, ["tied"]) for method in ("mlp", "mlp_relaxed", "gaussian_relaxed")],
    ),
    (
        "docs/results.md",
        "At 10 and 12 beads, `linear` is significantly worse.",
        [(C, n, "heavy", "linear", ["worse"]) for n in (10, 12)],
    ),
]


@pytest.mark.parametrize(("page", "sentence", "marks"), RANKS)
def test_sentences_about_ranks_agree(page: str, sentence: str, marks: list[tuple[Any, ...]]) -> None:
    board = pd.read_csv(REFERENCE / "leaderboard.csv", dtype=str).query(
        "mapping == 'cgae' and metric == 'rmsd_backmap_min'"
    )
    found = board.set_index(["dataset", "n_beads", "atoms", "method"])["mark"]
    true = all(found[dataset, str(n), atoms, method] in any_of for dataset, n, atoms, method, any_of in marks)
    assert (sentence in PAGES[page]) == true


# Sentences about all resolutions at once, and whether the scores agree.
BOUNDS = [
    (
        "README.md",
        "Samples of `cgvae` have λ = 0.000 at every resolution",
        lambda means: (means[A, "graph_xor", "all", "cgvae"].round(3) == 0).all(),
    ),
    (
        "docs/results.md",
        "λ is 0.000 for every refined method, including a refined MLP (`mlp_relaxed`) and a refined Gaussian",
        lambda means: all(
            (means[A, "graph_xor", "all", method].round(3) == 0).all()
            for method in ("cgvae", "cgvae_e3nn", "gaussian_relaxed", "mlp_relaxed")
        ),
    ),
    (
        "docs/results.md",
        "λ of `cgvae` is at most 0.0006 (heavy atoms)",
        lambda means: means[C, "graph_xor", "heavy", "cgvae"].max().round(4) == 0.0006,
    ),
    (
        "docs/results.md",
        "The diversity score of `cgvae` is 0.33 to 0.39. The lookup in training frames is no better (0.39 to "
        "0.42).",
        lambda means: (
            extremes(means[C, "diversity", "heavy", "cgvae"]) == (0.33, 0.39)
            and extremes(means[C, "diversity", "heavy", "nearest_frame"]) == (0.39, 0.42)
        ),
    ),
    (
        "docs/results.md",
        "Their excess energy is 23 to 30 kJ/mol per atom.",
        lambda means: extremes(means[C, "energy_raw", "all", "cgvae"], 0) == (23, 30),
    ),
    (
        "docs/results.md",
        "to 0.03–0.04 Å (heavy atoms)",
        lambda means: extremes(means[A, "rmsd_recon", "heavy", "cgvae"]) == (0.03, 0.04),
    ),
]


def extremes(values: "pd.Series[float]", digits: int = 2) -> tuple[float, float]:
    return round(values.min(), digits), round(values.max(), digits)


@pytest.mark.parametrize(("page", "sentence", "agrees"), BOUNDS)
def test_sentences_about_all_resolutions_agree(
    page: str, sentence: str, agrees: Callable[["pd.Series[float]"], bool], means: "pd.Series[float]"
) -> None:
    assert (sentence in PAGES[page]) == bool(agrees(means))


def test_readme_fits_on_a_few_screens() -> None:
    assert len(README.splitlines()) <= 120
