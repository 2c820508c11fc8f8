"""`cgbench check` passes neutral ends of chains, NH2 and COOH, and still finds those that lack an atom."""

import numpy as np
import pytest
from check_helpers import places

from cgbench.chem.residue_templates import match_template
from cgbench.pipeline.checks.run import check_structure

# Parts of chignolin, as first and last residue: YYDPE, with tyrosine at its beginning, and PET, with proline.
PARTS = {"TYR": (1, 5), "PRO": (4, 6)}
TYROSINE = {"N", "CA", "HA", "CB", "HB2", "HB3", "CG", "CD1", "HD1", "CD2", "HD2", "CE1", "HE1", "CE2", "HE2"}
TYROSINE |= {"CZ", "OH", "HH", "C", "O"}


def unit(vector):
    return vector / np.linalg.norm(vector)


def tilted(axis, side, degrees, turn=0.0):
    """Unit vector at an angle with an axis, towards a side, or turned from it about the axis."""
    side = unit(side - side @ axis * axis)
    turned = np.cos(np.radians(turn)) * side + np.sin(np.radians(turn)) * np.cross(axis, side)
    return np.cos(np.radians(degrees)) * axis + np.sin(np.radians(degrees)) * turned


def directions(n, ca, cd, cap):
    """Directions of hydrogens on a tetrahedral N; one of them is near that of the cap."""
    if cd is None:
        return [tilted(unit(ca - n), cap - n, 109.5, turn) for turn in (0, 120, -120)]
    ring = unit(ca - n) + unit(cd - n)
    return [tilted(-unit(ring), sign * np.cross(ca - n, cd - n), 54) for sign in (1, -1)]


@pytest.fixture
def failures(chignolin_frames, tmp_path):
    """Failures of a part of a frame of MD, with hydrogens on its first N, and atoms on its last C."""
    molecule, positions = chignolin_frames.molecule, chignolin_frames.positions[0].astype(np.float64)
    names = list(zip(molecule.residue_index.tolist(), molecule.atom_names, strict=True))
    at = dict(zip(names, positions, strict=True))
    elements = dict(zip(names, molecule.elements, strict=True))
    residues = dict(zip(molecule.residue_index.tolist(), molecule.residue_names, strict=True))

    def found(part, hydrogens, last):
        begin, end = PARTS[part]
        n, c, o = at[begin, "N"], at[end, "C"], at[end, "O"]
        ways = directions(
            n, at[begin, "CA"], at.get((begin, "CD")) if part == "PRO" else None, at[begin - 1, "C"]
        )
        atoms = {
            key: (elements[key], at[key]) for key in names if begin <= key[0] <= end and key != (begin, "H")
        }
        atoms |= {(begin, name): ("H", n + 1.01 * way) for name, way in zip(hydrogens, ways, strict=False)}
        along = unit(at[end + 1, "N"] - c)
        oxt = c + (1.34 if "HXT" in last else 1.25) * along
        ends = {"OXT": ("O", oxt), "HXT": ("H", oxt + 0.97 * tilted(-along, o - c, 107))}
        atoms |= {(end, name): ends[name] for name in last}
        path = tmp_path / "ends.pdb"
        with path.open("w") as file:
            for serial, key in enumerate(sorted(atoms, key=lambda key: key[0]), start=1):
                (number, name), (element, place) = key, atoms[key]
                padded = name if len(name) == 4 else f" {name:<3s}"
                numbers = "".join(f"{value:8.3f}" for value in place)
                file.write(
                    f"ATOM  {serial:5d} {padded} {residues[number]} A{number:4d}    {numbers}"
                    f"  1.00  0.00          {element:>2s}\n"
                )
            file.write("END\n")
        return places(check_structure(path))

    return found


@pytest.mark.parametrize("last", [("OXT",), ("OXT", "HXT")])
@pytest.mark.parametrize(
    ("part", "hydrogens"),
    [
        ("TYR", ("H", "H2", "H3")),
        ("TYR", ("H", "H2")),
        ("TYR", ("H1", "H2")),
        ("PRO", ("H2", "H3")),
        ("PRO", ("H",)),
    ],
)
def test_charged_and_neutral_ends_pass(failures, part, hydrogens, last) -> None:
    assert failures(part, hydrogens, last) == {}


def test_ends_that_lack_an_atom(failures) -> None:
    assert failures("TYR", ("H",), ("OXT", "HXT"))["termini"] == [
        "TYR1 ends a chain: N has 1 of 2 hydrogens, no cap"
    ]
    assert failures("PRO", (), ("OXT",))["termini"] == ["PRO4 ends a chain: N has 0 of 1 hydrogens, no cap"]
    assert failures("TYR", ("H", "H2"), ()) == {
        "termini": ["GLU5 ends a chain: C has 1 of 2 oxygens, no cap"]
    }


def test_a_hydrogen_too_many_is_no_neutral_end() -> None:
    """A second hydrogen on the N of a peptide bond, and a hydrogen of COOH without its oxygen."""
    match = match_template("TYR", TYROSINE | {"H", "H2"}, {"N", "C"}, has_hydrogens=True)
    assert match and match.missing == ("H3",)
    match = match_template("TYR", TYROSINE | {"H", "HXT"}, {"N"}, has_hydrogens=True)
    assert match and (match.missing or match.extra)


def test_without_hydrogens_an_end_is_charged() -> None:
    heavy = {name for name in TYROSINE if not name.startswith("H")} | {"OXT"}
    match = match_template("TYR", heavy, {"N"}, has_hydrogens=False)
    assert match and not match.template.is_neutral_end and not match.missing
