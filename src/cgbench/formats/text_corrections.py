"""Lines of text files without what stops mdtraj's readers."""

import re
from collections.abc import Callable, Iterable, Iterator

import mdtraj

from cgbench.core.errors import InputError

# GROMACS writes the time into the title of a GRO frame, in which t= may also be the end of another word.
GRO_TIME = re.compile(r"\bt= *(\d+(?:\.\d*)?(?:e[+-]?\d+)?)", re.IGNORECASE)
# Number, segment and residue of an atom in a PSF file, where 52A is residue 52 with insertion code A.
PSF_INSERTION = re.compile(r"( *\d+ +\S+ +\d+)([A-Za-z]) ")
# 52A becomes 52_000_000_065 until the file is read, so that it is not the same residue as 52.
INSERTION = 10**9


def gro_lines(lines: Iterable[str]) -> Iterator[str]:
    """Lines of a GRO file with plain titles, atoms numbered from 1, and a box in every frame.

    Raises
    ------
    InputError
        If a frame is incomplete or a number is missing, naming the line.
    """
    numbered = enumerate(lines, start=1)
    for row, title in numbered:
        _, count = next(numbered, (row, ""))
        if not title.strip() and not count.strip():
            continue  # blank lines at the end
        if not count.strip().isdigit():
            raise InputError(
                f"line {row + 1} should be the number of atoms, not {count.strip()!r}; correct the file"
            )
        time = GRO_TIME.findall(title)
        yield f"t= {float(time[-1]):.6f}\n" if time else "\n"
        yield count
        for atom in range(int(count)):
            row, line = next(numbered, (row, ""))
            if not line:
                raise InputError(f"the last frame has {atom} of {count.strip()} atoms; write the file again")
            if not line[:5].strip().removeprefix("-").isdigit():
                raise InputError(
                    f"line {row}: {line[:5]!r} is no number of a residue; renumber residues (gmx editconf)"
                )
            # mdtraj numbers atoms itself; programs write ***** for numbers of more than five digits.
            yield f"{line[:15]}{(atom + 1) % 100000:5d}{line[20:]}"
        _, box = next(numbered, (row, ""))
        yield box if box.strip() else "0 0 0\n"


def psf_lines(lines: Iterable[str]) -> Iterator[str]:
    """Lines of a PSF file with insertion codes as part of residue numbers."""
    for line in lines:
        found = PSF_INSERTION.match(line)
        yield f"{found[1]}{ord(found[2]):09d}{line[found.end(2) :]}" if found else line


def restore_psf_residues(topology: mdtraj.Topology) -> None:
    """Remove the insertion codes from the residue numbers of a topology."""
    for residue in topology.residues:
        if residue.resSeq >= INSERTION:
            residue.resSeq //= INSERTION


def without_blank_end(lines: Iterable[str]) -> Iterator[str]:
    """Lines without blank ones at the end, which mdtraj takes for an incomplete frame."""
    blank: list[str] = []
    for line in lines:
        if line.strip():
            yield from blank
            blank.clear()
            yield line
        else:
            blank.append(line)


CORRECTIONS: dict[str, Callable[[Iterable[str]], Iterator[str]]] = {".gro": gro_lines, ".psf": psf_lines}
