from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from figure_helpers import panels, write_run
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from cgbench.chem.dihedrals import phi_psi
from cgbench.chem.frames import Frames
from cgbench.chem.molecule import Molecule
from cgbench.core.errors import InputError
from cgbench.figures.comparison import comparison
from cgbench.figures.mapping_graph import layout, mapping_graph
from cgbench.figures.style import CONTROLS, KNOWN, method_legend, method_styles, save
from cgbench.figures.torsions import density
from cgbench.figures.training import read_histories, training
from cgbench.figures.walkers import walkers
from cgbench.mapping.base import Mapping

RESOLUTIONS = (3, 6, 8)


def scores(*methods: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every metric of the comparison at three resolutions, and runs in which only cgvae is stochastic."""
    rows = [
        ("toy", "pairs", n, method, metric, atoms, unit, value, 0.8 * value, 1.2 * value)
        for method in methods
        for n in RESOLUTIONS
        for atoms in ("heavy", "all")
        for metric, unit, value in (
            ("rmsd_recon", "Å", 1 / n),
            ("rmsd_sample", "Å", 2 / n),
            ("graph_xor", "1", 0.0 if n > 3 else 2.0),
        )
    ]
    columns = ["dataset", "mapping", "n_beads", "method", "metric", "atoms", "unit", "mean", "low", "high"]
    runs = pd.DataFrame({"method": methods, "stochastic": [method == "cgvae" for method in methods]})
    runs["bound"] = ["ceiling" if method == "true_frames" else "" for method in methods]
    return pd.DataFrame(rows, columns=columns), runs


def names(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def test_comparison_has_a_row_per_metric_and_a_column_per_set_of_atoms() -> None:
    figure = comparison(*scores("cgvae", "linear"), "toy", "pairs")
    axes = panels(figure)
    assert [a.get_title(loc="left") for a in axes] == [
        f"{metric}, {atoms} atoms  {direction}"
        for metric, direction in (
            ("Reconstruction RMSD", "↓ lower is better"),
            ("Sampling RMSD (diversity)", "↑ higher is better"),
            ("Graph error λ", "↓ lower is better"),
        )
        for atoms in ("heavy", "all")
    ]
    assert [a.get_ylabel() for a in axes[::2]] == ["RMSD (Å)", "RMSD (Å)", "λ"]
    assert all(a.get_xlabel() == "resolution (number of beads)" for a in axes[4:])
    assert [round(tick) for tick in axes[3].get_xticks()] == list(RESOLUTIONS)
    assert [len(a.containers) for a in axes] == [2, 2, 1, 1, 2, 2]  # one line with error bars per method
    assert (axes[0].get_yscale(), axes[4].get_yscale()) == ("log", "symlog")
    assert all(
        first.get_ylim() == second.get_ylim() for first, second in zip(axes[::2], axes[1::2], strict=True)
    )
    assert len(comparison(*scores("cgvae"), "toy", "pairs", atoms=["all"]).axes) == 3


def test_comparison_begins_with_the_energy_score_if_there_is_one() -> None:
    metrics, runs = scores("cgvae", "linear")
    more = metrics[metrics["metric"] == "rmsd_recon"].assign(metric="energy_score")
    axes = panels(comparison(pd.concat([metrics, more]), runs, "toy", "pairs"))
    assert len(axes) == 8
    assert axes[0].get_title(loc="left") == "Energy score, heavy atoms  ↓ lower is better"
    assert axes[0].get_ylabel() == "score (Å)"
    assert len(axes[0].containers) == 2, "methods of either kind"


def test_comparison_colours_methods_that_sample_and_the_best_deterministic_one() -> None:
    metrics, runs = scores("cgvae", "linear", "mlp", "true_frames")
    metrics.loc[(metrics["method"] == "mlp") & (metrics["n_beads"] == 3), "mean"] *= 0.9
    figure = comparison(metrics, runs, "toy", "pairs", note="not finished: flow")
    recon, _, diversity, *_ = panels(figure)
    assert set(names(recon)) == {"cgvae", "mlp", "true frames"}
    assert names(diversity) == ["cgvae"], "samples of the others are equal"
    assert "linear" in [line.get_label() for line in recon.lines]
    words = figure.texts[0].get_text().split("\n")
    assert words[0] == "not finished: flow"
    assert words[1].startswith("Grey lines: linear. ")


def test_comparison_shows_programs_that_place_no_caps_by_backbone_and_side_chains() -> None:
    metrics, runs = scores("cgvae", "linear", "pulchra")
    parts = [
        metrics[(metrics["atoms"] == "all") & (metrics["metric"] != "graph_xor")].assign(atoms=atoms)
        for atoms in ("backbone", "sidechain")
    ]
    metrics = pd.concat([metrics[metrics["method"] != "pulchra"], *parts])
    metrics.loc[metrics["method"] == "pulchra", ["mean", "low", "high"]] *= 3
    runs["card.training"] = ["task", "task", "zero-shot"]
    axes = panels(comparison(metrics, runs, "toy", "pairs"))
    assert [a.get_title(loc="left").partition("  ")[0] for a in axes] == [
        f"{metric}, {atoms}"
        for metric in ("Reconstruction RMSD", "Sampling RMSD (diversity)")
        for atoms in ("backbone", "side chains")
    ]
    assert set(names(axes[0])) == {"cgvae", "linear", "pulchra"}, "zero-shot methods have names"
    assert len(panels(comparison(metrics, runs, "toy", "pairs", atoms=["heavy", "all"]))) == 6


def test_a_grey_line_of_one_point_is_visible() -> None:
    metrics, runs = scores("cgvae", "linear", "mlp")
    metrics.loc[metrics["method"] == "linear", ["mean", "low", "high"]] *= 2
    recon, *_ = panels(comparison(metrics[metrics["n_beads"] == 3], runs, "toy", "pairs"))
    (grey,) = [line for line in recon.lines if line.get_label() == "linear"]
    assert grey.get_marker() not in ("", "None")


@pytest.mark.parametrize("n", [9, 15])
def test_names_in_a_comparison_overlap_neither_each_other_nor_titles(n: int) -> None:
    metrics, runs = scores(*KNOWN[:1], *(f"sampler_{k}" for k in range(n)))
    figure = comparison(metrics, runs.assign(stochastic=True), "toy", "pairs")
    figure.draw_without_rendering()
    for axes in panels(figure):
        assert len(axes.texts) == n + 1
        boxes = [Text.get_window_extent(text) for text in axes.texts]  # without the lines to the points
        assert np.diff(sorted(box.y0 for box in boxes)).min() > 0.8 * max(box.height for box in boxes)
        assert all(box.x1 < figure.bbox.x1 and box.y1 < axes.get_window_extent().y1 + 1 for box in boxes)


def test_error_bars_of_the_comparison_are_the_intervals() -> None:
    figure = comparison(*scores("cgvae"), "toy", "pairs")
    bars = panels(figure)[0].containers[0].lines[2][0].get_segments()
    half = [(segment[1, 1] - segment[0, 1]) / 2 for segment in bars]
    assert half == pytest.approx([0.2 / n for n in RESOLUTIONS])


def test_comparison_keeps_its_scale_where_the_ceiling_is_at_0() -> None:
    metrics, runs = scores("cgvae", "true_frames")
    metrics.loc[metrics["method"] == "true_frames", "mean"] = 0.0
    recon = panels(comparison(metrics, runs, "toy", "pairs"))[0]
    assert recon.get_yscale() == "log"
    assert recon.get_ylim()[0] > 0.08  # the least of cgvae is 1 / 8 Å


def test_comparison_of_what_is_not_there() -> None:
    with pytest.raises(InputError, match="no rows for dataset 'other' with mapping 'pairs'"):
        comparison(*scores("cgvae"), "other", "pairs")


def test_known_methods_keep_their_looks_when_others_come() -> None:
    alone, among = method_styles(["linear"]), method_styles([*CONTROLS, *KNOWN, "zeta", "alpha"])
    assert alone["linear"] == among["linear"]
    assert len({look.marker for look in among.values()}) == len(among)
    assert len({look.color for look in among.values()}) == len(among)
    assert list(among)[-len(CONTROLS) :] == list(CONTROLS)


def test_many_methods_and_long_names_are_told_apart() -> None:
    looks = method_styles([f"method_{number}" for number in range(40)]).values()
    assert len({(look.color, look.marker) for look in looks}) == 40


def test_a_legend_has_fewer_columns_for_long_names() -> None:
    for name, columns in (("conditional_gaussian", 4), ("cgvae_with_a_rather_long_name_of_tuning", 2)):
        figure = Figure()
        method_legend(figure, method_styles(f"{name}_{k}" for k in range(8)), lines=True)
        assert figure.legends[0]._ncols == columns


@pytest.mark.slow
def test_files_are_reproducible_and_hold_text_as_text(tmp_path: Path) -> None:
    for name in ("first.svg", "second.svg"):
        save(comparison(*scores("cgvae"), "toy", "pairs"), tmp_path / name)
    for kind in ("svg", "png", "pdf"):
        assert (tmp_path / f"first.{kind}").read_bytes() == (tmp_path / f"second.{kind}").read_bytes()
    svg = (tmp_path / "first.svg").read_text(encoding="utf-8")
    assert "RMSD (Å)</text>" in svg and "<dc:date>" not in svg


def test_training_draws_a_line_per_fold_and_part(tmp_path: Path) -> None:
    history = (
        "epoch,seconds,train_loss,valid_loss,train_kl,valid_kl\n1,2,1.0,1.1,0.0,0.0\n2,4,0.5,0.6,0.1,0.2\n"
    )
    runs = [write_run(tmp_path / f"{n}-{k}", n, k, history) for n in (3, 6) for k in range(3)]
    axes = panels(training(read_histories(runs)))
    assert [a.get_ylabel() for a in axes] == ["loss", "", "kl (nat)", ""]
    assert [a.get_title() for a in axes[:2]] == ["3 beads", "6 beads"]
    assert all(len(a.lines) == 6 for a in axes)
    assert axes[0].get_yscale() == "log"
    assert axes[2].get_yscale() == "linear"  # it starts at 0
    assert axes[2].get_xlabel() == "epoch"


def test_one_peak_does_not_stretch_the_axis(tmp_path: Path) -> None:
    lines = [f"{epoch},{2 + epoch % 3}" for epoch in range(1, 201)]
    lines[2] = "3,1e12"
    history = "\n".join(["epoch,train_loss", *lines, ""])
    (axes,) = panels(training(read_histories([write_run(tmp_path / "a", 3, 0, history)])))
    assert 4 < axes.get_ylim()[1] < 100


def test_training_of_a_method_that_is_fitted_in_one_step(tmp_path: Path) -> None:
    figure = training(read_histories([write_run(tmp_path / "a", 3, 0, "epoch\n")]))
    assert "Fitted in one step" in figure.texts[0].get_text()


@pytest.mark.parametrize(
    ("history", "message"),
    [
        ("", "not a history"),
        ("epoch,train_loss\n1,abc\n", "not a history"),
        ("step,train_loss\n1,2\n", "expected a column 'epoch'"),
        (None, "no such file"),
    ],
)
def test_a_damaged_history_is_named(tmp_path: Path, history: str | None, message: str) -> None:
    run = write_run(tmp_path / "a", 3, 0, history)
    with pytest.raises(InputError, match=rf"history\.csv: .*{message}"):
        read_histories([run])


def test_mappings_are_drawn_from_coarse_to_fine(alanine: Molecule, three_beads: Mapping) -> None:
    fine = Mapping.centres(np.arange(alanine.n_atoms))
    axes = panels(mapping_graph(alanine, [fine, three_beads], "toy"))
    assert [a.get_title() for a in axes] == ["3 beads", "22 beads"]
    assert [text.get_text() for text in axes[0].texts] == list(alanine.elements)


def test_the_layout_shows_bonds_as_bonds(alanine: Molecule) -> None:
    places = layout(alanine)
    assert np.array_equal(places, layout(alanine))
    lengths = np.linalg.norm(np.diff(places[alanine.bonds], axis=1)[:, 0], axis=1)
    assert lengths.mean() == pytest.approx(1.0)
    assert lengths.min() > 0.5 and lengths.max() < 1.6


def test_phi_and_psi_are_those_of_mdtraj(alanine_frames: Frames) -> None:
    import mdtraj

    from cgbench.chem.mdtraj_topology import molecule_to_mdtraj

    angles = phi_psi(alanine_frames.positions, alanine_frames.molecule)
    trajectory = mdtraj.Trajectory(alanine_frames.positions, molecule_to_mdtraj(alanine_frames.molecule))
    for column, compute in enumerate((mdtraj.compute_phi, mdtraj.compute_psi)):
        expected = np.degrees(compute(trajectory, periodic=False)[1])
        assert np.allclose(angles[:, :, column], expected, atol=1e-3)
    assert density(angles).sum() * 10.0**2 == pytest.approx(1.0)


def test_walkers_are_drawn_beside_each_other(alanine_frames: Frames) -> None:
    figure = walkers(alanine_frames, "toy")
    axes = panels(figure)
    count = len(np.unique(alanine_frames.trajectory))
    assert [a.get_title() for a in axes if a.images] == [f"trajectory {k + 1}" for k in range(count)]
    lower = [a for a in axes if not a.images]
    assert [a.get_ylabel().split(" ")[0] for a in lower] == ["population", "", "", "share"]
    assert all(len(a.containers[0].lines[0].get_xdata()) == count for a in lower)


def test_a_molecule_without_a_backbone_gets_a_notice(alanine_frames: Frames) -> None:
    atoms = alanine_frames.molecule.to_arrays() | {"atom_names": np.array(["X"] * 22)}
    frames = Frames(
        alanine_frames.positions, alanine_frames.trajectory, alanine_frames.time, Molecule.from_arrays(atoms)
    )
    assert "No residue" in walkers(frames).texts[0].get_text()
