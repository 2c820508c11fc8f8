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

from cgbench.core.errors import InputError
from cgbench.core.seeds import derive
from cgbench.simulation.dynamics import advance, frame, make_context, make_system, positive
from cgbench.simulation.recipe import Contact, FoldedStart, MeltedStart, Recipe

REACH_NM = 0.30  # restraints pull only beyond this donor-acceptor distance
CONTACT_NM = 0.35  # a contact holds below this donor-acceptor distance
HELD = 0.7  # a chain is folded while its decisive contacts hold in at least this share of frames
WEAK, STRONG = 50.0, 1000.0  # kJ/mol/nm^2 at the hot and at the cold end of the annealing
STAGES = 50
CHECKS = 100  # how often contacts are looked at during the release
ATTEMPTS = 8


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
        If no attempt keeps the first ``start.kept`` contacts once the restraints are gone.
    """
    pairs = contact_atoms(pdb.topology, start.contacts)
    for attempt in range(ATTEMPTS):
        noise = positive(derive(seed, "attempt", attempt))
        context = _annealed(recipe, start, pdb, pairs, noise, threads, f"{where}, folding")
        held = _release(recipe, start, context, pairs, f"{where}, release of the folded chain")
        if (held[: start.kept] >= HELD).all():
            return frame(context, where)
    raise InputError(
        f"{where}: after {ATTEMPTS} attempts the contacts {list(start.contacts[: start.kept])} hold for "
        f"{np.round(held[: start.kept], 2).tolist()} of the release (wanted {HELD}); "
        "raise anneal_ps or correct the contacts"
    )


def _release(
    recipe: Recipe, start: FoldedStart, context: Any, pairs: NDArray[np.int64], where: str
) -> NDArray[np.float64]:
    """Run without restraints; return the share of time ``[n_contacts]`` in which each contact held."""
    context.setParameter("strength", 0.0)
    context.getIntegrator().setTemperature(recipe.temperature_kelvin * unit.kelvin)
    held = []
    for _ in range(CHECKS):
        advance(context, recipe.steps(start.release_ps / CHECKS), where)
        positions = frame(context, where)
        distances = np.linalg.norm(positions[pairs[:, 0]] - positions[pairs[:, 1]], axis=1)
        held.append(distances < CONTACT_NM)
    return np.asarray(np.mean(held, axis=0), dtype=np.float64)


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


def _annealed(
    recipe: Recipe,
    start: FoldedStart,
    pdb: Any,
    pairs: NDArray[np.int64],
    seed: int,
    threads: int,
    where: str,
) -> Any:
    """Return a context that has been cooled while the restraints grew."""
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
    return context


def _heat(context: Any, positions: Any, kelvin: float, seed: int) -> None:
    context.setPositions(positions)
    openmm.LocalEnergyMinimizer.minimize(context)
    context.getIntegrator().setTemperature(kelvin * unit.kelvin)
    context.setVelocitiesToTemperature(kelvin * unit.kelvin, seed)
