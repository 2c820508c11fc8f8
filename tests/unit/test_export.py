"""Exports of a benchmark: tables, figures with few colours, and nothing half done."""

import gzip
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from typer.testing import CliRunner

from cgbench.cli.main import app
from cgbench.config.run_matrix import RunMatrix
from cgbench.core import atomic_io as files
from cgbench.core.errors import InputError
from cgbench.report.export import TABLES, export

ROOT = Path(__file__).parents[2]
FIGURES = ("comparison", "training-cgvae", "training-mlp", "atoms-linear", "ramachandran", "mapping")


@pytest.fixture
def config(tmp_path: Path) -> RunMatrix:
    """RunMatrix of a benchmark that has come to its end, but for what this verb does not look at."""
    results = tmp_path / "results"
    overrides = {
        "results": str(results),
        "protocol": {"folds": 2},
        "run": {"methods": ["linear", "mlp", "cgvae"], "mappings": ["cgae"]},
    }
    file = tmp_path / "mine.yaml"
    file.write_text(json.dumps(overrides))
    rng = np.random.default_rng(1)
    for dataset in ("alanine_dipeptide", "chignolin", "of_another_run"):
        splits, figures = results / f"data/{dataset}/splits", results / f"figures/{dataset}/cgae"
        splits.mkdir(parents=True)
        figures.mkdir(parents=True)
        for fold in range(3):
            (splits / f"fold{fold}.floor.csv").write_text(
                f"dataset,metric,atoms,fold,value\n{dataset},angle_w1,all,{fold},0.5\n"
            )
        for name in FIGURES:
            noise = rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)
            Image.fromarray(noise).save(figures / f"{name}.png")
            (figures / f"{name}.svg").write_text("<svg/>")
        Image.fromarray(noise).save(figures.parent / "walkers.png")
    for name in TABLES:
        (results / name).write_text(name)
    return RunMatrix.load(ROOT / "config/config.yaml", ROOT / "config/simulations.yaml", file)


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "paper/kept"


def kept(output: Path) -> set[str]:
    return {path.relative_to(output).as_posix() for path in output.rglob("*") if path.is_file()}


def nothing_else_is_there(output: Path) -> bool:
    return [path.name for path in output.parent.iterdir()] == [output.name]


def test_tables_and_figures_of_the_configuration_are_kept(config: RunMatrix, output: Path) -> None:
    export(config, output, "cgvae")
    names = ("comparison", "training-cgvae", "ramachandran", "mapping")
    tables = {"config.json", "leaderboard.md", "leaderboard.csv.gz", "metrics.csv.gz", "runs.csv.gz"}
    assert kept(output) == tables | {"noise_floor.csv", "manifest.json"} | {
        f"figures/{dataset}/{name}.png"
        for dataset in ("alanine_dipeptide", "chignolin")
        for name in ("walkers", *(f"cgae/{name}" for name in names))
    }
    with gzip.open(output / "metrics.csv.gz", "rt") as table:
        assert table.read() == "metrics.csv"
    assert len(pd.read_csv(output / "noise_floor.csv")) == 2 * config.protocol.folds
    assert nothing_else_is_there(output)


def test_figures_are_a_part_of_what_is_finished(config: RunMatrix, output: Path) -> None:
    (Path(config.results) / "figures/chignolin/cgae/comparison.png").unlink()
    with pytest.raises(InputError, match=r"chignolin/cgae/comparison\.png: not there, one of 1 files; run"):
        export(config, output, "cgvae")


def test_scores_by_state_are_kept_where_there_are_states(config: RunMatrix, output: Path) -> None:
    cell = next(cell for cell in config.run_specs() if cell.dataset == "chignolin")
    card = {"trajectories": [{"state": "folded"}, {"state": "unfolded"}]}
    (Path(config.results) / "data/chignolin/card.json").write_text(json.dumps(card))
    config.run_folder(cell).mkdir(parents=True)
    scores = {"trajectory": np.array([0, 1]), "rmsd_recon.heavy": np.array([0.1, 0.3])}
    np.savez(config.run_folder(cell) / "scores.npz", **scores)
    export(config, output, "cgvae")
    assert pd.read_csv(output / "states.csv")["rmsd_recon"].tolist() == pytest.approx([0.1, 0.3])


