"""Starts that a short simulation does not reach alone: the native state and a melted chain.

Folding takes microseconds, so the native state is not waited for: the chain is annealed under
flat-bottom restraints on its native contacts, released, and the result is checked.
"""

from itertools import pairwise
from typing import Any

import numpy as np
import openmm
from numpy.typing import NDArray
from openmm import unit

from cgbench.errors import InputError
from cgbench.seeds import derive
from cgbench.simulation.dynamics import advance, frame, make_context, make_system, positive
from cgbench.simulation.recipe import Contact, FoldedStart, MeltedStart, Recipe

REACH_NM = 0.30  # restraints pull only beyond this donor-acceptor distance
CONTACT_NM = 0.35  # a contact holds below this donor-acceptor distance
WEAK, STRONG = 50.0, 1000.0  # kJ/mol/nm^2 at the hot and at the cold end of the annealing
STAGES = 50
ATTEMPTS = 4


def melted(
    recipe: Recipe, start: MeltedStart, pdb: Any, seed: int, threads: int, where: str
) -> NDArray[np.float64]:
    """Run the chain at ``hot_kelvin`` and return its last positions ``[n_atoms, 3]`` in nm."""
    seed, where = positive(derive(seed, "melt")), f"{where}, melting"
    context = make_context(recipe, make_system(recipe, pdb.topology), seed, threads)
    _heat(context, pdb.positions, start.hot_kelvin, seed)
    advance(context, recipe.steps(start.melt_ps), where)
    return frame(context, where)


def folded(
    recipe: Recipe, start: FoldedStart, pdb: Any, seed: int, threads: int, where: str
) -> NDArray[np.float64]:
    """Fold the chain and return positions ``[n_atoms, 3]`` in nm.

    Raises
    ------
    InputError
        If no attempt keeps the first ``start.kept`` contacts after the restraints are gone.
    """
    pairs = contact_atoms(pdb.topology, start.contacts)
    for attempt in range(ATTEMPTS):
        noise = positive(derive(seed, "attempt", attempt))
        positions = _anneal(recipe, start, pdb, pairs, noise, threads, f"{where}, folding")
        distances = np.linalg.norm(positions[pairs[:, 0]] - positions[pairs[:, 1]], axis=1)
        if (distances[: start.kept] < CONTACT_NM).all():
            return positions
    raise InputError(
        f"{where}: after {ATTEMPTS} attempts the contacts {list(start.contacts[: start.kept])} are at "
        f"{np.round(distances[: start.kept], 2).tolist()} nm (wanted below {CONTACT_NM}); "
        "raise anneal_ps or correct the contacts"
    )


def contact_atoms(topology: Any, contacts: tuple[Contact, ...]) -> NDArray[np.int64]:
    """Return atom indices ``[n_contacts, 2]`` of contacts written as residue:name.

    ``topology`` is OpenMM's or mdtraj's: both number residues from the cap, so that the first amino
    acid has index 1.
    """
    residues = topology.residues() if callable(topology.residues) else topology.residues
    index = {
        f"{residue.index}:{atom.name}": atom.index
        for residue in residues
        for atom in (residue.atoms() if callable(residue.atoms) else residue.atoms)
    }
    unknown = sorted({name for pair in contacts for name in pair} - set(index))
    if unknown:
        raise InputError(f"contacts: no atoms {unknown}; write residue:name, the first residue is 1")
    return np.array([[index[a], index[b]] for a, b in contacts])


def _anneal(
    recipe: Recipe,
    start: FoldedStart,
    pdb: Any,
    pairs: NDArray[np.int64],
    seed: int,
    threads: int,
    where: str,
) -> NDArray[np.float64]:
    system = make_system(recipe, pdb.topology)
    force = openmm.CustomBondForce(f"0.5*strength*max(0, r-{REACH_NM})^2")
    force.addGlobalParameter("strength", WEAK)
    for first, second in pairs.tolist():
        force.addBond(first, second)
    system.addForce(force)
    context = make_context(recipe, system, seed, threads)
    _heat(context, pdb.positions, start.hot_kelvin, seed)
    edges = np.linspace(0, recipe.steps(start.anneal_ps), STAGES + 1).astype(int)
    for stage, (begin, end) in enumerate(pairwise(edges.tolist())):
        done = stage / (STAGES - 1)
        context.getIntegrator().setTemperature(
            (start.hot_kelvin + done * (start.cold_kelvin - start.hot_kelvin)) * unit.kelvin
        )
        context.setParameter("strength", WEAK + done * (STRONG - WEAK))
        advance(context, end - begin, where)
    context.setParameter("strength", 0.0)
    context.getIntegrator().setTemperature(recipe.temperature_kelvin * unit.kelvin)
    advance(context, recipe.steps(start.release_ps), where)
    return frame(context, where)


def _heat(context: Any, positions: Any, kelvin: float, seed: int) -> None:
    context.setPositions(positions)
    openmm.LocalEnergyMinimizer.minimize(context)
    context.getIntegrator().setTemperature(kelvin * unit.kelvin)
    context.setVelocitiesToTemperature(kelvin * unit.kelvin, seed)
