"""A real Slurm cluster on this computer, for tests: nodes with two pretend GPUs each.

Four nodes are in the partitions `gpu` and `short`, eight GPUs; two more are in `frail`, for tests that take them down.
Jobs of the partition `urgent` preempt those of the others.

Usage, as root on Debian 12: `cluster.py start [--accounting]`, `cluster.py stop`, `cluster.py status`.

Everything is its own and goes when it stops: munge key and socket, ports, database, state, logs, device nodes, and the
files in /etc/slurm (a job step reads its configuration there and nowhere else). Nodes are one slurmd each, on a port of
their own; GPUs are null devices. Nothing confines a job to what it was given: the real cores and memory are shared.
"""

import argparse
import contextlib
import os
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

GPUS_PER_NODE = 2
STEADY = ["node1", "node2", "node3", "node4"]
FRAIL = ["node5", "node6"]
NAMES = STEADY + FRAIL
RUNTIME = Path("/run/jointsearch-slurm")  # process ids and sockets
STATE = Path("/var/lib/jointsearch-slurm")
LOGS = Path("/var/log/jointsearch-slurm")
DEVICES = Path("/dev/jointsearch-slurm")
CONFIG = Path("/etc/slurm")
CLUSTER = "jointsearch-test"
DECLARED = "declared-down-by-a-test"
"""The reason of a node that `node_down` took away; Slurm forgets it once the node takes jobs again."""
MARKER = "# Made by jointsearch's tests/slurm/cluster.py, which removes it again."

PACKAGES = ["slurm-wlm", "munge"]
ACCOUNTING_PACKAGES = ["slurmdbd", "slurm-wlm-mysql-plugin", "mariadb-server"]

# cred_expire is also how long a requeued job waits before it may start again: 120 s unless set. OverMemoryKill goes by
# samples of memory, taken every second. Where a process that a step began with ends by a signal, proctrack/pgid has the
# step end within seconds, as cgroups do. MinJobAge: tests look at jobs that have ended. ReturnToService=1 takes back a
# node that was lost, but none declared down. A slurmd works in the folder of its log, and so does its slurmstepd, by
# which ours are told from those of others.
SLURM_CONF = """\
{marker}
ClusterName={cluster}
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort=16817
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={runtime}/munge/socket,cred_expire=5

SlurmctldPidFile={runtime}/slurmctld.pid
SlurmdPidFile={runtime}/slurmd-%n.pid
SlurmctldLogFile={logs}/slurmctld.log
SlurmdLogFile={logs}/%n/slurmd.log
StateSaveLocation={state}/slurmctld
SlurmdSpoolDir={state}/%n

ProctrackType=proctrack/pgid
TaskPlugin=task/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=1
JobAcctGatherParams=OverMemoryKill
{accounting}

SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU=100
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,batch_sched_delay=0,bf_interval=1
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
JobRequeue=1

KillWait=5
MinJobAge=3000
SlurmdTimeout=10
InactiveLimit=0
ReturnToService=1

SlurmdParameters=config_overrides
GresTypes=gpu
{nodes}
PartitionName=gpu Nodes={steady} Default=YES MaxTime=INFINITE PriorityTier=1 PreemptMode=REQUEUE GraceTime=10
PartitionName=short Nodes={steady} MaxTime=2 PriorityTier=1 PreemptMode=REQUEUE GraceTime=10
PartitionName=frail Nodes={frail} MaxTime=INFINITE PriorityTier=1 PreemptMode=REQUEUE GraceTime=10
PartitionName=urgent Nodes=ALL MaxTime=INFINITE PriorityTier=10 PreemptMode=OFF
"""
NODE = (
    "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=8 RealMemory=16000 Gres=gpu:pretend:{gpus}"
)
NO_ACCOUNTING = "AccountingStorageType=accounting_storage/none"
ACCOUNTING = """\
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort=16819
AccountingStoragePass={runtime}/munge/socket
AccountingStorageTRES=gres/gpu"""

GRES = "NodeName={name} Name=gpu Type=pretend File={devices}/{name}/gpu{gpu}"

SLURMDBD_CONF = """\
{marker}
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort=16819
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={runtime}/munge/socket
PidFile={runtime}/slurmdbd.pid
LogFile={logs}/slurmdbd.log
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=16306
StorageUser=slurm
StoragePass={password}
StorageLoc=slurm_acct
"""
DATABASE = """\
CREATE DATABASE slurm_acct;
CREATE USER slurm@127.0.0.1 IDENTIFIED BY '{password}';
GRANT ALL ON slurm_acct.* TO slurm@127.0.0.1;
"""


