"""A structure-based (Gō) model of a chain of Cα beads, after Clementi, Nymeyer and Onuchic.

J. Mol. Biol. 298, 937 (2000), eq. 1: harmonic bonds and angles, dihedrals of periodicity 1 and 3, a 12-10
potential for native contacts and r⁻¹² repulsion for all other pairs, with the constants given there. Native
contacts are those of heavy atoms within 4.5 Å in the native structure, of residues four or more apart.
"""

from dataclasses import dataclass

import numpy as np
import openmm
from numpy.typing import NDArray
from openmm import unit

from cgbench.chem.geometry import all_pairs, bond_angles, dihedrals, pair_distances
from cgbench.chem.molecule import IntArray, Molecule
from cgbench.formats.units import ANGSTROM_PER_NM

EPSILON = 4.184  # kJ/mol, depth of a native contact; it sets the scale of the temperature only
K_BOND, K_ANGLE = 100.0, 20.0  # ε/Å², ε/rad²
K_DIHEDRAL = {1: 1.0, 3: 0.5}  # ε, by periodicity
REPULSION = 4.0  # Å, σ of pairs without a native contact
LEAST_SEPARATION = 4  # residues; nearer pairs interact through bonds, angles and dihedrals
CONTACT = 4.5  # Å, of heavy atoms
FORMED = 1.2  # a contact is formed if it is shorter than so many times its native length
MASS, FRICTION, TIMESTEP = 100.0, 1.0, 0.01  # amu, 1/ps, ps


def native_contacts(positions: NDArray[np.floating], molecule: Molecule) -> IntArray:
    """Pairs of residues [n_contacts, 2] with heavy atoms within 4.5 Å, in one geometry [n_atoms, 3]."""
    heavy = np.flatnonzero(molecule.heavy)
    residues = molecule.residue_index[heavy]
    distances = np.linalg.norm(positions[heavy, None] - positions[None, heavy], axis=-1)
    first, second = np.nonzero(distances < CONTACT)
    pairs = np.stack([residues[first], residues[second]], axis=1)
    return np.unique(pairs[pairs[:, 1] - pairs[:, 0] >= LEAST_SEPARATION], axis=0)


@dataclass(frozen=True)
class GoModel:
    """The model of one native structure.

    Attributes
    ----------
    native : [n_beads, 3]
        Beads of the native structure, one for each residue, Å.
    contacts : int [n_contacts, 2]
        Pairs of beads in native contact.
    """

    native: NDArray[np.float64]
    contacts: IntArray

    def system(self) -> openmm.System:
        """Build the system, without periodic boundary."""
        n_beads, native = len(self.native), self.native / ANGSTROM_PER_NM
        consecutive = np.arange(n_beads)[:, None] + np.arange(4)
        pairs, triples, quads = (consecutive[: n_beads + 1 - n, :n] for n in (2, 3, 4))
        system = openmm.System()
        for _ in range(n_beads):
            system.addParticle(MASS)
        bonds, angles, torsions = (
            openmm.HarmonicBondForce(),
            openmm.HarmonicAngleForce(),
            openmm.PeriodicTorsionForce(),
        )
        # OpenMM has k/2 where the paper has K, and 1 + cos(nφ - phase) where it has 1 - cos n(φ - φ0).
        for pair, length in zip(pairs.tolist(), pair_distances(native, pairs).tolist(), strict=True):
            bonds.addBond(*pair, length, 2 * K_BOND * EPSILON * ANGSTROM_PER_NM**2)
        for triple, degrees in zip(triples.tolist(), bond_angles(native, triples).tolist(), strict=True):
            angles.addAngle(*triple, np.radians(degrees), 2 * K_ANGLE * EPSILON)
        for quad, degrees in zip(quads.tolist(), dihedrals(native, quads).tolist(), strict=True):
            for n, k in K_DIHEDRAL.items():
                torsions.addTorsion(*quad, n, n * np.radians(degrees) + np.pi, k * EPSILON)
        attraction = openmm.CustomBondForce(f"{EPSILON}*(5*(native/r)^12 - 6*(native/r)^10)")
        attraction.addPerBondParameter("native")
        repulsion = openmm.CustomBondForce(f"{EPSILON}*({REPULSION / ANGSTROM_PER_NM}/r)^12")
        in_contact = set(map(tuple, self.contacts.tolist()))
        distances = pair_distances(native, all_pairs(n_beads)).tolist()
        for (i, j), distance in zip(all_pairs(n_beads).tolist(), distances, strict=True):
            if (i, j) in in_contact:
                attraction.addBond(i, j, [distance])
            elif j - i >= LEAST_SEPARATION:
                repulsion.addBond(i, j)
        for force in (bonds, angles, torsions, attraction, repulsion, openmm.CMMotionRemover()):
            system.addForce(force)
        return system

    def simulate(self, kelvin: float, n_frames: int, interval: int, seed: int) -> NDArray[np.float32]:
        """Run Langevin dynamics from the native structure.

        The Reference platform gives the same frames on every machine, and is the fastest for so few beads.

        Parameters
        ----------
        interval
            Steps between two frames; the first frame is one interval after the start.

        Returns
        -------
        float32 [n_frames, n_beads, 3]
            Å.
        """
        integrator = openmm.LangevinMiddleIntegrator(
            kelvin * unit.kelvin, FRICTION / unit.picosecond, TIMESTEP * unit.picosecond
        )
        integrator.setRandomNumberSeed(seed)
        platform = openmm.Platform.getPlatformByName("Reference")
        context = openmm.Context(self.system(), integrator, platform)
        context.setPositions(self.native / ANGSTROM_PER_NM)
        context.setVelocitiesToTemperature(kelvin * unit.kelvin, seed)
        frames = np.empty((n_frames, *self.native.shape), dtype=np.float32)
        for frame in range(n_frames):
            integrator.step(interval)
            positions = context.getState(getPositions=True).getPositions(asNumpy=True)
            frames[frame] = positions.value_in_unit(unit.angstrom)
        return frames

    def formed(self, beads: NDArray[np.floating]) -> NDArray[np.float64]:
        """Share of the native contacts that are formed [n_frames] in beads [n_frames, n_beads, 3], Å."""
        native = pair_distances(self.native, self.contacts)
        return np.asarray((pair_distances(beads, self.contacts) < FORMED * native).mean(axis=1))
