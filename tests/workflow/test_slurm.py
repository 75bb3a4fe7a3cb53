"""Asking Slurm, whatever it answers and whatever a user has set for squeue; pretend commands in place of its own."""

import asyncio
import contextlib
import os
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import snakemake_executor_plugin_slurm as plugin
import yaml

from jointsearch.core.errors import UserError
from jointsearch.workflow import slurm
from jointsearch.workflow.slurm import SlurmJob

ROOT = Path(__file__).parents[2]
PROFILE = ROOT / "profiles" / "slurm" / "config.yaml"
SILENT = """
echo "squeue: error: fetch_config: DNS SRV lookup failed" >&2
echo "squeue: fatal: Could not establish a configuration source" >&2
exit 1
"""
ROW = "echo '{id}|{state}|0:00|({reason})|{reason}|rule_train_wildcards_search_000_0_00_00|{folder}'\n"


@pytest.fixture(autouse=True)
def restored(monkeypatch):
    """What a test changes in the plugin is undone after it."""
    for owner, name in ((plugin, "get_min_job_age"), (plugin.Executor, "cancel_jobs")):
        monkeypatch.setattr(owner, name, getattr(owner, name))


@pytest.fixture
def commands(tmp_path, monkeypatch):
    """A function that makes commands, which are the first ones on the path."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    (tmp_path / "bin").mkdir()

    def make(**scripts: str) -> None:
        for name, script in scripts.items():
            (tmp_path / "bin" / name).write_text(f"#!/bin/sh\n{script}")
            (tmp_path / "bin" / name).chmod(0o755)

    return make


def test_commands_of_slurm_without_a_cluster_are_no_slurm(tmp_path, commands):
    commands(squeue=SILENT)
    assert slurm.jobs(tmp_path) is None


def test_a_slurm_that_does_not_answer_is_told_in_one_line(tmp_path, commands):
    commands(squeue=SILENT)
    (tmp_path / slurm.LOGS).mkdir(parents=True)
    with pytest.raises(UserError) as raised:
        slurm.jobs(tmp_path)
    assert str(raised.value) == (
        "squeue: fatal: Could not establish a configuration source; ask again once Slurm answers"
    )


def test_a_slurm_that_takes_too_long_is_told(tmp_path, commands):
    commands(squeue="exec sleep 60")
    with pytest.raises(UserError, match="squeue: no answer within 0 s; ask again"):
        slurm.jobs(tmp_path, patience=0.1)


def test_without_slurm_there_is_nothing_to_ask(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert slurm.jobs(tmp_path) is None


def test_jobs_are_those_that_train_and_were_submitted_from_here(tmp_path, commands):
    here = tmp_path / "a | b"
    here.mkdir()
    rows = ROW.format(id=1, state="RUNNING", reason="None", folder=here)
    rows += ROW.format(id=2, state="RUNNING", reason="None", folder=tmp_path)
    rows += ROW.format(id=4, state="RUNNING", reason="None", folder=here).replace("rule_train", "rule_joint_train")
    commands(squeue=rows + "echo CLUSTER: ours\necho '3|RUNNING|0:00|node1|None|another|/tmp'\n")
    assert [job.id for job in slurm.jobs(here)] == ["1", "4"]


@pytest.mark.parametrize(
    "variable", ["SQUEUE_STATES", "SQUEUE_FORMAT", "SQUEUE_FORMAT2", "SQUEUE_SORT", "SQUEUE_USERS", "SQUEUE_PARTITION"]
)
def test_what_a_user_set_for_squeue_reaches_neither_us_nor_the_plugin(tmp_path, commands, monkeypatch, variable):
    monkeypatch.setattr(plugin, "get_min_job_age", plugin.get_min_job_age)
    monkeypatch.setenv(variable, "all")
    monkeypatch.setenv("SLURM_CONF", "/elsewhere/slurm.conf")
    commands(squeue="env | grep -q ^SQUEUE_ && exit 1; env | grep -q ^SLURM_CONF=")
    assert slurm.jobs(tmp_path) == []
    slurm.keep_sight_of_jobs()
    assert variable not in os.environ
    assert "SLURM_CONF" in os.environ


def job(state: str, reason: str = "None") -> SlurmJob:
    return SlurmJob("1", state, "0:00", "", reason, "rule_train")


@pytest.mark.parametrize(
    ("reasons", "said"),
    [
        ([], "2 running"),
        (["Resources", "Priority", "None", "BeginTime"], "4 pending, 2 running"),
        (["PartitionTimeLimit"], "2 running, 1 pending; 1 for PartitionTimeLimit, and may never start"),
        (
            ["QOSMaxJobsPerUserLimit", "Priority", "ReqNodeNotAvail, UnavailableNodes:node5", "QOSMaxJobsPerUserLimit"],
            "4 pending, 2 running; 2 for QOSMaxJobsPerUserLimit, 1 for ReqNodeNotAvail, UnavailableNodes:node5, and",
        ),
    ],
)
def test_why_a_job_waits_is_told_unless_it_waits_for_its_turn(reasons, said):
    line = slurm.queue([job("RUNNING"), job("RUNNING"), *(job("PENDING", reason) for reason in reasons)])
    assert line.startswith(said)
    assert ("never start" in line) == ("never start" in said or said.endswith("and"))


def look(active: list[SimpleNamespace], attempts: int) -> list[SimpleNamespace]:
    """Let the executor plugin look for its jobs once: those that it goes on to wait for."""
    settings = SimpleNamespace(status_attempts=attempts, init_seconds_before_status_checks=5)
    executor = SimpleNamespace(
        workflow=SimpleNamespace(executor_settings=settings),
        logger=SimpleNamespace(debug=print, info=print, warning=print),
        get_status_command=lambda: "squeue",
        run_uuid="run",
        next_seconds_between_status_checks=5,
        status_rate_limiter=contextlib.nullcontext(),
        _status_query_failures=0,
        _status_query_calls=0,
        _status_query_total_seconds=0.0,
        _status_query_min_seconds=None,
        _status_query_max_seconds=0.0,
        _status_query_cycle_rows=[],
    )

    async def ask() -> list[SimpleNamespace]:
        return [one async for one in plugin.Executor.check_active_jobs(executor, active)]

    return asyncio.run(ask())


def test_the_plugin_waits_for_a_controller_that_is_away_and_forgets_nothing(tmp_path, commands):
    """No accounting, so that sacct never answers; the controller does at the seventh time that it is asked."""
    commands(
        scontrol="exit 1",
        sacct="echo Slurm accounting storage is disabled >&2; exit 1",
        squeue=f"echo >> {tmp_path}/asked; [ $(wc -l < {tmp_path}/asked) -ge 7 ] || exit 1; echo '1|RUNNING'",
    )
    running = [SimpleNamespace(external_jobid="1", aux={})]
    attempts = yaml.safe_load(PROFILE.read_text())["slurm-status-attempts"]
    assert look(running, attempts=5) == []  # As the plugin is by itself; were it not, we would have nothing to do.
    slurm.keep_sight_of_jobs()
    assert look(running, attempts) == running


def test_all_jobs_of_a_run_are_cancelled_those_that_the_plugin_has_not_listed_too(tmp_path, commands):
    """While it asks for their states, or just after it has submitted one."""
    commands(scancel=f'echo "$*" >> {tmp_path}/cancelled')
    slurm.keep_sight_of_jobs()
    executor = SimpleNamespace(run_uuid="run", logger=None, _submitted_job_clusters=set())
    plugin.Executor.cancel_jobs(executor, [])
    assert (tmp_path / "cancelled").read_text() == "--name=run\n"
    plugin.Executor.cancel_jobs(executor, [SimpleNamespace(external_jobid="1")])
    assert (tmp_path / "cancelled").read_text().splitlines()[1:] == ["1", "--name=run"]


def test_trainings_alone_are_submitted():
    """Whatever else a run makes, it makes on the login node."""
    text = "".join(path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk"))
    _, *parts = re.split(r"^ *rule(?: (\w+))?:$", text, flags=re.MULTILINE)
    rules = zip(parts[::2], parts[1::2], strict=True)
    assert [name for name, body in rules if "shell:" in body and "localrule: True" not in body] == ["train"]


@pytest.mark.parametrize("profile", ["slurm", "generic"])
def test_a_job_asks_for_a_gpu_if_it_has_images(profile):
    """An objective of one's own has none, and a GPU only if its profile says so."""
    train = yaml.safe_load((ROOT / "profiles" / profile / "config.yaml").read_text())["set-resources"]["train"]
    jobs = [SimpleNamespace(data=data) for data in (["results/small/data.json"], [])]
    assert [eval(train["gpu"], {"input": job}) for job in jobs] == [1, 0]
