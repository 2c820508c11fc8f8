"""Plug-ins from a folder of one's own run like those inside; edits repeat what they concern."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest

from plugin_helpers import plug_ins
from workflow_project import Job, Project

pytestmark = pytest.mark.slow

CONFIG = """
plugins: [mine]
protocol: {folds: 1}
mappings: {equal: }
methods:
  offset: {scale: 0.9}
  offset_refined: {use: refined, of: offset}
run:
  mappings: [equal]
  methods: [linear, offset, offset_refined]
  metrics: [worst_deviation, consistency]
  resolutions: {alanine_dipeptide: [3]}
"""
SCORES = "results/test/runs/alanine_dipeptide/equal-3/offset/fold0/metrics.csv"
TARGETS = ("--configfile", "config/test.yaml", "mine.yaml", "--", "models", SCORES)
EDIT = "\nEDITED = True\n"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Project with a folder of plug-ins, and with models and scores of them."""
    project = Project.copy_of_checkout(tmp_path_factory.mktemp("plugins") / "project")
    plug_ins(project.root / "mine")
    (project.root / "mine.yaml").write_text(CONFIG)
    project.run(*TARGETS)
    return project


@contextmanager
def added(text: str, file: Path) -> Iterator[None]:
    before = file.read_text()
    file.write_text(before + text)
    yield
    file.write_text(before)


def planned(project: Project, text: str, file: str) -> list[Job]:
    """Jobs after an addition to a file of the plug-ins, which is taken back."""
    with added(text, project.root / "mine" / file):
        return project.planned(*TARGETS)


def test_they_are_trained_and_scored(project: Project) -> None:
    scores = pd.read_csv(project.root / SCORES)
    assert set(scores["metric"]) == {"worst_deviation", "consistency"}
    assert (scores.loc[scores["metric"] == "worst_deviation", "value"] > 0).all()
    assert project.planned(*TARGETS) == []


def test_an_edit_of_a_method_repeats_it_and_what_wraps_it(project: Project) -> None:
    jobs = planned(project, EDIT, "methods/_offsets.py")
    assert {job.wildcards["method"] for job in jobs if job.rule == "train_and_sample"} == {
        "offset",
        "offset_refined",
    }
    assert {job.rule for job in jobs} == {"train_and_sample", "score", "models"}


def test_an_edit_of_a_mapping_repeats_the_mapping_and_what_follows(project: Project) -> None:
    rules = [job.rule for job in planned(project, EDIT, "mappings/equal.py")]
    assert rules.count("train_and_sample") == 3
    assert set(rules) == {"map", "train_and_sample", "score", "models"}


def test_an_edit_of_a_metric_repeats_scores(project: Project) -> None:
    rules = {job.rule for job in planned(project, EDIT, "metrics/deviations.py")}
    assert rules == {"noise_floor", "score"}


def test_a_comment_repeats_nothing(project: Project) -> None:
    assert planned(project, "\n# a comment\n", "methods/_offsets.py") == []


def test_a_fault_stops_before_anything_runs(project: Project) -> None:
    with added("\nimport nought\n", project.root / "mine/methods/offset.py"):
        done = project.snakemake("--dry-run", *TARGETS)
    assert done.returncode
    assert "mine/methods/offset.py: line " in done.stdout and "No module named 'nought'" in done.stdout
