"""Calling what may take its process down with it, such as compiled readers given a damaged file."""

import faulthandler
import gc
import multiprocessing
import resource
import signal
import warnings
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


MORE_MEMORY = "give more memory, or a file of fewer atoms and frames (mdconvert, gmx trjconv, cpptraj)"
AGAIN = "the file is corrupt, fetch or simulate it again"


class CrashError(Exception):
    """The process of an isolated call ended before the call did.

    Parameters
    ----------
    reason
        How.
    cure
        What to do about the file that was read.
    """

    def __init__(self, reason: str, cure: str) -> None:
        super().__init__(reason)
        self.cure = cure


def isolated(cpu_seconds: int, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call ``function`` in a process of its own and return or raise what it does.

    The process is a fork, so that it starts in milliseconds and knows all that this one does; what it
    changes is lost.

    Parameters
    ----------
    cpu_seconds
        Processor time after which the call counts as hanging. A busy machine does not use it up.

    Raises
    ------
    CrashError
        Saying how, if the process crashed, used up its time or was killed for its memory.
    """
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(sender, cpu_seconds, function, args, kwargs), daemon=True)
    with receiver:
        with warnings.catch_warnings():
            # Of a fork beside threads. Those of torch and of a tracker do not reach into what is called here.
            warnings.simplefilter("ignore", DeprecationWarning)
            process.start()
        sender.close()
        try:
            succeeded, outcome = receiver.recv()
        except EOFError:
            process.join()
            killed = process.exitcode == -signal.SIGKILL
            reason = _reason(process.exitcode, cpu_seconds)
            raise CrashError(reason, MORE_MEMORY if killed else AGAIN) from None
        finally:
            process.join()
    if not succeeded:
        raise outcome
    result: T = outcome
    return result


def _answer(
    sender: Connection, cpu_seconds: int, function: Callable[..., Any], args: Any, kwargs: Any
) -> None:
    # At the soft limit comes a signal that tells this end from one for lack of memory.
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    soft = cpu_seconds if hard == resource.RLIM_INFINITY else min(cpu_seconds, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    gc.disable()  # it would touch, and so copy, all of the memory that is shared with the parent
    faulthandler.disable()  # the exit status tells what happened
    try:
        answer = True, function(*args, **kwargs)
    except Exception as error:
        answer = False, error
    sender.send(answer)


def _reason(exit_code: int | None, cpu_seconds: int) -> str:
    if exit_code == -signal.SIGXCPU:
        return f"it is not done after {cpu_seconds} s of processor time"
    if exit_code == -signal.SIGKILL:
        return "it was killed, which is what happens where memory runs out"
    if exit_code is not None and exit_code < 0:
        return f"it crashed with {signal.Signals(-exit_code).name}"
    return f"it ended with exit status {exit_code}"
