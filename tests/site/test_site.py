"""The site as files: its numbers, geometries and texts, and what it does where results are missing."""

import base64
import gzip
import json
import re
import shutil
import zipfile
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fastparquet import ParquetFile
from site_benchmark import HOSTILE, METHODS
from typer.testing import CliRunner

from cgbench.chem.frames import Frames
from cgbench.cli.main import app
from cgbench.config.run_matrix import RunMatrix
from cgbench.core.errors import InputError
from cgbench.mapping.base import Mapping
from cgbench.pipeline.task import PreparedTask
from cgbench.results.samples_file import Samples
from cgbench.site.build import build_site
from cgbench.site.downloads import TABLES, offer_tables
from cgbench.site.figure_files import Figures
from cgbench.site.structures import molecule_of, structures
from cgbench.site.task_files import archive, command

ASSETS = Path(__file__).parents[2] / "src/cgbench/site/assets"
PAGES = {"index.html", "structures.html", "data.html", *(f"method-{name}.html" for name in METHODS)}
TASK = "data/alanine_dipeptide-backbone-3.js"


def script(path: Path) -> Any:
    """Content of a data script."""
    return json.loads(path.read_text().partition(" = ")[2].rstrip(";\n"))


@pytest.fixture
def copied(benchmark: RunMatrix, tmp_path: Path) -> RunMatrix:
    """Copy of the benchmark, to be damaged."""
    shutil.copytree(benchmark.results, tmp_path / "results")
    return replace(benchmark, results=str(tmp_path / "results"))


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
            if address and not address.startswith(("#", "data:")):
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
        mean, low, high, mark, p, folds, blocks, _ = board["scores"][f"{row.metric}.{row.atoms}"][place]
        assert (mean, folds, blocks) == (pytest.approx(row.mean, rel=2e-5), row.folds, row.blocks)
        assert mark == ("" if pd.isna(row.mark) else row.mark)
        for shown, stored in ((low, row.low), (high, row.high), (p, row.p_adjusted)):
            assert shown == pytest.approx(stored, rel=2e-5) or (shown is None and np.isnan(stored))
    for name in ("leaderboard.csv", "metrics.csv", "runs.csv", "differences.csv", "intervals.csv"):
        assert (site / "tables" / name).read_bytes() == Path(benchmark.results, name).read_bytes()


def test_parquet_has_the_values_of_the_csv(site: Path) -> None:
    names = sorted(path.stem for path in (site / "tables").glob("*.csv"))
    assert names == sorted(TABLES)
    for name in names:
        table = pd.read_csv(site / f"tables/{name}.csv")
        stored = ParquetFile(site / f"tables/{name}.parquet").to_pandas()
        pd.testing.assert_frame_equal(stored.astype(table.dtypes.to_dict()), table)
        # Numbers are numbers, so that no program has to guess.
        texts = [isinstance(kind, pd.StringDtype) for kind in table.dtypes]
        assert [kind.kind == "O" for kind in stored.dtypes] == texts


def test_a_large_csv_is_compressed(tmp_path: Path) -> None:
    """A method that is called NA keeps its name, and empty values are missing."""
    text = "method,mean\n" + "NA,\n" + "cgvae,1.25\n" * 50_000
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables/metrics.csv").write_text(text)
    (offered,) = offer_tables(tmp_path / "tables", tmp_path)
    packed, parquet = offered["files"]
    assert packed["address"] == "tables/metrics.csv.gz" and parquet["kind"] == "parquet"
    assert gzip.decompress((tmp_path / packed["address"]).read_bytes()).decode() == text
    assert not (tmp_path / "tables/metrics.csv").exists()
    first = ParquetFile(tmp_path / parquet["address"]).to_pandas().iloc[0]
    assert first["method"] == "NA" and np.isnan(first["mean"]) and offered["rows"] == 50_001


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


def coordinates(task: Any, text: str) -> np.ndarray:
    values = np.frombuffer(base64.b64decode(text), dtype="<i2") * task["scale"]
    return values.reshape(len(task["frames"]), -1, len(task["elements"]), 3)


