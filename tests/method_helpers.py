"""Methods for a mapping and training frames."""

import numpy as np

from cgbench.chem.molecule import Molecule
from cgbench.core import registry
from cgbench.mapping.base import Mapping
from cgbench.methods.base import BackmappingMethod
from cgbench.nn.task_facts import TaskFacts


def method(name: str, mapping: Mapping, molecule: Molecule, train: np.ndarray, **values) -> BackmappingMethod:
    plugin = registry.load("methods", name)
    settings = plugin.Settings(**values).resolved(TaskFacts.of(mapping, train))
    return plugin(settings, mapping, molecule)
