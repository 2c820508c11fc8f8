"""Folded and melted starts, which a short simulation would not reach.

Folding takes microseconds. Instead, the chain is annealed under flat-bottom restraints on its native
contacts, and the contacts are checked after the restraints have been removed.
"""

from itertools import pairwise
from typing import Any

import numpy as np
import openmm
from numpy.typing import NDArray
from openmm import unit

from cgbench.core.errors import InputError
from cgbench.simulation.dynamics import Simulator, derive_nonzero
from cgbench.simulation.recipe import Contact, FoldedStart, MeltedStart

RESTRAINT_NM = 0.30  # donor-acceptor distance above which restraints act
CONTACT_NM = 0.35  # donor-acceptor distance below which a contact is formed
MIN_OCCUPANCY = 0.7  # fraction of frames in which the decisive contacts of a folded chain are formed
WEAK, STRONG = 50.0, 1000.0  # kJ/mol/nm², force constants at the hot and the cold end of the annealing
STAGES = 50
CHECKS = 100  # of the contacts, during the run without restraints
ATTEMPTS = 8


def melted(simulator: Simulator, start: MeltedStart, seed: int) -> NDArray[np.float64]:
    """Simulate the chain at ``hot_kelvin`` and return its last positions [n_atoms, 3], nm.

    Raises
    ------
    InputError
        If the integration diverges.
    """
    seed = derive_nonzero(seed, "melt")
    context = simulator.heated(simulator.pdb.positions, start.hot_kelvin, seed)
    simulator.advance(context, simulator.recipe.steps(start.melt_ps), "melting")
    return simulator.positions(context, "melting")


def folded(simulator: Simulator, start: FoldedStart, seed: int) -> NDArray[np.float64]:
    """Fold the chain and return positions [n_atoms, 3], nm.

    Raises
    ------
    InputError
        If the first ``start.kept`` contacts are lost after every annealing, or an integration diverges.
    """
    pairs = contact_atoms(simulator.pdb.topology, start.contacts)
    for attempt in range(ATTEMPTS):
        context = _annealed(simulator, start, pairs, derive_nonzero(seed, "attempt", attempt))
        occupancy = _occupancy_without_restraints(simulator, start, pairs, context)[: start.kept]
        if (occupancy >= MIN_OCCUPANCY).all():
            return simulator.positions(context, "release")
    raise InputError(
        f"{simulator.label}: after {ATTEMPTS} attempts the contacts {list(start.contacts[: start.kept])} are "
        f"formed in fractions {np.round(occupancy, 2).tolist()} of release_ps, not {MIN_OCCUPANCY}; "
        "raise anneal_ps or correct the contacts"
    )


def contact_atoms(topology: Any, contacts: tuple[Contact, ...]) -> NDArray[np.int64]:
    """Atom indices [n_contacts, 2] of contacts written as residue:name, such as ``("3:N", "8:O")``.

    Parameters
    ----------
    topology
        From OpenMM or mdtraj; the first amino acid after the cap has index 1.

    Raises
    ------
    InputError
        If there is no such atom.
    """
    atoms = topology.atoms() if callable(topology.atoms) else topology.atoms
    index = {f"{atom.residue.index}:{atom.name}": atom.index for atom in atoms}
    unknown = sorted({name for pair in contacts for name in pair} - set(index))
    if unknown:
        raise InputError(f"contacts: no atoms {unknown}; write residue:name, where the first residue is 1")
    return np.array([[index[a], index[b]] for a, b in contacts])


def _annealed(
    simulator: Simulator, start: FoldedStart, pairs: NDArray[np.int64], seed: int
) -> openmm.Context:
    """Context after cooling under restraints of increasing strength."""
    restraint = openmm.CustomBondForce(f"0.5*strength*max(0, r-{RESTRAINT_NM})^2")
    restraint.addGlobalParameter("strength", WEAK)
    for first, second in pairs.tolist():
        restraint.addBond(first, second)
    context = simulator.heated(simulator.pdb.positions, start.hot_kelvin, seed, restraint)
    edges = np.linspace(0, simulator.recipe.steps(start.anneal_ps), STAGES + 1).astype(int)
    for stage, (begin, end) in enumerate(pairwise(edges.tolist())):
        progress = stage / (STAGES - 1)
        kelvin = start.hot_kelvin + progress * (start.cold_kelvin - start.hot_kelvin)
        context.getIntegrator().setTemperature(kelvin * unit.kelvin)
        context.setParameter("strength", WEAK + progress * (STRONG - WEAK))
        simulator.advance(context, end - begin, "folding")
    return context


def _occupancy_without_restraints(
    simulator: Simulator, start: FoldedStart, pairs: NDArray[np.int64], context: openmm.Context
) -> NDArray[np.float64]:
    """Fraction of ``release_ps`` [n_contacts] in which each contact is formed."""
    context.setParameter("strength", 0.0)
    context.getIntegrator().setTemperature(simulator.recipe.temperature_kelvin * unit.kelvin)
    formed = []
    for _ in range(CHECKS):
        simulator.advance(context, simulator.recipe.steps(start.release_ps / CHECKS), "release")
        first, second = simulator.positions(context, "release")[pairs.T]
        formed.append(np.linalg.norm(first - second, axis=1) < CONTACT_NM)
    return np.asarray(np.mean(formed, axis=0), dtype=np.float64)
