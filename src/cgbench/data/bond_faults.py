"""Likely causes of bonds of impossible lengths, told from the lengths."""

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.molecule import IntArray, Molecule
from cgbench.chem.pbc import LONGEST_BOND

Floats = NDArray[np.floating]

TYPICAL = 1.1  # median length of the bonds of an organic molecule in units of r_i + r_j
TOLERANCE = 1.2  # factor within which a median is that of a wrong unit
# Factor of the lengths, what was done and what to do.
UNITS = (
    (0.1, "the file has nm where its format has Å; multiply the positions by 10"),
    (10.0, "the file has Å where its format has nm; divide the positions by 10"),
    (1.89, "the file has bohr where its format has Å; multiply the positions by 0.529"),
    (0.529, "the file has Å that were converted as if they were bohr; multiply the positions by 1.89"),
)
SCALED = (
    "the positions are scaled by the box (LAMMPS: xs ys zs); write x y z or xu yu zu, or multiply them by "
    "the edges of the box"
)
NO_POSITIONS = (
    "the file has no positions in these frames (TRR with velocities or forces alone, or a run that was "
    "cut off); leave these frames out"
)
OTHER_TOPOLOGY = (
    "the topology belongs to another molecule or to another selection of atoms, or its atoms are in another "
    "order than in the trajectory; give the topology with which the trajectory was written"
)
BROKEN_BOX = (
    "molecules are broken across a periodic boundary and the file has no unit cell, or a wrong one; join "
    "them first (gmx trjconv -pbc whole, cpptraj autoimage)"
)
CHAIN_END = (
    "a residue is missing in the chain, or one chain ends here and another begins, and the topology has a "
    "bond across; add a TER record there, or give a topology without the bond"
)
UNSTABLE = (
    "the simulation became unstable or the frames are damaged; leave these frames out, or simulate again"
)
HYDROGENS = (
    "the topology has bonds between hydrogens, as rigid water in a prmtop file has them; leave the water out "
    "by `selection`, or give a topology without them"
)
ONE_POINT = 1e-3  # (r_i + r_j): shorter than in any unit, so that all atoms are on one point
NO_LENGTH = 1e5  # (r_i + r_j): longer than in any unit, as what is in memory by chance
STRONG = 1.2  # times beyond the usual lengths: farther than a bond is stretched by heat
LONG = 2.5  # (r_i + r_j): farther than a bond is stretched by an unstable simulation


def likely_causes(
    molecule: Molecule, positions: Floats, ratios: Floats, usual: tuple[float, float], share: float
) -> list[str]:
    """Likely causes with their cures, most likely first.

    Parameters
    ----------
    positions : [n_frames, n_atoms, 3]
        Frames with a bond of an impossible length, Å.
    ratios : [n_frames, n_bonds]
        Lengths of their bonds in units of r_i + r_j.
    usual
        Smallest and largest usual length in this unit.
    share
        Share of these frames among those of their trajectories.
    """
    scale = float(np.median(ratios))
    if scale < ONE_POINT:
        return [NO_POSITIONS, SCALED]
    if not ratios.max() < NO_LENGTH:
        return [NO_POSITIONS]
    low, high = np.percentile(ratios, [10, 90])
    outside = (ratios < usual[0]) | (ratios > usual[1])
    # A unit or a box changes all lengths alike.
    if outside.mean() > 0.5 and high < 2.5 * low:
        units = [cure for factor, cure in UNITS if 1 / TOLERANCE < scale / (TYPICAL * factor) < TOLERANCE]
        if units:
            return units
        other = (
            f"all bonds are about {scale / TYPICAL:.2g} times as long as usual, so that the positions are in "
            "another unit or are scaled; convert them to the unit of the format"
        )
        return [SCALED, other] if scale < 0.1 else [other, OTHER_TOPOLOGY]
    # Frames with a fault also have bonds that are merely stretched.
    strongly = (ratios < usual[0] / STRONG) | (ratios > usual[1] * STRONG)
    concerned = strongly.any(axis=0) | (outside.mean(axis=0) > 0.5)
    if (np.array(molecule.elements)[molecule.bonds[concerned]] == "H").all(axis=1).all():
        return [HYDROGENS]
    if outside.mean() > 0.5:
        return [OTHER_TOPOLOGY, BROKEN_BOX]

    bonds, outside, ratios = molecule.bonds[concerned], outside[:, concerned], ratios[:, concerned]
    order = _other_order(molecule, bonds)
    if share < 0.1 and ratios.max() < LONG:
        return [UNSTABLE, order]
    box, like_images = _broken_box(positions, bonds, outside)
    residues = molecule.residue_index[bonds]
    # A wrong order or bond is wrong in every frame.
    always = share > 0.9 and (outside.mean(axis=0) > 0.9).all()
    ends = [CHAIN_END] if always and (residues[:, 0] != residues[:, 1]).all() else []
    if like_images or not always:
        return [*box, *ends, order]
    return [*ends, order, *box]


def _other_order(molecule: Molecule, bonds: IntArray) -> str:
    """Cause by an order of atoms that differs, with the residues whose bonds are concerned."""
    residues, counts = np.unique(molecule.residue_index[bonds], return_counts=True)
    # A bond to the next residue concerns both, but most bonds are within the one with the fault.
    main = residues[counts > counts.max() / 2]
    first = [int(np.argmax(molecule.residue_index == residue)) for residue in main[:5]]
    names = ", ".join(f"{molecule.residue_names[atom]}{molecule.residue_index[atom] + 1}" for atom in first)
    more = f" and {len(main) - len(first)} more" if len(main) > len(first) else ""
    return (
        f"the atoms of {names}{more} are in another order in the topology than in the trajectory; give the "
        "topology with which the trajectory was written"
    )


def _broken_box(positions: Floats, bonds: IntArray, outside: NDArray[np.bool_]) -> tuple[list[str], bool]:
    """Cause by a periodic box, if bonds are long enough, and whether one edge of a box explains them."""
    frames, which = np.nonzero(outside)
    i, j = bonds[which].T
    apart = np.sort(np.abs(positions[frames, i] - positions[frames, j]), axis=1)
    edge = float(np.median(apart[:, 2]))
    # Both atoms are within a bond of images of each other.
    like_images = (apart[:, 1] < LONGEST_BOND) & (np.abs(apart[:, 2] - edge) < LONGEST_BOND)
    if edge > 2 * LONGEST_BOND and like_images.mean() > 0.8:
        return [f"{BROKEN_BOX}. The atoms are about {edge:.0f} Å apart along one axis, like images"], True
    return [BROKEN_BOX] if apart[:, 2].max() > 2 * LONGEST_BOND else [], False
