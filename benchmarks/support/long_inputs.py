"""Files of large molecules and of many frames, whose cost is measured."""

from functools import partial, reduce
from pathlib import Path

import mdtraj
import numpy as np
import openmm
from numpy.typing import NDArray
from openmm import app
from support.timing import RESOURCES, SEED

from cgbench.chem.mdtraj_topology import molecule_to_mdtraj
from cgbench.data.sources.bundled import BundledSettings, Source
from cgbench.formats.units import ANGSTROM_PER_NM
from cgbench.simulation.recipe import Recipe, TorsionStart
from cgbench.simulation.structure import build_structure

SEQUENCE = "YYDPETGTWYAKLVNSRQIFHMGC"
BONDED = openmm.HarmonicBondForce, openmm.HarmonicAngleForce, openmm.PeriodicTorsionForce
N_FRAMES = 100
LONGEST, APART = 320, 40.0  # residues of a chain; Å between two
NOISE = 0.03  # Å, with which all bonds are still bonds


def chains(n_residues: int, folder: Path) -> int:
    """Write chains and frames of so many residues, and return the number of atoms."""
    structure, topologies = [], []
    for number, start in enumerate(range(0, n_residues, LONGEST)):
        length = min(LONGEST, n_residues - start)
        # The second chain is another one: exchanges of equal chains would be searched.
        sequence = (SEQUENCE[:: (-1) ** number] * (length // len(SEQUENCE) + 1))[:length]
        conformation = TorsionStart(phi=-135, psi=135)
        recipe = Recipe(
            title="chain", sequence=sequence, walkers=1, starts=(conformation,), frames_per_walker=1
        )
        build_structure(recipe, folder / "chain.pdb")
        chain = with_good_bonds(app.PDBFile(str(folder / "chain.pdb")), recipe.force_field)
        structure.append(chain + APART * number * np.eye(3)[2])
        topologies.append(mdtraj.load_topology(str(folder / "chain.pdb")))
    positions = np.concatenate(structure)
    noise = np.random.default_rng(SEED).normal(scale=NOISE, size=(N_FRAMES, *positions.shape))
    times = np.arange(N_FRAMES)
    topology = reduce(partial(mdtraj.Topology.join, keep_resSeq=False), topologies)
    frames = mdtraj.Trajectory((positions + noise) / ANGSTROM_PER_NM, topology, time=times)
    frames.save_xtc(str(folder / "frames.xtc"))
    frames[0].save_pdb(str(folder / "topology.pdb"))
    return len(positions)


def with_good_bonds(chain: app.PDBFile, force_field: tuple[str, ...]) -> NDArray[np.float64]:
    """Minimise bonds, angles and torsions, as hydrogens were placed roughly: positions [n_atoms, 3], Å."""
    system = app.ForceField(*force_field).createSystem(chain.topology)
    for number in reversed(range(system.getNumForces())):
        if not isinstance(system.getForce(number), BONDED):
            system.removeForce(number)
    platform = openmm.Platform.getPlatformByName("Reference")
    simulation = app.Simulation(chain.topology, system, openmm.VerletIntegrator(0.001), platform)
    simulation.context.setPositions(chain.positions)
    simulation.minimizeEnergy(maxIterations=300)
    state = simulation.context.getState(getPositions=True)
    return np.asarray(state.getPositions(asNumpy=True)) * ANGSTROM_PER_NM


def trajectory(n_frames: int, folder: Path) -> int:
    """Write alanine dipeptide in so many frames of three trajectories, and return their number."""
    frames, _ = Source(BundledSettings(directory=str(RESOURCES / "alanine_dipeptide"))).read()
    topology = molecule_to_mdtraj(frames.molecule)
    random = np.random.default_rng(SEED)
    mdtraj.Trajectory(frames.positions[0] / ANGSTROM_PER_NM, topology).save_pdb(str(folder / "topology.pdb"))
    for number, index in enumerate(np.array_split(np.arange(n_frames), 3)):
        with mdtraj.formats.XTCTrajectoryFile(str(folder / f"frames{number}.xtc"), "w") as file:
            for part in np.array_split(index, -(-len(index) // 10_000)):
                x = frames.positions[random.integers(0, len(frames), len(part))] / ANGSTROM_PER_NM
                x += random.normal(scale=NOISE / 3 / ANGSTROM_PER_NM, size=x.shape)
                file.write(x.astype(np.float32), time=part.astype(np.float32))
    return n_frames
