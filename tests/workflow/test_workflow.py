"""The workflow for real: config/test.yaml from trajectories to figures, then what edits repeat."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from cgbench.core import registry
from workflow_project import Project

pytestmark = pytest.mark.slow
RUNS = "results/test/runs/alanine_dipeptide/backbone-3"
TRAINING = {"train", "train_and_sample"}
METRIC = """
from cgbench.metrics.base import Evaluation, PerFrameMetric

class Metric(PerFrameMetric):
    label, unit, better, reference = "Added", "Å", "lower", "this test"

    def per_frame(self, evaluation: Evaluation):
        return evaluation.reconstruction_rmsd
"""
EDIT = "\nEDITED = True\n"


def test_every_run_is_scored(finished: Project) -> None:
    table = finished.root / "results/test/metrics.csv"
    assert table.read_text().splitlines()[0] == (
        "dataset,mapping,n_beads,method,fold,split,metric,atoms,unit,value,n_frames"
    )
    metrics = pd.read_csv(table)
    runs = metrics.groupby(["dataset", "mapping", "n_beads", "method", "fold"])
    assert len(runs) == 2 * 6 * 2  # resolutions, methods, folds
    assert runs.size().nunique() == 1, "runs are scored alike"
    # Alanine has no χ, no chiral Cβ and no ring.
    assert set(metrics["metric"]) == {
        name for name in registry.names("metrics") if not name.startswith(("chi_", "chirality_cb_", "ring_"))
    }
    # Two samples are drawn, so that even diversity is a number; of valid samples there may be none.
    undefined = metrics[~np.isfinite(metrics["value"])]
    assert set(undefined["metric"]) <= {"rmsd_sample_legacy"}
    minimised = metrics["metric"].str.startswith("energy_minimised")
    assert set(metrics["n_frames"][~minimised]) == {24}
    assert set(metrics["n_frames"][minimised]) == {20}, "a minimisation costs as much as all else"


def test_controls_come_out_where_theory_says(finished: Project) -> None:
    table = pd.read_csv(finished.root / "results/test/leaderboard.csv")
    rows = table.set_index(["metric", "atoms", "method"]).sort_index()
    for metric in ("energy_score", "rmsd_recon", "rmsd_backmap_mean", "rmsd_backmap_min", "graph_xor"):
        for atoms in ("all", "heavy"):
            scores = rows.loc[metric, atoms]
            assert (scores.loc["true_frames", "mean"] == 0).all(), metric
            assert (scores.loc["true_frames", "scaled"] == 1).all()
            assert (scores.loc["on_beads", "scaled"] == 0).all()
    assert (rows.loc[("graph_xor", "all", "on_beads"), "mean"] > 1).all()
    assert (rows.loc[("diversity", "all", "on_beads"), "mean"] == 1).all()
    near, floor = (
        rows.loc[("rmsd_backmap_mean", "all", name), "mean"] for name in ("nearest_frame", "on_beads")
    )
    assert (near.to_numpy() < floor.to_numpy()).all()
    plain, refined = (rows.loc[("graph_xor", "all", f"linear{end}"), "mean"] for end in ("", "_refined"))
    assert (refined.to_numpy() < 0.2 * plain.to_numpy()).all()
    mean, drawn = (rows.loc[(name, "all"), "mean"] for name in ("rmsd_recon", "rmsd_recon_draw"))
    assert set((mean != drawn)[mean != drawn].index) == {"cgvae"}, "nothing else has a posterior to draw from"
    assert (rows.loc[("consistency", "all"), "mean"] < 1e-4).all()
    # Two folds of two trajectories each, and marks for those that compete. Only of valid samples there may
    # be none.
    defined = table["metric"] != "rmsd_sample_legacy"
    assert set(table.loc[defined, "folds"]) == {2} and (table["blocks"] > 2).all()
    assert ((table["folds"] == 0) == table["mean"].isna()).all()
    assert set(rows.loc[("graph_xor", "all")]["mark"].dropna()) <= {"best", "tied", "worse"}
    assert table.loc[table["bound"].notna(), "mark"].isna().all()


def test_leakage_is_measured_on_request_only(finished: Project, tmp_path: Path) -> None:
    assert not (finished.root / "results/test/leakage").exists()
    project = finished.copy(tmp_path / "project")
    project.run("leakage")
    summary = pd.read_csv(project.root / "results/test/leakage/alanine_dipeptide/backbone-3-summary.csv")
    assert {"nearest beads", "nearest atoms", "nearest_frame heavy", "mlp all"} <= set(summary["quantity"])
    assert np.isfinite(summary[["leak_free", "published", "difference", "low", "high", "p"]]).all(axis=None)
    assert (project.root / "results/test/figures/alanine_dipeptide/backbone/leakage.svg").exists()


def test_second_run_has_nothing_to_do(finished: Project) -> None:
    assert "Nothing to be done" in finished.run("all")


def test_report_builds(finished: Project, tmp_path: Path) -> None:
    project = finished.copy(tmp_path / "project")
    project.run("all", "--report", "report.html")
    report = (project.root / "report.html").read_text()
    for category in ("Tables", "Comparison", "Training", "Tasks", "Torsions"):
        assert f'"{category}"' in report
    assert "Points are means" in report, "no caption of the comparison"


def test_the_site_shows_the_whole_benchmark(finished: Project) -> None:
    site = finished.root / "results/test/site"
    assert "This is not the whole benchmark" not in (site / "index.html").read_text()
    page = (site / "method-cgvae.html").read_text()
    for figure in ("training-cgvae", "ramachandran-cgvae", "atoms-cgvae"):
        shown = sorted((site / "figures/alanine_dipeptide/backbone").glob(f"{figure}.*"))
        assert {path.suffix for path in shown} >= {".pdf"}, "for print"
        assert all(path.relative_to(site).as_posix() in page for path in shown)
    assert len(list((site / "data").glob("alanine_dipeptide-backbone-*.js"))) == 2
    sizes = {path: path.stat().st_size for path in site.rglob("*") if path.is_file()}
    assert sum(size for path, size in sizes.items() if path.suffix != ".pdf") < 6e6
    assert sum(sizes.values()) <= 10e6, "figures for print are left out beyond the limit of the site"


def test_settings_of_one_method_repeat_that_method_alone(finished: Project, tmp_path: Path) -> None:
    project = finished.copy(tmp_path / "project")
    project.edit("config/test.yaml", "features: 16", "features: 8")
    assert _methods_trained(project) == {"cgvae"}
    assert not _planned_rules(project) & {"prepare", "split", "map"}


def test_an_edit_of_one_method_repeats_it_and_what_is_made_of_it(finished: Project, tmp_path: Path) -> None:
    project = finished.copy(tmp_path / "project")
    with (project.root / "src/cgbench/methods/linear.py").open("a") as source:
        source.write(EDIT)
    assert _methods_trained(project) == {"linear", "linear_refined"}


def test_shared_network_part_repeats_the_networks_alone(finished: Project, tmp_path: Path) -> None:
    project = finished.copy(tmp_path / "project")
    with (project.root / "src/cgbench/nn/equivariant.py").open("a") as source:
        source.write(EDIT)
    assert _methods_trained(project) == {"cgvae"}


def test_a_refined_network_is_not_trained_again(finished: Project, tmp_path: Path) -> None:
    project = finished.copy(tmp_path / "project")
    project.edit("config/test.yaml", "linear_refined, cgvae]", "linear_refined, cgvae, cgvae_refined]")
    path = f"{RUNS}/cgvae_refined/fold0"
    assert [job.wildcards["method"] for job in project.planned(f"{path}/run.json")] == ["cgvae_refined"]
    project.run(f"{path}/run.json")
    network, base = (
        torch.load(project.root / RUNS / name / "fold0/model.pt", weights_only=True)["state"]
        for name in ("cgvae", "cgvae_refined")
    )
    assert all(torch.equal(base["method"][name], value) for name, value in network.items())


def test_source_of_one_figure_draws_that_figure_alone(finished: Project, tmp_path: Path) -> None:
    project = finished.copy(tmp_path / "project")
    with (project.root / "src/cgbench/figures/training.py").open("a") as source:
        source.write(EDIT)
    planned = project.planned("all")
    assert [job.rule for job in planned] == ["figures_training", "site", "all"]


def test_comments_and_docstrings_repeat_nothing(finished: Project, tmp_path: Path) -> None:
    project = finished.copy(tmp_path / "project")
    with (project.root / "src/cgbench/methods/linear.py").open("a") as source:
        source.write("\n# a comment\n")
    molecule = project.root / "src/cgbench/chem/molecule.py"
    molecule.write_text(molecule.read_text().replace('"""', '"""Another docstring: ', 1))
    assert project.planned("all") == []


def test_new_metric_trains_and_samples_nothing(finished: Project, tmp_path: Path) -> None:
    project = finished.copy(tmp_path / "project")
    metrics = project.root / "src/cgbench/metrics"
    (metrics / "added_by_test.py").write_text(METRIC)
    planned = project.planned("all")
    assert sum(job.rule == "score" for job in planned) == 2 * 6  # resolutions, methods
    assert not {job.rule for job in planned} & {"prepare", "split", "map", "sample", *TRAINING}


def test_tracking_repeats_nothing_and_reaches_jobs(finished: Project, tmp_path: Path) -> None:
    project = finished.copy(tmp_path / "project")
    with (project.root / "config/test.yaml").open("a") as config:
        config.write("tracking: {mode: offline, group: by config}\n")
    assert project.planned("all") == []
    figure = "results/test/figures/alanine_dipeptide/walkers.svg"
    project.run("--forcerun", "figures_trajectories", "--", figure)
    kept = list(project.root.glob("results/test/wandb/offline-run-*/*.wandb"))
    assert len(kept) == 2, "one for each figure of the job"
    assert all(b"by config" in path.read_bytes() for path in kept)


def test_rounds_of_scheduling_do_not_grow_with_the_jobs_that_have_ended(finished: Project) -> None:
    printed = (finished.root / "printed.txt").read_text()
    assert 0 < printed.count("Ready jobs: ") <= 2 * printed.count("Finished jobid: ")


def test_more_samples_train_nothing(finished: Project, tmp_path: Path) -> None:
    project = finished.copy(tmp_path / "project")
    project.edit("config/test.yaml", "n_samples: 2", "n_samples: 3")
    rules = _planned_rules(project)
    assert {"sample", "train_and_sample"} <= rules
    assert not rules & {"prepare", "split", "map", "train"}


@pytest.mark.parametrize(("method", "rule"), [("linear", "train_and_sample"), ("cgvae", "train")])
def test_same_seed_gives_the_same_scores(finished: Project, tmp_path: Path, method: str, rule: str) -> None:
    project = finished.copy(tmp_path / "project")
    scores = f"{RUNS}/{method}/fold0/metrics.csv"
    before = (project.root / scores).read_text()
    project.run("--forcerun", rule, "--", scores)
    assert (project.root / scores).read_text() == before


def _planned_rules(project: Project) -> set[str]:
    return {job.rule for job in project.planned("all")}


def _methods_trained(project: Project) -> set[str]:
    return {job.wildcards["method"] for job in project.planned("all") if job.rule in TRAINING}
