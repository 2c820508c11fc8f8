"""A `python` that starts in milliseconds, for tests that start hundreds of them.

``python -m cgbench`` and ``python -m snakemake`` are forks of a process that has imported the libraries, none
of which is of this project; everything else is handed to the interpreter that runs the tests.
"""

import atexit
import importlib
import json
import os
import random
import runpy
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import traceback
from functools import cache
from pathlib import Path
from typing import Any

LIBRARIES = (
    "matplotlib.backends.backend_pdf",
    "matplotlib.backends.backend_svg",
    "matplotlib.figure",
    "mdtraj",
    "networkx",
    "openmm",
    "pandas",
    "rich.console",
    "scipy.spatial",
    "scipy.stats",
    "snakemake.cli",
    "torch",
    "typer",
)
# Sends arguments, folder, variables and the three streams, and ends with the exit status that comes back.
CLIENT = """#!{python} -IS
import json, os, socket, sys
if sys.argv[1:2] != ["-m"] or sys.argv[2] not in ("cgbench", "snakemake"):
    os.execv("{python}", ["{python}", *sys.argv[1:]])
server = socket.socket(socket.AF_UNIX)
server.connect(os.path.dirname(os.path.abspath(__file__)) + "/socket")
socket.send_fds(server, [b"+"], [0, 1, 2])
server.sendall(json.dumps([os.path.abspath(__file__), sys.argv[2:], os.getcwd(), dict(os.environ)]).encode())
server.shutdown(socket.SHUT_WR)
status = server.recv(16)
sys.exit(int(status) if status else "the process ended without a status")
"""


@cache
def warm_python() -> str:
    """Path of this `python`; its process ends with that which asks first."""
    # Paths of sockets have at most 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="python-"))
    python = folder / "python"
    python.write_text(CLIENT.format(python=sys.executable))
    python.chmod(0o755)
    server = subprocess.Popen(
        [sys.executable, __file__, folder / "socket"],
        env=os.environ | {"OMP_NUM_THREADS": "1"},  # which libraries read when they are imported
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert server.stdout
    assert server.stdout.readline(), "the server did not start"
    atexit.register(shutil.rmtree, folder)
    atexit.register(server.communicate)  # runs before the other
    return str(python)


def serve(path: str) -> None:
    """Fork a process for each connection, until the standard input ends."""
    for name in LIBRARIES:
        importlib.import_module(name)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(64)
        print("ready", flush=True)
        while True:
            readable, _, _ = select.select([listener, sys.stdin], [], [])
            if listener not in readable:
                break
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                run(connection)
            connection.close()
            reap()


def reap() -> None:
    """Forget processes that have ended."""
    while True:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                return
        except ChildProcessError:
            return


def run(connection: socket.socket) -> None:
    """Run a module as `python -m` does, send the exit status, and end this process."""
    _, streams, _, _ = socket.recv_fds(connection, 1, 3)
    with connection.makefile("rb") as sent:
        executable, (module, *arguments), folder, environment = json.load(sent)
    for number, (stream, name) in enumerate(zip(streams, ("stdin", "stdout", "stderr"), strict=True)):
        os.dup2(stream, number)
        os.close(stream)
        mode = "w" if number else "r"
        setattr(sys, name, open(number, mode, closefd=False))  # noqa: SIM115
    sys.stderr.reconfigure(errors="backslashreplace", line_buffering=True)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    random.seed()
    sys.executable = executable
    sys.path[0] = folder
    sys.path[1:1] = [path for path in environment.get("PYTHONPATH", "").split(os.pathsep) if path]
    sys.argv = [module, *arguments]
    status = 0
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as stop:
        status = exit_status(stop.code)
    except BaseException:
        traceback.print_exc()
        status = 1
    atexit._run_exitfuncs()
    for output in (sys.stdout, sys.stderr):
        output.flush()
    connection.sendall(str(status).encode())
    os._exit(status)


def exit_status(code: Any) -> int:
    """Exit status of a SystemExit, whose text is printed."""
    if code is None or isinstance(code, int):
        return code or 0
    print(code, file=sys.stderr)
    return 1


if __name__ == "__main__":
    serve(sys.argv[1])
