"""What the leaderboard marks, and how it reads."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cgbench.report.leaderboard import FAIRNESS, leaderboard, to_markdown, write
from cgbench.results.tables import metric_info

CAPTIONS = Path(__file__).parents[2] / "workflow" / "report"
KINDS = {"vae": "draws", "flow": "draws", "linear": "", "mlp": "", "top": "ceiling", "bottom": "floor"}


def scores(metric: str, means: dict[str, float], n_beads: int = 3, atoms: str = "all") -> pd.DataFrame:
    """Rows of intervals.csv, each with an interval of ± 0.1 and half-way up the scale."""
    table = pd.DataFrame({"method": list(means), "mean": list(means.values())})
    table["loss"] = metric_info(metric).loss(table["mean"])
    table = table.assign(low=table["mean"] - 0.1, high=table["mean"] + 0.1, scaled=0.5, folds=3, blocks=6)
    unit = "1" if metric in ("graph_xor", "diversity") else "Å"
    return table.assign(
        dataset="toy", mapping="pairs", n_beads=n_beads, metric=metric, atoms=atoms, unit=unit
    )


def board(*parts: pd.DataFrame, p: float = 0.001) -> pd.DataFrame:
    """Leaderboard in which every two methods differ with probability ``p``."""
    table = pd.concat(parts, ignore_index=True)
    runs = pd.DataFrame(
        {
            "dataset": "toy",
            "mapping": "pairs",
            "n_beads": table["n_beads"],
            "method": table["method"],
            "stochastic": table["method"].map(KINDS) == "draws",
            "bound": table["method"].map(KINDS).replace("draws", ""),
            "wall_seconds": 90.0,
        }
    )
    runs = runs[runs["method"].isin(KINDS)]
    key = ["dataset", "mapping", "n_beads", "metric", "atoms"]
    pairs = [
        dict(zip(key, group, strict=True)) | {"method": a, "other": b, "p_adjusted": p}
        for group, rows in table.groupby(key)
        for a, b in combinations(sorted(rows["method"]), 2)
    ]
    return leaderboard(table, pd.DataFrame(pairs, columns=[*key, "method", "other", "p_adjusted"]), runs)


def marks(table: pd.DataFrame) -> dict[str, str]:
    return dict(zip(table["method"], table["mark"], strict=True))


@pytest.mark.parametrize(("p", "mark"), [(0.049, "worse"), (0.05, "tied"), (np.nan, "undecided")])
def test_marks_follow_the_paired_difference(p: float, mark: str) -> None:
    table = board(scores("rmsd_recon", {"linear": 1.2, "mlp": 1.0, "vae": 1.1}), p=p)
    assert marks(table) == {"linear": mark, "mlp": "best", "vae": mark}
    assert table.set_index("method").loc["vae", "p_adjusted"] == pytest.approx(p, nan_ok=True)


def test_equal_values_share_the_win() -> None:
    table = board(scores("graph_xor", {"linear": 0.0, "vae": 0.0, "mlp": 0.5}), p=0.2)
    assert marks(table) == {"linear": "best", "vae": "best", "mlp": "tied"}


def test_the_ends_of_the_scale_do_not_compete() -> None:
    table = board(scores("rmsd_recon", {"top": 0.0, "vae": 0.5, "linear": 1.0, "bottom": 3.0}))
    assert marks(table) == {"top": "", "vae": "best", "linear": "worse", "bottom": ""}


def test_equal_but_for_rounding_is_equal() -> None:
    """Methods that keep R1 differ by the rounding of their arithmetic, however significantly."""
    table = board(scores("consistency", {"linear": 1.2e-6, "mlp": 4.0e-5, "vae": 0.3}))
    assert marks(table) == {"linear": "best", "mlp": "best", "vae": "worse"}


def test_the_best_diversity_score_is_the_nearest_to_zero() -> None:
    means = {"linear": 1.0, "vae": 0.2, "flow": -0.1, "mlp": -3.0}
    assert marks(board(scores("diversity", means))) == {
        "linear": "worse",
        "vae": "worse",
        "flow": "best",
        "mlp": "worse",
    }


def test_nobody_wins_without_a_rival() -> None:
    assert set(board(scores("graph_xor", {"top": 0.0, "vae": 0.5}))["mark"]) == {""}
    undefined = board(scores("diversity", {"linear": np.nan, "vae": 0.5}))
    assert set(undefined["mark"]) == {""}


@pytest.mark.parametrize("p", [0.001, np.nan])
def test_nobody_is_best_who_lacks_a_fold_that_another_has(p: float) -> None:
    """Nor worse, however sure the difference is in the folds that it has."""
    table = scores("graph_exact", {"vae": 0.2, "flow": 0.3, "linear": 0.9, "mlp": 0.3})
    table.loc[table["method"].isin(["linear", "mlp"]), "folds"] = 1
    found = marks(board(table, p=p))
    vae = "undecided" if np.isnan(p) else "worse"
    assert found == {"vae": vae, "flow": "best", "linear": "undecided", "mlp": "undecided"}


@pytest.mark.parametrize("metric", ["rmsd_sample", "rmsd_sample_legacy"])
def test_an_error_is_not_diversity(metric: str) -> None:
    table = board(scores(metric, {"vae": 0.2, "flow": 0.3, "linear": 2.0, "lost": 3.0}))
    assert marks(table) == {"vae": "worse", "flow": "best", "linear": "", "lost": ""}
    assert dict(zip(table["method"], table["samples"], strict=True))["lost"] == "unknown"


def test_cost_is_the_mean_over_folds() -> None:
    table = board(scores("rmsd_recon", {"vae": 0.2, "linear": 0.3}))
    assert table["train (min)"].tolist() == [1.5, 1.5]


@pytest.fixture(scope="module")
def text() -> str:
    means = {"bottom": 3.0, "linear": 1.0, "vae": 0.5, "top": 0.0}
    return to_markdown(
        board(
            scores("rmsd_recon", means),
            scores("rmsd_recon", {"vae": 0.125, "linear": 0.25}, n_beads=6),
            scores("rmsd_recon", {"linear": 0.1, "vae": 0.2}, atoms="heavy"),
            scores("graph_xor", means).assign(low=np.nan, high=np.nan, scaled=np.nan),
            scores("diversity", {"linear": 1.0, "vae": 0.12345}),
            p=0.3,
        )
    )


def tables(text: str) -> dict[str, list[list[str]]]:
    """Cells of the table under every heading, the line below the heads left out."""
    found = {}
    for part in text.split("\n### ")[1:]:
        title, _, body = part.partition("\n")
        rows = [line.strip("|").split("|") for line in body.splitlines() if line.startswith("|")]
        found[title] = [[cell.strip() for cell in row] for row in rows if not row[0].startswith(":")]
    return found


def test_headlines_read_well(text: str) -> None:
    table = tables(text)["All atoms"]
    assert table[0] == ["beads", "method", "rmsd_recon (Å)", "graph_xor", "train (min)"]
    assert table[1:] == [
        ["3", "↑ top †", "0.000 ± 0.100", "0.000", "1.50"],
        ["3", "vae", "**0.500 ± 0.100**", "**0.500**", "1.50"],
        ["3", "linear †", "1.000 ± 0.100 ≈", "1.000 ≈", "1.50"],
        ["3", "↓ bottom †", "3.000 ± 0.100", "3.000", "1.50"],
        ["6", "vae", "**0.125 ± 0.100**", "–", "1.50"],
        ["6", "linear †", "0.250 ± 0.100 ≈", "–", "1.50"],
    ]
    assert max(map(len, text.splitlines())) < 180, "too wide to read"


def rows_of(text: str, title: str) -> list[str]:
    return [row[1] for row in tables(text)[title][1:]]


def test_rows_are_ordered_by_the_energy_score_of_heavy_atoms() -> None:
    parts = [
        scores("energy_score", {"vae": 0.4, "flow": 0.6, "linear": 0.5}, atoms="heavy"),
        scores("energy_score", {"vae": 0.9, "flow": 0.7, "linear": 0.8}),
        scores("rmsd_recon", {"vae": 0.1, "flow": 0.0, "linear": 1.0}),
    ]
    text = to_markdown(board(*parts))
    assert rows_of(text, "Energy score") == rows_of(text, "All atoms") == ["vae", "linear †", "flow"]
    head, best, *_ = tables(text)["Energy score"]
    assert head == ["beads", "method", "energy_score heavy (Å)", "energy_score all (Å)"]
    assert best[2:] == ["**0.400 ± 0.100**", "0.900 ± 0.100"]
    assert text.split("### Best methods\n\n")[1].splitlines() == [
        "- energy_score heavy: 3 beads vae",
        "- energy_score all: 3 beads flow",
        "- rmsd_recon all: 3 beads flow",
    ]
    assert "energy_score" not in to_markdown(board(parts[2])).split("## toy")[1]
    assert rows_of(to_markdown(board(*parts[1:])), "All atoms") == ["flow", "linear †", "vae"]


def test_backbone_and_side_chains_have_tables_in_which_methods_without_caps_are_ranked() -> None:
    parts = [
        scores("energy_score", {"vae": 0.4, "linear": 0.5}, atoms="heavy"),
        scores("energy_score", {"vae": 0.4, "flow": 0.3, "linear": 0.5}, atoms="backbone"),
        scores("rmsd_backmap_min", {"vae": 0.6, "flow": 0.7, "linear": 0.5}, atoms="sidechain"),
        scores("rmsd_recon", {"vae": 0.6, "linear": 0.5}),
    ]
    text = to_markdown(board(*parts))
    found = tables(text)
    assert found["Energy score"][3] == ["3", "flow", "–"], "it lacks heavy atoms"
    assert found["Backbone"][0] == ["beads", "method", "energy_score (Å)"]
    assert found["Backbone"][3] == ["3", "flow", "**0.300 ± 0.100**"]
    assert found["Side chains"][0] == ["beads", "method", "rmsd_backmap_min (Å)"]
    assert "- energy_score backbone: 3 beads flow\n- rmsd_backmap_min sidechain: 3 beads linear" in text


def test_tables_without_an_energy_score_are_ordered_by_the_reconstruction(text: str) -> None:
    assert "Energy score" not in tables(text)
    assert rows_of(text, "All atoms")[:4] == ["↑ top †", "vae", "linear †", "↓ bottom †"]


def test_the_rest_stands_in_tables_of_its_own(text: str) -> None:
    found = tables(text)
    assert found["Heavy atoms"][0] == ["beads", "method", "rmsd_recon (Å)"]
    scale = found["Scaled from the lower control (0) to the upper control (1)"]
    assert scale[0] == ["beads", "method", "rmsd_recon all", "rmsd_recon heavy"], (
        "graph_xor has no scale here"
    )
    assert scale[2] == ["3", "vae", "0.50", "0.50"]
    assert scale[4] == ["3", "↓ bottom †", "0.50", "–"]
    assert found["Further metrics"][0] == ["beads", "method", "diversity"]
    assert found["Further metrics"][2] == ["3", "vae", "**0.123**"]


def test_the_table_says_who_is_best_baselines_too(text: str) -> None:
    assert "- rmsd_recon all: 3 beads vae (tied: linear); 6 beads vae (tied: linear)\n" in text
    assert "- rmsd_recon heavy: 3 beads linear (tied: vae)\n" in text


def test_readers_are_told_what_is_not_fair(text: str) -> None:
    captions = [
        (CAPTIONS / name).read_text(encoding="utf-8") for name in ("comparison.rst", "leaderboard.rst")
    ]
    for words in (" ".join(each.split()) for each in (text, *captions)):
        assert FAIRNESS in words
    assert "are not\nranked" in text and "too few independent blocks" in text


def test_the_leaderboard_is_written_for_machines_and_people(tmp_path: Path) -> None:
    table = board(scores("rmsd_recon", {"linear": 1.0, "vae": 2.0}))
    write(table, tmp_path / "board.csv", tmp_path / "board.md")
    assert pd.read_csv(tmp_path / "board.csv")["mean"].tolist() == [1.0, 2.0]
    assert "| **1.000 ± 0.100**" in (tmp_path / "board.md").read_text(encoding="utf-8")
