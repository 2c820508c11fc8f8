"""Datasets that are downloaded: fetched by the command, read by the source, refused if they changed."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from downloads import POLICY, packed
from typer.testing import CliRunner

from cgbench.cli.main import app
from cgbench.config.loader import Config
from cgbench.core.errors import InputError
from cgbench.core.registry import PlugIn
from cgbench.data.download.dataset import fetch

ROOT = Path(__file__).parents[3]


def source(**settings):
    return PlugIn.parse("sources", "mine", "download", settings, "config: datasets.mine")


@pytest.fixture
def published(server, alanine_directory, tmp_path):
    """Settings of two trajectories and a topology, loose on the server."""
    names = ["topology.pdb", "walker-0.xtc", "walker-1.xtc"]
    server.files |= {f"/{name}": (alanine_directory / name).read_bytes() for name in names}
    return {
        "urls": [server.url],
        "files": {name: {"sha256": hashlib.sha256(server.files[f"/{name}"]).hexdigest()} for name in names},
        "topology": "topology.pdb",
        "trajectories": ["walker-*.xtc"],
        "stride": 1000,
        "cache": str(tmp_path / "shared cache"),
    }


def test_settings_for_reading_do_not_change_the_download(published):
    one, other = source(**published), source(**published | {"stride": 10, "title": "Mine"})
    assert one.settings.fetched == other.settings.fetched
    assert one.settings.fetched.manifest == one.settings.manifest
    archive = {"files": {"a.tar": {}}, "members": ["x"], "topology": "x", "trajectories": ["x"]}
    assert source(**published | archive).settings.fetched.members == ("x",)


def test_the_verb_fetches_what_the_source_reads(published, server):
    plug_in = source(**published)
    done = CliRunner().invoke(app, ["fetch", "--source", plug_in.to_json()])
    assert done.exit_code == 0, done.output
    reader = plug_in.create()
    assert reader.input_files() == [done.stdout.strip()]
    frames, card = reader.read()
    assert frames.positions.shape == (20, 22, 3)
    assert card["trajectories"] == [{"file": "walker-0.xtc"}, {"file": "walker-1.xtc"}]
    assert card["downloads"] == published["files"]
    assert {path for path, _ in server.requests} == {f"/{name}" for name in published["files"]}


@pytest.mark.slow
def test_an_archive_gives_the_same_frames(published, server, tmp_path):
    loose = source(**published)
    fetch(loose.settings, POLICY)
    names = list(published["files"])
    tarball = packed(tmp_path / "all.tar.gz", *((f"in/{name}", server.files[f"/{name}"]) for name in names))
    server.files["/all.tar.gz"] = tarball.read_bytes()
    archive = source(
        **published
        | {
            "files": {"all.tar.gz": {}},
            "members": ["in/topology.pdb", "in/walker-*.xtc"],
            "topology": "in/topology.pdb",
            "trajectories": ["in/walker-*.xtc"],
        }
    )
    with pytest.warns(UserWarning, match="no checksum is published"):
        fetch(archive.settings, POLICY)
    ours, theirs = (plug_in.create().read()[0] for plug_in in (archive, loose))
    np.testing.assert_array_equal(ours.positions, theirs.positions)


def archives(server, tmp_path, published, **members):
    """Settings of archives, each with files of the dataset under names in it."""
    for name, inside in members.items():
        content = [(there, server.files[f"/{file}"]) for there, file in inside.items()]
        server.files[f"/{name}.tar.gz"] = packed(tmp_path / f"{name}.tar.gz", *content).read_bytes()
    facts = {
        f"{name}.tar.gz": {"sha256": hashlib.sha256(server.files[f"/{name}.tar.gz"]).hexdigest()}
        for name in members
    }
    return published | {"files": facts, "members": ["topology.pdb", "*.xtc"], "trajectories": ["*.xtc"]}


@pytest.mark.slow
def test_archives_share_the_members_of_a_dataset(published, server, tmp_path):
    one, two = {"topology.pdb": "topology.pdb", "a.xtc": "walker-0.xtc"}, {"b.xtc": "walker-1.xtc"}
    settings = archives(server, tmp_path, published, one=one, two=two)
    plug_in = source(**settings)
    fetch(plug_in.settings, POLICY)
    assert len(np.unique(plug_in.create().read()[0].trajectory)) == 2
    with pytest.raises(InputError, match=r"one\.tar\.gz, .*two\.tar\.gz: no member fits '\*\.dcd'"):
        fetch(source(**settings | {"members": ["topology.pdb", "*.xtc", "*.dcd"]}).settings, POLICY)


def test_members_of_one_name_in_two_archives_are_refused(published, server, tmp_path):
    """One would replace the other."""
    one, two = {"topology.pdb": "topology.pdb", "a.xtc": "walker-0.xtc"}, {"a.xtc": "walker-1.xtc"}
    settings = archives(server, tmp_path, published, one=one, two=two)
    with pytest.raises(InputError, match=r"two\.tar\.gz: a\.xtc is in another archive of the dataset too"):
        fetch(source(**settings).settings, POLICY)


def test_what_changed_after_the_download_is_not_read(published, tmp_path):
    plug_in = source(**published)
    with pytest.raises(InputError, match="not fetched yet; run `cgbench fetch`"):
        plug_in.create().read()
    folder = fetch(plug_in.settings, POLICY).parent
    (folder / "walker-0.xtc").write_bytes(b"other")
    with pytest.raises(InputError, match=r"walker-0\.xtc: missing or changed since it was fetched"):
        plug_in.create().read()
    fetch(plug_in.settings, POLICY)
    plug_in.create().read()


def test_the_cache_is_chosen_by_setting_environment_and_home(published, tmp_path, monkeypatch):
    monkeypatch.setenv("CGBENCH_CACHE", str(tmp_path / "environment"))
    assert source(**published).settings.folder.is_relative_to(published["cache"])
    published["cache"] = None
    assert source(**published).settings.folder.is_relative_to(tmp_path / "environment")
    monkeypatch.delenv("CGBENCH_CACHE")
    assert source(**published).settings.folder.is_relative_to(Path.home() / ".cache/cgbench")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"urls": ["ftp://host/"]}, "urls"),
        ({"urls": ["http://host/no-slash"]}, "urls"),
        ({"urls": []}, "urls"),
        ({"files": {"../up.pdb": {}}}, "files"),
        ({"files": {"topology.pdb": {"md5": "abc"}}}, "md5"),
        ({"topology": "other.pdb"}, "'other.pdb' is not among `files`"),
    ],
)
def test_wrong_settings_are_refused(published, change, said):
    with pytest.raises(InputError, match=said):
        source(**published | change)


def test_shipped_entries_agree_with_the_catalogue(shared_data):
    catalogue = yaml.safe_load((shared_data / "mdshare/mdshare-catalogue.yaml").read_text())["index"]
    names = [ROOT / "config" / name for name in ("config.yaml", "simulations.yaml", "paper.yaml")]
    datasets = Config.load(*names).datasets
    for name, count in (("alanine_dipeptide_explicit", 4), ("pentapeptide", 26)):
        files = json.loads(datasets[name].to_json())["settings"]["files"]
        assert len(files) == count
        for file, facts in files.items():
            assert (facts["bytes"], facts["md5"]) == (catalogue[file]["size"], catalogue[file]["hash"])
