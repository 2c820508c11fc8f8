"""The hash follows the content of files, and large files are read only after a change."""

import os
import shutil

import pytest

from cgbench.core import content_hash as module
from cgbench.core.content_hash import SMALL, content_hash

LARGE = b"x" * (SMALL + 1)


@pytest.fixture
def files(tmp_path):
    large, small = tmp_path / "large.xtc", tmp_path / "small.pdb"
    large.write_bytes(LARGE)
    small.write_text("one")
    return [large, small]


@pytest.fixture
def read(monkeypatch):
    """Names of the files that are read, in order."""
    names = []
    original = module.sha256
    monkeypatch.setattr(module, "sha256", lambda path: names.append(path.name) or original(path))
    return names


def test_a_large_file_is_read_once(files, tmp_path, read):
    cache = tmp_path / "new" / "cache.json"
    assert content_hash(files, cache) == content_hash(files, cache)
    assert read == ["large.xtc", "small.pdb", "small.pdb"]


def test_a_touched_file_is_the_same(files, tmp_path, read):
    before = content_hash(files, tmp_path / "cache.json")
    for file in files:
        os.utime(file, (1, 1))
    assert content_hash(files, tmp_path / "cache.json") == before
    assert read.count("large.xtc") == 2


@pytest.mark.parametrize("name", ["large.xtc", "small.pdb"])
def test_a_file_replaced_by_an_older_one_of_the_same_size_is_another(files, tmp_path, name):
    before = content_hash(files, tmp_path / "cache.json")
    file = tmp_path / name
    status = file.stat()
    other = tmp_path / "other"
    other.write_bytes(file.read_bytes()[:-1] + b"y")
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    shutil.move(other, file)
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (status.st_size, status.st_mtime_ns)
    assert content_hash(files, tmp_path / "cache.json") != before


def test_order_names_and_absence_count(files, tmp_path):
    cache = tmp_path / "cache.json"
    hashes = {content_hash(files, cache), content_hash(files[::-1], cache)}
    shutil.copy(files[1], tmp_path / "renamed.pdb")
    hashes.add(content_hash([files[0], tmp_path / "renamed.pdb"], cache))
    files[1].unlink()
    hashes.add(content_hash(files, cache))
    assert len(hashes) == 4


@pytest.mark.parametrize("damage", ["{", "[]", '{"%s": 5}', '{"%s": [1, 2, 3, 4]}'])
def test_a_damaged_cache_is_made_anew(files, tmp_path, read, damage):
    cache = tmp_path / "cache.json"
    expected = content_hash(files, cache)
    intact = cache.read_text()
    cache.write_text(damage.replace("%s", str(files[0])))
    assert content_hash(files, cache) == expected
    assert cache.read_text() == intact
    assert read.count("large.xtc") == 2


def test_a_cache_that_cannot_be_written_costs_only_time(files, tmp_path, read):
    (tmp_path / "file").touch()
    cache = tmp_path / "file" / "cache.json"
    assert content_hash(files, cache) == content_hash(files, cache)
    assert read.count("large.xtc") == 2
