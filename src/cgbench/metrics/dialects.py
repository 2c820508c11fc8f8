"""Clashes and bonds as other papers define them, for comparison with their numbers: docs/dialects.md.

Thresholds, sets of pairs and orders of averaging are those of the published code, and of the text where there
is no code. Where a metric of this project is the same, it is not repeated here. The models of these papers
place heavy atoms only.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.atom_sets import BACKBONE
from cgbench.chem.bond_rule import BOND_FACTOR
from cgbench.chem.geometry import in_chunks, pair_distances
from cgbench.chem.molecule import IntArray, Molecule
from cgbench.chem.near_atoms import bytes_of_geometry, near_squares
from cgbench.metrics.base import Evaluation, MetricBase, PerFrameMetric, mean, sum_columns

CLOSE = 1.2  # Å; closer atoms clash in all of these papers
GENZPROT_RANGE = 5.0  # Å; pairs within it are the denominator of GenZProt's clash score
CODLAD_RANGE = 9.0  # Å; pairs within it in the frame are the denominator of CODLAD's clash score
CODLAD_N_O = (1.5, 4.0)  # Å; O of a residue and N of the next, at such a distance in the frame

DIAMONDBACK = "M. S. Jones, K. Shmilovich, A. L. Ferguson, arXiv 2307.12451 (DiAMoNDBack)"
FLOWBACK = "M. S. Jones, S. Khanna, A. L. Ferguson, FlowBack, ICML 2024 workshop ML4LMS"
GENZPROT = "S. Yang, R. Gómez-Bombarelli, arXiv 2303.01569 (GenZProt)"
CODLAD = "X. Han et al., arXiv 2410.13264 (CODLAD)"


def _of_samples(count: Callable[[NDArray[np.float32]], NDArray[Any]], evaluation: Evaluation) -> NDArray[Any]:
    """Results [n_frames, n_samples, ...] of a function of geometries [n, n_atoms, 3], in chunks."""
    n_frames, n_samples, n_atoms, _ = evaluation.samples.shape
    found = in_chunks(count, evaluation.samples.reshape(-1, n_atoms, 3), bytes_of_geometry(n_atoms))
    return found.reshape(n_frames, n_samples, *found.shape[1:])


def _of_frames(count: Callable[[NDArray[np.float32]], NDArray[Any]], evaluation: Evaluation) -> NDArray[Any]:
    """Results [n_frames, ...] of a function of frames with their samples [1 + n_samples, n, n_atoms, 3]."""
    both = np.concatenate([evaluation.reference[:, None], evaluation.samples], axis=1)
    size = both.shape[1] * bytes_of_geometry(both.shape[2])
    return in_chunks(lambda rows: count(rows.swapaxes(0, 1)), both, size)


def _near_squares_of(
    geometries: NDArray[np.float32], cutoff: float
) -> Iterator[tuple[int, IntArray, NDArray[np.float32], NDArray[np.float32]]]:
    """As :func:`near_squares`, with squares in frames [m, 1, n] and in samples [m, n_samples, n]."""
    shape = geometries.shape
    for i, later, squares in near_squares(geometries.reshape(-1, *shape[2:]), cutoff):
        by_frame = squares.reshape(-1, *shape[:2])
        yield i, later, by_frame[:, :1], by_frame[:, 1:]


class _RatioOfSums(PerFrameMetric):
    """Ratio of two numbers, each summed over all frames before the division."""

    atom_sets = ("heavy",)
    better = "lower"
    frame_shape = (2,)

    def sum_frames(self, per_frame: NDArray[np.float64], blocks: IntArray) -> NDArray[np.float64]:
        return sum_columns(per_frame, blocks)


class GenZProtClashScore(_RatioOfSums):
    """Pairs of heavy atoms closer than 1.2 Å per 100 pairs within 5 Å, pooled over samples and frames.

    Bonded pairs count in both numbers: a bond shorter than 1.2 Å is a clash.
    """

    label = "Clash score (GenZProt)"
    unit = "%"
    reference = f"{GENZPROT}, as its text has it and the code of DiAMoNDBack computes it"
    requires = "bonds"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        """Count pairs closer than 1.2 Å, and within 5 Å, in all samples of a frame: [n_frames, 2]."""

        def count(geometries: NDArray[np.float32]) -> IntArray:
            counts = np.zeros((2, len(geometries)), dtype=np.int64)
            for _, _, squares in near_squares(geometries, GENZPROT_RANGE):
                for row, cutoff in enumerate((CLOSE, GENZPROT_RANGE)):
                    counts[row] += (squares < cutoff**2).sum(axis=0)
            return counts.T

        return np.asarray(_of_samples(count, evaluation).sum(axis=1, dtype=np.float64))

    def value(self, total: NDArray[np.float64]) -> NDArray[np.float64]:
        return 100.0 * mean(total)


class FlowBackClashScore(PerFrameMetric):
    """Percentage of residues with an atom closer than 1.2 Å to another residue, mean over samples.

    Of neighbouring residues, only side chains are compared, and none if one of both is a glycine. Clashes
    within a residue, and between the backbones of neighbours, do not count. One pair counts as much as ten.
    """

    label = "Clash score (DiAMoNDBack, FlowBack)"
    unit = "%"
    better = "lower"
    atom_sets = ("heavy",)
    reference = f"{DIAMONDBACK}; code of {FLOWBACK}"
    requires = "residues with φ and ψ"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        molecule = evaluation.molecule
        numbers, residue = np.unique(molecule.residue_index, return_inverse=True)
        side = ~np.isin(molecule.atom_names, BACKBONE) & (np.array(molecule.residue_names) != "GLY")

        def clashing(geometries: NDArray[np.float32]) -> NDArray[np.bool_]:
            found = np.zeros((len(numbers), len(geometries)), dtype=bool)
            for i, later, squares in near_squares(geometries, CLOSE):
                near = _any_close(squares)
                for j, close in zip(later[near].tolist(), squares[near] < CLOSE**2, strict=True):
                    steps = abs(int(residue[j]) - int(residue[i]))
                    if steps > 1 or (steps == 1 and side[i] and side[j]):
                        found[residue[i]] |= close
                        found[residue[j]] |= close
            return found.T

        return np.asarray(100.0 * _of_samples(clashing, evaluation).mean(axis=(1, 2)))


def _any_close(squares: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Pairs [m] that are closer than 1.2 Å in any geometry [m, ...]; most are not in any."""
    return np.asarray(squares.min(axis=tuple(range(1, squares.ndim))) < CLOSE**2)


