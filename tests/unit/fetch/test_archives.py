"""Members of archives: selected by pattern, repaired, and refused if they lead out of the folder."""

import os
import tarfile

import pytest
from downloads import packed

from cgbench.core.errors import InputError
from cgbench.data.download.archives import unpack


def test_members_are_selected_by_pattern_and_damaged_ones_extracted_again(tmp_path):
    names = ("top/a.pdb", "top/x/1.xtc", "top/x/y/2.xtc", "b")
    archive = packed(tmp_path / "a.tar.gz", *((name, name.encode()) for name in names))
    paths = unpack(archive, ["top/a.pdb", "top/*/*.xtc"])
    assert sorted(paths) == ["top/a.pdb", "top/x/1.xtc"]
    paths["top/a.pdb"].write_text("damaged")
    assert unpack(archive, ["top/a.pdb", "top/*/*.xtc"])["top/a.pdb"].read_text() == "top/a.pdb"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("../escape.xtc", b"x", "outside the destination"),
        ("/tmp/absolute.xtc", b"x", "absolute"),
        ("link.xtc", {"type": tarfile.SYMTYPE, "linkname": "../../secret"}, "outside the destination"),
        ("link.xtc", {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}, "absolute"),
        ("hard.xtc", {"type": tarfile.LNKTYPE, "linkname": "../../secret"}, "outside the destination"),
        ("device.xtc", {"type": tarfile.CHRTYPE}, "special file"),
        ("inside.xtc", {"type": tarfile.SYMTYPE, "linkname": "good.xtc"}, "is a link"),
    ],
)
def test_an_unsafe_archive_is_refused(tmp_path, name, content, said):
    archive = packed(tmp_path / "cache.tar.gz", ("good.xtc", b"good"), (name, content))
    with pytest.raises(InputError, match=said):
        unpack(archive, ["*.xtc"])
    assert not (tmp_path.parent / "escape.xtc").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache.tar.gz"]


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: b"no archive"])
def test_a_damaged_archive_is_named(tmp_path, damage):
    archive = packed(tmp_path / "a.tar.gz", ("a.xtc", os.urandom(50_000)))
    archive.write_bytes(damage(archive.read_bytes()))
    with pytest.raises(InputError, match=r"a\.tar\.gz: not a readable tar archive"):
        unpack(archive, ["*.xtc"])


def test_an_archive_may_have_no_matching_member(tmp_path):
    """Another archive of the dataset may have one; `fetch` refuses patterns that fit no member of any."""
    assert unpack(packed(tmp_path / "a.tar", ("a.xtc", b"a")), ["*.dcd"]) == {}
