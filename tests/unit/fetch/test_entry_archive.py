"""Predictions in an archive are downloaded, verified and unpacked as datasets are."""

import hashlib
from pathlib import Path

import pytest
from downloads import POLICY, packed

from cgbench.config.entry import Entry
from cgbench.core.errors import InputError
from cgbench.data.download.dataset import fetch
from cgbench.data.entry_files import download_of, entry_file

PLACES = {"dataset": "chignolin", "mapping": "cgae", "n_beads": 6, "fold": 1}
MEMBERS = [("p/chignolin-cgae-6/fold1.npz", b"one"), ("p/chignolin.pdb", b"names"), ("p/notes.txt", b"x")]


@pytest.fixture
def entry(server, tmp_path, monkeypatch):
    monkeypatch.setenv("CGBENCH_CACHE", str(tmp_path / "cache"))
    content = packed(tmp_path / "p.tar.gz", *MEMBERS).read_bytes()
    server.files["/p.tar.gz"] = content
    return Entry(
        path="p/{dataset}-{mapping}-{n_beads}/fold{fold}.npz",
        topology="p/{dataset}.pdb",
        tasks=("chignolin-cgae-6",),
        card="card.yaml",
        url=f"{server.url}p.tar.gz",
        sha256=hashlib.sha256(content).hexdigest(),
    )


def test_files_of_an_archive_are_found_once_it_is_fetched(entry):
    with pytest.raises(InputError, match=r"manifest-\w+\.json: no such file"):
        entry_file(entry, entry.path, **PLACES)
    fetch(download_of(entry), POLICY)
    assert entry_file(entry, entry.path, **PLACES).read_bytes() == b"one"
    assert entry_file(entry, entry.topology, **PLACES).read_bytes() == b"names"
    with pytest.raises(
        InputError, match=r"p\.tar\.gz: the archive has no p/chignolin-cgae-6/fold2\.npz; corr"
    ):
        entry_file(entry, entry.path, **PLACES | {"fold": 2})


def test_a_file_that_changed_in_the_cache_is_refused(entry):
    fetch(download_of(entry), POLICY)
    entry_file(entry, entry.path, **PLACES).write_bytes(b"other")
    with pytest.raises(InputError, match=r"fold1\.npz: missing or changed since it was fetched; remove"):
        entry_file(entry, entry.path, **PLACES)


def test_another_archive_than_the_published_one_is_refused(entry):
    with pytest.raises(InputError, match=r"sha256 .* instead of 0000"):
        fetch(download_of(entry.model_copy(update={"sha256": "0" * 64})), POLICY)


def test_a_file_on_this_machine_needs_no_download():
    entry = Entry(path="p/{n_beads}/fold{fold}.npz", tasks=("chignolin-cgae-6",), card="card.yaml")
    assert download_of(entry) is None
    assert entry_file(entry, entry.path, **PLACES) == Path("p/6/fold1.npz")
