import shlex
import subprocess
import sys

import pytest
from snakemake_interface_executor_plugins import utils

from jointsearch.core.errors import UserError
from jointsearch.workflow import deployment


@pytest.mark.parametrize("name", ["a b", "it's", 'a "b"', "'a' \"b\" $HOME", "a\\b", "`date` & ; # *", "ü\u00a0\u200b"])
def test_what_a_shell_reads_is_the_path_whatever_its_name(tmp_path, monkeypatch, name):
    """Snakemake's own arguments, as it writes them into the command of a job."""
    folder = tmp_path / name
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "executable", f"{folder}/bin/python")
    monkeypatch.setattr(utils, "format_cli_value", utils.format_cli_value)
    deployment.quote_for_shells(utils, None, f"{folder}/Snakefile")
    arguments = [("--snakefile", f"{folder}/Snakefile"), ("--wait-for-files", [str(folder), "x"]), ("--cores", 1)]
    command = utils.join_cli_args([sys.executable, *(utils.format_cli_arg(*one) for one in arguments)])
    read = [f"{folder}/bin/python", "--snakefile", f"{folder}/Snakefile", "--wait-for-files", str(folder), "x"]
    assert shlex.split(command) == [*read, "--cores", "1"]
    assert len(shlex.split(utils.format_cli_arg("--scheduler-solver-path", sys.executable.rpartition("/")[0]))) == 2


def test_the_double_quotes_of_sbatch_wrap_change_no_path(tmp_path, monkeypatch):
    folder = tmp_path / 'it\'s "$HOME" `date`'
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "executable", sys.executable)
    monkeypatch.setattr(utils, "format_cli_value", utils.format_cli_value)

    class Plugin:
        class Executor:
            def format_job_exec(self, job: str) -> str:
                return f"python {shlex.quote(job)}"

    deployment.quote_for_shells(utils, Plugin, f"{folder}/Snakefile")
    # As the plugin does it: it escapes double quotes, and a shell runs the command.
    wrapped = Plugin.Executor().format_job_exec(f"{folder}/Snakefile").replace('"', '\\"')
    script = subprocess.run(["sh", "-c", f'printf %s "{wrapped}"'], capture_output=True, text=True).stdout
    assert shlex.split(script) == ["python", f"{folder}/Snakefile"]


def test_nothing_changes_where_no_path_needs_quotes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = sys.executable, utils.format_cli_value
    deployment.quote_for_shells(utils, None, f"{tmp_path}/Snakefile")
    assert before == (sys.executable, utils.format_cli_value)


@pytest.mark.parametrize(
    ("executor", "refused"),
    [("slurm", "%\\"), ("cluster-generic", '"$`\\'), ("local", "")],
    ids=["slurm", "generic", "local"],
)
def test_an_executor_refuses_the_folders_that_it_cannot_work_in(tmp_path, monkeypatch, executor, refused):
    for character in "%\\\"$`' &ü{":
        folder = tmp_path / f"a{character}b"
        folder.mkdir()
        monkeypatch.chdir(folder)
        if character in refused:
            with pytest.raises(UserError, match="rename the folder"):
                deployment.check_submission(executor)
        else:
            deployment.check_submission(executor)
