"""RMSD and radius of gyration of every trajectory over time, and their distributions by state."""

from collections.abc import Sequence
from typing import Any

import mdtraj
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray
from scipy.stats import gaussian_kde

from cgbench.chem.frames import Frames
from cgbench.chem.mdtraj_topology import molecule_to_mdtraj
from cgbench.chem.molecule import IntArray, Molecule
from cgbench.figures.style import DOUBLE_COLUMN, PALETTE, PRINTABLE, add_title, notice, styled

NATIVE = "folded"
TRACES_UP_TO = 14  # trajectories with a panel; distributions are of all
POINTS_UP_TO = 300  # of a trace, evenly spaced
GRID = 200  # places at which a density is drawn
SUPERPOSED = 3  # fewer points cannot be superposed


def rmsd_rg(frames: Frames, states: Sequence[str] | None = None, title: str = "") -> Figure:
    """Draw RMSD to a reference and radius of gyration, over time and as distributions.

    Parameters
    ----------
    frames
        Molecular dynamics of one chain.
    states
        State of each trajectory, such as ``folded``, by which they are coloured.

    Notes
    -----
    The RMSD is of Cα atoms where there are three or more, else of heavy atoms, else of all atoms,
    after superposition on the frame that :func:`reference_frame` chooses.
    """
    if frames.molecule.n_atoms < SUPERPOSED:
        return notice(f"A molecule of fewer than {SUPERPOSED} atoms cannot be superposed.")
    name, atoms = superposed_atoms(frames.molecule)
    reference, meaning = reference_frame(frames, atoms, states)
    table = measures(frames, atoms, reference)
    numbers = np.unique(frames.trajectory)
    state_of = dict(zip(numbers, states or [""] * len(numbers), strict=True))
    colors = {state: PALETTE[PRINTABLE[k]] for k, state in enumerate(sorted(set(state_of.values())))}
    shown = numbers[:TRACES_UP_TO]
    quantities = {"rmsd": f"RMSD of {name} (Å)", "radius_of_gyration": "radius of gyration (Å)"}
    with styled():
        figure = Figure(figsize=(DOUBLE_COLUMN, 3.9), layout="constrained")
        grid: Any = figure.subplots(
            len(quantities),
            len(shown) + 1,
            squeeze=False,
            sharey="row",
            width_ratios=[1.0] * len(shown) + [max(1.2, 0.22 * len(shown))],
        )
        for row, (quantity, label) in zip(grid, quantities.items(), strict=True):
            for axes, number in zip(row, shown, strict=False):
                _trace(axes, table[table["trajectory"] == number], quantity, colors[state_of[number]])
            _distributions(row[-1], table, quantity, state_of, colors)
            row[0].set_ylabel(label)
            row[0].set_ylim(bottom=0 if quantity == "rmsd" else None)
        for axes, number in zip(grid[0], shown, strict=False):
            axes.set_title(str(number + 1), pad=3)
            axes.tick_params(labelbottom=False)
        which = f"each of trajectories 1 to {len(shown)}" if len(shown) > 1 else "the trajectory"
        # Centred below all traces.
        grid[1, (len(shown) - 1) // 2].set_xlabel(
            f"time in {which} (ns)", x=0.5 if len(shown) % 2 else 1.05, ha="center"
        )
        grid[1, -1].set_xlabel("density (1/Å)")
        if any(colors):
            counts = pd.Series(list(state_of.values())).value_counts()
            handles = [
                Line2D([], [], color=color, linewidth=2.5, label=f"{state or 'unknown'} ({counts[state]})")
                for state, color in colors.items()
            ]
            figure.legend(
                handles=handles,
                loc="outside lower center",
                ncols=len(handles),
                title="state of a trajectory (number of trajectories)",
                title_fontsize="small",
            )
        add_title(figure, f"{title}  ·  RMSD to {meaning}")
    return figure


