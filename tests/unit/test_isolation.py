"""What happens to an isolated call happens to it alone."""

import os
import signal
import time

import numpy as np
import pytest

from cgbench.errors import InputError
from cgbench.isolation import CrashError, isolated

CPU_SECONDS = 1


def _refuse() -> None:
    raise InputError("no")


def _hang() -> None:
    while True:
        pass


def _crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def test_what_a_call_returns_or_raises_is_passed_on() -> None:
    size = 3_000_000  # more than a pipe holds
    np.testing.assert_array_equal(isolated(CPU_SECONDS, np.arange, size), np.arange(size))
    with pytest.raises(InputError, match="no"):
        isolated(CPU_SECONDS, _refuse)


@pytest.mark.parametrize(
    ("call", "said"),
    [(_crash, "crashed with SIGSEGV"), (_hang, "not done after 1 s"), (lambda: os._exit(3), "exit status 3")],
)
def test_a_call_that_takes_its_process_down_is_told(call, said) -> None:
    with pytest.raises(CrashError, match=said):
        isolated(CPU_SECONDS, call)


def test_what_a_call_changes_is_lost() -> None:
    before = os.environ.get("CHANGED")
    isolated(CPU_SECONDS, os.environ.__setitem__, "CHANGED", "yes")
    assert os.environ.get("CHANGED") == before


def test_waiting_is_not_hanging() -> None:
    isolated(CPU_SECONDS, time.sleep, 1.2)
