"""Figures of the tables: similarity to MD, cost, and settings."""

import json
from pathlib import Path

import pandas as pd
import pytest
from figure_helpers import panels
from matplotlib.axes import Axes

from cgbench.core.errors import InputError
from cgbench.figures.cost import SHORTEST, cost
from cgbench.figures.fidelity import fidelity
from cgbench.figures.noise_floor import LABEL, floor_values, read_floors
from cgbench.figures.sweep import select_sweep, sweep
from cgbench.results.tables import read_runs

METHODS = ("cgvae", "linear", "true_frames")
# Of cgvae; those of linear are twice as much, those of the ceiling 0.
VALUES = {
    "rmsd_recon": ("Å", 0.4),
    "rmsd_backmap_mean": ("Å", 0.8),
    "rmsd_backmap_min": ("Å", 0.5),
    "graph_xor": ("1", 0.05),
    "diversity": ("1", 0.3),
    "phi_psi_energy_distance": ("1", 0.2),
    "bond_length_energy_distance": ("Å", 0.03),
    "chirality_right": ("1", 0.4),
    "energy_minimised_median": ("kJ/mol per atom", -0.2),
}
FACTOR = {"cgvae": 1.0, "linear": 2.0, "true_frames": 0.0}


COLUMNS = ("dataset", "mapping", "n_beads", "method", "metric", "atoms", "unit", "mean", "low", "high")


