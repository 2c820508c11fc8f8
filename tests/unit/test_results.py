import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cgbench.errors import InputError
from cgbench.leaderboard import FAIRNESS, leaderboard, to_markdown, write
from cgbench.results import (
    COLUMNS,
    collect,
    declared,
    over_folds,
    read_metrics,
    read_run,
    read_runs,
    tied,
)
from cgbench.samples import Samples

CAPTIONS = Path(__file__).parents[2] / "workflow" / "report"
RECON = "rmsd_recon heavy (Å)"
BACKMAP = "rmsd_backmap_min heavy (Å)"
SAMPLE = "rmsd_sample heavy (Å)"
GRAPH = "graph_xor heavy (1)"
UNITS = {"rmsd_recon": "Å", "rmsd_backmap_min": "Å", "rmsd_sample": "Å", "graph_xor": "1"}


def rows(
    method: str, metric: str, values: list[float], n_beads: int = 3, atoms: str = "heavy"
) -> pd.DataFrame:
    """Test scores of one method, one value per fold."""
    table = pd.DataFrame({"fold": range(len(values)), "value": values})
    table = table.assign(
        dataset="toy",
        mapping="pairs",
        n_beads=n_beads,
        method=method,
        split="test",
        metric=metric,
        atoms=atoms,
    )
    return table.assign(unit=UNITS[metric], n_frames=10)[list(COLUMNS)]


def costs(stochastic: dict[str, bool], seconds: tuple[float, ...] = (60.0,)) -> pd.DataFrame:
    """Rows of runs.csv, one per method and fold."""
    return pd.concat(
        rows(method, "rmsd_recon", [0.0] * len(seconds)).assign(stochastic=draws, wall_seconds=seconds)
        for method, draws in stochastic.items()
    )


def board(*parts: pd.DataFrame) -> pd.DataFrame:
    """Leaderboard in which ``vae`` draws and all other methods are deterministic."""
    metrics = pd.concat(parts)
    return leaderboard(metrics, costs({method: method == "vae" for method in metrics["method"].unique()}))


def write_run(root: Path, method: str, fold: int, seconds: float = 60.0) -> tuple[Path, Path]:
    directory = root / method / f"fold{fold}"
    directory.mkdir(parents=True)
    table = rows(method, "rmsd_recon", [0.5]).assign(fold=fold)
    table.to_csv(directory / "metrics.csv", index=False)
    run = {"dataset": "toy", "mapping": "pairs", "n_beads": 3, "method": method, "fold": fold}
    run |= {
        "stochastic": False,
        "wall_seconds": seconds,
        "versions": {"torch": "2.8"},
        "settings": {"width": 8},
    }
    (directory / "run.json").write_text(json.dumps(run))
    return directory / "metrics.csv", directory / "run.json"


def test_mean_and_standard_error_over_folds() -> None:
    summary = over_folds(rows("a", "rmsd_recon", [1.0, 2.0, 3.0])).iloc[0]
    assert summary["mean"] == pytest.approx(2.0)
    assert summary["sd"] == pytest.approx(1.0)
    assert summary["se"] == pytest.approx(1 / np.sqrt(3))
    assert summary["folds"] == 3


def test_one_fold_has_no_spread() -> None:
    summary = over_folds(rows("a", "rmsd_recon", [1.0])).iloc[0]
    assert np.isnan(summary["sd"]) and np.isnan(summary["se"])


def test_undefined_values_leave_the_mean_alone() -> None:
    summary = over_folds(rows("a", "rmsd_recon", [1.0, np.nan, 3.0])).iloc[0]
    assert (summary["mean"], summary["folds"]) == (2.0, 2)


def test_scores_of_other_parts_are_not_averaged() -> None:
    table = rows("a", "rmsd_recon", [1.0, 3.0])
    table.loc[0, "split"] = "train"
    assert over_folds(table).iloc[0]["mean"] == 3.0
    with pytest.raises(InputError, match="no scores of split 'test'; there are: train"):
        over_folds(table.iloc[:1])


def test_a_metric_without_a_plugin_keeps_its_name() -> None:
    assert declared("rmsd_recon").better == "lower"
    assert declared("gone") == declared("gone").__class__("gone", None)


