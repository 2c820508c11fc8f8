"""Chirality of Cβ of threonine and isoleucine: by hand, of MD frames, and of planted mirror images."""

from dataclasses import replace

import numpy as np
import pytest
from peptide_helpers import applies, atom, beyond, built, evaluation, molecule_of, moved, reordered, value

from cgbench.chem.geometry import chiral_volumes
from cgbench.metrics.chirality import MIN_VOLUME

# CB with CA, its other two substituents, HB, and CD1 on the first of them.
THR = molecule_of("CCOCH", [[0, 1], [1, 2], [1, 3], [1, 4]], names=["CA", "CB", "OG1", "CG2", "HB"])
ILE = molecule_of(
    "CCCCHC", [[0, 1], [1, 2], [1, 3], [1, 4], [2, 5]], names=["CA", "CB", "CG1", "CG2", "HB", "CD1"]
)


def seen_from_above(molecule, first, second, third):
    """Atoms clockwise about CB, at the origin, with HB below: R if they are in order of priority."""
    positions = np.zeros((molecule.n_atoms, 3))
    for name, turn in ((first, 0), (second, -120), (third, -240)):
        angle = np.radians(turn)
        place = [1.45 * np.cos(angle), 1.45 * np.sin(angle), 0.5]
        positions[molecule.atom_names.index(name)] = place
    positions[molecule.atom_names.index("HB")] = [0, 0, -1.09]
    return positions


# 3R, by the priorities OG1 > CA > CG2; 3S, by CA > CG1 > CG2.
L_THR = seen_from_above(THR, "OG1", "CA", "CG2")
L_ILE = seen_from_above(ILE, "CG1", "CA", "CG2")


def volumes(positions, molecule):
    return chiral_volumes(positions, molecule.chiral_beta_carbons)


def cb(evaluated):
    return [value(f"chirality_cb_{which}", evaluated) for which in ("wrong", "flat")]


class TestByHand:
    @pytest.mark.parametrize(("molecule", "natural"), [(THR, L_THR), (ILE, L_ILE)])
    def test_natural_is_positive_and_its_mirror_image_negative(self, molecule, natural):
        assert volumes(natural, molecule)[0] > MIN_VOLUME
        assert volumes(natural * [-1, 1, 1], molecule)[0] < -MIN_VOLUME

    def test_shares(self):
        mirror, flat = L_THR * [1, -1, 1], L_THR * [1, 1, 0.1]
        whole = evaluation([L_THR], [[L_THR, mirror, flat, mirror]], THR)
        assert cb(whole) == [0.5, 0.25]
        assert cb(evaluation([mirror], [[mirror, L_THR]], THR)) == [0.5, 0]
        assert cb(evaluation([L_THR], [[np.zeros_like(L_THR)]], THR)) == [0, 1]

    def test_the_order_of_atoms_does_not_matter(self):
        for order in ([4, 3, 2, 1, 0], [3, 0, 2, 4, 1]):
            assert volumes(L_THR[order], reordered(THR, np.array(order)))[0] > MIN_VOLUME

    @pytest.mark.parametrize(
        "other",
        [
            replace(ILE, bonds=ILE.bonds[:4]),  # valine: two methyl groups
            replace(THR, elements=("C", "C", "O", "O", "H")),
            replace(THR, elements=("C", "C", "O", "H", "H")),  # serine
            replace(THR, atom_names=("C1", "CB", "OG1", "CG2", "HB")),
        ],
    )
    def test_other_carbons_are_no_chiral_beta_carbons(self, other):
        assert applies("chirality_cb_wrong", THR) and applies("chirality_cb_flat", ILE)
        assert not applies("chirality_cb_wrong", other)


class TestPeptides:
    def test_threonine_and_isoleucine_are_found_and_natural(self, tmp_path):
        molecule, positions = built("VITLS", tmp_path)
        for part, places in ((molecule, positions), (molecule.subset(np.flatnonzero(molecule.heavy)), None)):
            labels = [[part.label(index) for index in centre] for centre in part.chiral_beta_carbons]
            assert labels == [
                ["ILE3 CA", "ILE3 CB", "ILE3 CG1", "ILE3 CG2"],
                ["THR4 CA", "THR4 CB", "THR4 OG1", "THR4 CG2"],
            ]
            if places is not None:
                assert (volumes(places, part) > 2).all()

    def test_md_frames_are_natural(self, chignolin_frames):
        found = volumes(chignolin_frames.positions, chignolin_frames.molecule)
        assert found.shape[1] == 2
        assert found.min() > MIN_VOLUME
        assert 2 < found.mean() < 3
        frames = chignolin_frames.positions
        assert cb(evaluation(frames, frames[:, None], chignolin_frames.molecule)) == [0, 0]

    def test_a_mirrored_side_chain_is_wrong_although_nothing_else_is(self, chignolin_frames):
        molecule, frames = chignolin_frames.molecule, chignolin_frames.positions
        n, ca, beta = (atom(molecule, f"THR7 {name}") for name in ("N", "CA", "CB"))
        # In the plane of N, CA and CB, which keeps all lengths, and all angles at CB.
        normal = np.cross(frames[:, n] - frames[:, ca], frames[:, beta] - frames[:, ca])
        normal = (normal / np.linalg.norm(normal, axis=-1, keepdims=True))[:, None]
        side_chain = beyond(molecule, ca, beta)
        mirrored = frames.copy()
        arms = frames[:, side_chain] - frames[:, [beta]]
        mirrored[:, side_chain] -= 2 * (arms * normal).sum(axis=-1, keepdims=True) * normal
        whole = evaluation(frames, mirrored[:, None], molecule)
        assert cb(whole) == [0.5, 0]
        assert value("chirality_wrong", whole) == 0
        assert value("bonds_within_10pct", whole) == 1
        assert value("angle_w1", whole) < 1e-3
        assert cb(evaluation(frames, moved(mirrored)[:, None], molecule)) == [0.5, 0]

    def test_does_not_apply_to_alanine(self, alanine):
        assert not applies("chirality_cb_wrong", alanine)
