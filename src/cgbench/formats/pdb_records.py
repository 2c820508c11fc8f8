"""Records of PDB files that mdtraj drops without a message: atoms with equal names, and unit cells.

mdtraj keeps one of several atoms of a residue that have the same name and different characters in the
column of alternate locations (column 17), and the last of several unit cells.
"""

from pathlib import Path
from typing import NamedTuple

from mdtraj.utils import open_maybe_zipped

from cgbench.core.errors import InputError

CELL_COLUMNS = ((6, 15), (15, 24), (24, 33), (33, 40), (40, 47), (47, 54))
# Occupancies of the alternate locations of an atom add up to 1, but for rounding.
MAX_OCCUPANCY = 1.015
NAMED_AT_MOST = 5

Locations = dict[str, str]  # records of one atom, by the character in column 17


class PdbRecords(NamedTuple):
    """What a PDB file holds.

    Attributes
    ----------
    n_records, n_atoms
        Atoms of the first model: number of records, and number without further alternate locations.
    cells
        Lengths (Å) and angles (degrees) of every unit cell in the file.
    """

    n_records: int
    n_atoms: int
    cells: list[list[float]]


def read_records(file: Path) -> PdbRecords:
    """Read the atoms of the first model and all unit cells, of a file that may be compressed.

    Raises
    ------
    InputError
        If atoms with one name are not alternate locations, because their occupancies do not add up to at
        most 1. They are different atoms if a name begins one column late, so that it ends in column 17.
    """
    atoms: list[Locations] = []
    cells: list[list[float]] = []
    residue, residue_name, n_records, in_first_model = "", "", 0, True
    named: dict[str, Locations] = {}  # atoms of the residue
    with open_maybe_zipped(str(file), "r") as lines:
        for line in lines:
            if line.startswith("CRYST1"):
                cells.append([float(line[start:end]) for start, end in CELL_COLUMNS])
            elif not in_first_model:
                continue
            elif line.startswith(("ATOM", "HETATM")):
                n_records += 1
                name, location = line[12:16], line[16:17]
                if line[21:27] != residue or (location == " " and line[17:21] != residue_name):
                    residue, residue_name, named = line[21:27], line[17:21], {}
                if name not in named or location in named[name]:
                    named[name] = {}
                    atoms.append(named[name])
                named[name][location] = line
            elif line.startswith("TER"):
                residue = ""
            elif n_records and line.startswith(("END", "MODEL")):
                in_first_model = False
    _require_alternate_locations(atoms)
    return PdbRecords(n_records, len(atoms), cells)


def require_all_atoms(file: Path, n_atoms: int) -> None:
    """Refuse a file of which mdtraj reads ``n_atoms``, fewer than it holds.

    Raises
    ------
    InputError
        If the numbers differ, or as :func:`read_records`.
    """
    records = read_records(file)
    if records.n_atoms != n_atoms:
        raise InputError(
            f"the first model has {records.n_records} records ATOM and HETATM, but mdtraj reads {n_atoms} "
            "of them; correct the others: first word in columns 1 to 6, serial number in columns 7 to 11"
        )


def _require_alternate_locations(atoms: list[Locations]) -> None:
    wrong = [line for locations in atoms if not _are_alternate(locations) for line in locations.values()]
    if wrong:
        names = [f"{line[12:17].strip()} of {line[17:20].strip()} {line[22:26].strip()}" for line in wrong]
        more = f" and {len(names) - NAMED_AT_MOST} more" if len(names) > NAMED_AT_MOST else ""
        raise InputError(
            f"column 17 is not empty for {', '.join(names[:NAMED_AT_MOST])}{more}; it is that of alternate "
            "locations, but their occupancies do not add up to 1; move names of four characters to columns "
            "13 to 16, shorten longer names, or keep one location of each atom"
        )


def _are_alternate(locations: Locations) -> bool:
    """Whether the records of one atom may be its alternate locations."""
    labels = "".join(locations).strip()
    if not labels:
        return True
    occupancy = sum(_occupancy(line) for line in locations.values())
    if len(locations) > 1:
        return 0 < occupancy <= MAX_OCCUPANCY
    return not labels.isdigit() or 0 < occupancy < 1


def _occupancy(line: str) -> float:
    try:
        return float(line[54:60])
    except ValueError:
        return 1.0
