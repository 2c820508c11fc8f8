"""Missing runs of a benchmark: found, and named in the leaderboard and on figures."""

import os
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.figure import Figure

from cgbench.config.loader import Config
from cgbench.figures.style import add_note
from cgbench.report.progress import in_short, to_markdown, unfinished

ROOT = Path(__file__).parents[2]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    override = tmp_path / "small.yaml"
    override.write_text(
        f"results: {tmp_path}/results\nprotocol: {{folds: 3}}\n"
        "run: {methods: [linear, mlp], resolutions: {alanine_dipeptide: [3, 4]}}\n"
    )
    return Config.load(ROOT / "config/config.yaml", ROOT / "config/simulations.yaml", override)


@pytest.fixture
def missing(config: Config) -> pd.DataFrame:
    """Everything is done but for the MLP with 3 beads, whose folds stand at different stages."""
    for cell in config.run_specs():
        folder = config.run_folder(cell)
        folder.mkdir(parents=True)
        done = cell.fold if (cell.method, cell.n_beads) == ("mlp", 3) else 3
        for file in ("run.json", "samples.npz", "metrics.csv")[:done]:
            (folder / file).touch()
        (folder / "train.log").touch()
    return unfinished(config)


def test_runs_without_scores_are_found_with_the_stage_they_stand_at(
    missing: pd.DataFrame, config: Config
) -> None:
    assert missing[["method", "n_beads", "fold", "stage"]].to_numpy().tolist() == [
        ["mlp", 3, 0, "train"],
        ["mlp", 3, 1, "sample"],
        ["mlp", 3, 2, "score"],
    ]
    assert missing["log"].tolist() == [
        f"{config.results}/runs/alanine_dipeptide/cgae-3/mlp/fold0/train.log", "", ""
    ]  # fmt: skip


def test_what_is_older_than_what_it_is_made_of_is_not_done(config: Config) -> None:
    """An edited method is trained anew beside samples and scores of the old one."""
    cells = list(config.run_specs())
    for cell in cells:
        folder = config.run_folder(cell)
        folder.mkdir(parents=True)
        for file in ("run.json", "samples.npz", "metrics.csv"):
            (folder / file).touch()
    assert unfinished(config).empty
    first, second = (config.run_folder(cell) for cell in cells[:2])
    (first / "run.json").unlink()
    os.utime(second / "run.json", (2e9, 2e9))
    assert unfinished(config)["stage"].tolist() == ["train", "sample"]
    (config.run_folder(cells[2]) / "samples.npz").unlink()  # for room, when it was scored
    assert len(unfinished(config)) == 2


def test_the_leaderboard_names_them_and_warns_of_means(missing: pd.DataFrame) -> None:
    text = to_markdown(missing, 12)
    assert "3 of 12 runs have no scores" in text
    assert "such means are not comparable" in text
    rows = [[word.strip() for word in line.split("|")[1:-1]] for line in text.splitlines() if "mlp" in line]
    assert [row[3:6] for row in rows] == [
        ["mlp", "1", "sample"],
        ["mlp", "2", "score"],
        ["mlp", "0", "train"],
    ]
    assert to_markdown(missing.head(0), 12) == "All 12 runs have scores."


def test_figures_name_them_in_a_line(missing: pd.DataFrame) -> None:
    assert in_short(missing) == "not finished: mlp (3 beads, folds 0, 1, 2)"
    assert in_short(missing.tail(1)) == "not finished: mlp (3 beads, fold 2)"
    assert in_short(missing.head(0)) == ""


@pytest.mark.parametrize("width", [3.6, 7.2])
def test_a_long_note_stays_on_the_figure(width: float) -> None:
    figure = Figure(figsize=(width, 2), layout="constrained")
    figure.subplots()
    text = "not finished: " + "; ".join(f"method {k} (3 beads, folds 0, 1, 2)" for k in range(9))
    (title,) = add_note(figure, text).texts
    extent = title.get_window_extent()
    assert 0.8 * figure.bbox.width < extent.x1 < figure.bbox.width
    assert " ".join(title.get_text().split()) == text