def superposed_atoms(molecule: Molecule) -> tuple[str, IntArray]:
    """Choose the atoms to superpose; return their name and indices."""
    names = np.array(molecule.atom_names)
    calpha = np.flatnonzero((names == "CA") & (np.array(molecule.elements) == "C"))
    if len(calpha) >= SUPERPOSED:
        return r"C$_\alpha$ atoms", calpha
    heavy = np.flatnonzero(molecule.heavy)
    if len(heavy) >= SUPERPOSED:
        return "heavy atoms", heavy
    return "all atoms", np.arange(molecule.n_atoms)


def reference_frame(frames: Frames, atoms: IntArray, states: Sequence[str] | None = None) -> tuple[int, str]:
    """Choose the reference of the RMSD; return its index and a description.

    It is the frame of the folded trajectories that is closest to their mean structure, after
    superposition on their first frame, or the first frame of all if no trajectory is folded.
    """
    numbers = np.unique(frames.trajectory)
    native = [number for number, state in zip(numbers, states or (), strict=False) if state == NATIVE]
    if not native:
        return 0, "the first frame"
    members = np.flatnonzero(np.isin(frames.trajectory, native))
    trajectory = _trajectory(frames, members).atom_slice(atoms)
    trajectory.superpose(trajectory, 0)
    mean = mdtraj.Trajectory(trajectory.xyz.mean(axis=0), trajectory.topology)
    return int(members[mdtraj.rmsd(trajectory, mean).argmin()]), f"the most typical {NATIVE} frame"


def measures(frames: Frames, atoms: IntArray, reference: int) -> pd.DataFrame:
    """Tabulate trajectory, time (ps), rmsd and radius_of_gyration (Å, equal weights) of frames."""
    trajectory = _trajectory(frames, np.arange(len(frames)))
    return pd.DataFrame(
        {
            "trajectory": frames.trajectory,
            "time": frames.time,
            "rmsd": mdtraj.rmsd(trajectory, trajectory, reference, atom_indices=atoms),
            "radius_of_gyration": mdtraj.compute_rg(trajectory),
        }
    )


def _trajectory(frames: Frames, chosen: IntArray) -> mdtraj.Trajectory:
    """Convert frames to mdtraj without converting to nm: no operation here depends on the unit."""
    return mdtraj.Trajectory(frames.positions[chosen], molecule_to_mdtraj(frames.molecule))


def _trace(axes: Axes, rows: pd.DataFrame, quantity: str, color: str) -> None:
    some = np.linspace(0, len(rows) - 1, min(POINTS_UP_TO, len(rows))).round().astype(int)
    axes.plot(rows["time"].iloc[some] / 1000, rows[quantity].iloc[some], color=color, linewidth=0.5)
    axes.xaxis.set_major_locator(MaxNLocator(2, steps=[1, 2, 5, 10]))
    axes.margins(x=0.02)
    axes.spines[["top", "right"]].set_visible(False)


def _distributions(
    axes: Axes, table: pd.DataFrame, quantity: str, state_of: dict[int, str], colors: dict[str, str]
) -> None:
    """Draw the density of every state, filled, and over it those of its trajectories."""
    low, high = table[quantity].min(), table[quantity].max()
    places = np.linspace(max(low - 0.1 * (high - low), 0), high + 0.1 * (high - low), GRID)
    state = table["trajectory"].map(state_of)
    for name, color in colors.items():
        chosen = table[state == name]
        axes.fill_betweenx(places, _density(chosen[quantity], places), color=color, alpha=0.35, linewidth=0)
        for _, rows in chosen.groupby("trajectory"):
            axes.plot(_density(rows[quantity], places), places, color=color, linewidth=0.4)
    axes.set_xlim(left=0)
    axes.xaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 5, 10]))
    axes.spines[["top", "right"]].set_visible(False)


def _density(values: pd.Series, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gaussian kernel density at the places; 0 where all values are the same."""
    if values.nunique() < 2:
        return np.zeros(len(places))
    return np.asarray(gaussian_kde(values)(places))
