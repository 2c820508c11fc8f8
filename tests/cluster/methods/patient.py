"""Takes longer than the first attempt has, and goes on from what it left."""

import time

from cgbench.methods import linear
from cgbench.methods.base import Positions, TrainingContext

SECONDS = 600


class Method(linear.Method):
    reference = "tests/cluster"

    def fit(self, train: Positions, valid: Positions, context: TrainingContext) -> None:
        assert context.scratch
        checkpoint = context.scratch / "checkpoint"
        if not checkpoint.exists():
            checkpoint.touch()
            time.sleep(SECONDS)
        super().fit(train, valid, context)
