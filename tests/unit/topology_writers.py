"""Topology files of many formats, written as other programs write them."""

import numpy as np

from cgbench.chem.topology_io import read_topology


def gro(path, *residues):
    """A .gro file with residues ``(name, [atom names])``."""
    rows = [(number, name, atom) for number, (name, atoms) in enumerate(residues, 1) for atom in atoms]
    lines = [
        f"{number:5d}{name:<5s}{atom:>5s}{row % 100000:5d}{0.1 * row:8.3f}{0:8.3f}{0:8.3f}"
        for row, (number, name, atom) in enumerate(rows, 1)
    ]
    path.write_text("\n".join(["made by hand", f"{len(rows):5d}", *lines, "   9.0   9.0   9.0", ""]))
    return path


def psf(path, atoms, bonds=()):
    """A .psf file with atoms ``(residue number, residue, atom, mass)``."""
    lines = [
        f"{row:10d} SEG      {number:<8d} {residue:<8s} {name:<8s} X     {0.0:14.6f}{mass:14.6f}{0:8d}"
        for row, (number, residue, name, mass) in enumerate(atoms, 1)
    ]
    pairs = [f"{i + 1:10d}{j + 1:10d}" for i, j in bonds]
    rows = ["".join(pairs[start : start + 4]) for start in range(0, len(pairs), 4)]
    text = [
        "PSF EXT XPLOR",
        "",
        "         1 !NTITLE",
        "* made by hand",
        "",
        f"{len(lines):10d} !NATOM",
        *lines,
        "",
    ]
    path.write_text("\n".join([*text, f"{len(pairs):10d} !NBOND: bonds", *rows, "", ""]))
    return path


def prmtop(path, residues, bonds=(), masses=None, numbers=None):
    """A .prmtop file with residues ``(name, [atom names])``."""
    names = [atom for _, atoms in residues for atom in atoms]
    first = np.cumsum([1, *(len(atoms) for _, atoms in residues)])[:-1]
    pointers = [len(names), 1, len(bonds), *8 * [0], len(residues), *19 * [0]]
    indices = [value for i, j in bonds for value in (3 * i, 3 * j, 1)]

    def section(name, form, values, per_line, text):
        lines = [text(value) for value in values]
        rows = ["".join(lines[start : start + per_line]) for start in range(0, len(lines), per_line)]
        return [f"%FLAG {name}", f"%FORMAT({form})", *(rows or [""])]

    def whole(value):
        return f"{value:8d}"

    lines = ["%VERSION  VERSION_STAMP = V0001.000  DATE = 01/01/08  00:00:00"]
    lines += section("POINTERS", "10I8", pointers, 10, whole)
    lines += section("ATOM_NAME", "20a4", names, 20, lambda name: f"{name:<4s}")
    if masses is not None:
        lines += section("MASS", "5E16.8", masses, 5, lambda value: f"{value:16.8E}")
    if numbers is not None:
        lines += section("ATOMIC_NUMBER", "10I8", numbers, 10, whole)
    lines += section("RESIDUE_LABEL", "20a4", [name for name, _ in residues], 20, lambda name: f"{name:<4s}")
    lines += section("RESIDUE_POINTER", "10I8", first, 10, whole)
    lines += section("BONDS_INC_HYDROGEN", "10I8", indices, 10, whole)
    lines += section("BONDS_WITHOUT_HYDROGEN", "10I8", [], 10, whole)
    path.write_text("\n".join([*lines, ""]))
    return path


def mol2(path, atoms):
    """A .mol2 file with atoms ``(name, type)``, each bonded to the next."""
    lines = [
        f"{row:7d} {name:<8s} {row:9.4f} 0.0 0.0 {kind:<8s} 1 LIG 0.0"
        for row, (name, kind) in enumerate(atoms, 1)
    ]
    bonds = [f"{row:6d} {row:5d} {row + 1:5d} 1" for row in range(1, len(atoms))]
    path.write_text(
        "\n".join(["@<TRIPOS>MOLECULE", "LIG", "@<TRIPOS>ATOM", *lines, "@<TRIPOS>BOND", *bonds, ""])
    )
    return path


def pdb(path, atoms, residue="ALA"):
    """A .pdb file with atoms ``(name, element column)``."""
    lines = [
        f"ATOM  {row:5d} {name if len(name) > 3 else ' ' + name:<4s} {residue:<3s} A   1    "
        f"{row:8.3f}{0:8.3f}{0:8.3f}  1.00  0.00          {element:>2s}"
        for row, (name, element) in enumerate(atoms, 1)
    ]
    path.write_text("\n".join([*lines, "END", ""]))
    return path


def elements(path, *arguments):
    return " ".join(read_topology(path, *arguments).elements)
