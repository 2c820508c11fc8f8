"""Contract of all metrics."""

from cgbench.contract.metrics import *  # noqa: F403