class ClusterError(Exception):
    """The cluster cannot do what was asked; the message is one line for the reader."""


def start(accounting: bool = False) -> None:
    """Start the cluster with nothing in its queue, and return once all nodes are idle.

    Does nothing where it runs already; a cluster with the other choice of accounting is replaced.

    Raises
    ------
    ClusterError
        If there is another Slurm here, a package is not to be had, or a daemon does not come up.
    """
    _refuse_others()
    if running() and (CONFIG / "slurmdbd.conf").exists() == accounting:
        return
    stop()
    _install(PACKAGES + ACCOUNTING_PACKAGES * accounting)
    try:
        _make_files(accounting)
        _start_munged()
        if accounting:
            _start_accounting()
        _run("slurmctld")
        for name in NAMES:
            _run("slurmd", "-N", name)
        _wait("nodes that are idle", lambda: all(state(name) == "idle" for name in NAMES))
    except BaseException:
        _stop(keep_logs=True)
        raise


def stop() -> None:
    """End the cluster's daemons and jobs, and remove all of its files; nothing happens where it does not run."""
    _refuse_others()
    _stop(keep_logs=False)


def running() -> bool:
    """Tell whether every daemon of the cluster runs."""
    daemons = ["munged", "slurmctld", *(f"slurmd-{name}" for name in NAMES)]
    if (CONFIG / "slurmdbd.conf").exists():
        daemons += ["mariadbd", "slurmdbd"]
    return all(_process(daemon) is not None for daemon in daemons)


def state(name: str) -> str:
    """Tell a node's state as sinfo has it, such as idle, mixed or down*; empty while the controller is silent."""
    return _sinfo(name, "%T")


def _sinfo(name: str, field: str) -> str:
    command = ["sinfo", "--noheader", "--Node", "--partition=urgent", f"--nodes={name}", f"--format={field}"]
    return subprocess.run(command, env=_environment(), capture_output=True, text=True).stdout.strip()


def _is_down(name: str) -> bool:
    """Whether a node is down. While its last jobs end, sinfo may call it mixed, and only the reason tells."""
    return _sinfo(name, "%E") == DECLARED or state(name).startswith("down")


def node_down(name: str) -> None:
    """Declare a node down, which ends its jobs or puts them back into the queue."""
    _run("scontrol", "update", f"NodeName={name}", "State=DOWN", f"Reason={DECLARED}")


def node_up(name: str) -> None:
    """Bring a node back, with a new slurmd where the old one is gone, and wait until it takes jobs."""
    if _is_down(name):
        # Given up by the controller. One of them may come back here, and Slurm holds a job of which it finds another.
        _kill_jobs(name)
    if _process(f"slurmd-{name}") is None:
        _run("slurmd", "-N", name)
    # A node that was lost is up by itself once its slurmd answers; one that was declared down is not.
    _wait(f"{name} to answer", lambda: not state(name).endswith("*"))
    _wait(f"{name} to take jobs", lambda: _takes_jobs(name))


def _takes_jobs(name: str) -> bool:
    """Whether a node takes jobs; one that is down is told to."""
    if _is_down(name) or state(name).startswith("drain"):
        _run("scontrol", "update", f"NodeName={name}", "State=RESUME")
    return not _is_down(name) and state(name) in {"idle", "mixed", "allocated"}


def kill_slurmd(name: str, jobs: bool = True) -> None:
    """Kill a node's slurmd without notice, as a crash would.

    Parameters
    ----------
    name
        The node.
    jobs
        Whether its jobs die too. Without, they go on while the controller takes the node for lost.
    """
    _end(f"slurmd-{name}", with_signal=signal.SIGKILL)
    if jobs:
        _kill_jobs(name)


def controller_down() -> None:
    """Stop the controller, as for a restart: jobs go on, nobody answers."""
    _end("slurmctld")


def controller_up() -> None:
    """Start the controller again, and wait until its nodes are there."""
    _run("slurmctld")
    # A job that ended meanwhile is completing until its step reports again, a minute after it first tried.
    there = {"idle", "mixed", "allocated", "completing"}
    _wait("nodes that answer", lambda: all(state(name) in there for name in NAMES))