def test_geometries_are_those_of_the_files(site: Path, benchmark: RunMatrix) -> None:
    """They are centred and turned, which changes no distance between atoms of frame and samples."""
    task = script(site / TASK)
    frames = Frames.load(Path(benchmark.results, "data/alanine_dipeptide/frames.npz"))
    index = [frame["index"] for frame in task["frames"]]
    reference = frames.positions[index]
    shown = coordinates(task, task["reference"])[:, 0]
    run = Path(benchmark.results, "runs/alanine_dipeptide/backbone-3/nearest_frame/fold0")
    stored = Samples.load(run / "samples.npz")
    samples = coordinates(task, task["samples"]["nearest_frame"])
    places = [stored.frame_index.tolist().index(number) for number in index]
    for k, place in enumerate(places):
        numbers = task["numbers"]["nearest_frame"][k]
        assert sorted(numbers) == [1, 2, 3], "all of them fit"
        for j, number in enumerate(numbers):
            moved = stored.samples[place, number - 1]
            # Distances of every atom of the sample from every atom of the frame.
            expected = np.linalg.norm(moved[:, None] - reference[k], axis=-1)
            found = np.linalg.norm(samples[k, j][:, None] - shown[k], axis=-1)
            np.testing.assert_allclose(found, expected, atol=0.003)
            heavy = frames.molecule.heavy
            rmsd = np.sqrt(np.square(moved - reference[k])[heavy].sum(axis=-1).mean())
            assert task["rmsd"]["nearest_frame"][k][j] == pytest.approx(rmsd, abs=6e-4)
        assert task["rmsd"]["nearest_frame"][k] == sorted(task["rmsd"]["nearest_frame"][k])
    assert np.linalg.det(np.linalg.lstsq(reference[0] - reference[0].mean(axis=0), shown[0])[0]) > 0


