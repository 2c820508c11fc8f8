"""Small datasets, made of bundled frames, for tests of their sources."""

import json
import shutil
from pathlib import Path

import mdtraj
import numpy as np

from cgbench.chem.mdtraj_topology import molecule_to_mdtraj
from cgbench.core.atomic_io import sha256
from cgbench.core.registry import PlugIn

N_FRAMES = 6


def source(use, **settings):
    return PlugIn.parse("sources", "mine", use, settings, "config: datasets.mine").create()


def trajectory(frames, walker=0):
    xyz = frames.positions[frames.trajectory == walker][:N_FRAMES] / 10.0
    return mdtraj.Trajectory(xyz, molecule_to_mdtraj(frames.molecule), time=np.arange(1.0, N_FRAMES + 1))


def small_bundle(frames, directory: Path, folder: Path) -> Path:
    """Make a folder like the bundled ones: a card, a topology and two walkers of six frames."""
    folder.mkdir()
    shutil.copy(directory / "topology.pdb", folder)
    card = {"name": "small", "title": "Small", "n_atoms": 22, "files": {"topology.pdb": {}}}
    for walker in range(2):
        path = folder / f"walker-{walker}.xtc"
        trajectory(frames, walker).save(str(path))
        card["files"][path.name] = {"n_frames": N_FRAMES, "state": "folded"}
    for name, facts in card["files"].items():
        facts["sha256"] = sha256(folder / name)
    (folder / "card.json").write_text(json.dumps(card))
    return folder
