"""AMBER NetCDF: scale factors, units, times and unit cells, as programs write them."""

import re

import numpy as np
import pytest
from scipy.io import netcdf_file

from cgbench.chem.trajectory_io import load_trajectory
from cgbench.core.errors import InputError

N_FRAMES = 6
NEVER_WRITTEN = 9.969209968386869e36


@pytest.fixture
def topology(alanine_directory):
    return alanine_directory / "topology.pdb"


@pytest.fixture
def positions(alanine_frames):
    return alanine_frames.positions[:N_FRAMES]


def netcdf(path, kind="f", units=None, scale=None, **variables):
    """Write variables in the convention of AMBER, with units and scale factors of some."""
    dimensions = {"time": (), "coordinates": ("atom", "spatial"), "velocities": ("atom", "spatial")}
    dimensions |= dict.fromkeys(("cell_lengths", "cell_angles"), ("spatial",))
    with netcdf_file(path, "w", version=2) as handle:
        handle.Conventions, handle.ConventionVersion = "AMBER", "1.0"
        handle.createDimension("frame", None)
        handle.createDimension("spatial", 3)
        handle.createDimension("atom", 22)
        for name, values in variables.items():
            variable = handle.createVariable(name, kind, ("frame", *dimensions[name]))
            if name in (units or {}):
                variable.units = units[name]
            if name in (scale or {}):
                variable.scale_factor = scale[name]
            variable[:] = values
    return path


@pytest.mark.parametrize("selection", ["all", "element N"])
def test_scale_factors_are_applied(topology, positions, tmp_path, selection):
    path = netcdf(
        tmp_path / "t.nc",
        scale={"coordinates": 0.5, "time": 2.0},
        coordinates=positions / 0.5,
        time=np.arange(N_FRAMES),
    )
    raw = load_trajectory(path, topology, selection)
    atoms = slice(None) if selection == "all" else [6, 16]
    np.testing.assert_allclose(raw.positions, positions[:, atoms], rtol=1e-6)
    np.testing.assert_allclose(raw.time, 2.0 * np.arange(N_FRAMES))
    assert "coordinates were multiplied by their scale_factor 0.5" in raw.notes


@pytest.mark.parametrize("kind", ["f", "d"])
def test_units_are_converted(topology, positions, tmp_path, kind):
    path = netcdf(
        tmp_path / "t.nc",
        kind,
        units={"coordinates": "nanometer", "cell_lengths": "nanometers", "time": "femtosecond"},
        coordinates=positions / 10,
        time=500.0 * np.arange(N_FRAMES),
        cell_lengths=np.tile([3.0, 3.0, 4.0], (N_FRAMES, 1)),
        cell_angles=np.full((N_FRAMES, 3), 90.0),
    )
    raw = load_trajectory(path, topology)
    np.testing.assert_allclose(raw.positions, positions, rtol=1e-6)
    np.testing.assert_allclose(raw.time, 0.5 * np.arange(N_FRAMES))
    np.testing.assert_allclose(raw.cell[0], np.diag([30, 30, 40]), atol=1e-4)


@pytest.mark.parametrize(
    ("units", "said"),
    [
        ({"coordinates": "bohr"}, "coordinates are in 'bohr'; convert the file to angstrom"),
        ({"time": "step"}, "time are in 'step'; convert the file to picosecond"),
    ],
)
def test_other_units_are_refused(topology, positions, tmp_path, units, said):
    path = netcdf(tmp_path / "t.nc", units=units, coordinates=positions, time=np.arange(N_FRAMES))
    with pytest.raises(InputError, match=rf"t\.nc: {said}"):
        load_trajectory(path, topology)


def test_velocities_alone_are_no_trajectory(topology, positions, tmp_path):
    path = netcdf(tmp_path / "t.nc", velocities=positions)
    with pytest.raises(InputError, match=r"t\.nc: no coordinates, only velocities"):
        load_trajectory(path, topology)


def test_positions_that_were_never_written_are_refused(topology, positions, tmp_path):
    positions = positions.copy()
    positions[4] = NEVER_WRITTEN
    path = netcdf(tmp_path / "t.nc", coordinates=positions)
    with pytest.raises(InputError, match=r"t\.nc: 1 of 6 frames contain NaN .* first is frame 4"):
        load_trajectory(path, topology)


@pytest.mark.parametrize(
    ("time", "said"),
    [
        (None, "the file or its format holds no time of frames"),
        (np.full(N_FRAMES, NEVER_WRITTEN), "the time of frames is not a number, or was never written"),
        (np.full(N_FRAMES, np.nan), "the time of frames is not a number"),
        (np.zeros(N_FRAMES), "the time of all 6 frames is 0 ps"),
        (np.full(N_FRAMES, 80.0), "the time of all 6 frames is 80 ps"),
        (3e7 + np.arange(N_FRAMES), r"its resolution in the file is 2 ps at 3e\+07 ps"),
    ],
)
def test_a_time_without_meaning_is_no_time(topology, positions, tmp_path, time, said):
    variables = {"coordinates": positions} | ({} if time is None else {"time": time})
    raw = load_trajectory(netcdf(tmp_path / "t.nc", **variables), topology, stride=2)
    np.testing.assert_array_equal(raw.time, [0, 2, 4])
    assert re.search(said, raw.no_time)


@pytest.mark.parametrize(
    "time",
    [3e7 + 10.0 * np.arange(N_FRAMES), [0, 1, 2, 2, 3, 4], [0, 1, 2, 0, 1, 2], [7]],
    ids=["late", "last frame twice", "joined", "one frame"],
)
def test_other_times_are_kept(topology, positions, tmp_path, time):
    raw = load_trajectory(netcdf(tmp_path / "t.nc", coordinates=positions[: len(time)], time=time), topology)
    assert raw.no_time == ""
    np.testing.assert_allclose(raw.time, time)


def test_cells_of_zero_length_are_no_cells(topology, positions, tmp_path):
    lengths = np.full((N_FRAMES, 3), 40.0)
    lengths[3:] = 0.0
    cells = {"cell_lengths": lengths, "cell_angles": np.full((N_FRAMES, 3), 90.0)}
    raw = load_trajectory(netcdf(tmp_path / "t.nc", coordinates=positions, **cells), topology)
    assert raw.cell is None
    assert raw.notes == ("3 of 6 frames have no unit cell, so that none is used",)
