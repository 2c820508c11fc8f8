"""The committed reference results say what the README says of them."""

import re
from pathlib import Path

import pandas as pd
import pytest

from cgbench.config import Config
from cgbench.results import read_metrics

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
    assert found == {tuple(vars(cell).values()) for cell in config.cells()}


@pytest.mark.parametrize("atoms", ["heavy", "all"])
def test_cgvae_reconstructs_better_than_every_baseline_at_every_resolution(
    metrics: pd.DataFrame, atoms: str
) -> None:
    chosen = metrics[(metrics["metric"] == "rmsd_recon") & (metrics["atoms"] == atoms)]
    mean = chosen.pivot_table(index=["dataset", "mapping", "n_beads"], columns="method", values="value")
    assert len(mean) >= 4
    assert (mean["cgvae"] < mean[BASELINES].min(axis=1)).all(), mean


def test_no_job_needed_more_than_its_memory() -> None:
    runs = pd.read_csv(REFERENCE / "runs.csv")
    assert runs["peak_mib"].max() < 4096


def test_readme_is_filled_in() -> None:
    assert not re.search(r"\b[A-Z_]+_TEXT\b", (ROOT / "README.md").read_text())
