"""What is kept of a benchmark: tables, few colours, one method's figures, and nothing half done."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from typer.testing import CliRunner

from cgbench.cli import app
from cgbench.errors import InputError
from cgbench.keep import TABLES, keep

FIGURES = ("comparison", "training-cgvae", "training-mlp", "atoms-linear", "ramachandran", "mapping-view")


@pytest.fixture
def results(tmp_path: Path) -> Path:
    folder = tmp_path / "results"
    figures = folder / "figures/peptide/cgae"
    figures.mkdir(parents=True)
    for name in TABLES:
        (folder / name).write_text(name)
    rng = np.random.default_rng(1)
    for name in FIGURES:
        noise = rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)
        Image.fromarray(noise).save(figures / f"{name}.png")
        (figures / f"{name}.svg").write_text("<svg/>")
    for dataset in ("a", "b"):
        splits = folder / f"data/{dataset}/splits"
        splits.mkdir(parents=True)
        for fold in range(2):
            (splits / f"fold{fold}.floor.csv").write_text(f"dataset,fold,value\n{dataset},{fold},0.5\n")
    return folder


def test_tables_and_figures_of_one_method_are_kept(results: Path, tmp_path: Path) -> None:
    output = tmp_path / "kept"
    keep(results, output, "cgvae")
    assert {path.relative_to(output).as_posix() for path in output.rglob("*") if path.is_file()} == {
        *TABLES,
        "noise_floor.csv",
        *(f"figures/peptide/cgae/{name}.png" for name in ("comparison", "training-cgvae", "ramachandran")),
        "figures/peptide/cgae/mapping-view.png",
    }
    assert (output / "metrics.csv").read_text() == "metrics.csv"
    assert len(pd.read_csv(output / "noise_floor.csv")) == 4


def test_pictures_keep_their_size_and_few_colours(results: Path, tmp_path: Path) -> None:
    keep(results, tmp_path / "kept", "cgvae")
    with Image.open(tmp_path / "kept/figures/peptide/cgae/comparison.png") as image:
        assert image.size == (64, 64)
        assert len(image.convert("RGB").getcolors(1 << 16) or []) <= 256


def test_an_earlier_one_is_replaced_whole(results: Path, tmp_path: Path) -> None:
    keep(results, tmp_path / "kept", "cgvae")
    (tmp_path / "kept/stale.png").touch()
    keep(results, tmp_path / "kept", "mlp")
    assert not (tmp_path / "kept/stale.png").exists()
    assert (tmp_path / "kept/figures/peptide/cgae/training-mlp.png").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"results", "kept"}


def test_an_unfinished_benchmark_keeps_nothing_and_loses_nothing(results: Path, tmp_path: Path) -> None:
    keep(results, tmp_path / "kept", "cgvae")
    (results / "leaderboard.md").unlink()
    with pytest.raises(InputError, match=r"no finished benchmark \(leaderboard\.md not there\)"):
        keep(results, tmp_path / "kept", "cgvae")
    assert (tmp_path / "kept/leaderboard.md").exists()


def test_a_picture_that_is_none_loses_nothing(results: Path, tmp_path: Path) -> None:
    keep(results, tmp_path / "kept", "cgvae")
    (results / "figures/peptide/cgae/comparison.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"comparison\.png: no picture"):
        keep(results, tmp_path / "kept", "cgvae")
    assert (tmp_path / "kept/leaderboard.md").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"results", "kept"}


def test_a_folder_of_anything_else_is_left_alone(results: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.tex").touch()
    answer = CliRunner().invoke(app, ["keep", str(results), "--output", str(mine)])
    assert "holds something else; give a new folder" in str(answer.exception)
    assert (mine / "thesis.tex").exists()
