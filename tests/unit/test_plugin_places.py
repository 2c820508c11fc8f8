"""Plug-ins from outside: folders and installed packages that the configuration names."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cgbench.chem.frames import Frames
from cgbench.config.json_schema import json_schema
from cgbench.config.loader import Config
from cgbench.core import plugin_places, registry
from cgbench.core.code_dependencies import code_hash, plugin_files
from cgbench.core.errors import InputError
from cgbench.core.registry import PlugIn
from cgbench.core.training_context import TrainingContext
from cgbench.mapping.base import Mapping
from cgbench.methods.base import load_model
from plugin_helpers import METHOD, OFFSETS, install, plug_ins, write

CONFIG: dict[str, Any] = {
    "datasets": {"mine": {"source": "halved", "directory": "bundled"}},
    "mappings": {"equal": None},
    "methods": {
        "offset": {"scale": 2.0},
        "offset_refined": {"use": "refined", "of": "offset"},
        "linear": None,
    },
    "run": {
        "datasets": ["mine"],
        "mappings": ["equal"],
        "methods": ["offset", "linear"],
        "resolutions": {"mine": [3]},
    },
}


@pytest.fixture(autouse=True)
def _none_chosen(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(plugin_places, "_chosen", [])
    monkeypatch.delenv(plugin_places.VARIABLE, raising=False)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    return plug_ins(tmp_path / "mine")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder of installed packages, with one whose method imports from its own package."""
    site = tmp_path / "site"
    package = f"offsets_{tmp_path.name}"
    absolute = METHOD.replace("from ._offsets", f"from {package}.parts._offsets")
    files = {
        "__init__": "ORIGIN = 1\n",
        "models/__init__": "",
        "models/shifted": absolute,
        "parts/_offsets": OFFSETS + "\nfrom . import unit\n",
        "parts/unit": "ANGSTROM = 1\n",
        "other": "UNUSED = 1\n",
    }
    write(site / package, files)
    install(site, "offsets-of-atoms", f"[cgbench.methods]\nshifted = {package}.models.shifted\n")
    monkeypatch.syspath_prepend(site)
    return site / package


def test_a_folder_has_plug_ins_of_every_kind(mine: Path, alanine_directory: Path) -> None:
    config = Config.from_dict(CONFIG | {"plugins": [str(mine)]})
    settings = {"directory": str(alanine_directory), "stride": 1000}
    halves, whole = (
        PlugIn.parse("sources", "mine", use, settings, "test").create().read()[0]
        for use in ("halved", "bundled")
    )
    np.testing.assert_array_equal(halves.positions, whole.positions[::2])
    assert config.methods["offset"].settings.scale == 2.0  # type: ignore[attr-defined]
    outside = {kind: registry.names_outside(kind) for kind in registry.KINDS}
    assert outside == {
        "sources": ["halved"],
        "mapping": ["equal"],
        "methods": ["offset"],
        "metrics": ["mean_deviation", "worst_deviation"],
    }, "helpers are no plug-ins"
    assert {"mean_deviation", "rmsd_recon"} <= set(config.run.metrics), "all metrics are the default"
    assert registry.source_file("metrics", "worst_deviation") == mine / "metrics/deviations.py"


def test_the_schema_has_their_settings(mine: Path) -> None:
    plugin_places.choose([str(mine)])
    schema = json_schema()
    assert schema["$defs"]["OffsetSettings"]["properties"]["scale"]["description"] == "Factor of the offsets."
    assert "offset" in schema["properties"]["methods"]["properties"]


def test_their_settings_are_checked(mine: Path) -> None:
    wrong = CONFIG | {"plugins": [str(mine)], "methods": {"offset": {"size": 2}, "linear": None}}
    with pytest.raises(InputError, match=r"methods\.offset: unknown key 'size' .*; known keys: scale"):
        Config.from_dict(wrong)


def test_the_next_configuration_has_none_of_them(mine: Path) -> None:
    Config.from_dict(CONFIG | {"plugins": [str(mine)]})
    with pytest.raises(InputError, match=r"datasets\.mine\.source is 'halved', .* or in `plugins`; known"):
        Config.from_dict(CONFIG)


