"""LAMMPS dumps in every style of coordinates give the same positions in Å."""

import numpy as np
import pytest

from cgbench.chem.trajectory_io import load_trajectory
from cgbench.core.errors import InputError

N_FRAMES = 4
LOW = np.array([-14.0, -15.0, -16.0])  # Å
CUBE = np.diag([32.0, 33.0, 34.0])
TILTED = np.array([[32.0, 0.0, 0.0], [-5.0, 33.0, 0.0], [4.0, 3.0, 34.0]])


@pytest.fixture
def topology(alanine_directory):
    return alanine_directory / "topology.pdb"


@pytest.fixture
def positions(alanine_frames):
    return alanine_frames.positions[:N_FRAMES].astype(np.float64)


def dump(positions, columns, *, vectors=CUBE, flags="pp pp pp", header="", first_id=1, seed=1):
    """Text of a dump with atoms in random order, as those of several processors are."""
    rng, text = np.random.default_rng(seed), ""
    tilt = vectors[1, 0], vectors[2, 0], vectors[2, 1]
    (xy, xz, yz), high = tilt, LOW + np.diag(vectors)
    shift_low = min(0, xy, xz, xy + xz), min(0, yz), 0
    shift_high = max(0, xy, xz, xy + xz), max(0, yz), 0
    for number, frame in enumerate(positions):
        scaled = (frame - LOW) @ np.linalg.inv(vectors)
        values = dict(zip(("x", "y", "z", "xu", "yu", "zu"), [*frame.T, *frame.T], strict=True))
        values |= dict(zip(("xs", "ys", "zs", "xsu", "ysu", "zsu"), [*scaled.T, *scaled.T], strict=True))
        values |= {"id": np.arange(len(frame)) + first_id, "type": np.ones(len(frame), int), "q": frame[:, 0]}
        text += f"{header}ITEM: TIMESTEP\n{500 * number}\nITEM: NUMBER OF ATOMS\n{len(frame)}\n"
        text += f"ITEM: BOX BOUNDS {'xy xz yz ' if any(tilt) else ''}{flags}\n"
        for axis in range(3):
            bounds = [LOW[axis] + shift_low[axis], high[axis] + shift_high[axis]]
            text += (
                " ".join(f"{value:.16e}" for value in [*bounds, tilt[axis]][: 3 if any(tilt) else 2]) + "\n"
            )
        text += f"ITEM: ATOMS {columns}\n"
        for atom in rng.permutation(len(frame)):
            text += " ".join(f"{values[name][atom]:.9g}" for name in columns.split()) + " \n"
    return text


def read(text, topology, tmp_path, *args):
    (tmp_path / "t.lammpstrj").write_text(text)
    return load_trajectory(tmp_path / "t.lammpstrj", topology, *args)


@pytest.mark.parametrize("vectors", [CUBE, TILTED], ids=["cube", "tilted"])
@pytest.mark.parametrize(
    "columns",
    ["id type x y z", "id xu yu zu", "type xs ys zs id", "q id type xsu ysu zsu", "id xs ys zs q z y x"],
)
def test_every_style_gives_the_same_positions(topology, positions, tmp_path, columns, vectors):
    raw = read(dump(positions, columns, vectors=vectors), topology, tmp_path)
    np.testing.assert_allclose(raw.positions, positions, atol=1e-5)
    np.testing.assert_allclose(raw.cell, np.broadcast_to(vectors, (N_FRAMES, 3, 3)), atol=1e-5)
    assert raw.no_time


def test_selection_and_stride(topology, positions, tmp_path):
    raw = read(dump(positions, "id xs ys zs"), topology, tmp_path, "element N", 3)
    np.testing.assert_allclose(raw.positions, positions[::3][:, [6, 16]], atol=1e-5)


def test_ids_of_a_group_are_those_of_a_larger_system(topology, positions, tmp_path):
    raw = read(dump(positions, "id x y z", first_id=901), topology, tmp_path)
    np.testing.assert_allclose(raw.positions, positions, atol=1e-5)


@pytest.mark.parametrize(
    ("flags", "lengths"),
    [("pp pp pp", (32, 33, 34)), ("", (32, 33, 34)), ("pp pp ff", (32, 33, 102)), ("ss fs mm", None)],
)
def test_images_are_sought_along_periodic_directions_only(topology, positions, tmp_path, flags, lengths):
    cell = read(dump(positions, "id x y z", flags=flags), topology, tmp_path).cell
    if lengths is None:
        assert cell is None
    else:
        np.testing.assert_allclose(cell[0], np.diag(lengths), atol=1e-5)


def test_units_and_time_may_be_stated(topology, positions, tmp_path):
    header = "ITEM: UNITS\nmetal\nITEM: TIME\n0.5\n"
    raw = read(dump(positions, "id x y z", header=header), topology, tmp_path)
    np.testing.assert_allclose(raw.positions, positions, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "change", "said"),
    [
        ({"columns": "type x y z"}, None, "columns of atoms are type x y z; dump coordinates .* and id"),
        ({"columns": "id x y zs"}, None, "columns of atoms are id x y zs; dump coordinates"),
        ({"columns": "id x y z", "header": "ITEM: UNITS\nlj\n"}, None, "the units are 'lj'; give .* in Å"),
        ({"columns": "id x y z", "flags": "abc origin pp pp pp"}, None, "general triclinic cell"),
        ({"columns": "id x y z"}, ("\n22\n", "\n21\n"), "21 atoms, but topology .* has 22"),
        ({"columns": "id x y z"}, ("\n1 ", "\n99 "), "frame 1 has other atoms than frame 0"),
        ({"columns": "id x y z"}, ("\n1 ", "\n2 "), "frame 0: several atoms have one id"),
        ({"columns": "id x y z"}, ("\n1 ", "\nnan? "), "cannot be read as a trajectory .*frame 0"),
        ({"columns": "id x y z"}, ("ITEM: TIMESTEP\n", "ITEM: GRID\n"), "not a line of a LAMMPS dump"),
    ],
)
def test_what_is_not_known_is_not_guessed(topology, positions, tmp_path, options, change, said):
    text = dump(positions, **options)
    with pytest.raises(InputError, match=rf"t\.lammpstrj: .*{said}"):
        read(text.replace(*change, 1) if change else text, topology, tmp_path)
