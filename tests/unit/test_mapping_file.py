"""Beads that a user defines in a file, and the errors of wrong files."""

import json
from pathlib import Path

import numpy as np
import pytest

from cgbench.core import registry
from cgbench.core.errors import InputError
from cgbench.core.registry import PlugIn
from cgbench.methods.base import TrainingContext, draw

YAML = """
- atoms: [16, 17, 18, 19, 20, 21]
- {atoms: resid 0, centre: mass}
- {atoms: resid 1, centre: CA}
"""


def generate(path, molecule, n_beads=3):
    generator = registry.load("mapping", "file")
    return generator(generator.Settings(path=str(path))).generate(molecule, n_beads, 0)


@pytest.fixture
def written(tmp_path):
    def write(text, name="beads.yaml"):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return write


def test_beads_by_selection_and_index_with_every_kind_of_centre(written, alanine):
    mapping = generate(written(YAML), alanine)
    # In the order of the file, in which a simulation writes them.
    np.testing.assert_array_equal(mapping.bead_index, (alanine.residue_index + 1) % 3)
    third, first, second = (mapping.weights[mapping.bead_index == bead] for bead in range(3))
    masses = alanine.masses[alanine.residue_index == 0]
    np.testing.assert_allclose(first, masses / masses.sum())
    assert np.flatnonzero(second).tolist() == [alanine.atom_names.index("CA") - 6]
    np.testing.assert_allclose(third, 1 / 6)


def test_the_same_beads_in_json(written, alanine):
    beads = [
        {"atoms": "resid 2"},
        {"atoms": "resid 0", "centre": "mass"},
        {"atoms": "resid 1", "centre": "CA"},
    ]
    by_json = generate(written(json.dumps(beads), "beads.json"), alanine)
    by_yaml = generate(written(YAML), alanine)
    np.testing.assert_array_equal(by_json.bead_index, by_yaml.bead_index)
    np.testing.assert_allclose(by_json.weights, by_yaml.weights)


@pytest.mark.parametrize("selection", ["residue 8", "resSeq 8 to 9", "chainid 1", "segname A"])
def test_numbers_that_only_a_topology_file_knows_are_refused(written, alanine, selection):
    with pytest.raises(InputError, match=r"bead 0: '.*' asks for \w+, .* number residues by resid, from 0"):
        generate(written(f"- atoms: {selection}\n- atoms: resid 1 2"), alanine, 2)


def test_other_resolutions_are_refused(written, alanine):
    with pytest.raises(
        InputError, match=r"beads.yaml: has 3 beads, but the resolution is 5; .* resolution is 3"
    ):
        generate(written(YAML), alanine, 5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- atoms: resid 0 1", r"beads.yaml: atoms 16 \(NME3-N\), .* 21 \(NME3-H3\) are in no bead; add"),
        (
            "- atoms: all\n- {atoms: [3]}",
            r"beads.yaml: bead 1: atom 3 \(ACE1-H1\) is already in bead 0; leave every atom in one bead",
        ),
        ("- atoms: [0, 22, -1]", r"bead 0: no atom 22, -1; atoms of the frames are counted from 0 to 21"),
        ("- atoms: [0, 1, 1]", r"bead 0: atom 1 \(ACE1-O\) is in it more than once"),
        ("- atoms: []", r"bead 0: no atom matches \(\); a bead needs at least one"),
        ("- atoms: name XX", r"bead 0: no atom matches 'name XX'; .*, and resid counts from 0 to 2$"),
        ("- atoms: resi 3", r"no atom matches 'resi 3'; .*, and resid counts from 0 to 2$"),
        ("- atoms: nmae CA", r"bead 0: 'nmae CA' is not in mdtraj's atom selection language"),
        (
            "- {atoms: all, centre: C}",
            r"bead 0: centre 'C' is not geometry, mass or .* of its atoms \(C, O, ",
        ),
        ("- {atoms: all, centre: CX}", r"bead 0: centre 'CX' is not geometry, mass or the name"),
        ("- {atoms: all, center: mass}", r"bead 0: unknown key 'center'"),
        ("- {centre: mass}", r"bead 0: key 'atoms' is missing"),
        ("- {atoms: [1.5]}", r"bead 0: .*valid integer"),
        ("- all", r"must hold a list of beads, such as \["),
        ("atoms: all", r"must hold a list of beads"),
        ("", r"must hold a list of beads"),
        ("- {atoms: all", r"beads.yaml: not valid YAML"),
    ],
)
def test_mistakes_are_named(written, alanine, text, message):
    n_beads = text.count("atoms:") or 1
    with pytest.raises(InputError, match=message):
        generate(written(text), alanine, n_beads)


def test_names_that_reading_replaced_are_given(written, alanine):
    """CHARMM's HN is H of the PDB, and HB1 of a methylene group is HB3."""
    part = "- atoms: resid 0 2\n- atoms: resid 1 and ({})"
    names = "name N or name CA or name C or name O or name HA or name CB or name HB1 or name HB2 or name HB3"
    with pytest.raises(
        InputError, match=r"\(ALA2-H\) is in no bead; .* reads HN as H: select by the second names, .*"
    ):
        generate(written(part.format(f"{names} or name HN")), alanine, 2)
    with pytest.raises(
        InputError,
        match=r"bead 1: no atom matches 'resid 1 and \(name HN\)'; .* reads HN as H: select by the second ",
    ):
        generate(written(part.format("name HN")), alanine, 2)


def test_index_files_of_gromacs_are_refused(written, alanine):
    with pytest.raises(
        InputError, match=r"beads\.ndx: index files of GROMACS are not read; .* counted from 0"
    ):
        generate(written("[ BB1 ]\n1 2 3\n", "beads.ndx"), alanine, 1)


def test_a_missing_file_and_broken_json(written, alanine, tmp_path):
    with pytest.raises(InputError, match=r"none.yaml: no such file; check the path"):
        generate(tmp_path / "none.yaml", alanine)
    with pytest.raises(InputError, match=r"beads.json: not valid JSON .*; correct it"):
        generate(written("- atoms: all", "beads.json"), alanine)


def test_a_method_keeps_beads_of_mixed_centres(written, alanine, alanine_frames):
    mapping = generate(written(YAML), alanine)
    method = registry.load("methods", "linear")
    model = method(method.Settings(), mapping, alanine)
    frames = alanine_frames.positions[:60].astype(np.float64)
    model.fit(frames[:40], frames[40:50], TrainingContext(seed=0))
    beads = mapping.beads(frames[50:])
    np.testing.assert_allclose(mapping.beads(draw(model, frames[50:], 1, seed=0))[:, 0], beads, atol=1e-10)


def test_the_file_is_watched(tmp_path: Path) -> None:
    path = str(tmp_path / "beads.json")
    assert PlugIn.parse("mapping", "mine", "file", {"path": path}, "test").create().input_files() == [path]
    shuffled = {"of": "file", "settings": {"path": path}}
    watched = PlugIn.parse("mapping", "mine", "shuffled", shuffled, "test").create().input_files()
    assert path in watched and any(name.endswith("mapping/file.py") for name in watched)