def test_pictures_keep_their_size_and_few_colours(config: RunMatrix, output: Path) -> None:
    export(config, output, "cgvae")
    with Image.open(output / "figures/chignolin/cgae/comparison.png") as image:
        assert image.size == (64, 64)
        assert len(image.convert("RGB").getcolors(1 << 16) or []) <= 128


def test_an_earlier_one_is_replaced_whole(config: RunMatrix, output: Path) -> None:
    export(config, output, "cgvae")
    export(config, output, "mlp")
    figures = {path.name for path in (output / "figures/chignolin/cgae").iterdir()}
    assert "training-mlp.png" in figures
    assert "training-cgvae.png" not in figures
    assert nothing_else_is_there(output)


@pytest.mark.parametrize("stranger", ["thesis.tex", "metrics.csv.gz"])
def test_what_it_has_not_written_is_left_alone(config: RunMatrix, output: Path, stranger: str) -> None:
    export(config, output, "cgvae")
    (output / stranger).write_text("mine")
    with pytest.raises(
        InputError, match=f"{stranger}: not written by `cgbench export`, or edited since; move it away"
    ):
        export(config, output, "cgvae")
    assert (output / stranger).read_text() == "mine"


@pytest.mark.parametrize(
    ("damage", "match"),
    [
        ("leaderboard.md", "leaderboard.md: not there, one of 1 files; run `snakemake all` to its end"),
        ("data/chignolin/splits/fold1.floor.csv", "fold1.floor.csv: not there, one of 1 files; run"),
    ],
)
def test_an_unfinished_benchmark_is_refused(config: RunMatrix, output: Path, damage: str, match: str) -> None:
    export(config, output, "cgvae")
    before = kept(output)
    (Path(config.results) / damage).unlink()
    with pytest.raises(InputError, match=match):
        export(config, output, "cgvae")
    assert kept(output) == before


@pytest.mark.parametrize(
    ("file", "share", "match"),
    [
        ("figures/chignolin/cgae/comparison.png", 0, "comparison.png: not an image"),
        ("figures/chignolin/cgae/comparison.png", 0.5, "comparison.png: not an image"),
        ("data/chignolin/splits/fold1.floor.csv", 0, "fold1.floor.csv: not a noise floor"),
    ],
)
def test_a_damaged_file_is_named_and_nothing_lost(
    config: RunMatrix, output: Path, file: str, share: float, match: str
) -> None:
    export(config, output, "cgvae")
    before = kept(output)
    path = Path(config.results) / file
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(InputError, match=match):
        export(config, output, "cgvae")
    assert kept(output) == before
    assert nothing_else_is_there(output)


def test_a_full_disk_loses_nothing(config: RunMatrix, output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export(config, output, "cgvae")
    before = kept(output)

    def full(*_: object) -> None:
        raise OSError(files.errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("cgbench.report.export.shutil.copyfile", full)
    with pytest.raises(InputError, match=r"the disk is full .* free some space in .*paper"):
        export(config, output, "cgvae")
    assert kept(output) == before
    assert nothing_else_is_there(output)


def test_what_a_killed_process_was_replacing_is_put_back(config: RunMatrix, output: Path) -> None:
    export(config, output, "cgvae")
    before = kept(output)
    output.rename(output.with_name(".kept-before"))
    output.with_name(".kept-unfinished").mkdir()
    (Path(config.results) / "figures/chignolin/cgae/comparison.png").write_bytes(b"damaged")
    with pytest.raises(InputError, match="not an image"):
        export(config, output, "cgvae")
    assert kept(output) == before
    assert nothing_else_is_there(output)


def test_the_command_line_names_what_is_wrong(config: RunMatrix, output: Path, tmp_path: Path) -> None:
    given = ["--config", "config/config.yaml", "--config", "config/simulations.yaml"]
    arguments = ["export", *given, "--config", str(tmp_path / "mine.yaml"), "--output"]
    runner = CliRunner()
    assert runner.invoke(app, [*arguments, str(output)]).exit_code == 0
    wrong = runner.invoke(app, [*arguments, str(output), "--method", "cgvea"]).exception
    assert "no method 'cgvea' in this benchmark; there are: linear, mlp, cgvae" in str(wrong)
    wrong = runner.invoke(app, [*arguments, str(output / "runs.csv.gz")]).exception
    assert "runs.csv.gz: is a file; give a folder" in str(wrong)
