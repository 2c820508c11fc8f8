"""Arrays in ``.npz`` files that are mapped into memory, so that only what is used of them is read."""

import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from cgbench.core.safe_io import require

# Bytes of a member's header before its name, and where in it the lengths of name and extra field are (PKWARE,
# APPNOTE.TXT, 4.3.7).
HEADER, LENGTHS = 30, 26


def map_array(path: Path | str, name: str, dtype: DTypeLike) -> NDArray[Any] | None:
    """Map an array of a file that :func:`numpy.savez` wrote; it cannot be changed.

    Its values are not held against the checksum of the archive; :func:`require_undamaged` does that.

    Returns
    -------
    array
        None if the array has another type, or is compressed or stored in another way, so that it has to be
        read.

    Raises
    ------
    Exception
        Of several types, if the archive is damaged or has no such array.
    """
    with Path(path).open("rb") as handle, zipfile.ZipFile(handle) as archive:
        info = archive.getinfo(f"{name}.npy")
        with archive.open(info) as member:
            if np.lib.format.read_magic(member) != (1, 0):
                return None
            shape, column_major, stored = np.lib.format.read_array_header_1_0(member)
            n_before = member.tell()
        handle.seek(info.header_offset + LENGTHS)
        start = info.header_offset + HEADER + sum(struct.unpack("<2H", handle.read(4))) + n_before
    n_bytes = stored.itemsize * np.prod(shape, dtype=object)
    # numpy compares the checksum of an array only if this fills its part of the archive.
    require(info.file_size == n_before + n_bytes, f"{info.file_size - n_before} bytes of {name}")
    if stored != dtype or column_major or info.compress_type != zipfile.ZIP_STORED or not n_bytes:
        return None
    return np.asarray(np.memmap(path, dtype, "r", start, shape))


def require_undamaged(path: Path | str) -> None:
    """Read an archive once, and hold every array against its checksum.

    Raises
    ------
    ValueError
        If one differs; the caller adds the name of the file.
    """
    with zipfile.ZipFile(path) as archive:
        damaged = archive.testzip()
    require(damaged is None, f"the stored checksum of {damaged}")
