"""What settings ``auto`` become, for every task and method of a configuration."""

import os
from collections.abc import Iterator
from pathlib import Path

from cgbench.chem.frames import Frames
from cgbench.config.loader import Config
from cgbench.core.settings import Settings
from cgbench.data.sources import bundled
from cgbench.data.splits import make_split
from cgbench.mapping.base import Mapping
from cgbench.nn.task_facts import TaskFacts


def automatic_settings(config: Config) -> Iterator[str]:
    """Yield a line for each task and each method that has settings ``auto``, with what they become.

    Frames are those that the stage ``prepare`` wrote, or of a bundled dataset; mappings those that the stage
    ``map`` wrote, or ones that need no training. Otherwise the line says what is not known yet.

    Raises
    ------
    InputError
        If the frames cannot be read or split, or a mapping does not have the number of beads.
    """
    for dataset in config.run.datasets:
        chosen = {
            name: settings
            for name in config.run.methods
            if name in config.methods and (settings := config.method(name, dataset).settings).undecided()
        }
        if not chosen:
            continue
        frames = _frames(config, dataset)
        unknown = "beads" if frames else "frames"
        for mapping in config.run.mappings:
            for n_beads in config.run.n_beads(dataset, mapping):
                facts = list(_facts(config, dataset, mapping, n_beads, frames)) if frames else []
                for name, settings in chosen.items():
                    decided = _decided(settings, facts) or f"decided when the {unknown} are known"
                    yield f"{dataset}, {mapping}, {n_beads} beads, {name}: {decided}"


def _frames(config: Config, dataset: str) -> Frames | None:
    prepared = Path(config.results, "data", dataset, "frames.npz")
    if prepared.is_file():
        return Frames.load(prepared)
    reader = config.datasets[dataset].create()
    known = isinstance(reader, bundled.Source) and all(map(os.path.isfile, reader.input_files()))
    return reader.read()[0] if known else None


def _facts(config: Config, dataset: str, name: str, n_beads: int, frames: Frames) -> Iterator[TaskFacts]:
    """Yield the facts of every fold, as far as beads are known."""
    folder = Path(config.results, "mappings", dataset, f"{name}-{n_beads}")
    generator = config.mapping(name, dataset, n_beads).create()
    for fold in range(config.protocol.folds):
        split, stored = make_split(frames, config.protocol, fold, config.seed), folder / f"fold{fold}.json"
        if stored.is_file():
            mapping = Mapping.load_for(stored, frames.molecule.n_atoms, f"dataset {dataset}")
        elif generator.learned:
            return
        else:
            mapping = generator.of_fold(frames, split, n_beads, config.seed)
        yield TaskFacts.of(mapping, frames.positions[split.train])


def _decided(settings: Settings, facts: list[TaskFacts]) -> str:
    """List the settings with their values, which may differ between folds; nothing without facts."""
    folds = [settings.resolved(each).model_dump() for each in facts]
    # Those of a method that another one finishes are among its settings.
    folds = [fold | fold.get("settings", {}) for fold in folds]
    values = {name: dict.fromkeys(str(fold[name]) for fold in folds) for name in settings.undecided()}
    return ", ".join(f"{name} {' or '.join(found)}" for name, found in values.items() if found)
