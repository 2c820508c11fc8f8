"""Keys and defaults of the configuration, one model per section."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag, field_validator

from cgbench.config.entry import Entry
from cgbench.core import plugin_places, registry
from cgbench.core.settings import InputPath, Settings, expand_path
from cgbench.simulation.recipe import Recipe

PositiveInt = Annotated[int, Field(ge=1)]
# Names become parts of paths, and the workflow reads them back from the paths.
NAME_PATTERN = r"^[A-Za-z0-9_]+$"
Name = Annotated[str, Field(pattern=NAME_PATTERN)]
# Sections of plug-ins: the kind in the registry, and the key that chooses the plug-in of an entry.
PLUG_IN_SECTIONS = {
    "datasets": ("sources", "source"),
    "mappings": ("mapping", "use"),
    "methods": ("methods", "use"),
}

Resolutions = Annotated[
    Annotated[list[PositiveInt], Tag("all mappings")]
    | Annotated[dict[str, list[PositiveInt]], Tag("by mapping")],
    Discriminator(lambda value: "by mapping" if isinstance(value, Mapping) else "all mappings"),
]


class Protocol(Settings):
    """How frames are split, and how many of them each stage uses.

    Attributes
    ----------
    split
        ``leak_free`` keeps whole trajectories apart, or blocks with a gap where there are fewer than three
        trajectories. ``published`` is the shuffled k-fold split of the paper, in which test frames have
        neighbours in time among the training frames.
    folds
        Number of train / validation / test splits.
    train_frames, valid_frames, test_frames
        Largest number of frames of this part; frames are taken evenly spaced.
    gap_ps
        Time left out between the parts of one trajectory, ps.
    n_samples
        Number of geometries sampled for each test frame.
    """

    split: Literal["leak_free", "published"] = "leak_free"
    folds: PositiveInt = 3
    train_frames: PositiveInt = 8000
    valid_frames: PositiveInt = 500
    test_frames: PositiveInt = 500
    gap_ps: Annotated[float, Field(ge=0)] = 100.0
    n_samples: PositiveInt = 8


class Compute(Settings):
    """Resources of one training, sampling or scoring job.

    Attributes
    ----------
    device
        ``cpu``, ``cuda``, or ``auto`` for a GPU if there is one.
    threads
        Number of CPU threads.
    gpus
        Number of GPUs that a scheduler reserves for training and sampling with a network, and for scoring.
    memory_mb
        Memory that a scheduler reserves, MB; scoring always reserves 4,000 MB.
    runtime_min
        Time that a scheduler reserves, minutes; scoring always reserves 60 minutes.
    """

    device: Literal["auto", "cpu", "cuda"] = "auto"
    threads: PositiveInt = 1
    gpus: Annotated[int, Field(ge=0)] = 0
    memory_mb: PositiveInt = 4000
    runtime_min: PositiveInt = 240


class Tracking(Settings):
    """Tracking of runs with Weights & Biases; results do not depend on it.

    Attributes
    ----------
    mode
        ``offline`` stores runs in ``<results>/wandb``, ``online`` uploads them as well.
    project
        Project in Weights & Biases.
    entity
        Team or user that the project belongs to; by default the user who is logged in.
    group
        Name that all runs of this benchmark share; by default derived from the configuration.
    tags
        Tags of every run.
    """

    mode: Literal["disabled", "offline", "online"] = "disabled"
    project: Annotated[str, Field(pattern=r"^[\w.-]{1,128}$")] = "cgbench"
    entity: Annotated[str, Field(pattern=r"^[\w.-]{1,128}$")] | None = None
    group: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    # They are passed on as one text, separated by commas.
    tags: tuple[Annotated[str, Field(pattern=r"^[^,]{1,64}$")], ...] = ()


class Run(Settings):
    """Selection of the datasets, mappings, methods and metrics to run.

    Attributes
    ----------
    datasets, mappings, methods
        Names of entries of the section of that name.
    metrics
        Names of metrics; all of them by default.
    resolutions
        For each dataset, numbers of beads: either one list for all mappings, or a list for each mapping
        by name. A mapping without a list is not run on the dataset.
    """

    datasets: list[str]
    mappings: list[str]
    methods: list[str]
    metrics: list[str] = Field(default_factory=lambda: registry.names("metrics"))
    resolutions: dict[str, Resolutions]

    @field_validator("datasets", "mappings", "methods", "metrics")
    @classmethod
    def _refuse_repeated_names(cls, names: list[str]) -> list[str]:
        _refuse_repeated(names)
        return names

    @field_validator("resolutions")
    @classmethod
    def _refuse_repeated_resolutions(cls, resolutions: dict[str, Resolutions]) -> dict[str, Resolutions]:
        for dataset, chosen in resolutions.items():
            by_mapping = (
                {dataset: chosen}
                if isinstance(chosen, list)
                else {f"{dataset}.{mapping}": numbers for mapping, numbers in chosen.items()}
            )
            for key, numbers in by_mapping.items():
                _refuse_repeated(numbers, f"{key}: ")
        return resolutions

    def n_beads(self, dataset: str, mapping: str) -> list[int]:
        """Resolutions at which a mapping is run on a dataset; an empty list if it is not run."""
        chosen = self.resolutions.get(dataset, [])
        return chosen if isinstance(chosen, list) else chosen.get(mapping, [])


def _refuse_repeated(values: Iterable[str | int], where: str = "") -> None:
    repeated = [str(value) for value, count in Counter(values).items() if count > 1]
    if repeated:
        raise ValueError(f"{where}{', '.join(repeated)} is listed more than once; list each value once")


def _results_folder(path: str) -> str:
    expanded = expand_path(path)
    if unset := re.search(r"^~[^/]*|\$\w+|\$\{\w+\}", expanded):
        raise ValueError(f"{unset[0]} is no user or variable that is set; set it, or write the path out")
    if re.search(r"[{}]", expanded):
        raise ValueError("braces would be wildcards of the workflow; give another path")
    return expanded


def _chosen(places: tuple[str, ...]) -> tuple[str, ...]:
    plugin_places.choose(places)
    return places


class RawConfig(Settings):
    """Configuration of cgbench; the settings of plug-ins are checked by the plug-ins.

    Attributes
    ----------
    plugins
        Folders with plug-ins in ``methods/``, ``mappings/``, ``metrics/`` and ``sources/``, and names of
        installed packages with plug-ins.
    seed
        Seed from which all random numbers derive.
    results
        Folder in which all results are written; ``~`` and environment variables are replaced.
    datasets
        Datasets by name: ``source`` and the settings of that source.
    mappings
        Mappings by name: ``use`` (by default the name itself) and the settings of that generator.
    methods
        Methods by name: ``use`` (by default the name itself), the settings of that method, and ``for``; with
        ``use: program``, a command line.
    entries
        Predictions of other methods, by name.
    simulations
        Recipes of the simulations that the workflow can run, by name.
    """

    # Before the sections that name plug-ins, which are checked in this order.
    plugins: Annotated[tuple[InputPath, ...], AfterValidator(_chosen), Field(validate_default=True)] = ()
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 2022
    # A file name has no control characters.
    results: Annotated[str, Field(pattern=r"^[^\x00-\x1f]+$"), AfterValidator(_results_folder)] = "results"
    protocol: Protocol = Protocol()
    compute: Compute = Compute()
    tracking: Tracking = Tracking()
    run: Run
    datasets: dict[Name, dict[str, Any]]
    mappings: dict[Name, dict[str, Any] | None] = Field(default_factory=dict)
    methods: dict[Name, dict[str, Any] | None] = Field(default_factory=dict)
    entries: dict[Name, Entry] = Field(default_factory=dict)
    simulations: dict[Name, Recipe] = Field(default_factory=dict)
