"""Trajectories in a folder with a card: bundled with the project, or made by its ``simulate`` rule."""

from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from cgbench.chem.frames import Frames
from cgbench.chem.topology_io import read_topology
from cgbench.chem.trajectory_io import load_trajectory
from cgbench.core.atomic_io import read_json, sha256
from cgbench.core.errors import InputError
from cgbench.core.joining import joined
from cgbench.core.settings import InputPath, Settings, or_in_checkout
from cgbench.core.wording import counted
from cgbench.data.sources.base import DatasetSource

CARD = "card.json"
TOPOLOGY = "topology.pdb"


class BundledSettings(Settings):
    """Folder of the trajectories.

    Attributes
    ----------
    directory
        Folder with ``card.json``, ``topology.pdb`` and one XTC file per walker. A relative path that does
        not exist is relative to the checkout of cgbench.
    stride
        Use every ``stride``-th frame.
    """

    directory: InputPath
    stride: Annotated[int, Field(ge=1)] = 1


class Source(DatasetSource):
    """Read a folder of trajectories after comparing the SHA-256 of every file with the card."""

    Settings = BundledSettings
    settings: BundledSettings

    def input_files(self) -> list[str]:
        """List the card alone, which names all other files with their checksums and may be made later."""
        return [str(self._folder() / CARD)]

    def read(self) -> tuple[Frames, dict[str, Any]]:
        """Read all files; each walker is one trajectory."""
        folder, stride = self._folder(), self.settings.stride
        card = _read_card(folder / CARD)
        for name, entry in card["files"].items():
            _verify(folder / name, entry["sha256"])
        molecule = read_topology(folder / TOPOLOGY)
        if molecule.n_atoms != card["n_atoms"]:
            raise InputError(
                f"{folder / CARD}: n_atoms is {card['n_atoms']}, but {TOPOLOGY} has {molecule.n_atoms}; "
                "restore the card that belongs to the folder"
            )
        walkers = {name: entry for name, entry in card["files"].items() if name != TOPOLOGY}
        positions, times = [], []
        for name, entry in walkers.items():
            # The checksum has been verified.
            walker = load_trajectory(folder / name, folder / TOPOLOGY, isolated=False)
            n_frames = len(walker.positions)
            if n_frames != entry["n_frames"]:
                raise InputError(
                    f"{folder / name}: {counted(n_frames, 'frame')}, but {CARD} states {entry['n_frames']}; "
                    "restore the file (git checkout) or simulate the folder again"
                )
            # A view would hold all frames.
            positions.append(np.ascontiguousarray(walker.positions[::stride]))
            times.append(walker.time[::stride])
        trajectories = [
            {"file": name} | ({"state": entry["state"]} if "state" in entry else {})
            for name, entry in walkers.items()
        ]
        frames = Frames(
            positions=joined(positions),
            trajectory=np.repeat(np.arange(len(walkers)), [len(part) for part in times]),
            time=np.concatenate(times),
            molecule=molecule,
        )
        return frames, card | {"stride": stride, "trajectories": trajectories}

    def _folder(self) -> Path:
        return or_in_checkout(self.settings.directory)


def _read_card(path: Path) -> dict[str, Any]:
    card = read_json(path)
    try:
        files = dict(card["files"])
        usable = "n_atoms" in card and TOPOLOGY in files and len(files) > 1
        for name, entry in files.items():
            usable &= "sha256" in entry and (name == TOPOLOGY or "n_frames" in entry)
    except (KeyError, TypeError, ValueError):
        usable = False
    if not usable:
        raise InputError(
            f"{path}: a card needs n_atoms and files with {TOPOLOGY} and at least one trajectory, each with "
            "sha256 and each trajectory with n_frames; restore it, or use `source: files` for other data"
        )
    return dict(card)


def _verify(path: Path, expected: str) -> None:
    if not path.is_file():
        raise InputError(
            f"{path}: no such file, though {CARD} names it; restore it (git checkout) or simulate the "
            "folder again"
        )
    actual = sha256(path)
    if actual != expected:
        raise InputError(
            f"{path}: SHA-256 is {actual}, but {path.parent / CARD} states {expected}; the file is "
            "damaged or was replaced; restore it (git checkout) or simulate the folder again"
        )