class CodladClashScore(PerFrameMetric):
    """Share of pairs closer than 1.2 Å in a sample, of those within 9 Å in the frame; mean over samples.

    Bonds and ends of bond angles are left out. O of a residue and N of the next are ends of an angle; their
    share below 1.2 Å is added, so that the value is a sum of two shares, at most 2. Their code pools the
    frames of a batch before the division, this one the pairs of a frame.
    """

    label = "Clash (CODLAD)"
    better = "lower"
    atom_sets = ("heavy",)
    reference = f"code of {CODLAD}"
    requires = "residues with φ and ψ"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        samples, frames = evaluation.samples, evaluation.reference[:, None]
        bonded = _later_neighbours(evaluation.molecule)

        def count(geometries: NDArray[np.float32]) -> IntArray:
            """Clashes in each sample of a frame, and pairs within range in the frame."""
            counts = np.zeros(geometries.shape[:2], dtype=np.int64)
            for i, later, in_frame, in_samples in _near_squares_of(geometries, CODLAD_RANGE):
                counted = in_frame <= CODLAD_RANGE**2
                counted[np.isin(later, bonded[i])] = False
                near = _any_close(in_samples)
                counts[:-1] += ((in_samples[near] < CLOSE**2) & counted[near]).sum(axis=0)
                counts[-1:] += counted.sum(axis=0)
            return counts.T

        counts = _of_frames(count, evaluation)
        clashes, pairs = counts[:, :-1], counts[:, -1:]
        n_o = _nitrogens_and_oxygens(evaluation.molecule)
        lower, upper = CODLAD_N_O
        distances = pair_distances(frames, n_o)
        peptide = (distances > lower) & (distances <= upper)
        short = peptide & (pair_distances(samples, n_o) < CLOSE)
        shares = _share(clashes, pairs) + _share(short.sum(axis=2), peptide.sum(axis=2))
        return np.asarray(shares.mean(axis=1))


def _share(part: NDArray[np.number], whole: NDArray[np.number]) -> NDArray[np.float64]:
    """Quotient of counts [n_frames, n_samples] and [n_frames, 1]; 0 where nothing is counted."""
    return np.asarray(part / np.maximum(whole, 1))


def _bonds_and_angle_ends(molecule: Molecule) -> IntArray:
    """Pairs [n_pairs, 2] of atoms one or two bonds apart, smaller index first."""
    return np.concatenate([molecule.bonds, molecule.angle_ends])


