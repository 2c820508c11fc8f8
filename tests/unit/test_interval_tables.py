"""Tables of intervals from stored runs."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from cgbench.core import registry
from cgbench.core.errors import InputError
from cgbench.metrics.base import sum_and_count
from cgbench.results.scores_file import BlockSums
from cgbench.statistics.interval_tables import intervals, read_differences, read_intervals, write

FRAMES = 20  # of each trajectory
BLOCK = np.repeat([0, 1], FRAMES)


def write_run(
    root: Path, method: str, fold: int, scores: dict[str, np.ndarray], bound: str | None = None
) -> Path:
    """Run whose test trajectories are 2 fold and 2 fold + 1; scores [2, FRAMES] by metric and atoms."""
    directory = root / method / f"fold{fold}"
    directory.mkdir(parents=True)
    key = {"dataset": "toy", "mapping": "pairs", "n_beads": 3, "method": method, "fold": fold}
    (directory / "run.json").write_text(json.dumps(key | {"stochastic": False, "bound": bound}))
    arrays = {f"{name}.blocks": sum_and_count(values.ravel(), BLOCK) for name, values in scores.items()}
    frames = 1000 * fold + np.arange(len(BLOCK))
    np.savez(directory / "scores.npz", frame_index=frames, block=BLOCK, **arrays)
    return directory


@pytest.fixture
def difficulty(rng: np.random.Generator) -> np.ndarray:
    """Error of each frame: [3 folds, 2 trajectories, FRAMES]."""
    return 1.0 + 0.5 * rng.normal(size=(3, 2, 1)) + 0.1 * rng.normal(size=(3, 2, FRAMES))


@pytest.fixture
def runs(tmp_path: Path, difficulty: np.ndarray, rng: np.random.Generator) -> list[Path]:
    values = {
        "good": (difficulty, None),
        "bad": (difficulty + 0.1 + 0.02 * rng.normal(size=(3, 2, 1)), None),
        "top": (np.zeros_like(difficulty), "ceiling"),
        "bottom": (np.full_like(difficulty, 4.0), "floor"),
    }
    return [
        write_run(tmp_path, method, fold, {"rmsd_recon.all": scores[fold]}, bound)
        for method, (scores, bound) in values.items()
        for fold in range(3)
    ]


def test_means_intervals_and_scale(runs: list[Path], difficulty: np.ndarray) -> None:
    scores, _ = intervals(runs)
    rows = scores.set_index("method")
    assert rows.loc["good", "mean"] == pytest.approx(difficulty.mean())
    assert (rows["folds"] == 3).all() and (rows["blocks"] == 6).all()
    assert rows.loc["good", "scaled"] == pytest.approx((4 - difficulty.mean()) / 4)
    assert rows.loc[["top", "bottom"], "scaled"].tolist() == [1.0, 0.0]
    assert rows.loc["top", ["low", "high"]].tolist() == [0.0, 0.0]
    # No narrower than an interval over six trajectories of one fold, nor wider than one over three folds.
    reach = rows.loc["good", "high"] - rows.loc["good", "mean"]
    by_trajectory, by_fold = difficulty.mean(axis=2).ravel(), difficulty.mean(axis=(1, 2))
    least = stats.t.ppf(0.975, 5) * stats.sem(by_trajectory)
    assert 0.7 * least < reach < 1.3 * max(least, stats.t.ppf(0.975, 2) * stats.sem(by_fold))


def test_differences_are_on_the_same_frames(runs: list[Path]) -> None:
    scores, differences = intervals(runs)
    assert len(differences) == 6
    row = differences[(differences["method"] == "bad") & (differences["other"] == "good")].iloc[0]
    assert row["difference"] == pytest.approx(0.1, abs=0.05)
    assert 0 < row["low"] < row["difference"] < row["high"] and row["p"] < 0.05
    reach = scores.set_index("method").loc["good", "high"] - scores.set_index("method").loc["good", "mean"]
    assert row["high"] - row["difference"] < 0.5 * reach


def test_differences_are_corrected_for_the_methods_that_compete(
    tmp_path: Path, difficulty: np.ndarray, rng: np.random.Generator
) -> None:
    """The controls at the ends of the scale are not among them."""

    def adjusted(name: str, n_others: int) -> float:
        others = {f"other{k}": difficulty + 0.3 for k in range(n_others)}
        values = {"bad": difficulty + 0.1 + noise, "good": difficulty, **others}
        paths = [
            write_run(tmp_path / name, method, fold, {"rmsd_recon.all": scores[fold]}, bound)
            for method, scores, bound in [
                *((method, scores, None) for method, scores in values.items()),
                ("top", 0 * difficulty, "ceiling"),
            ]
            for fold in range(3)
        ]
        found = intervals(paths)[1].set_index(["method", "other"])
        return float(found.loc[("bad", "good"), "p_adjusted"])

    noise = 0.05 * rng.normal(size=(3, 2, 1))
    two, eight = adjusted("two", 0), adjusted("eight", 6)
    assert two < eight
    assert 0 < two <= 1 and eight <= 1


def test_a_metric_that_is_best_at_zero_is_compared_by_its_distance_from_it(
    tmp_path: Path, difficulty: np.ndarray
) -> None:
    """As far beyond 0 as another is before it: no difference; and the scale ends at 0."""
    # One eighth is exact in binary, and so are means of equal values.
    difficulty = np.round(8 * difficulty[..., :1]) / 8 + 0.0 * difficulty
    values = {"over": (-difficulty, None), "under": (difficulty, None), "lost": (difficulty - 9.0, None)}
    values |= {"top": (0.0 * difficulty, "ceiling"), "bottom": (0.0 * difficulty - 10.0, "floor")}
    paths = [
        write_run(tmp_path, method, fold, {"diversity.all": 1 - scores[fold]}, bound)
        for method, (scores, bound) in values.items()
        for fold in range(3)
    ]
    scores, differences = intervals(paths)
    found = differences.set_index(["method", "other"])
    assert found.loc[("over", "under"), ["difference", "p"]].tolist() == [0.0, 1.0]
    assert found.loc[("lost", "over"), "difference"] == pytest.approx(9.0 - 2 * difficulty.mean())
    scaled = scores.set_index("method")["scaled"]
    assert scaled["over"] == pytest.approx(scaled["under"])
    assert scaled["over"] == pytest.approx(1 - difficulty.mean() / 10)
    assert scores.set_index("method").loc["over", "mean"] == pytest.approx(-difficulty.mean())


def test_scale_needs_both_ends_and_the_right_order(tmp_path: Path, difficulty: np.ndarray) -> None:
    """Sampling RMSD is better where higher, and 0 for the ceiling: it has no scale."""
    paths = [
        write_run(tmp_path, "top", 0, {"rmsd_sample.all": 0 * difficulty[0]}, "ceiling"),
        write_run(tmp_path, "bottom", 0, {"rmsd_sample.all": 4 + 0 * difficulty[0]}, "floor"),
        write_run(tmp_path, "alone", 0, {"rmsd_recon.all": difficulty[0]}),
    ]
    assert intervals(paths)[0]["scaled"].isna().all()


def test_methods_are_compared_in_the_folds_that_they_share(runs: list[Path]) -> None:
    _, differences = intervals([run for run in runs if run.parts[-2:] != ("bad", "fold1")])
    row = differences[(differences["method"] == "bad") & (differences["other"] == "good")].iloc[0]
    assert row["folds"] == 2 and np.isfinite(row["p"])


@pytest.mark.parametrize("changed", ["frame_index", "block"])
def test_other_test_frames_are_refused(changed: str, runs: list[Path]) -> None:
    """Equally many of them, in equally many blocks: nothing but the frames themselves tells."""
    path = runs[0] / "scores.npz"
    with np.load(path) as stored:
        arrays = dict(stored.items())
    arrays[changed] = arrays[changed][::-1]
    np.savez(path, **arrays)
    with pytest.raises(
        InputError,
        match=r"toy, pairs, 3: bad and good were scored on different test frames in fold 0; delete",
    ):
        intervals(runs)


def test_losses_agree_with_differences(tmp_path: Path, difficulty: np.ndarray) -> None:
    """Signs that cancel between folds bring no method nearer to 0 than it is in every one."""
    sign = np.array([1.0, -1.0, 1.0])[:, None, None]
    values = {"near": 0.1 + 0 * difficulty, "wobbly": 0.5 * sign + 0 * difficulty}
    paths = [
        write_run(tmp_path, method, fold, {"diversity.all": 1 - scores[fold]})
        for method, scores in values.items()
        for fold in range(3)
    ]
    scores, differences = intervals(paths)
    assert scores.set_index("method")["loss"].to_dict() == pytest.approx({"near": 0.1, "wobbly": 0.5})
    assert differences["difference"].tolist() == pytest.approx([0.1 - 0.5])
    higher = [write_run(tmp_path / "h", "one", 0, {"graph_exact.all": 0.25 + 0 * difficulty[0]})]
    assert intervals(higher)[0]["loss"].tolist() == pytest.approx([-0.25])


def test_only_the_metrics_asked_for_are_estimated(tmp_path: Path, difficulty: np.ndarray) -> None:
    stored = {"rmsd_recon.all": difficulty[0], "energy_score.all": difficulty[0]}
    run = write_run(tmp_path, "one", 0, stored)
    assert set(intervals([run])[0]["metric"]) == {"rmsd_recon", "energy_score"}
    assert set(intervals([run], only={"energy_score"})[0]["metric"]) == {"energy_score"}


def test_folds_without_a_score_are_not_counted(tmp_path: Path, difficulty: np.ndarray) -> None:
    paths = [
        write_run(tmp_path, "some", fold, {"rmsd_recon.all": difficulty[fold] * (np.nan if fold else 1.0)})
        for fold in range(3)
    ]
    row = intervals(paths)[0].iloc[0]
    assert row["mean"] == pytest.approx(difficulty[0].mean())
    assert (row["folds"], row["blocks"]) == (1, 6) and np.isnan(row["high"])


def test_block_sums_give_the_value_of_every_block(runs: list[Path], difficulty: np.ndarray) -> None:
    sums = BlockSums.of_run(runs[0])
    assert sums.metrics == {("rmsd_recon", "all")}
    metric = registry.load("metrics", "rmsd_recon")
    ((_, read),) = sums.read({("rmsd_recon", "all"): metric})
    found = metric().value(read)
    np.testing.assert_allclose(found, difficulty[0].mean(axis=1))


def test_scores_that_were_made_of_something_else_are_refused(runs: list[Path]) -> None:
    """Two numbers as well, but a sum of scores and their number: read as a ratio they would be a value."""
    path = runs[0] / "scores.npz"
    with np.load(path) as stored:
        arrays = dict(stored.items())
    arrays |= {"diversity.all": np.full(len(BLOCK), 0.3), "diversity.all.blocks": np.ones((2, 2))}
    np.savez(path, **arrays)
    with pytest.raises(
        InputError, match=r"scores\.npz: .*scores of the present version of diversity.* again"
    ):
        intervals(runs)


def test_tables_are_written_and_read(runs: list[Path], tmp_path: Path) -> None:
    tables = intervals(runs)
    paths = tmp_path / "intervals.csv", tmp_path / "differences.csv"
    write(*tables, *paths)
    for read, path, table in zip((read_intervals, read_differences), paths, tables, strict=True):
        found = read(path)
        assert found["method"].tolist() == table["method"].tolist()
        np.testing.assert_allclose(found["low"], table["low"])
        path.write_text("dataset\n")
        with pytest.raises(InputError, match=r"\.csv: not a table of intervals"):
            read(path)
    with pytest.raises(InputError, match="cgbench intervals"):
        read_intervals(tmp_path / "absent.csv")


@pytest.mark.parametrize("content", [b"", b"PK damaged"])
def test_damaged_scores_are_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "scores.npz"
    with pytest.raises(InputError, match=r"scores\.npz: no such file"):
        BlockSums.of_run(tmp_path)
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"scores\.npz: not a file of scores"):
        BlockSums.of_run(tmp_path)
