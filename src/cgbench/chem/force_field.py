"""OpenMM force fields: the one that frames were made with, and systems of a molecule in it."""

from collections.abc import Sequence
from pathlib import Path

import openmm
from openmm.app import ForceField, NoCutoff

from cgbench.chem.molecule import Molecule
from cgbench.chem.trajectory_io import molecule_to_mdtraj
from cgbench.core.atomic_io import read_json
from cgbench.core.errors import InputError


def force_field_of(card_path: Path | str) -> tuple[str, ...]:
    """Files by which the card of a dataset names its force field; none where it is not known to OpenMM.

    Raises
    ------
    InputError
        If the card is missing or damaged.
    """
    spec = read_json(card_path).get("spec") or {}
    return tuple(str(file) for file in spec.get("force_field", []))


def make_system(molecule: Molecule, files: Sequence[str]) -> openmm.System:
    """Build the system of a molecule, without cutoff and constraints.

    Parameters
    ----------
    files
        Names of files that come with OpenMM.

    Raises
    ------
    InputError
        If there is no such force field, or it does not know the molecule.
    """
    topology = molecule_to_mdtraj(molecule).to_openmm()
    try:
        return ForceField(*files).createSystem(topology, nonbondedMethod=NoCutoff)
    except (ValueError, KeyError) as error:
        raise InputError(
            f"force field {', '.join(files)}: {error}; name files that come with OpenMM and know every "
            "residue, or name none and leave energy metrics out"
        ) from None
