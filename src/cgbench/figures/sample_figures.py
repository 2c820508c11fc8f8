"""All figures of stored samples of one fold; every file of samples is read once."""

from collections.abc import Iterable
from pathlib import Path

from cgbench.chem.dihedrals import phi_psi
from cgbench.chem.frames import Frames
from cgbench.data.splits import Split
from cgbench.figures.atom_errors import atom_errors, common_scale, draw_atom_errors
from cgbench.figures.mapping_graph import layout
from cgbench.figures.ramachandran import ramachandran, ramachandran_difference, sampled_torsions
from cgbench.figures.run_samples import read_stored
from cgbench.figures.style import save
from cgbench.statistics.noise_floor import independent_parts


def draw_samples(
    frames: Frames,
    split: Split,
    floor: float,
    run_dirs: Iterable[Path | str],
    output_dir: Path | str,
    title: str = "",
) -> None:
    """Write ``ramachandran.svg``, and ``ramachandran-<method>.svg`` and ``atoms-<method>.svg`` for each.

    Parameters
    ----------
    split
        Of the runs' fold.
    floor
        ``phi_psi_jsd`` of MD against MD in it, nat; NaN if it is not known.
    run_dirs
        Runs of one dataset, mapping and fold.
    title
        Keys to write above.

    Raises
    ------
    InputError
        If a file is missing or damaged, belongs to other frames, or there are no runs.
    """
    torsions, errors = [], []
    for directory in run_dirs:
        run = read_stored(directory, frames)
        torsions.append(sampled_torsions(run, frames.molecule))
        errors.append(atom_errors(run, frames))
    output, molecule = Path(output_dir), frames.molecule
    reference, independent = (phi_psi(frames.positions[part], molecule) for part in independent_parts(split))
    save(ramachandran(reference, torsions, floor, title), output / "ramachandran.svg")
    points, highest = layout(molecule), common_scale(errors)
    for method in dict.fromkeys(run.method for run in torsions):
        drawn = [run for run in torsions if run.method == method]
        figure = ramachandran_difference(reference, independent, drawn, floor, title)
        save(figure, output / f"ramachandran-{method}.svg")
        of_method = [run for run in errors if run.method == method]
        save(draw_atom_errors(molecule, of_method, highest, points, title), output / f"atoms-{method}.svg")
