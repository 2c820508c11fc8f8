"""README.md and docs/results.md agree with the committed reference results."""

import re
import runpy
from pathlib import Path

import pandas as pd
import pytest

from cgbench.config.run_matrix import RunMatrix
from cgbench.core.atomic_io import read_json, sha256
from cgbench.report.export import MANIFEST
from cgbench.results.tables import read_metrics

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "results/reference/default"
PROGRAMS = ROOT / "results/reference/programs"
PROTEIN = ROOT / "results/reference/protein"
RESOLUTIONS = ROOT / "results/reference/resolutions"
IN_TABLES = [REFERENCE, PROGRAMS, PROTEIN]
README = (ROOT / "README.md").read_text()
RESULTS = (ROOT / "docs/results.md").read_text()
PAGES = {"README.md": README, "docs/results.md": RESULTS}
A, C = "alanine_dipeptide", "chignolin"
FULL = [ROOT / "results/reference/full" / dataset for dataset in (A, C)]
ALL = [*IN_TABLES, RESOLUTIONS, *FULL]
TASKS = [(A, 3), (A, 4), (A, 6), (C, 6), (C, 12)]  # columns of the table in README.md


def board(folders: list[Path]) -> pd.DataFrame:
    """Energy scores of heavy atoms, CGAE mappings."""
    table = pd.concat(pd.read_csv(folder / "leaderboard.csv.gz", dtype={"mark": str}) for folder in folders)
    return table.query("metric == 'energy_score' and atoms == 'heavy' and mapping == 'cgae'").set_index(
        ["method", "dataset", "n_beads"]
    )


@pytest.mark.parametrize("folder", ALL)
def test_reference_has_every_run_of_its_configuration(folder: Path) -> None:
    """Settings of methods may be those of an earlier version."""
    config, metrics = RunMatrix.load(folder / "config.json"), read_metrics(folder / "metrics.csv.gz")
    key = ["dataset", "mapping", "n_beads", "method", "fold"]
    found = set(metrics[key].drop_duplicates().itertuples(index=False, name=None))
    assert found == {tuple(vars(cell).values()) for cell in config.run_specs()}


def test_reference_is_of_the_stored_tasks() -> None:
    tasks = pd.read_csv(REFERENCE / "runs.csv.gz")["task"]
    versions = {
        path.parent.name: read_json(path)["version"]
        for path in (ROOT / "workflow/resources/tasks").glob("*/folds.json")
    }
    assert {tuple(task.split(" v")) for task in tasks} == {
        (f"{dataset}-cgae-{n_beads}", str(versions[dataset])) for dataset, n_beads in TASKS
    }


def test_no_job_needed_more_than_its_memory() -> None:
    runs = pd.read_csv(REFERENCE / "runs.csv.gz")
    assert runs["peak_mib"].max() < 4096


def test_table_of_the_readme_agrees() -> None:
    """The best method of a task is bold, and those that are tied with it are in italics."""
    table = README.split("| method |")[1].split("\n\n")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]
    assert 1 <= len(rows) <= 5
    for label, *cells in rows:
        found = board(FULL).loc[re.match(r"`(\w+)`", label)[1]].loc[TASKS]  # type: ignore[index]
        stars = found["mark"].map({"best": "**", "tied": "*"}).fillna("")
        expected = [f"{star}{mean:.3f}{star}" for star, mean in zip(stars, found["mean"], strict=True)]
        assert cells == expected, label


@pytest.mark.parametrize("folder", IN_TABLES)
def test_tables_of_results_agree(folder: Path) -> None:
    tables = runpy.run_path(str(ROOT / "benchmarks/results_tables.py"))["tables"]
    for title, table in tables(folder):
        assert f"## {title}\n{table}\n" in RESULTS


@pytest.mark.parametrize("folder", FULL)
def test_tables_by_resolution_agree(folder: Path) -> None:
    tables = runpy.run_path(str(ROOT / "benchmarks/results_tables.py"))["by_resolution"]
    for title, table in tables(folder):
        assert f"## {title}\n{table}\n" in RESULTS


@pytest.mark.parametrize(
    ("folder", "method", "marks"),
    [
        *((folder, "local_flow", {"best", "tied"}) for folder in FULL),
        *((folder, "conditional_gaussian_refined", {"best", "tied"}) for folder in FULL),
        (FULL[0], "local_flow_refined", {"best", "tied"}),
        (FULL[1], "local_flow_refined", {"best"}),
    ],
)
def test_methods_that_are_said_to_be_ahead_everywhere_are(folder: Path, method: str, marks: set[str]) -> None:
    """With every mapping and resolution."""
    table = pd.read_csv(folder / "leaderboard.csv.gz", dtype={"mark": str})
    rows = table.query("metric == 'energy_score' and atoms == 'heavy' and method == @method")
    assert set(rows["mark"]) <= marks


