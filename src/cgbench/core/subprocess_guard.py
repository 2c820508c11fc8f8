"""Calls in a separate process, for compiled readers that may crash or hang on a damaged file."""

import faulthandler
import gc
import multiprocessing
import os
import resource
import signal
import tempfile
import warnings
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

MORE_MEMORY = "give more memory, or a file of fewer atoms and frames (mdconvert, gmx trjconv, cpptraj)"
FETCH_AGAIN = "the file is corrupt, fetch it or write it again"


class CrashError(Exception):
    """The separate process ended before the call did.

    Attributes
    ----------
    cure
        Advice about the file that was read.
    """

    def __init__(self, reason: str, cure: str) -> None:
        super().__init__(reason)
        self.cure = cure


def isolated(cpu_seconds: int, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call ``function`` in a fork of this process, and return its result or raise its exception.

    A fork starts within milliseconds. Changes that the function makes to this program are lost, and its
    temporary files are removed, even if it crashes.

    Parameters
    ----------
    cpu_seconds
        Limit of processor time; waiting for other processes does not count.

    Raises
    ------
    CrashError
        If the process crashed, exceeded the time limit or was killed for lack of memory.
    """
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    with receiver, tempfile.TemporaryDirectory() as folder:
        process = context.Process(
            target=_run, args=(sender, cpu_seconds, folder, function, args, kwargs), daemon=True
        )
        with warnings.catch_warnings():
            # About a fork beside threads. The function does not use the threads of torch or of a tracker.
            warnings.simplefilter("ignore", DeprecationWarning)
            process.start()
        sender.close()
        try:
            succeeded, outcome = receiver.recv()
        except EOFError:
            process.join()
            raise _crash(process.exitcode, cpu_seconds) from None
        finally:
            process.join()
    if not succeeded:
        raise outcome
    result: T = outcome
    return result


def _run(
    sender: Connection, cpu_seconds: int, folder: str, function: Callable[..., Any], args: Any, kwargs: Any
) -> None:
    tempfile.tempdir = folder
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # compiled readers print remarks
    # The soft limit sends SIGXCPU, which differs from the signal for lack of memory.
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    soft = cpu_seconds if hard == resource.RLIM_INFINITY else min(cpu_seconds, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    gc.disable()  # a collection would copy the memory that is shared with the parent
    faulthandler.disable()  # the exit status tells the reason
    try:
        answer = True, function(*args, **kwargs)
    except Exception as error:
        answer = False, error
    sender.send(answer)


def _crash(exit_code: int | None, cpu_seconds: int) -> CrashError:
    if exit_code == -signal.SIGKILL:
        return CrashError("the reading process was killed, probably for lack of memory", MORE_MEMORY)
    if exit_code == -signal.SIGXCPU:
        reason = f"not finished after {cpu_seconds} s of processor time"
    elif exit_code is not None and exit_code < 0:
        reason = f"the reading process crashed with {signal.Signals(-exit_code).name}"
    else:
        reason = f"the reading process ended with exit status {exit_code}"
    return CrashError(reason, FETCH_AGAIN)
