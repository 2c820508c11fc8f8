"""A task by its name: the frames, folds and beads that a score refers to."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any

from cgbench.chem.frames import Frames
from cgbench.config.loader import Config
from cgbench.config.run_matrix import RunMatrix
from cgbench.core.atomic_io import read_json
from cgbench.core.errors import InputError
from cgbench.core.settings import or_in_checkout
from cgbench.data.prepare import prepared
from cgbench.data.splits import Split, make_split
from cgbench.mapping.base import Mapping
from cgbench.mapping.stored import FOLDS, StoredMapping

DEFAULT = ("config/config.yaml", "config/simulations.yaml")


@dataclass(frozen=True)
class _Named:
    """A dataset, a mapping at one resolution, and the folds of a configuration.

    Attributes
    ----------
    dataset, mapping_name, n_beads
        Names in the configuration, and the number of beads.
    """

    config: RunMatrix
    dataset: str
    mapping_name: str
    n_beads: int

    @property
    def name(self) -> str:
        """Name of the task."""
        return f"{self.dataset}-{self.mapping_name}-{self.n_beads}"


@dataclass(frozen=True)
class Task(_Named):
    """A task whose frames, folds and beads are made where they are asked for."""

    config: Config

    @classmethod
    def named(cls, name: str, configs: Sequence[Path | str] = ()) -> "Task":
        """Find a task such as ``chignolin-cgae-6``.

        Parameters
        ----------
        configs
            Configuration of the benchmark; by default that of the checkout.

        Raises
        ------
        InputError
            If the configuration has no such dataset or mapping.
        """
        config = Config.load(*(configs or map(or_in_checkout, DEFAULT)))
        dataset, _, rest = name.partition("-")
        mapping, _, number = rest.partition("-")
        usable = number.isascii() and number.isdigit() and len(number) < 7 and int(number) > 0
        if dataset not in config.datasets or mapping not in config.mappings or not usable:
            near = get_close_matches(name, known_tasks(config), 1)
            meant = f"did you mean {near[0]}? " if near else ""
            raise InputError(
                f"{name!r} is no task; {meant}a task is <dataset>-<mapping>-<number of beads>, such as "
                f"chignolin-cgae-6; datasets: {', '.join(config.datasets)}; mappings: "
                f"{', '.join(config.mappings)}; `cgbench task list` prints the tasks that are run by default"
            )
        return cls(config, dataset, mapping, int(number))

    @cached_property
    def _prepared(self) -> tuple[Frames, dict[str, Any]]:
        return prepared(self.config.datasets[self.dataset])

    @property
    def frames(self) -> Frames:
        """Frames of the dataset, checked as by ``cgbench prepare``."""
        return self._prepared[0]

    @property
    def card(self) -> dict[str, Any]:
        """Data card."""
        return self._prepared[1]

    def split(self, fold: int) -> Split:
        """Training, validation and test frames of a fold."""
        return make_split(self.frames, self.config.protocol, fold, self.config.seed)

    def mapping(self, fold: int) -> Mapping:
        """Make the mapping of a fold, with the name of the stored task if there is one.

        Raises
        ------
        InputError
            If the mapping does not allow this number of beads.
        """
        generator = self.config.mapping(self.mapping_name, self.dataset, self.n_beads).create()
        made: Mapping = generator.of_fold(self.frames, self.split(fold), self.n_beads, self.config.seed)
        return made


def known_tasks(config: RunMatrix) -> dict[str, list[str]]:
    """Return the tasks of a run and those that are stored, by name, with which of both they are."""
    facts = {spec.task: ["in the run"] for spec in config.run_specs()}
    for path in sorted(or_in_checkout("workflow/resources/tasks").glob("*/*.json")):
        if path.name != FOLDS:
            stored = StoredMapping.load(path)
            facts.setdefault(stored.task, []).append(f"stored, version {stored.version}")
    return facts


@dataclass(frozen=True)
class PreparedTask(_Named):
    """A task whose frames, folds and beads a benchmark has made; settings of mappings are not needed."""

    @property
    def _data(self) -> Path:
        return Path(self.config.results, "data", self.dataset)

    @cached_property
    def frames(self) -> Frames:
        """Frames of the dataset."""
        return Frames.load(self._data / "frames.npz")

    @property
    def card(self) -> dict[str, Any]:
        """Data card."""
        return dict(read_json(self._data / "card.json"))

    def split(self, fold: int) -> Split:
        """Training, validation and test frames of a fold."""
        return Split.load_for(self._data / f"splits/fold{fold}.json", self.frames, self._data / "frames.npz")

    def mapping_path(self, fold: int) -> Path:
        """File with the mapping of a fold."""
        task = f"{self.mapping_name}-{self.n_beads}"
        return Path(self.config.results, "mappings", self.dataset, task, f"fold{fold}.json")

    def mapping(self, fold: int) -> Mapping:
        """Read the mapping of a fold."""
        n_atoms = self.frames.molecule.n_atoms
        return Mapping.load_for(self.mapping_path(fold), n_atoms, self._data / "frames.npz")
