"""OpenMM force fields of datasets, and OpenMM systems of molecules."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openmm
from openmm.app import ForceField, NoCutoff

from cgbench.chem.molecule import Molecule
from cgbench.chem.trajectory_io import molecule_to_mdtraj
from cgbench.core.atomic_io import read_json
from cgbench.core.errors import InputError


def force_field_of(card_path: Path | str) -> tuple[str, ...]:
    """Read the OpenMM force field files from the card of a dataset; none if the card names none.

    Raises
    ------
    InputError
        If the card is missing or damaged.
    """
    spec = read_json(card_path).get("spec") or {}
    return tuple(str(file) for file in spec.get("force_field", []))


def make_system(molecule: Molecule, files: Sequence[str]) -> openmm.System:
    """Build the OpenMM system of a molecule, without cutoff and constraints.

    Parameters
    ----------
    molecule
        Topology.
    files
        Names of files that come with OpenMM.

    Raises
    ------
    InputError
        If the force field does not exist or has no parameters for the molecule.
    """
    return create_system(molecule_to_mdtraj(molecule).to_openmm(), files)


def create_system(topology: Any, files: Sequence[str], **options: Any) -> openmm.System:
    """As :func:`make_system` for an OpenMM topology, with further options of ``ForceField.createSystem``."""
    try:
        return ForceField(*files).createSystem(topology, nonbondedMethod=NoCutoff, **options)
    except (ValueError, KeyError) as error:
        raise InputError(
            f"force field {', '.join(files)}: {error}; name files that come with OpenMM and have "
            "parameters for every residue"
        ) from None
