"""What readers take from the site: tables, tasks and figures for print."""

import gzip
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fastparquet import ParquetFile

from cgbench.chem.frames import Frames
from cgbench.config.run_matrix import RunMatrix
from cgbench.mapping.base import Mapping
from cgbench.pipeline.task import PreparedTask
from cgbench.site.downloads import TABLES, offer_tables
from cgbench.site.figure_files import Figures
from cgbench.site.task_files import archive, command


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
    """What does not fit is left out; what is shown is there in any case."""
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
