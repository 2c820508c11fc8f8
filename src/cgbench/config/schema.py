"""The keys of the configuration: one closed model per section, with the defaults."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, field_validator

from cgbench.core import registry
from cgbench.core.settings import Settings
from cgbench.simulation.recipe import Recipe

PositiveInt = Annotated[int, Field(ge=1)]
# Names become parts of paths, from which the workflow must read them back.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]+$")]

Resolutions = Annotated[
    Annotated[list[PositiveInt], Tag("all mappings")]
    | Annotated[dict[str, list[PositiveInt]], Tag("by mapping")],
    Discriminator(lambda value: "by mapping" if isinstance(value, Mapping) else "all mappings"),
]


class Protocol(Settings):
    """How frames are split and how many of them each stage sees.

    Attributes
    ----------
    split
        ``leak_free``: folds by whole trajectory, else by blocks with a gap. ``published``: the
        shuffled k-fold split of the paper, which puts neighbours of test frames into training.
    folds
        How many train / validation / test splits.
    train_frames, valid_frames, test_frames
        Upper bounds; frames are taken evenly spaced from their part.
    gap_ps
        Time left out between parts of one trajectory, ps.
    n_samples
        Geometries drawn for each test frame.
    """

    split: Literal["leak_free", "published"] = "leak_free"
    folds: PositiveInt = 3
    train_frames: PositiveInt = 8000
    valid_frames: PositiveInt = 500
    test_frames: PositiveInt = 1000
    gap_ps: Annotated[float, Field(ge=0)] = 100.0
    n_samples: PositiveInt = 8


class Compute(Settings):
    """What one training, sampling or scoring job may use.

    Attributes
    ----------
    device
        ``auto`` takes a GPU where there is one.
    threads
        CPU threads.
    gpus
        GPUs that a scheduler reserves for a method with a network; the others need none.
    memory_mb
        Memory that a scheduler reserves, MB.
    runtime_min
        Time that a scheduler reserves, minutes.
    """

    device: Literal["auto", "cpu", "cuda"] = "auto"
    threads: PositiveInt = 1
    gpus: Annotated[int, Field(ge=0)] = 0
    memory_mb: PositiveInt = 4000
    runtime_min: PositiveInt = 240


class Tracking(Settings):
    """Whether runs are followed with Weights & Biases; nothing depends on it.

    Attributes
    ----------
    mode
        ``offline`` keeps runs in ``<results>/wandb``, ``online`` uploads them as well.
    project, entity
        Where they go: the project, and the team or user if not one's own.
    group
        What the runs of this benchmark have in common; made of its configuration if left out.
    tags
        Put on every run.
    """

    mode: Literal["disabled", "offline", "online"] = "disabled"
    project: Annotated[str, Field(pattern=r"^[\w.-]{1,128}$")] = "cgbench"
    entity: Annotated[str, Field(pattern=r"^[\w.-]{1,128}$")] | None = None
    group: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    # They travel with commas between them.
    tags: tuple[Annotated[str, Field(pattern=r"^[^,]{1,64}$")], ...] = ()


class Run(Settings):
    """Which of the defined things to run.

    Attributes
    ----------
    resolutions
        For each dataset, numbers of beads: a list for every mapping, or a list for each mapping
        by its name; a mapping that is left out there is not run on the dataset.
    """

    datasets: list[str]
    mappings: list[str]
    methods: list[str]
    metrics: list[str] = Field(default_factory=lambda: registry.names("metrics"))
    resolutions: dict[str, Resolutions]

    @field_validator("datasets", "mappings", "methods", "metrics")
    @classmethod
    def _each_once(cls, chosen: list[str]) -> list[str]:
        _refuse_repeated(chosen)
        return chosen

    @field_validator("resolutions")
    @classmethod
    def _each_resolution_once(cls, resolutions: dict[str, Resolutions]) -> dict[str, Resolutions]:
        for dataset, chosen in resolutions.items():
            if isinstance(chosen, list):
                _refuse_repeated(chosen, f"{dataset}: ")
            else:
                for mapping, own in chosen.items():
                    _refuse_repeated(own, f"{dataset}.{mapping}: ")
        return resolutions

    def n_beads(self, dataset: str, mapping: str) -> list[int]:
        """Resolutions at which a mapping is run on a dataset: none where it is not."""
        chosen = self.resolutions.get(dataset, [])
        return chosen if isinstance(chosen, list) else chosen.get(mapping, [])


def _refuse_repeated(chosen: Iterable[str | int], where: str = "") -> None:
    repeated = [str(value) for value, count in Counter(chosen).items() if count > 1]
    if repeated:
        raise ValueError(f"{where}{', '.join(repeated)} stands there more than once; name each once")


class RawConfig(Settings):
    """The top level, with the settings of plug-ins still to be checked by the plug-ins."""

    seed: Annotated[int, Field(ge=0, lt=2**31)] = 2022
    # Braces would be wildcards of the workflow, and a file name has no control characters.
    results: Annotated[str, Field(pattern=r"^[^{}\x00-\x1f]+$")] = "results"
    protocol: Protocol = Protocol()
    compute: Compute = Compute()
    tracking: Tracking = Tracking()
    run: Run
    datasets: dict[Name, dict[str, Any]]
    mappings: dict[Name, dict[str, Any] | None] = Field(default_factory=dict)
    methods: dict[Name, dict[str, Any] | None] = Field(default_factory=dict)
    simulations: dict[Name, Recipe] = Field(default_factory=dict)
