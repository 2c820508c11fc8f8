"""Trajectories that come with the project, or that its ``simulate`` rule has made: a folder with a card."""

from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from cgbench.chem.frames import Frames
from cgbench.chem.trajectory_io import load_trajectory, read_topology
from cgbench.core.atomic_io import read_json, sha256
from cgbench.core.errors import InputError
from cgbench.core.settings import Settings
from cgbench.data.sources.base import DatasetSource

CARD = "card.json"
TOPOLOGY = "topology.pdb"


class BundledSettings(Settings):
    """Where the folder is.

    Attributes
    ----------
    directory
        Holds ``card.json``, ``topology.pdb`` and one XTC per independent walker.
    stride
        Keep every ``stride``-th frame.
    """

    directory: str
    stride: Annotated[int, Field(ge=1)] = 1


class Source(DatasetSource):
    """Read a folder whose card states the SHA-256 of every file; nothing else is believed."""

    Settings = BundledSettings
    settings: BundledSettings

    def input_files(self) -> list[str]:
        """List the card alone, which may have yet to be made: it changes with every file that it names."""
        return [str(Path(self.settings.directory) / CARD)]

    def read(self) -> tuple[Frames, dict[str, Any]]:
        """Check every file against the card, then read them; each walker is one trajectory."""
        card = self._card()
        folder = Path(self.settings.directory)
        for name, facts in card["files"].items():
            _verify(folder / name, facts["sha256"])
        molecule = read_topology(folder / TOPOLOGY)
        if molecule.n_atoms != card["n_atoms"]:
            raise InputError(
                f"{folder / CARD}: n_atoms is {card['n_atoms']}, but {TOPOLOGY} has {molecule.n_atoms}; "
                "restore the card that belongs to the folder"
            )
        walkers = {name: facts for name, facts in card["files"].items() if name != TOPOLOGY}
        stride = self.settings.stride
        positions, times = [], []
        for name, facts in walkers.items():
            raw = load_trajectory(folder / name, folder / TOPOLOGY)
            if len(raw.positions) != facts["n_frames"]:
                raise InputError(
                    f"{folder / name}: {len(raw.positions)} frames, but {CARD} promises {facts['n_frames']}; "
                    "fetch or simulate the folder again"
                )
            positions.append(raw.positions[::stride])
            times.append(raw.time[::stride])
        trajectories = [
            {"file": name, **{key: facts[key] for key in ("state",) if key in facts}}
            for name, facts in walkers.items()
        ]
        frames = Frames(
            positions=np.concatenate(positions),
            trajectory=np.repeat(np.arange(len(walkers)), [len(part) for part in positions]),
            time=np.concatenate(times),
            molecule=molecule,
        )
        return frames, card | {"stride": stride, "trajectories": trajectories}

    def _card(self) -> dict[str, Any]:
        path = Path(self.settings.directory) / CARD
        card = read_json(path)
        try:
            names = list(card["files"])
            complete = all(
                "sha256" in facts and (name == TOPOLOGY or "n_frames" in facts)
                for name, facts in card["files"].items()
            )
            usable = "n_atoms" in card and TOPOLOGY in names and len(names) > 1 and complete
        except (KeyError, TypeError, AttributeError):
            usable = False
        if not usable:
            raise InputError(
                f"{path}: a card needs n_atoms and files with {TOPOLOGY} and at least one trajectory, each "
                "with sha256 and each trajectory with n_frames; restore it; other data go by "
                "`source: files`"
            )
        return dict(card)


def _verify(path: Path, expected: str) -> None:
    if not path.is_file():
        raise InputError(f"{path}: no such file, though {CARD} names it; fetch or simulate the folder again")
    actual = sha256(path)
    if actual != expected:
        raise InputError(
            f"{path}: SHA-256 is {actual}, but {path.parent / CARD} promises {expected}; the file is "
            "damaged or was replaced, restore it (git checkout, or simulate it again with its card)"
        )
