"""Folder of a finished simulation: topology, walkers, and a card with their provenance."""

import platform
import shutil
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mdtraj

from cgbench.core.atomic_io import atomic_output, sha256, write_json
from cgbench.core.errors import InputError
from cgbench.core.wording import counted
from cgbench.simulation import analysis
from cgbench.simulation.recipe import FoldedStart, MeltedStart, Recipe
from cgbench.simulation.stereochemistry import check_stereochemistry

LICENCE = "CC BY 4.0"
PACKAGES = ("openmm", "mdtraj", "numpy", "pdbfixer", "PeptideBuilder")
SEEDS = (
    'cgbench.core.seeds.derive(base, "walker", k, "chunk", c): chunk 0 prepares walker k, '
    "chunk c draws the noise of its c-th chunk_frames frames"
)


def bundle(
    name: str,
    recipe: Recipe,
    structure_pdb: Path | str,
    walkers: list[Path],
    output_dir: Path | str,
    command: str,
    reference_pdb: Path | str | None = None,
) -> None:
    """Check the walkers and write ``topology.pdb``, ``walker-K.xtc`` and ``card.json``.

    For a peptide of one residue, ``agreement.md`` has the card's comparison of walkers as tables.

    Parameters
    ----------
    name
        Name of the simulation in the configuration.
    walkers
        Trajectories in the order of the walkers; files that are already in ``output_dir`` are not copied.
    command
        Command that reproduces the folder.
    reference_pdb
        Native structure, to which the card gives the C-alpha RMSD.

    Raises
    ------
    InputError
        If walkers are missing, have the wrong number of frames, D-amino acids or cis peptide bonds.
    """
    if len(walkers) != recipe.walkers:
        raise InputError(
            f"{name}: {counted(len(walkers), 'walker')} given, the recipe has {recipe.walkers}; give all"
        )
    folder = Path(output_dir)
    topology = folder / "topology.pdb"
    _copy(Path(structure_pdb), topology)
    trajectories: dict[str, mdtraj.Trajectory] = {}
    for number, source in enumerate(walkers):
        target = folder / f"walker-{number}.xtc"
        _copy(Path(source), target)
        trajectories[target.name] = _checked(target, topology, recipe)
    files = {topology.name: _file(topology)} | {
        key: {**_file(folder / key), "n_frames": trajectory.n_frames}
        for key, trajectory in trajectories.items()
    }
    card: dict[str, Any] = {
        "name": name,
        "title": recipe.title,
        "description": recipe.description,
        "n_atoms": next(iter(trajectories.values())).n_atoms,
        "n_frames": sum(trajectory.n_frames for trajectory in trajectories.values()),
        "frame_interval_ps": recipe.frame_interval_ps,
        "temperature_K": recipe.temperature_kelvin,
        "force_field": " + ".join(recipe.force_field) + ", no cutoff, bonds to hydrogen constrained",
        "integrator": _integrator(recipe),
        "platform": recipe.platform,
        "start": {key: _start(recipe, number) for number, key in enumerate(trajectories)},
        "seeds": {"base": recipe.seed, "derivation": SEEDS},
        "versions": {"python": platform.python_version(), **{key: version(key) for key in PACKAGES}},
        "command": command,
        "date": datetime.now(UTC).date().isoformat(),
        "licence": LICENCE,
        "citation": recipe.citation,
        "files": files,
    }
    native = next((start for start in recipe.starts if isinstance(start, FoldedStart)), None)
    if len(recipe.sequence) == 1:
        angles = {Path(key).stem: analysis.backbone_angles(each) for key, each in trajectories.items()}
        card["agreement"] = analysis.agreement(angles)
        with atomic_output(folder / "agreement.md") as temporary:
            temporary.write_text(analysis.agreement_markdown(card["agreement"]), encoding="utf-8")
    elif native:
        reference = analysis.load_reference(reference_pdb, len(recipe.sequence)) if reference_pdb else None
        card["shape"] = {
            key: analysis.folding_summary(each, native, reference) for key, each in trajectories.items()
        }
        for key, summary in card["shape"].items():
            files[key]["state"] = summary.pop("state")
        if reference_pdb:
            card["reference"] = {"file": Path(reference_pdb).name, "sha256": sha256(reference_pdb)}
    card["spec"] = recipe.model_dump(mode="json")
    # Written last, so that a folder with a card is complete.
    write_json(folder / "card.json", card)


def _copy(source: Path, target: Path) -> None:
    if not (target.exists() and target.samefile(source)):
        with atomic_output(target) as temporary:
            shutil.copyfile(source, temporary)


def _checked(path: Path, topology: Path, recipe: Recipe) -> mdtraj.Trajectory:
    trajectory = mdtraj.load(str(path), top=str(topology))
    if trajectory.n_frames != recipe.frames_per_walker:
        raise InputError(
            f"{path}: {counted(trajectory.n_frames, 'frame')}, but frames_per_walker is "
            f"{recipe.frames_per_walker}; remove the file and simulate it again"
        )
    check_stereochemistry(trajectory, str(path))
    return trajectory


def _integrator(recipe: Recipe) -> str:
    mass = f", hydrogens of {recipe.hydrogen_mass_amu} amu" if recipe.hydrogen_mass_amu else ""
    return f"LangevinMiddle, {recipe.friction_per_ps}/ps, {recipe.timestep_fs} fs{mass}"


def _start(recipe: Recipe, walker: int) -> str:
    start = recipe.start(walker)
    then = f"minimised, {recipe.equilibration_ps} ps at {recipe.temperature_kelvin} K before the first frame"
    if isinstance(start, FoldedStart):
        kelvin = f"{start.hot_kelvin} to {start.cold_kelvin} K"
        how = f"folded by restraints on native contacts ({kelvin}), released"
    elif isinstance(start, MeltedStart):
        how = f"melted at {start.hot_kelvin} K for {start.melt_ps} ps"
    else:
        how = f"phi {start.phi}, psi {start.psi} degrees"
        if start.leaves_within_ps:
            then += f", which lies at most {start.leaves_within_ps} ps before the walker crosses phi = 0"
    return f"{how}; {then}"


def _file(path: Path) -> dict[str, Any]:
    return {"sha256": sha256(path), "bytes": path.stat().st_size}
