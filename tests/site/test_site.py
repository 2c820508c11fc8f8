"""The site as files: its pages, numbers and texts, and what it does where results are missing."""

import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from site_benchmark import HOSTILE, METHODS, script
from typer.testing import CliRunner

from cgbench.cli.main import app
from cgbench.config.run_matrix import RunMatrix
from cgbench.core.errors import InputError
from cgbench.site.build import build_site
from cgbench.site.pages import label, linked

ASSETS = Path(__file__).parents[2] / "src/cgbench/site/assets"
PAGES = {"index.html", "structures.html", "data.html", *(f"method-{name}.html" for name in METHODS)}
TASK = "data/alanine_dipeptide-backbone-3.js"


class Markup(HTMLParser):
    """Elements with their attributes, and the text of a page."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_all_pages_are_there_and_what_they_refer_to(site: Path) -> None:
    assert {path.name for path in site.glob("*.html")} == PAGES
    for page in PAGES:
        for tag, attributes in Markup(site / page).elements:
            address = attributes.get("href") if tag in ("a", "link") else attributes.get("src")
            if address and not address.startswith(("#", "data:", "https:")):
                assert (site / address.partition("#")[0]).is_file(), f"{page} refers to {address}"


def test_text_of_files_is_never_markup(site: Path) -> None:
    for page in PAGES:
        markup = Markup(site / page)
        assert all(name[:2] != "on" for _, attributes in markup.elements for name in attributes)
        assert all(attributes.get("src") for tag, attributes in markup.elements if tag == "script")
    assert HOSTILE in Markup(site / "data.html").text
    assert HOSTILE in Markup(site / "method-linear.html").text
    assert "</script" not in (site / TASK).read_text()


def test_scripts_are_plain() -> None:
    """Own JavaScript writes no markup, evaluates no text and asks for nothing elsewhere."""
    forbidden = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|Function\(|fetch\(|XMLHttp|https?:"
    )
    scripts = sorted(ASSETS.glob("*.js"))
    assert len(scripts) == 5
    for path in scripts:
        text = path.read_text()
        assert text.startswith('"use strict";\n')
        assert not re.search(forbidden, text.replace("http://www.w3.org/2000/svg", ""))
        assert not re.search(r"[ \t]+$|\t", text, flags=re.MULTILINE)
        assert len(text.splitlines()) < 300


def test_numbers_are_those_of_the_tables(site: Path, benchmark: RunMatrix) -> None:
    board = script(site / "data/board.js")
    table = pd.read_csv(Path(benchmark.results, "leaderboard.csv"))
    assert len(table.drop_duplicates(["n_beads", "method"])) == len(board["rows"]) == 8
    for row in table.itertuples():
        place = [(each["n_beads"], each["method"]) for each in board["rows"]].index((row.n_beads, row.method))
        if np.isnan(row.mean):
            assert board["scores"][f"{row.metric}.{row.atoms}"][place] is None
            continue
        mean, low, high, mark, p, folds, blocks = board["scores"][f"{row.metric}.{row.atoms}"][place]
        assert (mean, folds, blocks) == (pytest.approx(row.mean, rel=2e-5), row.folds, row.blocks)
        assert mark == ("" if pd.isna(row.mark) else row.mark)
        for shown, stored in ((low, row.low), (high, row.high), (p, row.p_adjusted)):
            assert shown == pytest.approx(stored, rel=2e-5) or (shown is None and np.isnan(stored))
    for name in ("leaderboard.csv", "metrics.csv", "runs.csv", "differences.csv", "intervals.csv"):
        assert (site / "tables" / name).read_bytes() == Path(benchmark.results, name).read_bytes()


def test_the_board_knows_cards_times_and_floors(site: Path, benchmark: RunMatrix) -> None:
    board = script(site / "data/board.js")
    assert {name: method["training"] for name, method in board["methods"].items()} == {
        name: "zero-shot" if name == "linear" else "task" for name in METHODS
    }
    assert board["methods"]["true_frames"]["bound"] == "ceiling"
    assert board["methods"]["nearest_frame"]["samples"] == "differ"
    assert {row["frames"] for row in board["rows"]} == {24}
    floors = [
        pd.read_csv(Path(benchmark.results, f"data/alanine_dipeptide/splits/fold{fold}.floor.csv"))
        for fold in range(2)
    ]
    largest = pd.concat(floors).query("metric == 'phi_psi_energy_distance' and atoms == 'all'")["value"]
    shown = board["floors"]["alanine_dipeptide"]["phi_psi_energy_distance.all"]
    assert shown == pytest.approx(largest.abs().max(), rel=1e-5)


def test_missing_and_damaged_files_are_named_and_the_rest_is_shown(
    copied: RunMatrix, benchmark: RunMatrix, tmp_path: Path
) -> None:
    runs = Path(copied.results, "runs/alanine_dipeptide")
    (runs / "backbone-3/linear/fold1/metrics.csv").unlink()
    (runs / "backbone-6/linear/fold0/scores.npz").write_bytes(b"half")
    (runs / "backbone-3/nearest_frame/fold0/samples.npz").write_bytes(b"half")
    Path(copied.results, "data/alanine_dipeptide/splits/fold0.floor.csv").write_text("half")
    Path(copied.results, "data/alanine_dipeptide/splits/fold1.json").write_text("half")
    site = tmp_path / "site"
    said = build_site(copied, site)
    assert said[:2] == [
        "2 of 16 runs have no scores yet",
        "alanine_dipeptide, backbone: not finished: "
        "linear (3 beads, fold 1); nearest_frame (3 beads, fold 0)",
    ]
    for file in ("linear/fold0/scores.npz", "fold0.floor.csv", "fold1.json"):
        assert [text for text in said if file in text], file
    page = Markup(site / "index.html").text
    assert all(text in page for text in said)
    board = script(site / "data/board.js")
    assert len(board["rows"]) == 8
    assert "nearest_frame" not in script(site / TASK)["methods"]
    # The same command refreshes it.
    shutil.copytree(benchmark.results, copied.results, dirs_exist_ok=True)
    assert build_site(copied, site) == []
    assert "nearest_frame" in script(site / TASK)["methods"]


def test_a_benchmark_that_has_not_begun_has_a_site(benchmark: RunMatrix, tmp_path: Path) -> None:
    site = tmp_path / "site"
    said = build_site(replace(benchmark, results=str(tmp_path / "none")), site)
    assert said[0] == "16 of 16 runs have no scores yet"
    assert {path.name for path in site.glob("*.html")} == PAGES
    assert said[0] in Markup(site / "index.html").text


def test_files_of_others_are_not_replaced(benchmark: RunMatrix, tmp_path: Path) -> None:
    mine = tmp_path / "mine.txt"
    mine.write_text("mine")
    with pytest.raises(InputError, match="files that `cgbench site` did not write; give a new folder"):
        build_site(benchmark, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"] and mine.read_text() == "mine"


def test_the_command_says_where_and_how_large(benchmark: RunMatrix, tmp_path: Path) -> None:
    config = Path(benchmark.results).parent / "mine.yaml"
    root = Path(__file__).parents[2]
    configs = (root / "config/config.yaml", root / "config/simulations.yaml", config)
    arguments = [part for path in configs for part in ("--config", str(path))]
    done = CliRunner().invoke(app, ["site", *arguments, "--output", str(tmp_path / "site")])
    assert re.fullmatch(rf"{tmp_path}/site/index.html: 0\.\d MiB\n", done.output)


def test_the_board_has_groups_definitions_and_intervals_of_leads(site: Path, benchmark: RunMatrix) -> None:
    board = script(site / "data/board.js")
    metrics = {metric["key"]: metric for metric in board["metrics"]}
    assert metrics["energy_score.heavy"]["label"] == "Energy score, heavy atoms"
    torsions = metrics["phi_psi_energy_distance.all"]
    assert torsions["label"] == "Backbone torsions, energy distance" and torsions["group"] == "Torsions"
    assert torsions["says"].startswith("Energy distance between the φ/ψ distributions of samples and MD")
    assert {metric["group"] for metric in metrics.values()} <= set(board["groups"])
    assert all(metric["says"] and "``" not in metric["says"] for metric in metrics.values())
    assert board["methods"]["true_frames"]["test_molecules"] == "included", "they are the MD"
    differences = pd.read_csv(Path(benchmark.results, "differences.csv"))
    assert board["leads"], "some methods are significantly better than the second"
    for key, leads in board["leads"].items():
        metric, atoms = key.split(".")
        for place, interval in leads.items():
            second = board["rows"][int(place)]
            pair = differences.query(
                f"metric == '{metric}' and atoms == '{atoms}' and n_beads == {second['n_beads']}"
                f" and (method == '{second['method']}' or other == '{second['method']}')"
            )
            pair = pair[
                pair["method"].isin(["linear", "nearest_frame"])
                & pair["other"].isin(["linear", "nearest_frame"])
            ]
            assert interval == pytest.approx(sorted(abs(pair[["low", "high"]].to_numpy()[0])), rel=2e-5)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("Wang et al., ICML 2022, arXiv 2201.12176", "https://arxiv.org/abs/2201.12176"),
        ("Honda et al., doi:10.1021/ja8030533 (sequence)", "https://doi.org/10.1021/ja8030533"),
        ("see https://example.org/a?b=1.", "https://example.org/a?b=1"),
        ("src/cgbench/methods/cgvae.py", ""),
        ("javascript:alert(1)", ""),
    ],
)
def test_addresses_in_texts_are_links(text: str, address: str) -> None:
    parts = linked(text)
    assert "".join(part for part, _ in parts) == text
    assert [found for _, found in parts if found] == ([address] if address else [])


def test_keys_of_cards_are_words() -> None:
    assert [label(key) for key in ("n_frames", "frame_interval_ps", "temperature_K", "force_field")] == [
        "frames", "frame interval (ps)", "temperature (K)", "force field",
    ]  # fmt: skip
