"""Mappings from names, elements or the order of atoms, and shuffled mappings."""

from pathlib import Path

import numpy as np
import pytest

from cgbench.chem.molecule import Molecule
from cgbench.chem.topology_io import read_topology
from cgbench.core import registry
from cgbench.core.errors import InputError
from cgbench.core.settings import parse_settings
from cgbench.mapping.shuffled import shuffle

CHIGNOLIN = Path(__file__).parents[2] / "workflow/resources/chignolin/topology.pdb"


def generate(name, molecule, n_beads, seed=0, positions=None, **settings):
    generator = registry.load("mapping", name)
    return generator(generator.Settings(**settings)).generate(molecule, n_beads, seed, positions)


def sites(molecule, mapping):
    """Atoms that beads are on."""
    assert set(np.unique(mapping.weights)) <= {0.0, 1.0}
    return [molecule.atom_names[atom] for atom in np.flatnonzero(mapping.weights)]


def peptide(residues, bonds):
    """Molecule from its residues, each a list of (name, element)."""
    atoms = [(name, element, k) for k, residue in enumerate(residues) for name, element in residue]
    names, elements, owner = zip(*atoms, strict=True)
    labels = tuple(f"R{k}" for k in owner)
    return Molecule(elements, names, labels, np.array(owner), np.ones(len(atoms)), np.array(bonds))


def test_alpha_carbons_of_alanine_dipeptide_and_methyls_of_its_caps(alanine):
    mapping = generate("alpha_carbon", alanine, 3)
    np.testing.assert_array_equal(mapping.bead_index, alanine.residue_index)
    assert sites(alanine, mapping) == ["CH3", "CA", "C"]  # the last is the methyl of NME in this file


def test_residues_without_alpha_carbon_or_methyl_stand_on_their_first_heavy_atom():
    molecule = peptide(
        [[("H1", "H"), ("CA", "C")], [("HN", "H"), ("N", "N")], [("CA", "Ca")], [("H", "H")]],
        [(0, 1), (1, 3), (2, 3)],
    )
    assert sites(molecule, generate("alpha_carbon", molecule, 4)) == ["CA", "N", "CA", "H"]


def test_beads_at_sites_have_the_names_of_their_atoms(alanine):
    assert generate("alpha_carbon", alanine, 3).bead_names == ("CH3", "CA", "C")


@pytest.mark.parametrize(
    ("name", "bead", "weighted"), [("residue_com", "COM", True), ("residue_cog", "COG", False)]
)
def test_centres_of_residues(name, bead, weighted, alanine, alanine_frames):
    mapping = generate(name, alanine, 3)
    frame = alanine_frames.positions[0].astype(np.float64)
    for residue, position in enumerate(mapping.beads(frame)):
        atoms = alanine.residue_index == residue
        weights = alanine.masses[atoms] if weighted else None
        np.testing.assert_allclose(position, np.average(frame[atoms], axis=0, weights=weights))
    assert mapping.bead_names == (bead,) * 3


def test_alpha_carbon_and_side_chain_of_alanine_dipeptide(alanine, alanine_frames):
    """Caps have one bead; alanine has a second, at the centre of mass of its methyl group."""
    mapping = generate("calpha_sidechain", alanine, 4)
    assert mapping.bead_names == ("CH3", "CA", "SC", "C")
    frame = alanine_frames.positions[0].astype(np.float64)
    side = [alanine.atom_names.index(name) for name in ("CB", "HB1", "HB2", "HB3")]
    np.testing.assert_array_equal(np.flatnonzero(mapping.bead_index == 2), side)
    centre = np.average(frame[side], axis=0, weights=alanine.masses[side])
    np.testing.assert_allclose(mapping.beads(frame)[2], centre)


def test_the_ring_of_proline_is_its_side_chain_and_glycine_has_none():
    molecule = read_topology(CHIGNOLIN)
    mapping = generate("calpha_sidechain", molecule, 21)
    names = {}
    for atom, bead in enumerate(mapping.bead_index.tolist()):
        names.setdefault((molecule.residue_names[atom], mapping.bead_names[bead]), set()).add(
            molecule.atom_names[atom]
        )
    assert {name for name in names["PRO", "SC"] if name[0] == "C"} == {"CB", "CG", "CD"}
    assert names["PRO", "CA"] == {"N", "CA", "C", "O", "HA"}
    assert ("GLY", "SC") not in names


