"""The command line: every verb explains itself, and mistakes are one line with exit status 2."""

import importlib.metadata
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
import yaml
from typer.testing import CliRunner

import cgbench
from cgbench.chem.frames import Frames
from cgbench.cli.main import app, main
from cgbench.cli.options import of_fold
from cgbench.config.schema import Protocol
from cgbench.core.errors import InputError
from cgbench.data.splits import make_split
from cgbench.mapping.base import Mapping

DEFAULT_CONFIG = [Path(__file__).parents[2] / "config" / f"{name}.yaml" for name in ("config", "simulations")]
VERBS = sorted(
    f"{group.name or ''} {command.name or command.callback.__name__.replace('_', '-')}".strip()
    for group in app.registered_groups
    if group.typer_instance
    for command in group.typer_instance.registered_commands
    if command.callback
)


def test_all_stages_have_a_verb() -> None:
    assert set(VERBS) >= {"prepare", "split", "map", "train", "sample", "score", "collect", "backmap", "info"}


@pytest.mark.slow
def test_tables_and_figures_of_tables_load_no_network_library() -> None:
    """A benchmark starts hundreds of processes, and torch takes seconds to load."""
    code = (
        "import sys; from cgbench.config.run_matrix import RunMatrix\n"
        "RunMatrix.load('config/config.yaml', 'config/simulations.yaml')\n"
        "import cgbench.cli.main, cgbench.statistics.interval_tables, cgbench.report.leaderboard\n"
        "import cgbench.results.tables, cgbench.pipeline.score\n"
        "import cgbench.figures.comparison, cgbench.figures.leakage, cgbench.figures.training\n"
        "print({'torch', 'seaborn'} & set(sys.modules))"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_help_explains_and_shows_an_example() -> None:
    for verb in VERBS:
        done = CliRunner().invoke(app, [*verb.split(), "--help"])
        assert done.exit_code == 0, verb
        # Boxes and line breaks of the help are no part of its text.
        printed = " ".join(re.sub("[│╭╮╰╯─]", " ", done.output).split())
        assert f"Example: cgbench {verb} " in printed.replace("`", "")


def test_runs_as_a_module() -> None:
    command = [sys.executable, "-m", "cgbench", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == cgbench.__version__


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check-config", "absent.yaml"], "absent.yaml: no such"),
        (["contract", "absent"], "absent: neither a folder nor an installed package"),
        (["prepare", "--source", "{", "--output", "x"], "not valid JSON"),
        (["prepare", "--source", "@absent.json", "--output", "x"], "@absent.json"),
        (["prepare", "--source", '{"use": "web"}', "--output", "x"], "'web'"),
        (["split", "--frames", "absent.npz", "--seed", "1", "--fold", "0", "--output", "x"], "absent.npz"),
        (["backmap", "absent.pt", "--beads", "absent.npy", "--output", "x.npz"], "absent.npy"),
    ],
)
def test_mistake_is_one_line_and_writes_nothing(
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["cgbench", *arguments])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    printed = capsys.readouterr().err
    assert printed.startswith("error: ")
    assert said in printed
    assert printed.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_too_many_beads_names_frames_mapping_and_key(
    alanine_frames: Frames,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    alanine_frames.save("frames.npz")
    make_split(alanine_frames, Protocol(), 0, 1).save("split.json")
    arguments = "--frames frames.npz --split split.json --n-beads 23 --seed 1 --output map.json --mapping"
    spec = '{"use": "backbone", "name": "mine"}'
    monkeypatch.setattr(sys, "argv", ["cgbench", "map", *arguments.split(), spec])
    with pytest.raises(SystemExit):
        main()
    printed = capsys.readouterr().err
    for text in ("frames.npz: mapping 'mine' with 23 beads", "run.resolutions", "1 to 22 beads; change"):
        assert text in printed
    assert not Path("map.json").exists()


def test_warnings_have_no_lines_of_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["cgbench", "check-config", str(tmp_path / "absent.yaml")])
    with pytest.raises(SystemExit):
        main()
    capsys.readouterr()
    assert warnings.formatwarning(UserWarning("bonds were added"), UserWarning, "files.py", 91) == (
        "warning: bonds were added\n"
    )


