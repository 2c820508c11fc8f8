"""Beads of a file, found among those of a model by chain, residue and name, or by their order."""

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np

from cgbench.chem.atom_matching import AtomLabel
from cgbench.chem.atom_names import standard_residue
from cgbench.chem.molecule import IntArray, Molecule
from cgbench.core.errors import InputError
from cgbench.core.wording import counted

BY_ORDER = "beads are matched by their order"
SHOWN = 12  # residues in a message


class Residue(NamedTuple):
    """A residue: its name, and its beads by index and name."""

    name: str
    beads: list[int]
    names: list[str]


def match_beads(labels: Sequence[AtomLabel] | None, n_beads: int, model: Molecule) -> tuple[IntArray, str]:
    """Find the beads of a model in a file.

    Beads are matched by residue and name if the residues of the file, sorted by chain and number, have the
    names of those of the model; residues of other names, such as water, are left out if necessary. Within a
    residue, beads with other names are matched by order. Otherwise all are matched by order.

    Parameters
    ----------
    labels
        Labels of the beads in the file; None if it has none.
    n_beads
        Number of beads in the file.
    model
        Beads of the model, as of :func:`cgbench.mapping._bead_molecule.bead_molecule`.

    Returns
    -------
    index : int [n_beads of the model]
        Index in the file of each bead of the model.
    how
        How they were matched, a sentence.

    Raises
    ------
    InputError
        If they cannot be matched; says what differs.
    """
    wanted = model.n_atoms
    residues = ""
    if labels is not None:
        expected = _residues(
            [
                AtomLabel(0, int(k), *names)
                for k, *names in zip(model.residue_index, model.residue_names, model.atom_names, strict=True)
            ]
        )
        known = {residue.name for residue in expected}
        found = _residues(labels)
        for candidates in (found, [residue for residue in found if residue.name in known]):
            if [residue.name for residue in candidates] == [residue.name for residue in expected]:
                return _match_within(expected, candidates, wanted, len(labels))
        residues = (
            f". The residues of the model are {_sequence(expected)}, those of the file {_sequence(found)}"
        )
    if n_beads != wanted:
        raise InputError(
            f"the model was trained on {counted(wanted, 'bead')}, these frames have {n_beads}; give the "
            f"beads of the mapping that it was trained with, in the same order{residues}"
        )
    if labels is None:
        return np.arange(wanted), f"{BY_ORDER}, because the file has no names"
    return np.arange(wanted), f"{BY_ORDER}, because names of residues are not those of the model"


def _residues(labels: Sequence[AtomLabel]) -> list[Residue]:
    """Residues, sorted by chain and number."""
    order = sorted(range(len(labels)), key=lambda bead: labels[bead][:2])
    residues = []
    for _, group in groupby(order, key=lambda bead: labels[bead][:3]):
        beads = list(group)
        name = labels[beads[0]].residue
        residues.append(Residue(standard_residue(name), beads, [labels[bead].atom for bead in beads]))
    return residues


def _match_within(
    expected: list[Residue], found: list[Residue], wanted: int, n_labels: int
) -> tuple[IntArray, str]:
    index = np.full(wanted, -1)
    n_by_order = 0
    for number, (mine, theirs) in enumerate(zip(expected, found, strict=True), 1):
        if len(mine.beads) != len(theirs.beads):
            raise InputError(
                f"residue {number}, {mine.name}, has the beads {', '.join(theirs.names)}, but the model has "
                f"{', '.join(mine.names)}; give the beads of the mapping that it was trained with"
            )
        if sorted(mine.names) == sorted(theirs.names) and len(set(mine.names)) == len(mine.names):
            by_name = dict(zip(theirs.names, theirs.beads, strict=True))
            index[mine.beads] = [by_name[name] for name in mine.names]
        else:
            index[mine.beads] = theirs.beads
            n_by_order += len(mine.beads)
    how = "beads are matched by chain, residue and name"
    if n_by_order:
        how += f"; {n_by_order} of {wanted} have other names and are matched by their order in the residue"
    if n_labels > wanted:
        how += f"; {counted(n_labels - wanted, 'bead')} of other residues left out"
    return index, how


def _sequence(residues: list[Residue]) -> str:
    names = [residue.name for residue in residues]
    return " ".join(names[:SHOWN]) + (f" ... ({len(names)})" if len(names) > SHOWN else "")
