"""Figures of the stored samples of fold 0; every file of samples is read once."""

from collections.abc import Iterator

from matplotlib.figure import Figure

from cgbench.chem.dihedrals import phi_psi
from cgbench.figures.atom_errors import atom_errors, common_scale
from cgbench.figures.mapping_graph import layout
from cgbench.figures.noise_floor import floor_values
from cgbench.figures.ramachandran import ramachandran, ramachandran_difference
from cgbench.figures.run_selection import RunSelection
from cgbench.figures.stored_samples import DISTANCE, StoredSamples
from cgbench.figures.style import notice
from cgbench.statistics.noise_floor import independent_parts


def sample_figures(selection: RunSelection) -> Iterator[tuple[str, Figure]]:
    """Draw ``ramachandran``, and ``ramachandran-<method>`` and ``atoms-<method>`` of each method and entry.

    One fold shows the shape of a density; more folds would only add points.

    Yields the name of each file without suffix, and the figure.

    Raises
    ------
    InputError
        If a file is missing or damaged, or belongs to other frames.
    """
    run_dirs = selection.runs("samples.npz", fold=0)
    if not run_dirs:
        yield "ramachandran", notice("Nothing to draw yet.")
        return
    frames = selection.frames()
    runs = [StoredSamples.read(directory, frames) for directory in run_dirs]
    parts = independent_parts(selection.split(0, frames))
    reference, independent = (phi_psi(frames.positions[part], frames.molecule) for part in parts)
    floor = floor_values(selection.floors(0), DISTANCE, "all").mean()
    yield "ramachandran", ramachandran(reference, runs, floor, selection.title)
    points, highest = layout(frames.molecule), common_scale(runs)
    for method in dict.fromkeys(run.method for run in runs):
        drawn = sorted((run for run in runs if run.method == method), key=lambda run: run.n_beads)
        yield (
            f"ramachandran-{method}",
            ramachandran_difference(reference, independent, drawn, floor, selection.title),
        )
        yield f"atoms-{method}", atom_errors(frames.molecule, drawn, highest, points, selection.title)
    programs = selection.config.programs.keys() & set(selection.config.run.methods)
    for name in (selection.config.entries.keys() | programs) - {run.method for run in runs}:
        for kind in ("ramachandran", "atoms"):
            yield f"{kind}-{name}", notice(f"{name} has no predictions for these tasks.")
