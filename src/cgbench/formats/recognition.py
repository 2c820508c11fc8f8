"""Formats of files, recognised by their content, and names under which mdtraj can read them.

mdtraj takes the format from the suffix of the name, in lower case, and its compiled readers accept ASCII
names only.
"""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from mdtraj.formats.registry import FormatRegistry

from cgbench.formats.text_corrections import CORRECTIONS, without_blank_end
from cgbench.formats.xdr_headers import TRR_MAGIC, XTC_MAGIC, XTC_MAGIC_LARGE

TOPOLOGIES = frozenset({".prmtop", ".parm7", ".prm7", ".psf"})
TEXT = TOPOLOGIES | {".pdb", ".cif", ".mmcif", ".pdbx", ".mol2", ".xyz", ".arc"}
TEXT |= {".mdcrd", ".crd", ".rst7", ".restrt", ".inpcrd"}
# Position and first bytes of a format, and its suffix in mdtraj.
SIGNATURES = (
    (0, struct.pack(">i", XTC_MAGIC), ".xtc"),
    (0, struct.pack(">i", XTC_MAGIC_LARGE), ".xtc"),
    (0, struct.pack(">i", TRR_MAGIC), ".trr"),
    (4, b"CORD", ".dcd"),
    (8, b"CORD", ".dcd"),  # with lengths of records in 64 bits
    (0, b"CDF", ".nc"),
    (0, b"\x89HDF", ".h5"),
)
# Tried only if the suffix is unknown, because the first line of many formats is a title of any content.
TEXT_SIGNATURES = (
    (0, b"ITEM: ", ".lammpstrj"),
    (0, b"%VERSION", ".prmtop"),
    (0, b"PSF", ".psf"),
    *((0, record, ".pdb") for record in (b"HEADER", b"REMARK", b"CRYST1", b"MODEL ", b"ATOM  ", b"HETATM")),
)
GZIP = b"\x1f\x8b"
CHUNK = 1 << 20  # bytes


def format_of(path: Path) -> str:
    """Suffix that a file of this content has in mdtraj, such as ``.xtc``, or its own suffix if unknown."""
    with path.open("rb") as handle:
        head = handle.read(16)
    name = Path(path.name.lower())
    suffix = "".join(name.suffixes[-2:]) if name.suffix == ".gz" else name.suffix
    if suffix == ".lh5":
        return suffix  # another format in HDF5
    if head.startswith(GZIP) and not suffix.endswith(".gz"):
        return suffix + ".gz"
    known = suffix in FormatRegistry.loaders or suffix in TOPOLOGIES
    for position, signature, found in SIGNATURES if known else SIGNATURES + TEXT_SIGNATURES:
        if head[position:].startswith(signature):
            return found
    return suffix


@contextmanager
def readable(path: Path) -> Iterator[Path]:
    """Yield a name under which mdtraj can read a file: a link, or a corrected copy of a text file."""
    suffix = format_of(path)
    with TemporaryDirectory() as folder:
        file = Path(folder) / f"file{suffix}"
        if suffix in CORRECTIONS or (suffix in TEXT and not _is_plain(path)):
            with (
                path.open(encoding="utf-8", errors="replace") as lines,
                file.open("w", encoding="ascii", errors="replace") as copy,
            ):
                copy.writelines(CORRECTIONS.get(suffix, without_blank_end)(lines))
        else:
            file.symlink_to(path.resolve())
        yield file


def _is_plain(path: Path) -> bool:
    """Whether a text file is ASCII and ends with at most one line break."""
    last = b""
    with path.open("rb") as handle:
        while chunk := handle.read(CHUNK):
            if not chunk.isascii():
                return False
            last = chunk
    return len(last) - len(last.rstrip()) <= len(b"\r\n")
