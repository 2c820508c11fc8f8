"""The contract of a backmapping method."""

import inspect
import json
import sys
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray

from cgbench.chem.molecule import Molecule
from cgbench.config.method_card import MethodCard, Training
from cgbench.core import registry
from cgbench.core.atomic_io import atomic_output
from cgbench.core.errors import InputError
from cgbench.core.settings import Settings as SettingsModel
from cgbench.core.training_context import TrainingContext
from cgbench.mapping.base import Mapping
from cgbench.methods._bead_ranges import BeadRanges

__all__ = ["BackmappingMethod", "DeterministicMethod", "Positions", "TrainingContext", "load_model"]

Positions = NDArray[np.floating]


class BackmappingMethod(ABC):
    """Contract of a method: one file in ``cgbench/methods`` with one class named ``Method``.

    Arrays are numpy arrays in Å. Results have the dtype of the argument and are computed in at least that
    precision. A method learns only from the frames passed to :meth:`fit`.

    Parameters
    ----------
    settings
        Validated settings of the config key ``methods.<name>``, without ``auto``.
    mapping
        CG mapping M of the task.
    molecule
        Topology of the task.

    Attributes
    ----------
    Settings
        Class of the settings.
    stochastic
        Whether samples for one CG geometry differ.
    equivariance
        Group under which results transform with their input: ``"none"``, ``"SE(3)"`` (rotations and
        translations) or ``"E(3)"`` (reflections too).
    reference
        Publication or origin.
    code, licence
        Address of the code, and its licence, for the card; of a method of this project those of the project.
    bound
        ``"floor"`` for the lower and ``"ceiling"`` for the upper control, between which scores are scaled.
        These two are shown and not ranked. None for all other methods.
    training
        Whether anything is learned from the training frames (``task``) or not (``none``), for the card.
    arrays
        Names of the attributes that hold the fitted numpy arrays; :meth:`state` stores these.
    bead_ranges
        Arrangements of the beads in the training frames, which the training stage sets; None if unknown.

    Raises
    ------
    InputError
        If mapping and molecule have different numbers of atoms, or a setting is ``auto``.
    """

    Settings: ClassVar[type[SettingsModel]] = SettingsModel
    bound: ClassVar[Literal["floor", "ceiling"] | None] = None
    training: ClassVar[Training] = "task"
    arrays: ClassVar[tuple[str, ...]] = ()
    stochastic: bool
    equivariance: Literal["none", "SE(3)", "E(3)"]
    reference: ClassVar[str]
    code: ClassVar[str] = ""
    licence: ClassVar[str] = ""

    def __init__(self, settings: SettingsModel, mapping: Mapping, molecule: Molecule) -> None:
        if mapping.n_atoms != molecule.n_atoms:
            raise InputError(
                f"mapping has {mapping.n_atoms} atoms, the molecule has {molecule.n_atoms}; use a mapping of "
                "this molecule"
            )
        if undecided := settings.undecided():
            raise InputError(
                f"{self.name}: {', '.join(undecided)} is auto; a method takes the settings of a task, "
                "settings.resolved(TaskFacts.of(mapping, training_frames))"
            )
        self.settings = settings
        self.mapping = mapping
        self.molecule = molecule
        self.bead_ranges: BeadRanges | None = None

    @property
    def name(self) -> str:
        """Name of the method's file, which is its key in the config."""
        return type(self).__module__.rsplit(".", 1)[-1]

    @abstractmethod
    def fit(self, train: Positions, valid: Positions, context: TrainingContext) -> None:
        """Learn from training frames [n_frames, n_atoms, 3]; make every choice on validation frames."""

    @abstractmethod
    def reconstruct(self, positions: Positions) -> Positions:
        """Encode and decode frames [n_frames, n_atoms, 3] without noise.

        A method without an encoder backmaps the beads of the frames.
        """

    def reconstruct_draw(self, positions: Positions, seed: int) -> Positions:
        """Reconstruct frames [n_frames, n_atoms, 3] from one draw of the posterior.

        A method without a stochastic encoder reconstructs without noise.
        """
        return self.reconstruct(positions)

    @abstractmethod
    def sample(self, beads: Positions, n_samples: int, seed: int) -> Positions:
        """Backmap beads [n_frames, n_beads, 3] to [n_frames, n_samples, n_atoms, 3].

        The same seed gives the same samples.
        """

    def to(self, device: str) -> Self:
        """Move the network, if there is one, to ``"cpu"`` or ``"cuda"``."""
        return self

    @classmethod
    def made_of(cls, settings: SettingsModel) -> tuple[str, ...]:
        """Return the names of wrapped methods; an edit of one of their files repeats the training."""
        return ()

    @classmethod
    def uses_gpu(cls) -> bool:
        """Whether the method can use a GPU, which it declares by overriding :meth:`to`."""
        return cls.to is not BackmappingMethod.to

    def state(self) -> dict[str, Any]:
        """Return everything learned as a (nested) dictionary of tensors, numbers and strings."""
        return {name: torch.as_tensor(getattr(self, name)) for name in self.arrays}

    def load_state(self, state: dict[str, Any]) -> None:
        """Restore the result of :meth:`state`."""
        for name in self.arrays:
            setattr(self, name, state[name].numpy())

    def n_parameters(self) -> int:
        """Count the learned numbers."""
        return _count_numbers(self.state())

    def card(self, cost: str) -> MethodCard:
        """Return the method card; ``cost`` says how long it took, and on what."""
        learns = self.training == "task"
        own = type(self).__module__.startswith("cgbench.")
        return MethodCard(
            method=(inspect.getdoc(sys.modules[type(self).__module__]) or self.name).partition("\n")[0],
            reference=self.reference,
            code=self.code or (f"src/cgbench/methods/{self.name}.py" if own else "not stated"),
            licence=self.licence or ("MIT" if own else "not stated"),
            training=self.training,
            training_data="training frames of the fold" if learns else "none",
            test_molecules="included" if learns else "excluded",
            deterministic=not self.stochastic,
            parameters=self.n_parameters(),
            cost=cost,
        )

    def save(self, path: Path | str) -> None:
        """Write a self-contained model file (method, settings, mapping, molecule, state) atomically."""
        content = {
            "method": self.name,
            "settings": self.settings.to_json(),
            "bead_index": torch.as_tensor(self.mapping.bead_index),
            "weights": torch.as_tensor(self.mapping.weights),
            "shared": list(self.mapping.shared),
            "bead_names": list(self.mapping.bead_names),
            "molecule": {
                key: value.tolist() if value.dtype.kind == "U" else torch.as_tensor(value)
                for key, value in self.molecule.to_arrays().items()
            },
            "state": self.state(),
            "bead_ranges": self.bead_ranges
            and {key: torch.as_tensor(value) for key, value in vars(self.bead_ranges).items()},
        }
        with atomic_output(path) as temporary:
            torch.save(content, temporary)