@pytest.mark.parametrize("folder", [REFERENCE, *FULL])
def test_cost_of_the_reference_agrees(folder: Path) -> None:
    runs = pd.read_csv(folder / "runs.csv.gz")
    minutes = runs[["wall_seconds", "sample_seconds"]].sum() / 60
    assert (
        f"{len(runs)} runs, {minutes['wall_seconds']:.0f} minutes of training and "
        f"{minutes['sample_seconds']:.0f} minutes of sampling"
    ) in RESULTS


def test_leaderboard_of_the_reference_has_the_columns_of_the_code() -> None:
    columns = set(pd.read_csv(REFERENCE / "leaderboard.csv.gz", nrows=1))
    assert {"loss", "scaled", "bound", "mark", "p_adjusted", "samples"} <= columns


@pytest.mark.parametrize("folder", ALL)
def test_reference_has_the_exported_files(folder: Path) -> None:
    for name, checksum in read_json(folder / MANIFEST).items():
        assert sha256(folder / name) == checksum, name


def test_table_beside_the_published_numbers_agrees() -> None:
    table = runpy.run_path(str(ROOT / "benchmarks/published_numbers.py"))["table"]
    assert table(RESOLUTIONS) in RESULTS


# Sentences about ranks, each with the tasks and the method that is the best of them. A page has such a
# sentence if and only if the leaderboard agrees.
BEST = [
    (
        "README.md",
        "**Of the default run, methods without a network are ahead on four of five tasks**",
        [REFERENCE],
        {"nearest_frame": [(A, 3), (A, 4)], "conditional_gaussian_refined": [(A, 6), (C, 6)]},
    ),
    (
        "README.md",
        "**`local_flow_refined` has the lowest energy score on four of five tasks**",
        FULL,
        {"local_flow_refined": [(A, 4), (A, 6), (C, 6), (C, 12)]},
    ),
    (
        "docs/results.md",
        "**`local_flow_refined` has the lowest energy score on all five tasks of chignolin.**",
        FULL,
        {"local_flow_refined": [(C, 6), (C, 8), (C, 10), (C, 12)]},
    ),
    (
        "README.md",
        "A nearest-neighbour lookup is ahead with 3 beads on alanine dipeptide.",
        FULL,
        {"nearest_frame": [(A, 3)]},
    ),
    (
        "docs/results.md",
        "The nearest-neighbour lookup has the lowest energy score at 3 and 4 beads, the refined conditional "
        "Gaussian at 6.",
        [REFERENCE],
        {"nearest_frame": [(A, 3), (A, 4)], "conditional_gaussian_refined": [(A, 6)]},
    ),
    (
        "docs/results.md",
        "The refined conditional Gaussian has the lowest energy score at 6 beads, `cgvae_refined` at 12,",
        [REFERENCE],
        {"conditional_gaussian_refined": [(C, 6)], "cgvae_refined": [(C, 12)]},
    ),
]


@pytest.mark.parametrize(("page", "sentence", "folders", "best"), BEST)
def test_sentences_about_ranks_agree(
    page: str, sentence: str, folders: list[Path], best: dict[str, list[tuple[str, int]]]
) -> None:
    marks = board(folders)["mark"]
    true = all(marks[method, *task] == "best" for method, tasks in best.items() for task in tasks)
    assert (sentence in PAGES[page]) == true


def test_the_revisions_of_the_reference_are_named() -> None:
    for folder in (REFERENCE, *FULL):
        for revision in pd.read_csv(folder / "runs.csv.gz")["git.revision"].unique():
            assert f"revision {revision[:7]}" in RESULTS


def test_readme_fits_on_a_few_screens() -> None:
    assert len(README.splitlines()) <= 120


def test_programs_have_zero_shot_rows_with_cards() -> None:
    runs = pd.read_csv(PROGRAMS / "runs.csv.gz")
    programs = runs[runs["method"].isin(["cgback", "pulchra"])]
    assert len(programs) == 6
    assert (programs["card.training"] == "zero-shot").all()
    assert programs[["card.reference", "card.licence", "program.installed"]].notna().all().all()