@pytest.mark.slow
def test_an_ascii_locale_prints_and_reads_every_text(tmp_path: Path) -> None:
    (tmp_path / "Öl.yaml").write_text("results: Läufe\nseeds: 1\n", encoding="utf-8")
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
    files = [*map(str, DEFAULT_CONFIG), "Öl.yaml"]
    for command, said in (
        (["schema"], '"description"'),
        (["backmap", "--help"], "n_frames"),
        (["check-config", *files], "unknown key 'seeds'"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "cgbench", *command],
            cwd=tmp_path,
            env=os.environ | ascii_only,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        assert said in done.stdout and "Traceback" not in done.stdout


def _helps(command: Any) -> Iterator[str]:
    yield command.help or ""
    yield from (getattr(parameter, "help", "") or "" for parameter in command.params)
    for verb in getattr(command, "commands", {}).values():
        yield from _helps(verb)


def test_help_loses_nothing_in_angle_brackets() -> None:
    """Markdown takes <name> for a tag that it does not show, but for code."""
    helps = list(_helps(typer.main.get_command(app)))
    assert any("<k>" in text for text in helps)
    assert [text for text in helps if "<" in re.sub("`[^`]*`", "", text)] == []


def test_info_names_what_a_bug_report_needs() -> None:
    facts = json.loads(CliRunner().invoke(app, ["info", "--json"]).output)
    assert {"git", "platform", "machine", "device", "torch_threads", "cuda", "plug_ins"} <= facts.keys()
    assert facts["versions"]["cgbench"] == cgbench.__version__
    assert facts["versions"]["snakemake"] == importlib.metadata.version("snakemake")
    assert 1 <= facts["usable_cpus"] <= facts["cpus"]
    assert 0.1 < facts["memory_gib"] < 1e5
    assert facts["free_gib_here"] == pytest.approx(shutil.disk_usage(".").free / 2**30, abs=1)


def test_info_for_people_says_the_same_and_keeps_names_of_people_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "ada"))
    monkeypatch.delenv("CGBENCH_CACHE", raising=False)
    printed = CliRunner().invoke(app, ["info"]).output
    facts = yaml.safe_load(printed)
    assert facts["cache"]["folder"] == "~/.cache/cgbench"
    assert facts.keys() == json.loads(CliRunner().invoke(app, ["info", "--json"]).output).keys()
    for word in ("ada", socket.gethostname()):
        assert len(word) < 3 or not re.search(rf"\b{re.escape(word)}\b", printed)


def test_info_does_not_say_where_a_chosen_cache_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CGBENCH_CACHE", str(tmp_path / "lab-of-lovelace"))
    printed = CliRunner().invoke(app, ["info"]).output
    assert "elsewhere (CGBENCH_CACHE)" in printed and "lovelace" not in printed


def test_stages_in_order(alanine_frames: Frames, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From frames to scores, and to a user's own beads, by the verbs alone."""
    monkeypatch.chdir(tmp_path)
    alanine_frames.save("frames.npz")
    data = "--frames frames.npz --split split.json"
    task = f"{data} --mapping map.json"
    seed = "--seed 2022 --fold 0"
    for command in (
        f"split --frames frames.npz {seed} --output split.json",
        f"""map {data} --mapping '{{"use": "backbone"}}' --n-beads 4 --seed 2022 --output map.json""",
        f"""train {task} --method '{{"use": "linear"}}' {seed} --output .""",
        f"sample --model model.pt {data} --n-samples 2 {seed} --output samples.npz",
        f"score --run run.json {task} --samples samples.npz --metrics rmsd_recon --output metrics.csv",
    ):
        done = CliRunner().invoke(app, shlex.split(command))
        assert done.exit_code == 0, done.output
    assert Path("metrics.csv").read_text().startswith("dataset,mapping,n_beads,method,fold,split,metric")
    assert json.loads(Path("run.json").read_text())["n_beads"] == 4
    assert not Path("scratch").exists()

    np.save("beads.npy", Mapping.load("map.json").beads(alanine_frames.positions[:5]))
    command = "backmap model.pt --beads beads.npy --strict --n-samples 3 --output atoms.npz"
    assert CliRunner().invoke(app, shlex.split(command)).exit_code == 0
    assert np.load("atoms.npz")["samples"].shape == (5, 3, 22, 3)
    assert Path("atoms.pdb").exists()


def test_several_folds_need_their_place_in_paths() -> None:
    assert of_fold(Path("splits/fold{fold}.json"), 1, [0, 1]) == Path("splits/fold1.json")
    assert of_fold(Path("mine.json"), 3, [3]) == Path("mine.json")
    with pytest.raises(InputError, match=r"mine\.json: .* write \{fold\} where"):
        of_fold(Path("mine.json"), 0, [0, 1])