def _count_numbers(state: dict[str, Any]) -> int:
    tensors = (value.numel() for value in state.values() if isinstance(value, torch.Tensor))
    return sum(tensors) + sum(_count_numbers(value) for value in state.values() if isinstance(value, dict))


class DeterministicMethod(BackmappingMethod):
    """A method that maps beads to one geometry, which is then projected so that M x = X holds exactly."""

    stochastic = False

    @abstractmethod
    def backmap(self, beads: Positions) -> Positions:
        """Backmap beads [n_frames, n_beads, 3] to [n_frames, n_atoms, 3], before the projection."""

    def reconstruct(self, positions: Positions) -> Positions:
        """Backmap the beads of frames [n_frames, n_atoms, 3]."""
        beads = self.mapping.beads(positions)
        return self.mapping.project(self.backmap(beads), beads)

    def sample(self, beads: Positions, n_samples: int, seed: int) -> Positions:
        """Repeat the one geometry ``n_samples`` times: [n_frames, n_samples, n_atoms, 3]."""
        geometry = self.mapping.project(self.backmap(beads), beads)
        return np.repeat(geometry[:, None], n_samples, axis=1)


class OracleMethod(BackmappingMethod):
    """A method that samples from the MD frames instead of their beads: the upper control, never ranked."""

    bound = "ceiling"

    @abstractmethod
    def sample_frames(self, positions: Positions, n_samples: int, seed: int) -> Positions:
        """Sample [n_frames, n_samples, n_atoms, 3] given frames [n_frames, n_atoms, 3].

        The same seed gives the same samples.
        """

    def sample(self, beads: Positions, n_samples: int, seed: int) -> Positions:
        """Raise an InputError, since beads alone are not enough."""
        raise InputError(
            f"{self.name}: needs the MD frames, which beads alone do not give; backmap with another method"
        )


def draw(model: BackmappingMethod, positions: Positions, n_samples: int, seed: int) -> Positions:
    """Sample for frames [n_frames, n_atoms, 3]; all methods but an oracle receive only the beads."""
    if isinstance(model, OracleMethod):
        return model.sample_frames(positions, n_samples, seed)
    return model.sample(model.mapping.beads(positions), n_samples, seed)


def load_model(path: Path | str) -> BackmappingMethod:
    """Read a model file written by :meth:`BackmappingMethod.save`, without executing code from it.

    Raises
    ------
    InputError
        If the file is missing, damaged or not a model.
    """
    try:
        content = torch.load(path, weights_only=True, map_location="cpu")
        method = registry.load("methods", content["method"])
        molecule = Molecule.from_arrays(
            {key: np.asarray(value) for key, value in content["molecule"].items()}
        )
        mapping = Mapping(
            content["bead_index"].numpy(),
            content["weights"].numpy(),
            # Model files of version 0.2 have neither.
            shared=tuple(map(tuple, content.get("shared", ()))),
            bead_names=tuple(content.get("bead_names", ())),
        )
        settings = method.Settings.model_validate(json.loads(content["settings"]))
        model: BackmappingMethod = method(settings, mapping, molecule)
        model.load_state(content["state"])
        # Model files of version 0.1 have no ranges, and those of early versions 0.2 others.
        if (ranges := content.get("bead_ranges")) and "frames" in ranges:
            model.bead_ranges = BeadRanges(**{key: value.numpy() for key, value in ranges.items()})
            # Raises an error if the parts do not belong together.
            model.bead_ranges.unlike(np.zeros((1, mapping.n_beads, 3)))
    except registry.UnknownPlugInError as error:
        raise InputError(f"{path}: {error}") from None
    except FileNotFoundError:
        raise InputError(f"{path}: no such model file; train the model first") from None
    except Exception as error:
        # torch, zipfile and the unpickler raise many exception types for damaged files.
        raise InputError(f"{path}: not a usable model file ({error}); delete it and train again") from None
    return model
