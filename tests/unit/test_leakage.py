"""A leak that is there is found, and what it is worth is paired by trajectory."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from scipy import stats
from scipy.signal import lfilter

from cgbench.chem.frames import Frames
from cgbench.chem.molecule import Molecule
from cgbench.config.schema import Protocol
from cgbench.core.atomic_io import write_csv
from cgbench.core.errors import InputError
from cgbench.core.registry import PlugIn
from cgbench.data.splits import Split
from cgbench.figures.leakage import draw_leakage as leak_figure
from cgbench.mapping.base import Mapping
from cgbench.pipeline import leakage as leak
from cgbench.pipeline.leakage import measure_leakage
from cgbench.pipeline.leakage_table import read_leakage, summarise

N_ATOMS, LENGTH = 12, 300
PROTOCOL = Protocol(folds=3, train_frames=400, valid_frames=40, test_frames=80, n_samples=2)
MAPPING = Mapping.centres(np.arange(N_ATOMS) // 3)


@pytest.fixture(scope="module")
def slow_frames() -> Frames:
    """Three walkers whose atoms wander slowly: neighbours in time are nearly the same frame."""
    rng = np.random.default_rng(5)
    shape = rng.normal(size=(N_ATOMS, 3)) * 4
    moves = lfilter([0.1], [1.0, -0.995], rng.normal(size=(3, LENGTH, N_ATOMS, 3)), axis=1)
    molecule = Molecule(
        ("C",) * N_ATOMS,
        ("C",) * N_ATOMS,
        ("UNK",) * N_ATOMS,
        np.zeros(N_ATOMS, dtype=np.int64),
        np.full(N_ATOMS, 12.0),
        np.stack([np.arange(N_ATOMS - 1), np.arange(1, N_ATOMS)], axis=1),
    )
    positions = (shape + moves).reshape(-1, N_ATOMS, 3).astype(np.float32)
    return Frames(
        positions, np.repeat(np.arange(3), LENGTH), np.tile(np.arange(LENGTH, dtype=float), 3), molecule
    )


@pytest.fixture(scope="module")
def table(slow_frames: Frames) -> pd.DataFrame:
    methods = [PlugIn.from_json("methods", f'{{"use": "{name}"}}') for name in ("nearest_frame", "linear")]
    return measure_leakage(slow_frames, [MAPPING] * 3, methods, PROTOCOL, seed=1)


def test_the_leak_is_seen_in_distances_and_in_the_method_that_remembers(table: pd.DataFrame) -> None:
    assert len(table) == 2 * 3 * 80
    rows = summarise(table).set_index("quantity")
    for quantity in ("nearest beads", "nearest atoms", "nearest_frame all"):
        assert rows.loc[quantity, "published"] < 0.5 * rows.loc[quantity, "leak_free"], quantity
        assert rows.loc[quantity, "high"] < 0 and rows.loc[quantity, "p"] < 0.05
    gain = rows["difference"] / rows["leak_free"]
    assert gain["linear all"] > gain["nearest_frame all"] / 2, "a matrix remembers no frame"


def test_summary_is_the_paired_test_over_trajectories(table: pd.DataFrame) -> None:
    means = table.groupby(["split", "trajectory"])["linear all"].mean().unstack(0)
    differences = means["published"] - means["leak_free"]
    row = summarise(table).set_index("quantity").loc["linear all"]
    assert row["difference"] == pytest.approx(differences.mean())
    expected = stats.t.ppf(0.975, 2) * stats.sem(differences)
    assert row["high"] - row["difference"] == pytest.approx(expected, rel=0.1)


def test_both_splits_train_on_as_many_frames(slow_frames: Frames, monkeypatch: pytest.MonkeyPatch) -> None:
    """A leak-free fold here has one walker of 300 frames left for training, a shuffled one 400."""
    seen: dict[str, list[int]] = {"leak_free": [], "published": []}

    def count(frames: Frames, split: Split, mapping: Mapping) -> dict[str, np.ndarray]:
        seen[split.protocol].append(len(split.train))
        return {}

    monkeypatch.setattr(leak, "_distances", count)
    measure_leakage(slow_frames, [MAPPING] * 3, [], PROTOCOL, seed=1)
    assert seen["leak_free"] == seen["published"] == [LENGTH] * 3


def test_there_is_one_mapping_per_fold(slow_frames: Frames) -> None:
    with pytest.raises(InputError, match=r"1 mapping for 3 folds \(protocol\.folds\); give one per fold"):
        measure_leakage(slow_frames, [MAPPING], [], PROTOCOL, seed=1)


def test_the_table_is_written_and_read(table: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "leak.csv"
    with pytest.raises(InputError, match=r"leak\.csv: no such file; run `cgbench leakage` first"):
        read_leakage(path)
    write_csv(path, table)
    pd.testing.assert_frame_equal(read_leakage(path), table, rtol=1e-4)
    write_csv(path, summarise(table))
    with pytest.raises(InputError, match=r"leak\.csv: not a table of `cgbench leakage`"):
        read_leakage(path)


def test_figure_has_a_column_per_resolution(table: pd.DataFrame) -> None:
    figure = leak_figure({6: table, 3: table}, "toy, mapping: pairs")
    assert isinstance(figure, Figure) and len(figure.axes) == 4
    upper, lower = figure.axes[:2], figure.axes[2:]
    assert [axes.get_title() for axes in upper] == ["3 beads", "6 beads"]
    assert all(len(axes.lines) == 4 and axes.get_xscale() == "log" for axes in upper)
    assert all("(Å)" in axes.get_xlabel() for axes in figure.axes)
    assert [label.get_text() for label in lower[0].get_yticklabels()] == [
        "nearest frame all",
        "nearest frame heavy",
        "linear all",
        "linear heavy",
    ]
    # The medians drawn are those of the table.
    drawn = upper[0].lines[0]
    rows = table[table["split"] == "leak_free"]
    median = np.interp(0.5, drawn.get_ydata(), drawn.get_xdata())
    assert median == pytest.approx(rows["nearest beads"].median(), rel=0.05)
