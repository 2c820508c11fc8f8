"""Virtual environments of programs, and the variables under which programs run."""

import os
import subprocess
import sys
from pathlib import Path

from cgbench.core.atomic_io import atomic_output
from cgbench.core.errors import InputError

INSTALLED = "installed.txt"  # written last
# Packages of this project are none of those of a program, and its keys are no business of it.
LEFT_OUT = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "WANDB_API_KEY")
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def build_environment(requirements: Path | str, folder: Path | str) -> None:
    """Make a virtual environment with the packages of a requirements file, for the running Python.

    ``installed.txt`` in it lists what was installed, in the format of ``pip freeze``.

    Raises
    ------
    InputError
        If pip cannot install the packages.
    """
    python = str(Path(folder) / "bin" / "python")
    pip = [python, "-m", "pip", "--disable-pip-version-check", "--no-input"]
    try:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], env=variables(), check=True)
        subprocess.run([*pip, "install", "-r", str(requirements)], env=variables(), check=True)
        listed = subprocess.run([*pip, "freeze"], env=variables(), check=True, stdout=subprocess.PIPE)
    except subprocess.CalledProcessError as error:
        raise InputError(
            f"{requirements}: pip could not make the environment (exit status {error.returncode}, its output "
            "is above); correct the file, or the access to the package index"
        ) from None
    with atomic_output(Path(folder) / INSTALLED) as temporary:
        temporary.write_bytes(listed.stdout)


def variables(folder: Path | str | None = None, threads: int | None = None) -> dict[str, str]:
    """Environment variables of a program.

    Parameters
    ----------
    folder
        Virtual environment, whose programs are found first.
    threads
        Number of threads of numerical libraries.
    """
    kept = {name: value for name, value in os.environ.items() if name not in LEFT_OUT}
    if threads is not None:
        kept |= dict.fromkeys(THREADS, str(threads))
    if folder is not None:
        binaries = str(Path(folder).resolve() / "bin")
        kept |= {"VIRTUAL_ENV": str(Path(folder).resolve())}
        kept |= {"PATH": os.pathsep.join([binaries, kept.get("PATH", os.defpath)])}
    return kept