def _refuse_others() -> None:
    if os.geteuid() != 0:
        raise ClusterError("root is needed to start and stop a Slurm cluster")
    for file in ("slurm.conf", "gres.conf", "slurmdbd.conf"):
        path = CONFIG / file
        if path.exists() and MARKER not in path.read_text(errors="replace"):
            raise ClusterError(f"{path}: belongs to another Slurm; nothing was changed")


def _install(packages: list[str]) -> None:
    query = ["dpkg-query", "--show", "--showformat=${db:Status-Status}\n", *packages]
    if subprocess.run(query, capture_output=True, text=True).stdout.split() == ["installed"] * len(packages):
        return
    _run("apt-get", "update", "-qq")
    _run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages)


def _make_files(accounting: bool) -> None:
    for folder in (RUNTIME, STATE, CONFIG, *(LOGS / name for name in NAMES)):
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    host = socket.gethostname().split(".")[0]
    places = {"cluster": CLUSTER, "marker": MARKER, "runtime": RUNTIME, "logs": LOGS, "state": STATE}
    nodes = "\n".join(NODE.format(name=n, host=host, port=16830 + i, gpus=GPUS_PER_NODE) for i, n in enumerate(NAMES))
    storage = ACCOUNTING.format(**places) if accounting else NO_ACCOUNTING
    gpus = [GRES.format(name=name, devices=DEVICES, gpu=gpu) for name in NAMES for gpu in range(GPUS_PER_NODE)]
    _write(
        CONFIG / "slurm.conf",
        SLURM_CONF.format(
            **places, host=host, nodes=nodes, accounting=storage, steady=",".join(STEADY), frail=",".join(FRAIL)
        ),
        0o644,
    )
    _write(CONFIG / "gres.conf", "\n".join([MARKER, *gpus, ""]), 0o644)
    if accounting:
        password = secrets.token_hex(16)
        _write(CONFIG / "slurmdbd.conf", SLURMDBD_CONF.format(**places, password=password), 0o600)
        _write(STATE / "database.sql", DATABASE.format(password=password), 0o600, owner="mysql")
    for name in NAMES:
        (DEVICES / name).mkdir(parents=True)
        for gpu in range(GPUS_PER_NODE):
            os.mknod(DEVICES / name / f"gpu{gpu}", stat.S_IFCHR | 0o666, os.makedev(1, 3))


def _give_folders(user: str) -> None:
    for parent in (RUNTIME, STATE, LOGS):
        (parent / user).mkdir(mode=0o755)
        shutil.chown(parent / user, user, user)


def _start_munged() -> None:
    _give_folders("munge")
    key = STATE / "munge" / "key"
    _write(key, secrets.token_hex(64), 0o600, owner="munge")
    places = [f"--key-file={key}", f"--seed-file={STATE}/munge/seed", f"--log-file={LOGS}/munge/munged.log"]
    places += [f"--socket={RUNTIME}/munge/socket", f"--pid-file={RUNTIME}/munge/munged.pid"]
    _run("munged", *places, user="munge")


def _start_accounting() -> None:
    _give_folders("mysql")
    data = f"--datadir={STATE}/mysql"
    _run("mariadb-install-db", "--no-defaults", data, "--user=mysql", "--skip-test-db")
    places = [data, f"--socket={RUNTIME}/mysql/socket", f"--pid-file={RUNTIME}/mysql/mariadbd.pid"]
    places += [f"--log-error={LOGS}/mysql/mariadbd.log", f"--init-file={STATE}/database.sql"]
    options = ["--user=mysql", "--bind-address=127.0.0.1", "--port=16306", "--skip-name-resolve"]
    _run("setsid", "--fork", "mariadbd", "--no-defaults", *places, *options, "--innodb-lock-wait-timeout=900")
    _wait("the database", lambda: _process("mariadbd") is not None and _answers(16306))
    _run("slurmdbd")
    _wait("slurmdbd", lambda: _answers(16819))
    _run("sacctmgr", "--immediate", "add", "cluster", CLUSTER)
    _run("sacctmgr", "--immediate", "add", "account", "tests")
    _run("sacctmgr", "--immediate", "add", "user", "root", "account=tests")


def _stop(keep_logs: bool) -> None:
    # slurmctld first, so that it does not start anew elsewhere what is ended after it.
    _end("slurmctld")
    _end(*(f"slurmd-{name}" for name in NAMES))
    _kill_jobs(*NAMES)
    for daemon in ("slurmdbd", "mariadbd", "munged"):
        _end(daemon)
    for file in ("slurm.conf", "gres.conf", "slurmdbd.conf"):
        (CONFIG / file).unlink(missing_ok=True)
    for folder in (DEVICES, RUNTIME, STATE, *([] if keep_logs else [LOGS])):
        shutil.rmtree(folder, ignore_errors=True)