def test_leaderboard_sorts_by_reconstruction_of_all_atoms_and_averages_cost() -> None:
    metrics = pd.concat(
        [
            rows("bad", "rmsd_recon", [2.0, 4.0]),
            rows("good", "rmsd_recon", [1.0, 1.0]),
            rows("bad", "rmsd_recon", [2.0, 2.0], atoms="all"),
            rows("good", "rmsd_recon", [3.0, 3.0], atoms="all"),
        ]
    )
    table = leaderboard(metrics, costs({"bad": False, "good": False}, (60.0, 180.0)))
    assert list(table["method"]) == ["bad", "good"]
    assert list(table[RECON]) == [3.0, 1.0]
    assert list(table[f"{RECON} s.e."]) == pytest.approx([1.0, 0.0])
    assert table["train (min)"].tolist() == [2.0, 2.0]
    assert table["train (min) s.e."].tolist() == pytest.approx([1.0, 1.0])
    assert table["best in"].tolist() == ["rmsd_recon all (Å)", RECON]


def test_a_tie_is_told_from_differences_within_folds() -> None:
    """Folds spread by 0.1 Å, but the second method is 0.03 Å worse in each of them."""
    first = np.array([0.50, 0.60, 0.70])
    worse = first + np.array([0.030, 0.032, 0.028])
    table = board(rows("a", "rmsd_recon", list(first)), rows("b", "rmsd_recon", list(worse)))
    assert list(table["best in"]) == [RECON, ""]
    assert list(table["tied in"]) == ["", ""]
    unsure = first + np.array([0.030, -0.020, 0.010])
    table = board(rows("a", "rmsd_recon", list(first)), rows("b", "rmsd_recon", list(unsure)))
    assert list(table["best in"]) == [RECON, ""]
    assert list(table["tied in"]) == ["", RECON]


@pytest.mark.parametrize(
    ("differences", "expected"),
    [
        ([1.0, 3.0], True),  # mean 2, reach 12.706
        ([1.9, 2.0, 2.1], False),  # mean 2, reach 4.303 · 0.1 / √3 = 0.248
        ([0.0, 0.2, 0.4], True),  # mean 0.2, reach 0.497
        ([0.0, 0.0], True),
        ([0.0], False),  # undecidable
        ([], False),
    ],
)
def test_ties_by_hand(differences: list[float], expected: bool) -> None:
    assert tied(np.array(differences)) is expected


def test_methods_are_compared_in_the_folds_that_they_share() -> None:
    table = board(rows("a", "rmsd_recon", [1.0, 1.0]), rows("b", "rmsd_recon", [1.1]))
    assert list(table["tied in"]) == ["", ""]


def test_equal_values_share_the_win() -> None:
    table = board(rows("a", "graph_xor", [0.0]), rows("b", "graph_xor", [0.0]))
    assert list(table["best in"]) == [GRAPH, GRAPH]


def test_nobody_wins_without_a_rival() -> None:
    alone = board(rows("a", "graph_xor", [0.0]), rows("b", "rmsd_recon", [1.0]))
    assert set(alone["best in"]) == {""}
    diversity = board(rows("vae", "rmsd_sample", [0.2]), rows("linear", "rmsd_sample", [2.0]))
    assert set(diversity["best in"]) == {""}


def test_an_error_is_not_diversity() -> None:
    values = {"vae": 0.2, "flow": 0.3, "linear": 2.0, "lost": 3.0}
    metrics = pd.concat([rows(method, "rmsd_sample", [value]) for method, value in values.items()])
    table = leaderboard(metrics, costs({"vae": True, "flow": True, "linear": False})).set_index("method")
    assert table["samples"].to_dict() == {
        "vae": "differ",
        "flow": "differ",
        "linear": "are equal",
        "lost": "unknown",
    }
    assert table.index[table["best in"] == SAMPLE].tolist() == ["flow"]


def test_the_table_says_where_a_baseline_wins() -> None:
    table = board(
        rows("vae", "rmsd_recon", [1.1, 1.3]),
        rows("linear", "rmsd_recon", [1.0, 1.25]),
        rows("vae", "rmsd_recon", [0.1, 0.1], n_beads=4),
        rows("linear", "rmsd_recon", [0.5, 0.5], n_beads=4),
        rows("vae", "rmsd_backmap_min", [0.8, 0.8], n_beads=4),
        rows("linear", "rmsd_backmap_min", [0.5, 0.5], n_beads=4),
    )
    text = to_markdown(table)
    assert f"- toy, pairs, 3 beads, {RECON}: linear, tied with vae" in text
    assert f"- toy, pairs, 4 beads, {BACKMAP}: linear\n" in text
    assert f"4 beads, {RECON}" not in text
    assert "**1.125 ± 0.125**" in text and "1.200 ± 0.100 ≈" in text
    assert "linear †" in text


def test_readers_are_told_what_is_not_fair() -> None:
    table = board(rows("a", "rmsd_recon", [1.0]), rows("vae", "rmsd_recon", [1.0]))
    texts = [
        to_markdown(table),
        *((CAPTIONS / name).read_text(encoding="utf-8") for name in ("comparison.rst", "leaderboard.rst")),
    ]
    for text in texts:
        words = " ".join(text.split())
        assert FAIRNESS in words
        assert "the training sets of folds overlap" in words and "lower bound" in words
    assert "no tie is claimed" in texts[0] and "no tie is claimed" in " ".join(texts[2].split())


