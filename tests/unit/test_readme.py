"""What the README tells a newcomer to write works as written."""

import re
import types
from pathlib import Path

import numpy as np
import pytest
import yaml

from cgbench.chem.frames import Frames
from cgbench.config.loader import Config
from cgbench.core.settings import Settings
from cgbench.mapping.base import Mapping
from cgbench.methods.base import TrainingContext

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)


def module(containing: str) -> types.ModuleType:
    (source,) = [block for block in blocks("python") if containing in block]
    namespace = types.ModuleType("readme_example")
    exec(compile(source, "README.md", "exec"), namespace.__dict__)
    return namespace


def test_the_method_example_backmaps(alanine_frames: Frames, three_beads: Mapping) -> None:
    method = module("class Method").Method(Settings(), three_beads, alanine_frames.molecule)
    positions = alanine_frames.positions
    method.fit(positions[:50], positions[50:60], TrainingContext(seed=1))
    rebuilt = method.reconstruct(positions[60:70])
    np.testing.assert_allclose(three_beads.beads(rebuilt), three_beads.beads(positions[60:70]), atol=1e-4)
    again = type(method)(Settings(), three_beads, alanine_frames.molecule)
    again.load_state(method.state())
    np.testing.assert_array_equal(again.reconstruct(positions[60:70]), rebuilt)


@pytest.mark.parametrize("n_beads", [1, 5, 22])
def test_the_mapping_example_maps(n_beads: int, alanine_frames: Frames) -> None:
    generator = module("class Generator").Generator(Settings())
    assert generator.generate(alanine_frames.molecule, n_beads, seed=1).n_beads == n_beads


def test_the_dataset_example_is_a_valid_config(tmp_path: Path) -> None:
    (example,) = [block for block in blocks("yaml") if "source: files" in block]
    path = tmp_path / "mine.yaml"
    path.write_text(example)
    config = Config.load(ROOT / "config" / "config.yaml", ROOT / "config" / "simulations.yaml", path)
    assert yaml.safe_load(example)["run"]["resolutions"]["mine"] == config.run.resolutions["mine"]
    assert {cell.dataset for cell in config.run_specs()} == {"alanine_dipeptide", "mine"}


@pytest.mark.parametrize("target", re.findall(r"\]\((?!https?:)([^)#]+)\)", README))
def test_linked_files_are_in_the_repository(target: str) -> None:
    assert (ROOT / target).exists()