def table(methods: tuple[str, ...] = METHODS, n_beads: tuple[int, ...] = (3, 6)) -> pd.DataFrame:
    """Scores with intervals of ± 10 %."""
    rows = [
        ("toy", "pairs", n, method, metric, "all", unit, mean, mean - 0.1 * abs(mean), mean + 0.1 * abs(mean))
        for n in n_beads
        for method in methods
        for metric, (unit, value) in VALUES.items()
        for mean in [1.05 * FACTOR[method] * value]
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def floors() -> pd.DataFrame:
    rows = [("phi_psi_energy_distance", "1", value) for value in (-0.02, 0.04)]
    rows += [("energy_minimised_median", "kJ/mol per atom", value) for value in (0.05, 0.15)]
    return pd.DataFrame(rows, columns=["metric", "unit", "value"]).assign(dataset="toy", atoms="all")


def points(axes: Axes) -> list[tuple[float, float]]:
    return [
        (float(bars.lines[0].get_xdata()[0]), float(bars.lines[0].get_ydata()[0])) for bars in axes.containers
    ]


def test_fidelity_has_a_panel_per_metric_and_the_floor_where_there_is_one() -> None:
    of_both = pd.concat([floors(), floors().assign(dataset="other", value=9.0)])
    torsions, bonds, chirality, energy, diversity = panels(fidelity(table(), of_both, "toy", "pairs"))
    assert torsions.get_title() == "Backbone torsions, energy distance\n↓ lower is better"
    assert [a.get_ylabel() for a in (torsions, bonds, chirality)] == [
        "all atoms",
        "all atoms (Å)",
        "all atoms",
    ]
    band = torsions.patches[0].get_extents().transformed(torsions.transData.inverted())
    assert (band.y0, band.y1) == pytest.approx((-0.04, 0.04))
    assert torsions.get_ylim()[0] == pytest.approx(1.3 * -0.04)
    assert not bonds.patches and not chirality.patches
    # Energies are off to either side, and MD from MD as well; the last decade of the floor is linear.
    band = energy.patches[0].get_extents().transformed(energy.transData.inverted())
    assert (band.y0, band.y1) == pytest.approx((-0.15, 0.15))
    assert energy.get_title() == "Minimised energy, median\n→ 0 is ideal"
    assert energy.get_ylim()[0] == pytest.approx(1.3 * -0.42)
    assert {-0.1, 0.0, 0.1} <= set(energy.get_yticks().round(9))
    assert torsions.get_yscale() == "symlog" and chirality.get_yscale() == "linear"
    assert diversity.get_title() == "Diversity score (0 ideal, 1 none)\n→ 0 is ideal"
    assert diversity.containers[1].lines[0].get_ydata() == pytest.approx([0.63, 0.63])
    assert torsions.containers[0].lines[0].get_ydata() == pytest.approx([0.21, 0.21])
    with pytest.raises(InputError, match="no rows for dataset 'other' with mapping 'pairs'"):
        fidelity(table(), floors(), "other", "pairs")


def test_floors_are_read_for_all_folds_and_mistakes_named(tmp_path: Path) -> None:
    paths = [tmp_path / f"fold{fold}.floor.csv" for fold in (0, 1)]
    for fold, path in enumerate(paths):
        floors()[fold::2].to_csv(path, index=False)
    assert floor_values(read_floors(paths), "phi_psi_energy_distance", "all").tolist() == [-0.02, 0.04]
    assert floor_values(read_floors(paths), "angle_w1", "all").empty
    with pytest.raises(InputError, match=r"absent\.csv: no such file"):
        read_floors([tmp_path / "absent.csv"])
    paths[0].write_text("metric,value\nphi_psi_energy_distance,much\n")
    with pytest.raises(InputError, match=r"fold0\.floor\.csv: not a noise floor"):
        read_floors(paths)
    table().to_csv(paths[0], index=False)
    with pytest.raises(InputError, match=r"fold0\.floor\.csv: not a noise floor .*no methods"):
        read_floors(paths)


def test_cost_joins_errors_and_times() -> None:
    rows = [
        ("toy", "pairs", n, method, fold, seconds, 0.5, 10)
        for n in (3, 6)
        for method, seconds in (("cgvae", 100.0), ("linear", 0.01), ("true_frames", 0.0))
        for fold in (0, 1)
    ]
    names = ["dataset", "mapping", "n_beads", "method", "fold", "wall_seconds", "sample_seconds", "n_test"]
    axes = panels(cost(table(), pd.DataFrame(rows, columns=names), "toy", "pairs"))
    training, sampling = axes[0], axes[2]
    assert (training.get_xlabel(), sampling.get_xlabel()) == ("training (s)", "sampling (ms per frame)")
    assert training.get_ylabel() == "RMSD, all atoms (Å)" and training.get_xscale() == "log"
    expected = [(100.0, 0.84), (0.01, 1.68), (SHORTEST, 0.0)]
    assert points(training) == [pytest.approx(p) for p in expected]
    assert [x for x, _ in points(sampling)] == pytest.approx([50.0] * 3)
    stem = training.lines[0]
    assert stem.get_ydata() == pytest.approx([0.84, 0.525])  # from the mean to the best sample


def test_cost_is_drawn_without_times_of_sampling(tmp_path: Path) -> None:
    """Samples are deleted for room, and with them goes what they took."""
    rows = [("toy", "pairs", n, "cgvae", fold, 100.0, True) for n in (3, 6) for fold in (0, 1)]
    names = ["dataset", "mapping", "n_beads", "method", "fold", "wall_seconds", "stochastic"]
    pd.DataFrame(rows, columns=names).to_csv(tmp_path / "runs.csv", index=False)
    axes = panels(cost(table(), read_runs(tmp_path / "runs.csv"), "toy", "pairs"))
    assert points(axes[0]) == [pytest.approx((100.0, 0.84))]
    assert points(axes[2]) == []


def write_beta(directory: Path, beta: float) -> Path:
    run = directory / f"{beta}"
    run.mkdir(parents=True)
    cell = {"dataset": "toy", "mapping": "pairs", "n_beads": 3, "method": f"beta{beta}", "fold": 0}
    (run / "run.json").write_text(json.dumps({**cell, "stochastic": True, "settings": {"beta": beta}}))
    return run


def scores_along(betas: tuple[float, ...]) -> pd.DataFrame:
    parts = []
    for beta in betas:
        scores = table(("cgvae",), (3,)).assign(method=f"beta{beta}")
        scores[["mean", "low", "high"]] *= 1 + beta
        parts.append(scores)
    return pd.concat(parts)


def test_a_sweep_follows_the_setting_from_run_json(tmp_path: Path) -> None:
    betas = (0.5, 0.01, 2.0)
    runs, scores = [write_beta(tmp_path, beta) for beta in betas], scores_along(betas)
    of_both = pd.concat([floors(), floors().assign(dataset="other", value=9.0)])
    others = pd.concat([scores, table(("linear",), (3,))])
    figure = sweep(select_sweep(others, runs, "beta"), of_both, "beta", "toy, mapping: pairs")
    axes = panels(figure)
    band = axes[1].patches[0].get_extents().transformed(axes[1].transData.inverted())
    assert (band.y0, band.y1) == pytest.approx((-0.04, 0.04))
    assert [a.get_ylabel() for a in axes] == [
        "Best-of-samples RMSD (Å)",
        "Backbone torsions, energy distance",
        "Graph error λ",
    ]
    assert all(a.get_xlabel() == "Reconstruction RMSD (Å)" for a in axes)
    expected = [(0.42 * (1 + beta), 0.525 * (1 + beta)) for beta in (0.01, 0.5, 2.0)]
    assert points(axes[0]) == [pytest.approx(p) for p in expected]
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert words == ["β = 0.01", "β = 0.5", "β = 2", "3 beads", LABEL]
    with pytest.raises(InputError, match="'gamma' has 0 different values"):
        select_sweep(scores, runs, "gamma")
    with pytest.raises(InputError, match="'beta' has 1 different values"):
        select_sweep(scores, runs[:1], "beta")


def test_methods_of_a_sweep_differ_in_nothing_else(tmp_path: Path) -> None:
    runs = [write_beta(tmp_path, beta) for beta in (0.5, 0.01)]
    run = json.loads((runs[1] / "run.json").read_text())
    run["settings"]["epochs"] = 3
    (runs[1] / "run.json").write_text(json.dumps(run))
    with pytest.raises(InputError, match=r"'beta0.5' and 'beta0.01' differ in settings.epochs .* --method"):
        select_sweep(scores_along((0.5, 0.01)), runs, "beta")


@pytest.mark.parametrize("kept", [["rmsd_recon"], ["clashes"], ["phi_psi_energy_distance", "clashes"]])
def test_figures_of_metrics_that_are_not_scored_say_so(kept: list[str]) -> None:
    """All figures of a mapping are made by one job, which one that fails would take with it."""
    few = table().assign(metric=lambda rows: rows["metric"].replace({"graph_xor": "clashes"}))
    few = few[few["metric"].isin(kept)]
    costs = pd.DataFrame({"dataset": "toy", "mapping": "pairs", "n_beads": [3], "method": ["linear"]})
    costs = costs.assign(wall_seconds=1.0, sample_seconds=1.0, n_test=1)
    for figure in (
        cost(few, costs, "toy", "pairs"),
        sweep(few.assign(value_set=few["method"].map(len)), floors(), "beta"),
    ):
        assert "Nothing to draw: run.metrics" in figure.texts[0].get_text()
    drawn = fidelity(few, floors(), "toy", "pairs")
    assert bool(drawn.axes) == (kept != ["rmsd_recon"])
    undefined = fidelity(few.assign(mean=float("nan")), floors(), "toy", "pairs")
    assert "Nothing to draw" in undefined.texts[0].get_text()


def test_points_of_nothing_are_refused() -> None:
    with pytest.raises(InputError, match="no rows for dataset"):
        cost(table(), table(), "toy", "other")
