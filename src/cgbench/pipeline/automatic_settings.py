"""What settings ``auto`` become, for every task and method of a configuration."""

from collections.abc import Iterator
from pathlib import Path

from cgbench.chem.frames import Frames
from cgbench.config.loader import Config
from cgbench.core.settings import Settings
from cgbench.data.splits import Split, make_split
from cgbench.mapping.base import Mapping
from cgbench.nn.task_facts import TaskFacts

BUNDLED = "bundled"  # the source whose files come with the package or are made by it


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
        frames = _frames(config, dataset) if chosen else None
        folds = range(config.protocol.folds) if frames else ()
        splits = [make_split(frames, config.protocol, fold, config.seed) for fold in folds if frames]
        for mapping in config.run.mappings if chosen else ():
            for n_beads in config.run.n_beads(dataset, mapping):
                made = [
                    _mapping(config, dataset, mapping, n_beads, frames, each) for each in splits if frames
                ]
                facts = [
                    TaskFacts.of(each, frames.positions[split.train])
                    for each, split in zip(made, splits, strict=True)
                    if frames and each
                ]
                unknown = "beads" if frames else "frames"
                for name, settings in chosen.items():
                    decided = _decided(settings, facts) or f"decided when the {unknown} are known"
                    yield f"{dataset}, {mapping}, {n_beads} beads, {name}: {decided}"


def _frames(config: Config, dataset: str) -> Frames | None:
    prepared = Path(config.results, "data", dataset, "frames.npz")
    if prepared.is_file():
        return Frames.load(prepared)
    source = config.datasets[dataset]
    reader = source.create()
    if source.use != BUNDLED or not all(Path(file).is_file() for file in reader.input_files()):
        return None
    frames: Frames = reader.read()[0]
    return frames


def _mapping(
    config: Config, dataset: str, name: str, n_beads: int, frames: Frames, split: Split
) -> Mapping | None:
    stored = Path(config.results, "mappings", dataset, f"{name}-{n_beads}", f"fold{split.fold}.json")
    if stored.is_file():
        return Mapping.load_for(stored, frames.molecule.n_atoms, f"dataset {dataset}")
    generator = config.mapping(name, dataset, n_beads).create()
    return None if generator.learned else generator.of_fold(frames, split, n_beads, config.seed)


def _decided(settings: Settings, facts: list[TaskFacts]) -> str:
    """List the settings with their values, which may differ between folds; nothing without facts."""
    folds = [settings.resolved(each).model_dump() for each in facts]
    # Those of a method that another one finishes are among its settings.
    folds = [fold | fold.get("settings", {}) for fold in folds]
    values = {name: dict.fromkeys(str(fold[name]) for fold in folds) for name in settings.undecided()}
    return ", ".join(f"{name} {' or '.join(found)}" for name, found in values.items() if found)
