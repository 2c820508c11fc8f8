"""The contract of every mapping generator in ``cgbench/mapping``."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cgbench.chem.topology_io import read_topology
from cgbench.contract.mappings import *  # noqa: F403
from cgbench.contract.mappings import assert_in_order, assert_valid, only_resolution
from cgbench.core import registry
from cgbench.core.errors import InputError

ROOT = Path(__file__).parents[2]

# Beads of chignolin with the mappings that have one resolution.
ONLY = {"alpha_carbon": 12, "calpha_sidechain": 21, "heavy_atoms": 97, "martini3": 32}
ONLY |= {"residue_cog": 12, "residue_com": 12}


@pytest.fixture(scope="session")
def chignolin():
    """Topology of 175 atoms."""
    return read_topology(ROOT / "workflow/resources/chignolin/topology.pdb")


@settings(
    deadline=None,
    max_examples=2,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(n_beads=st.integers(1, 175), seed=st.integers(0, 2**31 - 1))
@pytest.mark.parametrize(
    "name",
    [
        *("alpha_carbon", "backbone", "calpha_sidechain", "heavy_atoms", "martini3", "random"),
        *("residue_cog", "residue_com", "sequence", "shuffled"),
        pytest.param("girvan_newman", marks=pytest.mark.slow),
    ],
)
def test_a_peptide_is_mapped_or_refused_with_the_only_resolution(name, chignolin, n_beads, seed):
    plug_in = registry.load("mapping", name)
    generator = plug_in(plug_in.Settings())
    try:
        mapping = generator.generate(chignolin, n_beads, seed)
    except InputError as refusal:
        n_beads = only_resolution(refusal)
        assert n_beads == ONLY[name]
        mapping = generator.generate(chignolin, n_beads, seed)
    assert_valid(mapping, 175, n_beads)
    if name != "martini3":  # beads have the order of martinize2
        assert_in_order(mapping)
    again = generator.generate(chignolin, n_beads, seed)
    np.testing.assert_array_equal(again.bead_index, mapping.bead_index)
    np.testing.assert_array_equal(again.weights, mapping.weights)
