"""The contract of a backmapping method."""

import json
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray

from cgbench.chem.molecule import Molecule
from cgbench.core import registry
from cgbench.core.atomic_io import atomic_output
from cgbench.core.errors import InputError
from cgbench.core.settings import Settings as SettingsModel
from cgbench.core.training_context import TrainingContext
from cgbench.mapping.base import Mapping

__all__ = ["BackmappingMethod", "DeterministicMethod", "Positions", "TrainingContext", "load_model"]

Positions = NDArray[np.floating]


class BackmappingMethod(ABC):
    """Contract of a method: one file in ``cgbench/methods`` with one class named ``Method``.

    Arrays are numpy, in Å; results have the dtype of the argument and are computed in at least
    that precision. Frames passed to :meth:`fit` are all a method ever learns from.

    Attributes
    ----------
    Settings
        Its settings in the config (key ``methods.<name>``).
    stochastic
        Whether samples for one CG geometry differ.
    equivariance
        Under which group results turn with their input: ``"none"``, ``"SE(3)"`` (rotations and
        translations) or ``"E(3)"`` (mirror images too).
    reference
        Where it comes from.
    bound
        ``"floor"`` or ``"ceiling"`` for the control that scores are scaled between; such a method is
        shown and does not compete. None for all others.
    """

    Settings: ClassVar[type[SettingsModel]] = SettingsModel
    bound: ClassVar[Literal["floor", "ceiling"] | None] = None
    stochastic: bool
    equivariance: Literal["none", "SE(3)", "E(3)"]
    reference: ClassVar[str]

    def __init__(self, settings: SettingsModel, mapping: Mapping, molecule: Molecule) -> None:
        if mapping.n_atoms != molecule.n_atoms:
            raise InputError(f"mapping has {mapping.n_atoms} atoms, the molecule has {molecule.n_atoms}")
        self.settings = settings
        self.mapping = mapping
        self.molecule = molecule

    @property
    def name(self) -> str:
        """Name of the method's file, by which a config chooses it."""
        return type(self).__module__.rsplit(".", 1)[-1]

    @abstractmethod
    def fit(self, train: Positions, valid: Positions, context: TrainingContext) -> None:
        """Learn from training frames [n_frames, n_atoms, 3]; make every choice on validation frames."""

    @abstractmethod
    def reconstruct(self, positions: Positions) -> Positions:
        """Encode and decode frames [n_frames, n_atoms, 3], without noise.

        For a method without an encoder: backmap the beads of the frames.
        """

    def reconstruct_draw(self, positions: Positions, seed: int) -> Positions:
        """Reconstruct frames [n_frames, n_atoms, 3] from one draw of what they were encoded to.

        For a method that encodes them to one point, or not at all: without noise.
        """
        return self.reconstruct(positions)

    @abstractmethod
    def sample(self, beads: Positions, n_samples: int, seed: int) -> Positions:
        """Backmap beads [n_frames, n_beads, 3] to [n_frames, n_samples, n_atoms, 3].

        The same seed gives the same samples.
        """

    def to(self, device: str) -> Self:
        """Move what computes to ``"cpu"`` or ``"cuda"``; a method without a network has nothing to move."""
        return self

    @classmethod
    def made_of(cls, settings: SettingsModel) -> tuple[str, ...]:
        """Names of other methods that it is made of: an edit of one of them trains it anew."""
        return ()

    @classmethod
    def uses_gpu(cls) -> bool:
        """Whether a GPU is of any use: a method says so by having something to move, and :meth:`to`."""
        return cls.to is not BackmappingMethod.to

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """All that was learned: a dictionary of tensors, numbers, texts and such dictionaries."""

    @abstractmethod
    def load_state(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state` returned."""

    def n_parameters(self) -> int:
        """Count the learned numbers."""
        return _n_numbers(self.state())

    def save(self, path: Path | str) -> None:
        """Write a self-contained model file (method, settings, mapping, molecule, state), atomically."""
        content = {
            "method": self.name,
            "settings": self.settings.to_json(),
            "bead_index": torch.as_tensor(self.mapping.bead_index),
            "weights": torch.as_tensor(self.mapping.weights),
            "molecule": {
                key: value.tolist() if value.dtype.kind == "U" else torch.as_tensor(value)
                for key, value in self.molecule.to_arrays().items()
            },
            "state": self.state(),
        }
        with atomic_output(path) as temporary:
            torch.save(content, temporary)


def _n_numbers(state: dict[str, Any]) -> int:
    """Count the numbers in the tensors of a state, and of those that it is made of."""
    tensors = (value.numel() for value in state.values() if isinstance(value, torch.Tensor))
    return sum(tensors) + sum(_n_numbers(value) for value in state.values() if isinstance(value, dict))


class DeterministicMethod(BackmappingMethod):
    """A method that maps beads to one geometry; results are projected so that M x = X holds (R1)."""

    stochastic = False

    @abstractmethod
    def backmap(self, beads: Positions) -> Positions:
        """Backmap beads [n_frames, n_beads, 3] to [n_frames, n_atoms, 3]; R1 is seen to afterwards."""

    def reconstruct(self, positions: Positions) -> Positions:
        """Backmap the beads of the frames [n_frames, n_atoms, 3]."""
        beads = self.mapping.beads(positions)
        return self.mapping.project(self.backmap(beads), beads)

    def sample(self, beads: Positions, n_samples: int, seed: int) -> Positions:
        """Repeat the one geometry ``n_samples`` times: [n_frames, n_samples, n_atoms, 3]."""
        geometry = self.mapping.project(self.backmap(beads), beads)
        return np.repeat(geometry[:, None], n_samples, axis=1)


class OracleMethod(BackmappingMethod):
    """A method that is shown the frames whose beads it is to backmap: the ceiling, never a competitor."""

    bound = "ceiling"

    @abstractmethod
    def sample_frames(self, positions: Positions, n_samples: int, seed: int) -> Positions:
        """Sample for the beads of known frames [n_frames, n_atoms, 3].

        Returns [n_frames, n_samples, n_atoms, 3]; the same seed gives the same samples.
        """

    def sample(self, beads: Positions, n_samples: int, seed: int) -> Positions:
        """Refuse: beads alone are not what it works from."""
        raise InputError(
            f"{self.name}: works from the true frames, which beads alone do "
            "not tell; backmap with another method"
        )


def draw(model: BackmappingMethod, positions: Positions, n_samples: int, seed: int) -> Positions:
    """Sample for the beads of frames [n_frames, n_atoms, 3]; only an oracle is shown more than the beads."""
    if isinstance(model, OracleMethod):
        return model.sample_frames(positions, n_samples, seed)
    return model.sample(model.mapping.beads(positions), n_samples, seed)


def load_model(path: Path | str) -> BackmappingMethod:
    """Read a model file that :meth:`BackmappingMethod.save` wrote; nothing in it is executed.

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
        mapping = Mapping(content["bead_index"].numpy(), content["weights"].numpy())
        settings = method.Settings.model_validate(json.loads(content["settings"]))
        model: BackmappingMethod = method(settings, mapping, molecule)
        model.load_state(content["state"])
    except FileNotFoundError:
        raise InputError(f"{path}: no such model; train it first") from None
    except Exception as error:
        # Archive, unpickler and network have errors of their own, IndexError among them.
        raise InputError(f"{path}: not a usable model file ({error}); delete it and train again") from None
    return model