def test_the_variable_names_them_for_jobs(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(mine.parent)
    monkeypatch.setenv(plugin_places.VARIABLE, f"mine:{mine}")
    assert plugin_places.chosen() == [str(mine)]
    assert registry.names_outside("mapping") == ["equal"]


def test_a_package_declares_them_as_entry_points(site: Path) -> None:
    plugin_places.choose(["offsets-of-atoms"])
    assert registry.names_outside("methods") == ["shifted"]
    assert registry.load("methods", "shifted").Settings().scale == 1.0
    assert registry.source_file("methods", "shifted") == site / "models/shifted.py"


def test_a_name_that_is_taken_is_refused_with_both_files(mine: Path, site: Path) -> None:
    write(mine, {"methods/shifted": METHOD, "methods/linear": METHOD})
    plugin_places.choose([str(mine)])
    with pytest.raises(
        InputError, match=r"mine/methods/linear\.py: .*cgbench/methods/linear\.py already defines 'linear'"
    ):
        registry.names("methods")
    (mine / "methods/linear.py").unlink()
    plugin_places.choose([str(mine), "offsets-of-atoms"])
    with pytest.raises(
        InputError, match=r"models/shifted\.py: .*mine/methods/shifted\.py already defines 'shifted'; rename"
    ):
        registry.load("methods", "linear")


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("absent", r"absent: neither a folder nor an installed package; correct the path, or install"),
        ("empty", r"empty: a folder without plug-ins; put their files into methods/, mappings/, metrics/"),
        (
            "numpy",
            r"numpy: an installed package without plug-ins; declare entry points in .*cgbench\.methods",
        ),
        ("a:b", r"a:b: CGBENCH_PLUGINS is split at ':'; rename the folder"),
        ("misnamed", r"misnamed/metric: no folder of plug-ins; rename it to metrics/"),
        (3, r"has value 3: Input should be a valid string"),
    ],
)
def test_a_place_without_plug_ins_is_refused(
    place: Any, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "a:b/methods").mkdir(parents=True)
    (tmp_path / "misnamed/methods").mkdir(parents=True)
    (tmp_path / "misnamed/metric").mkdir()
    (tmp_path / "misnamed/metric/helix.py").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=rf"(?s)config: key 'plugins.*{message}"):
        Config.from_dict(CONFIG | {"plugins": [place]})


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"methods/offset": "X = 1\n"}, r"mine/methods/offset\.py: defines no class Method; add it"),
        (
            {"methods/offset": "import nought\n"},
            r"mine/methods/offset\.py: line 1: cannot be imported .*nought",
        ),
        ({"methods/offset": "def f(:\n"}, r"mine/methods/offset\.py: cannot be imported \(SyntaxError"),
        ({"methods/_offsets": "1 / 0\n"}, r"methods/offset\.py: line 6: cannot be imported \(ZeroDiv"),
        ({"methods/offset": "class Method: ...\n"}, r"no base class of cgbench\.methods\.base; derive it"),
        ({"metrics/one": "class Metric: ...\n"}, r"mine/metrics/one\.py: the class of 'one' has no base"),
        ({"metrics/one": "import nought\n"}, r"mine/metrics/one\.py: line 1: cannot be imported"),
        ({"metrics/one": "METRICS = {x: 1}\n"}, r"mine/metrics/one\.py: cannot be read"),
        ({"mappings/equal": ""}, r"mine/mappings/equal\.py: defines no class Generator; add it"),
        ({"sources/halved": ""}, r"mine/sources/halved\.py: defines no class Source; add it"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(files: dict[str, str], message: str, mine: Path) -> None:
    write(mine, files)
    with pytest.raises(InputError, match=message):
        Config.from_dict(CONFIG | {"plugins": [str(mine)]})


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            "shifted = absent_module.x",
            r"'shifted' names the module 'absent_module\.x', .*ModuleNotFoundError",
        ),
        ("shifted = {package}.absent", r"there is no such Python file.*; correct the entry point"),
        ("moved = {package}.models.shifted", r"its entry point is 'moved', but its key is shifted; give"),
    ],
)
def test_a_wrong_entry_point_is_named(entry: str, message: str, site: Path) -> None:
    install(site.parent, "wrong", f"[cgbench.methods]\n{entry.format(package=site.name)}\n")
    plugin_places.choose(["wrong"])
    with pytest.raises(InputError, match=message):
        registry.names("methods")


def _of(kind: str, name: str, folder: Path) -> set[str]:
    """Files outside of this package on which a plug-in depends."""
    files = plugin_files(kind, name)
    return {str(path.relative_to(folder)) for path in files if path.is_relative_to(folder)}


def test_an_edit_concerns_what_imports_the_file(mine: Path) -> None:
    plugin_places.choose([str(mine)])
    assert _of("methods", "offset", mine) == {"methods/offset.py", "methods/_offsets.py"}
    assert _of("mapping", "equal", mine) == {"mappings/equal.py"}
    assert _of("metrics", "mean_deviation", mine) == {"metrics/deviations.py"}
    assert _of("methods", "linear", mine) == set()


def test_an_edit_of_a_package_concerns_what_imports_the_file(site: Path) -> None:
    plugin_places.choose(["offsets-of-atoms"])
    code = {"models/__init__.py", "models/shifted.py", "parts/_offsets.py", "parts/unit.py"}
    assert _of("methods", "shifted", site) == {"__init__.py", *code}


def test_what_wraps_a_method_depends_on_it(mine: Path) -> None:
    """The workflow hashes all that a method is made of."""
    config = Config.from_dict(CONFIG | {"plugins": [str(mine)]})
    refined = config.methods["offset_refined"]
    made_of = registry.load("methods", refined.use).made_of(refined.settings)
    assert made_of == ("offset",)
    assert mine / "methods/_offsets.py" in plugin_files("methods", refined.use, *made_of)


def test_only_code_counts(mine: Path, tmp_path: Path) -> None:
    same, other = plug_ins(tmp_path / "same"), plug_ins(tmp_path / "other")
    write(same, {"methods/_offsets": f"# a comment\n{OFFSETS}"})
    write(other, {"methods/_offsets": OFFSETS.replace("mean(", "max(")})
    hashes = []
    for folder in (mine, same, other):
        plugin_places.choose([str(folder)])
        hashes.append(code_hash(plugin_files("methods", "offset")))
    assert hashes[0] == hashes[1] != hashes[2]


def test_a_model_is_stored_and_its_plug_in_needed(
    mine: Path, alanine_frames: Frames, three_beads: Mapping, tmp_path: Path
) -> None:
    plugin_places.choose([str(mine)])
    plug_in = PlugIn.from_json("methods", '{"use": "offset"}')
    model = plug_in.create(three_beads, alanine_frames.molecule)
    model.fit(alanine_frames.positions[:20], alanine_frames.positions[20:25], TrainingContext(1))
    model.save(tmp_path / "model.pt")
    assert load_model(tmp_path / "model.pt").name == "offset"
    card = model.card("nothing")
    assert (card.code, card.licence) == ("not stated", "not stated"), "it is no code of this project"
    plugin_places.choose([])
    with pytest.raises(InputError, match=r"model\.pt: no methods plug-in 'offset'; .* or in CGBENCH_PLUGINS"):
        load_model(tmp_path / "model.pt")