def test_the_leaderboard_is_written_for_machines_and_people(tmp_path: Path) -> None:
    table = board(rows("a", "rmsd_recon", [1.0]))
    write(table, tmp_path / "board.csv", tmp_path / "board.md")
    assert pd.read_csv(tmp_path / "board.csv")[RECON].tolist() == [1.0]
    assert "| 1.000" in (tmp_path / "board.md").read_text(encoding="utf-8")


def test_collect_takes_what_is_there_and_lists_what_is_not(tmp_path: Path) -> None:
    files = [write_run(tmp_path, "a", 1), write_run(tmp_path, "a", 0, seconds=30.0)]
    geometries = np.zeros((7, 1, 2, 3), dtype=np.float32)
    Samples(np.arange(7), geometries[:, 0], geometries, 2.5).save(files[0][0].with_name("samples.npz"))
    absent = tmp_path / "b" / "fold0"
    metrics_csv, runs_csv = tmp_path / "metrics.csv", tmp_path / "runs.csv"
    missing = collect(
        [*(metrics for metrics, _ in files), absent / "metrics.csv"],
        [*(run for _, run in files), absent / "run.json"],
        metrics_csv,
        runs_csv,
    )
    assert missing == [absent / "metrics.csv", absent / "run.json"]
    assert read_metrics(metrics_csv)["fold"].tolist() == [0, 1]
    runs = read_runs(runs_csv)
    assert runs["wall_seconds"].tolist() == [30.0, 60.0]
    assert runs["versions.torch"].astype(str).tolist() == ["2.8", "2.8"]
    assert runs["sample_seconds"].tolist()[1:] == [2.5] and runs["n_test"].tolist()[1:] == [7]
    assert runs["stochastic"].tolist() == [False, False]
    assert "settings.width" not in runs


def test_collect_refuses_nothing_and_the_same_run_twice(tmp_path: Path) -> None:
    outputs = tmp_path / "metrics.csv", tmp_path / "runs.csv"
    with pytest.raises(InputError, match=r"none of 1 metrics files exists, the first is .*absent\.csv"):
        collect([tmp_path / "absent.csv"], [], *outputs)
    metrics, run = write_run(tmp_path, "a", 0)
    with pytest.raises(InputError, match=r"1 rows stand there twice.*method=a, fold=0"):
        collect([metrics, metrics], [run], *outputs)
    assert not outputs[0].exists()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "dataset,value\ntoy,1\n",
        ",".join(COLUMNS) + "\ntoy,pairs,3,a,0,test,rmsd_recon,heavy,Å,0.5\n",
        ",".join(COLUMNS) + "\ntoy,pairs,3,a,0,test,rmsd_recon,heavy,Å,half,10\n",
        ",".join(COLUMNS) + "\ntoy,pairs,few,a,0,test,rmsd_recon,heavy,Å,0.5,10\n",
    ],
    ids=["empty", "columns", "cut off", "value", "beads"],
)
def test_a_damaged_table_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=r"metrics\.csv: (damaged table|not a table of metrics)"):
        read_metrics(path)


def test_names_that_look_like_missing_values_survive(tmp_path: Path) -> None:
    table = rows("null", "rmsd_recon", [np.nan, 1.0]).assign(dataset="NA")
    table.to_csv(tmp_path / "metrics.csv", index=False)
    again = read_metrics(tmp_path / "metrics.csv")
    assert set(again["method"]) == {"null"} and set(again["dataset"]) == {"NA"}
    assert again["value"].isna().tolist() == [True, False]


@pytest.mark.parametrize(
    "content",
    [
        "[1]",
        '{"method": "a"}',
        '{"dataset": "toy", "mapping": "m", "n_beads": 3, "method": "a", "fold": 0}',
        "{",
    ],
)
def test_a_damaged_run_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "run.json"
    path.write_text(content)
    with pytest.raises(InputError, match=r"run\.json"):
        read_run(path)


def test_a_run_that_does_not_say_whether_its_method_draws_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    for table in (costs({"a": True}).drop(columns="stochastic"), costs({"a": True}).assign(stochastic=None)):
        table.to_csv(path, index=False)
        with pytest.raises(InputError, match=r"runs\.csv: not a table of runs"):
            read_runs(path)


def test_a_missing_table_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cgbench collect"):
        read_metrics(tmp_path / "absent.csv")
    with pytest.raises(InputError, match="cgbench collect"):
        read_runs(tmp_path / "absent.csv")
