"""A real Slurm of one node on this machine, without systemd, root or anything outside of one folder.

Daemons listen on loopback only, and end with the context they were started in. To try something on
it by hand: `python tests/cluster/one_node_slurm.py bash`.
"""

import getpass
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

# Debian: slurmctld, slurmd, slurm-client, munge.
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scontrol", "scancel")
CPUS = 8  # more than a small machine has, as jobs of tests wait more than they compute
MEMORY_MB = 12_000
GPUS = 2
PATIENCE_S = 60.0

# Without cgroups, which need rights: memory is watched by polling, and a job above its request is killed.
SLURM_CONF = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
SlurmUser={user}
SlurmdUser={user}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
MailProg=/bin/true
MpiDefault=none
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=3
MinJobAge=3600
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory_mb} Gres=gpu:{gpus} State=UNKNOWN
PartitionName=first Nodes={host} Default=YES State=UP
PartitionName=second Nodes={host} State=UP
"""


@dataclass(frozen=True)
class Slurm:
    """A running cluster.

    Attributes
    ----------
    environment
        Variables under which Slurm's commands talk to it.
    """

    environment: dict[str, str]

    def ask(self, *command: str) -> str:
        """Output of one of Slurm's commands, which must succeed."""
        return subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=True
        ).stdout

    def jobs(self) -> list[dict[str, str]]:
        """All jobs that there are or have been, in the order of submission, as `scontrol` shows them."""
        lines = self.ask("scontrol", "--oneliner", "show", "job").splitlines()
        fields = ((part.partition("=") for part in line.split()) for line in lines)
        jobs = [{key: value for key, _, value in line} for line in fields]
        return sorted((job for job in jobs if "JobId" in job), key=lambda job: int(job["JobId"]))


def missing_programs() -> list[str]:
    """Which of Slurm's programs are not installed."""
    return [program for program in PROGRAMS if _path(program) is None]


@contextmanager
def one_node_slurm(folder: Path) -> Iterator[Slurm]:
    """Start the daemons with all their state in ``folder``, which must be empty, and stop them again."""
    _write_configuration(folder)
    slurm = Slurm(
        os.environ | {"SLURM_CONF": str(folder / "slurm.conf"), "PATH": f"{folder}/bin:{os.environ['PATH']}"}
    )
    with ExitStack() as daemons:
        munge = [
            *("--foreground", "--force", f"--socket={folder}/munge.socket", f"--key-file={folder}/munge.key"),
            *(f"--pid-file={folder}/munged.pid", f"--seed-file={folder}/munge.seed"),
        ]
        daemons.enter_context(_daemon(folder, slurm, "munged", *munge))
        _wait(folder, "munged", (folder / "munge.socket").exists)
        daemons.enter_context(_daemon(folder, slurm, "slurmctld", "-D"))
        daemons.enter_context(_daemon(folder, slurm, "slurmd", "-D"))
        _wait(folder, "slurmd", lambda: "idle" in slurm.ask("sinfo", "--noheader", "--format=%t"))
        try:
            yield slurm
        finally:
            slurm.ask("scancel", f"--user={getpass.getuser()}")
            _wait(folder, "slurmd", lambda: not slurm.ask("squeue", "--noheader"))


def _write_configuration(folder: Path) -> None:
    (folder / "state").mkdir()
    (folder / "spool").mkdir()
    # Snakemake's job steps forget every variable of Slurm's, and where its configuration is with them.
    srun = folder / "bin" / "srun"
    srun.parent.mkdir()
    srun.write_text(f'#!/bin/sh\nSLURM_CONF={folder}/slurm.conf exec {_path("srun")} "$@"\n')
    srun.chmod(0o755)
    key = folder / "munge.key"
    key.touch(mode=0o600)
    key.write_bytes(secrets.token_bytes(128))
    host = socket.gethostname().partition(".")[0]
    controller_port, node_port = _free_ports(2)
    (folder / "slurm.conf").write_text(
        SLURM_CONF.format(
            folder=folder,
            host=host,
            user=getpass.getuser(),
            controller_port=controller_port,
            node_port=node_port,
            cpus=CPUS,
            memory_mb=MEMORY_MB,
            gpus=GPUS,
        )
    )
    # Devices that exist everywhere: what is tested is that jobs get one each, not what it computes.
    devices = ("/dev/null", "/dev/zero")
    lines = [f"NodeName={host} Name=gpu File={device}\n" for device in devices[:GPUS]]
    (folder / "gres.conf").write_text("".join(lines))


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        sockets = [held.enter_context(closing(socket.socket())) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


@contextmanager
def _daemon(folder: Path, slurm: Slurm, program: str, *arguments: str) -> Iterator[None]:
    """Run a program in the foreground of its own process, and end that process afterwards."""
    with (folder / f"{program}.out").open("w") as output:
        process = subprocess.Popen(
            [str(_path(program)), *arguments], env=slurm.environment, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(folder: Path, program: str, ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not _holds(ready):
        if time.monotonic() > deadline:
            said = "\n".join((folder / f"{program}.out").read_text().splitlines()[-20:])
            raise TimeoutError(f"{program} is not ready after {PATIENCE_S:.0f} s; it said:\n{said}")
        time.sleep(0.2)


def _holds(ready: Callable[[], bool]) -> bool:
    try:
        return ready()
    except subprocess.CalledProcessError:  # the controller does not answer yet
        return False


def _path(program: str) -> str | None:
    """Where a program is; daemons are in folders that only root's PATH has."""
    return shutil.which(program, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin")


def main() -> int:
    """Run a command, by default a shell, on a cluster of its own."""
    with tempfile.TemporaryDirectory() as folder, one_node_slurm(Path(folder)) as slurm:
        return subprocess.run(sys.argv[1:] or ["bash"], env=slurm.environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