@pytest.mark.parametrize(
    ("name", "only"),
    [("alpha_carbon", 3), ("calpha_sidechain", 4), ("heavy_atoms", 10), ("residue_com", 3)],
)
def test_other_resolutions_are_refused_with_the_only_possible_one(alanine, name, only):
    with pytest.raises(
        InputError, match=rf"^{name} at resolution 5: .*the only possible resolution is {only}$"
    ):
        generate(name, alanine, 5)


def test_hydrogens_belong_to_the_heavy_atom_they_are_bonded_to(alanine):
    mapping = generate("heavy_atoms", alanine, 10)
    np.testing.assert_array_equal(mapping.weights, alanine.heavy)
    for i, j in alanine.bonds:
        same = mapping.bead_index[i] == mapping.bead_index[j]
        assert same == (alanine.heavy[i] != alanine.heavy[j])


def test_a_hydrogen_without_a_heavy_neighbour_is_named():
    molecule = peptide([[("O", "O"), ("H1", "H"), ("H2", "H")]], [(1, 2)])
    with pytest.raises(InputError, match=r"hydrogen 1 \(R0 H1\) is bonded to no heavy atom; add the bond"):
        generate("heavy_atoms", molecule, 1)


def test_runs_of_atoms_differ_by_one_at_most(alanine):
    for n_beads in range(1, alanine.n_atoms + 1):
        bead_index = generate("sequence", alanine, n_beads).bead_index
        assert (np.diff(bead_index) >= 0).all()
        assert np.ptp(np.bincount(bead_index)) <= 1


class TestShuffled:
    @pytest.mark.parametrize("n_moved", [0, 1, 2, 4])
    def test_as_many_atoms_move_as_asked_for(self, n_moved, rng):
        begun = np.arange(40) % 4
        shared = np.zeros((4, 4))
        np.add.at(shared, (begun, shuffle(begun, n_moved, rng)), 1)
        # Numbers of beads may change, so each is matched with the one it has most atoms of.
        assert shared.max(axis=1).sum() == 40 - n_moved

    def test_an_atom_that_cannot_move_is_replaced_by_one_that_can(self):
        for seed in range(20):
            result = shuffle(np.array([0, 1, 2, 2]), 1, np.random.default_rng(seed))
            assert sorted(np.bincount(result)) == [1, 1, 2]
            assert result.tolist() != [0, 1, 2, 2]

    def test_no_bead_is_emptied(self):
        for seed in range(20):
            result = shuffle(np.array([0, 1, 2, 2]), 4, np.random.default_rng(seed))
            assert sorted(set(result.tolist())) == [0, 1, 2]

    def test_fraction_zero_is_the_mapping_itself(self, alanine):
        for n_beads in (1, 3, 22):
            np.testing.assert_array_equal(
                generate("shuffled", alanine, n_beads, of="sequence", fraction=0.0).bead_index,
                generate("sequence", alanine, n_beads).bead_index,
            )

    def test_seeds_shuffle_differently(self, alanine):
        drawn = {tuple(generate("shuffled", alanine, 6, seed, fraction=0.3).bead_index) for seed in range(10)}
        assert len(drawn) == 10

    def test_a_learned_mapping_sees_the_frames(self, alanine, alanine_frames):
        settings = {"restarts": 1, "steps": 5}
        frames = alanine_frames.positions[:24]
        mapping = generate("shuffled", alanine, 4, 0, frames, of="cgae", settings=settings)
        assert mapping.n_beads == 4

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ({"of": "nonsense"}, "no mapping plug-in 'nonsense'"),
            ({"of": "cgae", "settings": {"stepz": 3}}, "shuffled cgae: unknown key 'stepz'"),
            ({"fraction": 1.5}, "key 'fraction' has value 1.5"),
        ],
    )
    def test_wrong_settings_are_refused_with_the_config(self, values, message):
        with pytest.raises(InputError, match=message):
            parse_settings(registry.load("mapping", "shuffled").Settings, values, "config")