def _process(daemon: str) -> int | None:
    """Find the id of one of our daemons, if it runs: a pid file may be older than the process that has its number."""
    for folder in (RUNTIME, RUNTIME / "munge", RUNTIME / "mysql"):
        try:
            pid = int((folder / f"{daemon}.pid").read_text())
            command = Path(f"/proc/{pid}/comm").read_text().strip()
        except (OSError, ValueError):
            continue
        if command == daemon.split("-")[0] and not _ended(pid):
            return pid
    return None


def _ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def _end(*daemons: str, with_signal: int = signal.SIGTERM) -> None:
    _kill([pid for pid in map(_process, daemons) if pid is not None], with_signal)


def _kill_jobs(*names: str) -> None:
    """Kill slurmstepd and all processes of jobs on some nodes; what they start meanwhile is found by looking again."""
    while pids := [int(path.name) for path in Path("/proc").glob("[0-9]*") if _is_of_job(path, names)]:
        _kill(pids, signal.SIGKILL)


def _is_of_job(process: Path, names: Sequence[str]) -> bool:
    try:
        if (process / "comm").read_text() == "slurmstepd\n":
            return (process / "cwd").readlink() in [LOGS / name for name in names]
        variables = (process / "environ").read_text(errors="replace").split("\0")
    except OSError:
        return False
    return f"SLURM_CLUSTER_NAME={CLUSTER}" in variables and any(f"SLURMD_NODENAME={n}" in variables for n in names)


def _kill(pids: list[int], with_signal: int) -> None:
    """Send a signal, wait until all have ended, and send SIGKILL to those which have not after five seconds.

    A slurmd may take far longer, trying to tell a controller that has gone what became of its jobs.
    """
    for number in (with_signal, signal.SIGKILL):
        deadline = time.monotonic() + 5
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        while pids := [pid for pid in pids if not _ended(pid)]:
            if time.monotonic() > deadline:
                break
            time.sleep(0.05)
    if pids:
        raise ClusterError(f"processes {pids} do not end, not even by SIGKILL")


def _write(path: Path, text: str, mode: int, owner: str = "root") -> None:
    path.touch(mode=0o600)
    path.write_text(text)
    path.chmod(mode)
    shutil.chown(path, owner)


def _environment() -> dict[str, str]:
    """Leave out what a surrounding Slurm may have set, and have the paths of daemons."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SLURM")}
    environment["PATH"] = f"{environment.get('PATH', '/usr/bin:/bin')}:/usr/sbin:/sbin"
    return environment | {"DEBIAN_FRONTEND": "noninteractive"}


def _run(*command: str, user: str | None = None) -> None:
    options = {"user": user, "group": user, "extra_groups": []} if user else {}
    options |= {"env": _environment(), "stdin": subprocess.DEVNULL}
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode:
        said = " ".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-3:])
        raise ClusterError(f"{' '.join(command[:3])} failed ({said or done.returncode}); logs are in {LOGS}")


def _answers(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def _wait(what: str, there: Callable[[], bool], patience: float = 60.0) -> None:
    deadline = time.monotonic() + patience
    while not there():
        if time.monotonic() > deadline:
            raise ClusterError(f"waited {patience:.0f} s in vain for {what}; logs are in {LOGS}")
        time.sleep(0.2)


def main() -> int:
    """Do what the command line says; exit code 1 if that fails, and of `status` if the cluster does not run."""
    parser = argparse.ArgumentParser(description="A real Slurm cluster on this computer, for tests")
    commands = parser.add_subparsers(dest="command", required=True)
    help_text = "keep finished jobs in a database, for sacct"
    commands.add_parser("start", help="start it").add_argument("--accounting", action="store_true", help=help_text)
    commands.add_parser("stop", help="stop it and remove its files")
    commands.add_parser("status", help="tell whether it runs")
    arguments = parser.parse_args()
    try:
        if arguments.command == "start":
            start(arguments.accounting)
        elif arguments.command == "stop":
            stop()
        else:
            runs = running()
            print(", ".join(f"{name} {state(name)}" for name in NAMES) if runs else "does not run")
            return 0 if runs else 1
    except ClusterError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
