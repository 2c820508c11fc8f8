"""A small finished benchmark, with text in its files that would be markup."""

import json
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from cgbench.chem.frames import Frames
from cgbench.config.run_matrix import RunMatrix
from cgbench.core.registry import PlugIn
from cgbench.data.splits import make_split
from cgbench.figures.style import save
from cgbench.pipeline.sample import sample
from cgbench.pipeline.score import evaluate
from cgbench.pipeline.train import train
from cgbench.report.leaderboard import leaderboard, write
from cgbench.results.tables import collect, read_runs
from cgbench.statistics.interval_tables import intervals
from cgbench.statistics.interval_tables import write as write_intervals
from cgbench.statistics.noise_floor import write_noise_floor

ROOT = Path(__file__).parents[2]
METHODS = ["true_frames", "on_beads", "nearest_frame", "linear"]
METRICS = ["energy_score", "rmsd_backmap_min", "graph_xor", "phi_psi_energy_distance"]
# Text of files of the results that a page must show as it is.
HOSTILE = """<img src=x onerror="document.title='HACKED'"></script><script>document.title='HACKED'</script>"""


def write_tables(config: RunMatrix) -> None:
    results = Path(config.results)
    folders = [config.run_folder(run) for run in config.run_specs()]
    collect(folders, results / "metrics.csv", results / "runs.csv")
    scores, differences = intervals(folders)
    write_intervals(scores, differences, results / "intervals.csv", results / "differences.csv")
    board = leaderboard(scores, differences, read_runs(results / "runs.csv"))
    write(board, results / "leaderboard.csv", results / "leaderboard.md")


def run_benchmark(alanine_frames: Frames, folder: Path) -> RunMatrix:
    """Run methods without a network on two tasks of alanine dipeptide, from frames to tables."""
    results = folder / "results"
    override = {
        "results": str(results),
        "protocol": {"folds": 2, "train_frames": 100, "valid_frames": 10, "test_frames": 12, "n_samples": 3},
        "run": {
            "datasets": ["alanine_dipeptide"], "mappings": ["backbone"], "methods": METHODS,
            "metrics": METRICS, "resolutions": {"alanine_dipeptide": [3, 6]},
        },
    }  # fmt: skip
    (folder / "mine.yaml").write_text(json.dumps(override))
    config = RunMatrix.load(
        ROOT / "config/config.yaml", ROOT / "config/simulations.yaml", folder / "mine.yaml"
    )
    data = results / "data/alanine_dipeptide"
    alanine_frames.save(data / "frames.npz")
    walkers = [{"file": HOSTILE, "n_frames": 40}]
    card = {"title": f"Alanine {HOSTILE}", "force_field": HOSTILE, "trajectories": walkers}
    (data / "card.json").write_text(json.dumps(card))
    generator = PlugIn.from_json("mapping", '{"use": "backbone"}').create()
    for fold in range(2):
        split = data / f"splits/fold{fold}.json"
        made = make_split(alanine_frames, config.protocol, fold, 0)
        made.save(split)
        write_noise_floor(
            data / "frames.npz", split, METRICS, "alanine_dipeptide", split.with_suffix(".floor.csv")
        )
        for n_beads in (3, 6):
            mapping = results / f"mappings/alanine_dipeptide/backbone-{n_beads}/fold{fold}.json"
            generator.generate(alanine_frames.molecule, n_beads, 0).save(mapping)
    for run in config.run_specs():
        _run(config, run, data)
    write_tables(config)
    figures = results / "figures/alanine_dipeptide/backbone"
    figures.mkdir(parents=True)
    for name in ("comparison", "mapping", "ramachandran-linear"):
        save(Figure(figsize=(1, 1)), figures / f"{name}.svg")
    return config


def _run(config: RunMatrix, run: Any, data: Path) -> None:
    folder, split = config.run_folder(run), data / f"splits/fold{run.fold}.json"
    mapping = Path(config.results, f"mappings/{run.dataset}/{run.mapping}-{run.n_beads}/fold{run.fold}.json")
    method = PlugIn.from_json("methods", json.dumps({"use": run.method}))
    train(
        data / "frames.npz", split, mapping, method, folder,
        seed=0, fold=run.fold, dataset=run.dataset, mapping_name=run.mapping, device="cpu",
    )  # fmt: skip
    stored = json.loads((folder / "run.json").read_text())
    card = {"training": "zero-shot" if run.method == "linear" else "task", "reference": HOSTILE}
    card["test_molecules"] = "excluded" if stored["bound"] else "included"
    (folder / "run.json").write_text(json.dumps(stored | {"card": card, "settings": {"note": HOSTILE}}))
    (folder / "train.log").write_text(HOSTILE)
    samples = folder / "samples.npz"
    sample(
        folder / "model.pt", data / "frames.npz", split, samples, n_samples=3, seed=0, fold=run.fold,
        device="cpu",
    )  # fmt: skip
    evaluate(
        folder / "run.json", data / "frames.npz", split, mapping, samples, METRICS, folder / "metrics.csv",
        folder / "scores.npz", device="cpu",
    )  # fmt: skip


def script(path: Path) -> Any:
    """Content of a data script."""
    return json.loads(path.read_text().partition(" = ")[2].rstrip(";\n"))
