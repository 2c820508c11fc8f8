"""Optional tracking of runs with Weights & Biases.

The tracker gets copies of results: nothing is read back from it, and its failures are warnings. It is
configured by the environment variables of Weights & Biases (``WANDB_MODE``, ``WANDB_PROJECT``, ...), which
the workflow sets from the section ``tracking`` of the config, so that changing them repeats no job.
"""

import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cgbench.config.schema import Tracking

# Nothing about the user, the machine, the code or the log is sent.
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
# Longest wait for a server at the start of a run, and for the upload at its end, s.
_INIT_SECONDS, _FINISH_SECONDS = 30, 300


def environment(tracking: Tracking, directory: str, benchmark: str) -> dict[str, str]:
    """Return the environment variables of Weights & Biases for a configuration.

    Parameters
    ----------
    directory
        Folder in which runs are stored, in ``wandb``.
    benchmark
        Group of all runs of one benchmark, if the config gives none.
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
    """One tracked run; it does nothing if tracking is off or has failed."""

    def __init__(self, start: Callable[[], Any]) -> None:
        self._run: Any = None
        self._n_rows = 0
        if os.environ.get("WANDB_MODE", "disabled") != "disabled":
            self._run = self._tolerated(start)

    def log_history(self, history: Sequence[Mapping[str, float]]) -> None:
        """Log the new rows of a history, including those from before a training was resumed."""
        new = history[self._n_rows :]
        self._n_rows = len(history)
        self._tell(lambda run: [run.log(dict(row)) for row in new])

    def log_image(self, name: str, path: Path | str) -> None:
        """Log a PNG file."""

        def log(run: Any) -> None:
            import wandb

            run.log({name: wandb.Image(str(path))})

        self._tell(log)

    def summarise(self, values: Mapping[str, Any]) -> None:
        """Log values of the whole run."""
        self._tell(lambda run: run.summary.update(dict(values)))

    def finish(self, *, failed: bool) -> None:
        """End the run."""
        self._tell(lambda run: run.finish(exit_code=int(failed)))

    def _tell(self, action: Callable[[Any], object]) -> None:
        run = self._run
        if run is not None:
            self._tolerated(lambda: action(run))

    def _tolerated(self, action: Callable[[], Any]) -> Any:
        """Turn any failure into a warning and stop tracking."""
        try:
            return action()
        except Exception as error:
            self._run = None
            reason = " ".join(str(error).split()) or type(error).__name__
            warnings.warn(
                f"tracking failed and is off for the rest of this run: {reason}; the run itself continues "
                "(WANDB_MODE=disabled turns tracking off)",
                stacklevel=2,
            )


@contextmanager
def track(kind: str, labels: Mapping[str, Any], settings: Mapping[str, Any]) -> Iterator[Tracker]:
    """Track the block as a new run.

    An offline run cannot be continued, so each stage and each resumed training is a separate run; runs
    that belong together share their group and name.

    Parameters
    ----------
    kind
        Type of job in the tracker: ``train``, ``score`` or ``figure``.
    labels
        Dataset, mapping, ...; their values form the name of the run.
    settings
        Further entries of the configuration of the run.
    """
    tracker = Tracker(lambda: _start(kind, labels, settings))
    failed = True
    try:
        yield tracker
        failed = False
    finally:
        tracker.finish(failed=failed)


def _start(kind: str, labels: Mapping[str, Any], settings: Mapping[str, Any]) -> Any:
    try:
        import wandb
    except ImportError:
        raise ModuleNotFoundError(
            "wandb is not installed; run pip install -e '.[tracking]' in the checkout"
        ) from None
    Path(os.environ.get("WANDB_DIR", ".")).mkdir(parents=True, exist_ok=True)
    limit = {} if "WANDB_INIT_TIMEOUT" in os.environ else {"init_timeout": _INIT_SECONDS}
    return wandb.init(
        # WANDB_PROJECT takes precedence.
        project=None if "WANDB_PROJECT" in os.environ else Tracking().project,
        job_type=kind,
        name="/".join(str(value) for value in labels.values()),
        config={**labels, **settings},
        settings=wandb.Settings(
            **_PRIVATE, **limit, finish_timeout=_FINISH_SECONDS, finish_timeout_raises=True
        ),
        reinit="create_new",
    )