def test_frames_are_the_best_the_median_and_the_worst(site: Path, benchmark: RunMatrix) -> None:
    task = script(site / TASK)
    run = Path(benchmark.results, "runs/alanine_dipeptide/backbone-3/linear/fold0")
    with np.load(run / "scores.npz") as arrays:
        scores, index = arrays["energy_score.heavy"], arrays["frame_index"]
    order = np.argsort(scores)
    for word, place in (("best", order[0]), ("median", order[len(order) // 2]), ("worst", order[-1])):
        (frame,) = [frame for frame in task["frames"] if ["linear", word] in frame["picks"]]
        assert frame["index"] == index[place]
        assert frame["scores"]["linear"] == pytest.approx(scores[place], abs=1e-4)
    # A deterministic method has one geometry for each frame.
    assert {len(numbers) for numbers in task["numbers"]["linear"]} == {1}


@pytest.mark.parametrize(
    ("budget", "n_frames", "n_samples"), [(40_000, 12, 3), (6_400, 12, 1), (2_000, 3, 1)]
)
def test_geometries_fit_the_budget(benchmark: RunMatrix, budget: int, n_frames: int, n_samples: int) -> None:
    runs = [run for run in benchmark.run_specs() if run.fold == 0 and run.n_beads == 3]
    made = structures(PreparedTask(benchmark, "alanine_dipeptide", "backbone", 3), runs, budget, [])
    assert made is not None
    content = made[2]
    assert (len(content["frames"]) <= n_frames) and {len(k) for k in content["numbers"]["nearest_frame"]} == {
        n_samples
    }
    size = sum(len(base64.b64decode(text)) for text in content["samples"].values())
    assert size <= max(budget, 3 * 4 * 22 * 6)
    if n_frames == 3:
        assert [frame["picks"] for frame in content["frames"]] == [
            [["", w]] for w in ("best", "median", "worst")
        ]


def test_beads_of_the_viewer_are_those_of_the_mapping(alanine_frames: Frames) -> None:
    """Also those of which another bead has a part, as in Martini 3."""
    index = alanine_frames.molecule.residue_index
    own = Mapping.centres(index)
    weights = np.where(index == 1, 0.5 * own.weights, own.weights)
    mapping = Mapping(index, weights, shared=((0, 1, 0.2), (1, 1, 0.3)))
    frame = alanine_frames.positions[0].astype(np.float64)
    shown = molecule_of(alanine_frames, mapping)["weights"]
    beads = [sum(weight * frame[int(atom)] for atom, weight in members.items()) for members in shown]
    np.testing.assert_allclose(beads, mapping.beads(frame), atol=1e-4)


def test_hydrogens_that_predictions_lack_are_at_their_heavy_atoms(copied: RunMatrix) -> None:
    runs = [run for run in copied.run_specs() if (run.method, run.n_beads, run.fold) == ("linear", 3, 0)]
    path = copied.run_folder(runs[0]) / "samples.npz"
    stored = Samples.load(path)
    molecule = Frames.load(Path(copied.results, "data/alanine_dipeptide/frames.npz")).molecule
    hydrogens = np.flatnonzero(~molecule.heavy)
    stored.samples[:, :, hydrogens] = np.nan
    replace(stored, absent=hydrogens).save(path)
    made = structures(PreparedTask(copied, "alanine_dipeptide", "backbone", 3), runs, 100_000, [])
    assert made is not None
    packed = np.frombuffer(base64.b64decode(made[2]["samples"]["linear"]), dtype="<i2").reshape(-1, 22, 3)
    bonded = [next(iter(molecule.graph[atom])) for atom in hydrogens.tolist()]
    np.testing.assert_array_equal(packed[:, hydrogens], packed[:, bonded])
    assert len(np.unique(packed[0, molecule.heavy], axis=0)) == molecule.heavy.sum()


def test_tasks_can_be_downloaded(site: Path, benchmark: RunMatrix, tmp_path: Path) -> None:
    """Their folders are those of the runs, and no file has a geometry of a test frame."""
    with zipfile.ZipFile(site / "tasks/alanine_dipeptide-backbone-3.zip") as archive:
        archive.extractall(tmp_path)
    frames = Frames.load(Path(benchmark.results, "data/alanine_dipeptide/frames.npz"))
    for fold in range(2):
        folder = tmp_path / f"alanine_dipeptide-backbone-3/fold{fold}"
        task = json.loads((folder / "task.json").read_text())
        split = json.loads(
            Path(benchmark.results, f"data/alanine_dipeptide/splits/fold{fold}.json").read_text()
        )
        assert task["frames"] == {part: split[part] for part in ("train", "valid", "test")}
        mapping = Mapping.load(
            Path(benchmark.results, f"mappings/alanine_dipeptide/backbone-3/fold{fold}.json")
        )
        assert task["mapping"]["bead_index"] == mapping.bead_index.tolist()
        with np.load(folder / "beads.npz") as stored:
            expected = mapping.beads(frames.positions[split["test"]].astype(np.float64))
            np.testing.assert_allclose(stored["beads"], expected, atol=1e-5)
        assert {path.name for path in folder.iterdir()} == {
            "README.md", "task.json", "beads.npz", "beads.pdb", "beads.xtc", "topology.pdb",
        }  # fmt: skip


def test_a_task_beyond_the_budget_is_a_command(benchmark: RunMatrix, tmp_path: Path) -> None:
    task = PreparedTask(benchmark, "alanine_dipeptide", "backbone", 3)
    problems: list[str] = []
    made = archive(task, tmp_path, 100_000, problems)
    assert made is not None
    size = made.stat().st_size
    assert archive(task, tmp_path, size, problems) == made and not problems
    assert archive(task, tmp_path, size - 1, problems) is None and not made.exists() and not problems
    assert command(benchmark, task.name).startswith("cgbench task export alanine_dipeptide-backbone-3 ")


@pytest.mark.parametrize(
    ("budget", "kinds"), [(10_000, [".pdf", ".png", ".svg"]), (1_500, [".pdf", ".svg"]), (0, [".svg"])]
)
def test_figures_for_print_are_added_while_they_fit(
    benchmark: RunMatrix, tmp_path: Path, budget: int, kinds: list[str]
) -> None:
    """What does not fit is named; what is shown is there in any case."""
    copied = replace(benchmark, results=str(tmp_path / "results"))
    source = tmp_path / "results/figures/alanine_dipeptide/backbone"
    source.mkdir(parents=True)
    for kind in (".svg", ".png", ".pdf"):
        (source / f"comparison{kind}").write_bytes(b"0" * 1_000)
    figures = Figures(copied, tmp_path / "site", [])
    (figure,) = figures.of_mapping("alanine_dipeptide", "backbone")
    figures.add_print(budget)
    made = tmp_path / "site/figures/alanine_dipeptide/backbone"
    assert sorted(path.suffix for path in made.iterdir()) == kinds
    assert figure["files"][0]["kind"] == "svg" and len(figure["files"]) == len(kinds)
    assert figure["source"] == ("" if len(kinds) == 3 else f"{source}/comparison.*")


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