def _later_neighbours(molecule: Molecule) -> list[IntArray]:
    """For each atom the later atoms that are one or two bonds apart."""
    pairs = _bonds_and_angle_ends(molecule)
    pairs = pairs[np.argsort(pairs[:, 0], kind="stable")]
    return np.split(pairs[:, 1], np.searchsorted(pairs[:, 0], np.arange(1, molecule.n_atoms)))


def _nitrogens_and_oxygens(molecule: Molecule) -> IntArray:
    """O of each residue and N of the next [n_pairs, 2]."""
    at = {
        (name, int(residue)): atom
        for atom, (name, residue) in enumerate(zip(molecule.atom_names, molecule.residue_index, strict=True))
    }
    pairs = [(at["O", r], at["N", r + 1]) for name, r in at if name == "O" and ("N", r + 1) in at]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


class CodladGed(PerFrameMetric):
    """Mean squared error of the distances of atoms one or two bonds apart, over samples, in Å².

    The code calls it GED, but it counts no bonds: it is a squared error of bond lengths and angles. The λ
    of bond graphs is called GDR there and is ``graph_legacy`` here.
    """

    label = "GED (CODLAD)"
    unit = "Å²"
    better = "lower"
    atom_sets = ("heavy",)
    reference = f"code of {CODLAD}; graph loss of {GENZPROT}"
    requires = "bonds"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        pairs = _bonds_and_angle_ends(evaluation.molecule)
        expected = pair_distances(evaluation.reference[:, None], pairs)
        error = pair_distances(evaluation.samples, pairs) - expected
        return np.asarray(np.square(error).mean(axis=(1, 2), dtype=np.float64))


class DiamondbackGed(MetricBase):
    """|Σ(A_frame − A_sample)| / Σ A_frame, each sum over both triangles, the diagonal and all frames.

    Missing and spurious bonds cancel, in a sample as in ``graph_legacy`` and between frames as well. Every
    atom counts as bonded to itself, which makes the value smaller by about a third. Mean over samples.
    """

    label = "GED (DiAMoNDBack)"
    better = "lower"
    atom_sets = ("heavy",)
    reference = f"code of {DIAMONDBACK}, after {GENZPROT}"
    requires = "bonds"

    def block_sums(self, evaluation: Evaluation, blocks: IntArray) -> NDArray[np.float64]:
        frames, samples = evaluation.reference_observables.contacts, evaluation.sample_observables.contacts
        in_frames, in_samples = (
            2.0 * (len(evaluation.molecule.bonds) + each.extra - each.missing) for each in (frames, samples)
        )
        both = in_frames[:, :1] + evaluation.molecule.n_atoms
        return sum_columns(np.concatenate([in_frames - in_samples, both], axis=1), blocks)

    def value(self, total: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.abs(total[..., :-1]).mean(axis=-1) / total[..., -1])


class DiamondbackGedCorrected(_RatioOfSums):
    """Σ|A_frame − A_sample| / Σ A_frame, pooled over samples and frames, with the diagonal in Σ A_frame.

    Nothing cancels. Otherwise as ``diamondback_ged``.
    """

    label = "GED, corrected (DiAMoNDBack)"
    reference = f"code of {DIAMONDBACK}"
    requires = "bonds"

    def per_frame(self, evaluation: Evaluation) -> NDArray[np.float64]:
        """Sum |A_frame − A_sample|, and A_frame, over the samples of each frame: [n_frames, 2]."""
        radii = evaluation.molecule.covalent_radii

        def count(geometries: NDArray[np.float32]) -> IntArray:
            counts = np.zeros((2, geometries.shape[1]), dtype=np.int64)
            for i, later, in_frame, in_samples in _near_squares_of(geometries, 2 * BOND_FACTOR * radii.max()):
                cutoffs = np.square(BOND_FACTOR * (radii[i] + radii[later])).astype(np.float32)[:, None, None]
                bonded = in_frame < cutoffs
                counts[0] += (bonded != (in_samples < cutoffs)).sum(axis=(0, 1))
                counts[1] += bonded.sum(axis=(0, 1))
            return counts.T

        wrong, bonds = _of_frames(count, evaluation).T
        n_samples = evaluation.samples.shape[1]
        both = 2.0 * wrong, n_samples * (2.0 * bonds + evaluation.molecule.n_atoms)
        return np.stack(both, axis=1)


METRICS = {
    "genzprot_clash_score": GenZProtClashScore,
    "flowback_clash_score": FlowBackClashScore,
    "codlad_clash": CodladClashScore,
    "codlad_ged": CodladGed,
    "diamondback_ged": DiamondbackGed,
    "diamondback_ged_corrected": DiamondbackGedCorrected,
}
