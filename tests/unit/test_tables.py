import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cgbench.core.errors import InputError
from cgbench.results.samples_file import Samples
from cgbench.results.tables import (
    COLUMNS,
    collect,
    metric_info,
    read_metrics,
    read_run,
    read_runs,
)

UNITS = {"rmsd_recon": "Å"}


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


def write_run(root: Path, method: str, fold: int, seconds: float = 60.0) -> Path:
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
    return directory


def test_a_metric_without_a_plugin_keeps_its_name() -> None:
    assert metric_info("rmsd_recon").better == "lower"
    assert metric_info("gone") == metric_info("gone").__class__("gone", None)


def test_collect_reads_existing_files_and_lists_missing_ones(tmp_path: Path) -> None:
    runs = [write_run(tmp_path, "a", 1), write_run(tmp_path, "a", 0, seconds=30.0)]
    geometries = np.zeros((7, 1, 2, 3), dtype=np.float32)
    Samples(np.arange(7), *[geometries[:, 0]] * 2, geometries, 2.5).save(runs[0] / "samples.npz")
    absent = tmp_path / "b" / "fold0"
    metrics_csv, runs_csv = tmp_path / "metrics.csv", tmp_path / "runs.csv"
    missing = collect([*runs, absent], metrics_csv, runs_csv)
    assert missing == [absent / "metrics.csv", absent / "run.json"]
    assert read_metrics(metrics_csv)["fold"].tolist() == [0, 1]
    collected = read_runs(runs_csv)
    assert collected["wall_seconds"].tolist() == [30.0, 60.0]
    assert collected["versions.torch"].astype(str).tolist() == ["2.8", "2.8"]
    assert collected["sample_seconds"].tolist()[1:] == [2.5] and collected["n_test"].tolist()[1:] == [7]
    assert collected["stochastic"].tolist() == [False, False]
    assert "settings.width" not in collected


def test_collect_refuses_nothing_and_the_same_run_twice(tmp_path: Path) -> None:
    outputs = tmp_path / "metrics.csv", tmp_path / "runs.csv"
    with pytest.raises(InputError, match=r"none of 1 metrics files exists, .*absent.metrics\.csv"):
        collect([tmp_path / "absent"], *outputs)
    run = write_run(tmp_path, "a", 0)
    with pytest.raises(InputError, match=r"1 duplicate rows.*method=a, fold=0"):
        collect([run, run], *outputs)
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
    with pytest.raises(InputError, match=r"metrics\.csv: not a table of metrics"):
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


def test_a_run_without_stochastic_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    for table in (costs({"a": True}).drop(columns="stochastic"), costs({"a": True}).assign(stochastic=None)):
        table.to_csv(path, index=False)
        with pytest.raises(InputError, match=r"runs\.csv: not a table of runs"):
            read_runs(path)


def test_runs_name_lower_and_upper_controls(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    table = costs({"a": True, "top": False})
    table.to_csv(path, index=False)
    assert read_runs(path)["bound"].tolist() == ["", ""]
    table.assign(bound=[None, "ceiling"]).to_csv(path, index=False)
    assert read_runs(path)["bound"].tolist() == ["", "ceiling"]


def test_a_missing_table_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cgbench collect"):
        read_metrics(tmp_path / "absent.csv")
    with pytest.raises(InputError, match="cgbench collect"):
        read_runs(tmp_path / "absent.csv")
