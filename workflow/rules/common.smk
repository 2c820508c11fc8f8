"""The checked configuration, paths and the environment of jobs, which all rules share."""

import json
import os
import re
import shlex
import sys
from dataclasses import replace
from pathlib import Path

from snakemake_interface_common.exceptions import WorkflowError

# The package of this checkout, whichever is installed. Without a checkout, it is the installed one that has
# this workflow.
SOURCE = Path(str(workflow.current_basedir)).parents[1] / "src"
if SOURCE.is_dir():
    sys.path.insert(0, str(SOURCE))

from cgbench.config.loader import Config
from cgbench.core.atomic_io import sha256
from cgbench.core.content_hash import content_hash
from cgbench.core.errors import InputError
from cgbench.core.registry import NestedPlugInSettings, PlugIn, load
from cgbench.core.strict_yaml import read_yaml
from cgbench.core.settings import fingerprint
from cgbench.core import plugin_places
from cgbench.core.code_dependencies import (
    PACKAGE,
    code_hash,
    plugin_files,
    verb_files,
)
from cgbench.data.entry_files import download_of, entry_file
from cgbench.runtime.tracking import environment

if not os.access(".", os.W_OK):
    raise WorkflowError(
        f"{Path.cwd()}: not writable, and Snakemake keeps its records in the folder where it runs; "
        f"run in a folder of your own: snakemake --snakefile {workflow.main_snakefile} ..."
    )
try:
    if workflow.is_main_process:
        # Once more, since Snakemake accepts keys that occur twice.
        for path in workflow.configfiles:
            read_yaml(path)
    CONFIG = Config.from_dict(config)
except InputError as error:
    raise WorkflowError(str(error))


pathvars:
    results=CONFIG.results,


wildcard_constraints:
    dataset=r"[A-Za-z0-9_]+",
    mapping=r"[A-Za-z0-9_]+",
    method=r"[A-Za-z0-9_]+",
    n_beads=r"\d+",
    fold=r"\d+",
    setting=r"[A-Za-z0-9_]+",


FOLDS = range(CONFIG.protocol.folds)
DATA = "<results>/data/{dataset}"
SPLIT = f"{DATA}/splits/fold{{fold}}"
MAPPINGS = "<results>/mappings/{dataset}/{mapping}-{n_beads}"
MAPPING = f"{MAPPINGS}/fold{{fold}}"
# All folds of a method on a task, and one of them.
RUNS = "<results>/runs/{dataset}/{mapping}-{n_beads}/{method}"
RUN = f"{RUNS}/fold{{fold}}"

# Jobs take the interpreter that runs Snakemake, unless a conda environment is activated later, which
# then comes first; logs get a progress line every 10 s.
os.environ.update(
    PATH=os.pathsep.join(
        [str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
    ),
    TQDM_MININTERVAL=os.environ.get("TQDM_MININTERVAL", "10"),
    # A job that outlived a killed Snakemake ends first; what it wrote is then made anew.
    CGBENCH_WAIT="1",
)
# Most jobs get no configuration, so that the variable says where plug-ins are.
os.environ[plugin_places.VARIABLE] = os.pathsep.join(plugin_places.chosen())
# The configuration as it was given, command line included. Tracking has no part in any result: it travels
# in the variables of Weights & Biases, which Snakemake does not compare, and gives way to those set already.
SETTINGS = json.dumps(
    {key: value for key, value in config.items() if key != "tracking"}, sort_keys=True
)
for variable, value in environment(
    CONFIG.tracking, CONFIG.results, fingerprint(SETTINGS)
).items():
    os.environ.setdefault(variable, value)
# Jobs take the package of this checkout; said here because Snakemake hides PYTHONPATH from jobs in
# conda environments.
shell.prefix(
    "set -euo pipefail; "
    + (f"export PYTHONPATH={shlex.quote(str(SOURCE))}; " if SOURCE.is_dir() else "")
)


# Runs of methods; the others are entries, of which nothing is trained.
TRAINED = [spec for spec in CONFIG.run_specs() if spec.method in CONFIG.methods]
