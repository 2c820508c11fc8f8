"""Following runs with Weights & Biases, for those who ask for it.

A tracker gets a copy of what is written anyway: nothing reads it back, no figure is drawn from it,
and its failures are warnings. It is set up by the variables of Weights & Biases itself
(``WANDB_MODE``, ``WANDB_PROJECT``, ...), which the workflow sets from the section ``tracking`` of the
config. That way settings of tracking are no part of what results are made by, and repeat nothing.
"""

import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cgbench.config.schema import Tracking

# What a tracker need not know: who and where one is, what else the machine does, what a log says.
_PRIVATE = {
    "console": "off",
    "disable_code": True,
    "disable_git": True,
    "host": "",
    "program": "cgbench",
    "save_code": False,
    "silent": True,
    "x_disable_machine_info": True,
    "x_disable_meta": True,
    "x_disable_stats": True,
}
# How long a run waits for a server: to begin with, and for the last of its data at its end.
_INIT_SECONDS, _FINISH_SECONDS = 30, 300


def environment(tracking: Tracking, directory: str, benchmark: str) -> dict[str, str]:
    """Variables of Weights & Biases that say what the config says.

    Parameters
    ----------
    directory
        Where runs are kept, in a folder ``wandb``.
    benchmark
        Name of the group of all runs of one benchmark, where the config gives none.
    """
    chosen = {
        "WANDB_MODE": tracking.mode,
        "WANDB_PROJECT": tracking.project,
        "WANDB_ENTITY": tracking.entity,
        "WANDB_RUN_GROUP": tracking.group or benchmark,
        "WANDB_TAGS": ",".join(tracking.tags),
        "WANDB_DIR": directory,
    }
    return {name: value for name, value in chosen.items() if value}


class Tracker:
    """One run as the tracker sees it; after a failure, and where tracking is off, it does nothing."""

    def __init__(self, start: Callable[[], Any]) -> None:
        self._run: Any = None
        self._n_rows = 0
        if os.environ.get("WANDB_MODE", "disabled") != "disabled":
            self._run = self._tolerated(start)

    def log_history(self, history: Sequence[Mapping[str, float]]) -> None:
        """Pass on the rows that are new; those of a killed training that was resumed are among them."""
        new = history[self._n_rows :]
        self._n_rows = len(history)
        self._tell(lambda run: [run.log(dict(row)) for row in new])

    def log_image(self, name: str, path: Path | str) -> None:
        """Pass on a PNG."""

        def log(run: Any) -> None:
            import wandb

            run.log({name: wandb.Image(str(path))})

        self._tell(log)

    def summarise(self, values: Mapping[str, Any]) -> None:
        """Pass on what holds for the run as a whole."""
        self._tell(lambda run: run.summary.update(dict(values)))

    def finish(self, *, failed: bool) -> None:
        """End the run."""
        self._tell(lambda run: run.finish(exit_code=int(failed)))

    def _tell(self, action: Callable[[Any], object]) -> None:
        run = self._run
        if run is not None:
            self._tolerated(lambda: action(run))

    def _tolerated(self, action: Callable[[], Any]) -> Any:
        """Turn any failure into one warning and go on untracked: results do not depend on a tracker."""
        try:
            return action()
        except Exception as error:
            self._run = None
            reason = " ".join(str(error).split()) or type(error).__name__
            warnings.warn(
                f"tracking failed and is off for the rest of this run: {reason}; the run itself goes on "
                "(WANDB_MODE=disabled turns tracking off)",
                stacklevel=2,
            )


@contextmanager
def track(kind: str, labels: Mapping[str, Any], facts: Mapping[str, Any]) -> Iterator[Tracker]:
    """Follow what happens inside as one run, which is always a new one.

    A run that was kept offline cannot be added to later, so each stage of a cell, and a resumed
    training, gets a run of its own; group and name tell what belongs together.

    Parameters
    ----------
    kind
        ``train``, ``score`` or ``figure``: the type of job in the tracker.
    labels
        What the run is about (dataset, mapping, ...); their values, joined, are its name.
    facts
        What else its configuration holds.
    """
    tracker = Tracker(lambda: _start(kind, labels, facts))
    failed = True
    try:
        yield tracker
        failed = False
    finally:
        tracker.finish(failed=failed)


def _start(kind: str, labels: Mapping[str, Any], facts: Mapping[str, Any]) -> Any:
    try:
        import wandb
    except ImportError:
        raise ModuleNotFoundError(
            "wandb is not installed; in the checkout, pip install -e '.[tracking]'"
        ) from None
    Path(os.environ.get("WANDB_DIR", ".")).mkdir(parents=True, exist_ok=True)
    limit = {} if "WANDB_INIT_TIMEOUT" in os.environ else {"init_timeout": _INIT_SECONDS}
    return wandb.init(
        # Only where nobody has named one.
        project=None if "WANDB_PROJECT" in os.environ else Tracking().project,
        job_type=kind,
        name="/".join(str(value) for value in labels.values()),
        config={**labels, **facts},
        settings=wandb.Settings(
            **_PRIVATE, **limit, finish_timeout=_FINISH_SECONDS, finish_timeout_raises=True
        ),
        reinit="create_new",
    )
