"""`make env`, in a small clone with a lock of one package, without a network: real builds with pip."""

import ast
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "envs" / "build.py"
BASE = Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}"

WHEEL = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"

# Installs the package in place, as hatchling does, and needs nothing for it.
BACKEND = f"""
import zipfile
from pathlib import Path

def build_editable(folder, config_settings=None, metadata_directory=None):
    wheel = Path(folder) / "jointsearch-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr("jointsearch.pth", str(Path("src").resolve()))
        file.writestr("jointsearch-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: jointsearch\\nVersion: 1")
        file.writestr("jointsearch-1.dist-info/WHEEL", {WHEEL!r})
        file.writestr("jointsearch-1.dist-info/RECORD", "")
    return wheel.name
"""

# Settings that the build keeps, and others that lead pip astray, each by itself.
PIP_CONF = """
[global]
no-index = true
find-links = wheels
user = true
require-hashes = true
[install]
compile = no
target = elsewhere
prefix = elsewhere
dry-run = true
"""


@dataclass
class Clone:
    """A clone whose lock is small, and a shell in which `python3` is what a test says."""

    folder: Path

    def make(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["make", *words], cwd=self.folder, env=self.environment(**variables), capture_output=True, text=True
        )

    def pipes(self) -> dict[str, Any]:
        """Arguments of `Popen` for a command in this clone; what it prints, errors included, is text."""
        output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        return {"cwd": self.folder, "env": self.environment(), **output}

    def environment(self, **variables: str) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PYTHON", "PIP_", "MAKE", "TORCH_", "XDG_"))
        }
        path = os.pathsep.join([str(self.folder / "bin"), "/usr/bin", "/bin"])
        return kept | {"PATH": path, "PIP_CONFIG_FILE": "pip.conf"} | variables

    def python3(self, script: str) -> None:
        """Let the names of Python mean a shell script, whatever this machine has."""
        shutil.rmtree(self.folder / "bin", ignore_errors=True)
        (self.folder / "bin").mkdir()
        for name in ("python3", "python3.11", "python3.12", "python3.13", "python"):
            (self.folder / "bin" / name).write_text(f"#!/bin/sh\n{script}\n")
            (self.folder / "bin" / name).chmod(0o755)

    def lock(self, version: str, digest: str | None = None) -> None:
        """Write the lock: one version of the package `tiny`, which is made for it."""
        wheel = self.folder / "wheels" / f"tiny-{version}-py3-none-any.whl"
        wheel.parent.mkdir(exist_ok=True)
        if not wheel.exists():
            about = f"tiny-{version}.dist-info"
            with zipfile.ZipFile(wheel, "w") as file:
                file.writestr("tiny/__init__.py", f"version = '{version}'\ndef show():\n    print('tiny', version)\n")
                file.writestr("tiny/late.py", f"version = '{version}'\n")
                file.writestr("tiny/unused.py", "")
                file.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: tiny\nVersion: {version}\n")
                file.writestr(f"{about}/WHEEL", WHEEL)
                file.writestr(f"{about}/entry_points.txt", "[console_scripts]\ntiny = tiny:show\n")
                file.writestr(f"{about}/RECORD", "")
        digest = digest or hashlib.sha256(wheel.read_bytes()).hexdigest()
        (self.folder / "envs" / "requirements.txt").write_text(f"tiny=={version} \\\n    --hash=sha256:{digest}\n")

    def link(self) -> str:
        return str((self.folder / ".venv").readlink())

    def folders(self) -> set[str]:
        return {path.name for path in self.folder.glob(".venv-*") if path.is_dir()}

    def run(self, code: str) -> str:
        return subprocess.check_output([self.folder / ".venv/bin/python", "-I", "-c", code], text=True).strip()


def small_clone(folder: Path) -> Clone:
    clone = Clone(folder)
    for name in ("Makefile", "envs/build.py", "envs/python.sh"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    (folder / "src" / "jointsearch").mkdir(parents=True)
    (folder / "src" / "jointsearch" / "__init__.py").touch()
    (folder / "scripts").mkdir()
    (folder / "scripts" / "status.py").write_text(
        "import os, jointsearch, tiny; print('status by', tiny.version, 'cache', os.environ.get('XDG_CACHE_HOME'))\n"
    )
    (folder / "backend.py").write_text(BACKEND)
    (folder / "pip.conf").write_text(PIP_CONF)
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "jointsearch"\nversion = "1"\n'
    )
    clone.lock("1")
    clone.python3(f'exec {BASE} "$@"')
    return clone


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A clone with an environment, built in spite of all that surrounds it."""
    clone = small_clone(tmp_path_factory.mktemp("clones") / """ein "Ort" für $HOME, o'größer""")
    (clone.folder / "astray").mkdir()
    (clone.folder / "astray" / "json.py").write_text("raise SystemExit('taken from PYTHONPATH')\n")
    done = clone.make(
        "env",
        PYTHONPATH=str(clone.folder / "astray"),
        PYTHONHOME=str(clone.folder / "astray"),
        PIP_PYTHON="/bin/false",
        PIP_TARGET="elsewhere",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return clone


@pytest.fixture
def clone(built):
    """The same for each test: its lock is that of the environment that stands, and `python3` is another one."""
    version = built.run("import tiny; print(tiny.version)")
    built.lock(version)
    built.python3(f'exec {BASE} "$@"')
    return built


OLD = 'echo "is Python 3.6.8" >&2; exit 1'


def test_pip_and_python_settings_of_the_user_do_not_lead_the_build_astray(clone):
    assert clone.run("import jointsearch, tiny; print(tiny.__file__)").startswith(str(clone.folder / ".venv"))
    assert not (clone.folder / "elsewhere").exists()


def test_pip_can_be_configured_not_to_compile_modules(clone):
    assert not list(clone.folder.glob(".venv/lib/*/site-packages/tiny/__pycache__/unused.*"))


@pytest.mark.parametrize("command", [".venv/bin/tiny", ". .venv/bin/activate && tiny"], ids=["by path", "activated"])
def test_its_programs_start_whatever_its_path_is(clone, command):
    assert subprocess.check_output(command, shell=True, cwd=clone.folder, text=True) == "tiny 1\n"
    assert clone.run("import sys; print(sys.prefix)") == str(clone.folder / ".venv")


@pytest.mark.parametrize("python3", [OLD, "exit 127", 'exec /bin/false "$@"'], ids=["older", "none", "broken"])
def test_an_environment_is_used_whatever_python3_is(clone, python3):
    clone.python3(python3)
    before = clone.link()
    done = clone.make("env")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert clone.link() == before
    assert clone.make("status").stdout.startswith("status by")


def test_tools_in_pyproject_are_nothing_to_build_for(clone):
    with (clone.folder / "pyproject.toml").open("a") as file:
        file.write("[tool.ruff]\nline-length = 100\n")
    assert clone.make("env").stdout == ""


def test_a_look_never_builds(clone, tmp_path):
    before = clone.link()
    clone.lock("99")
    done = clone.make("status")
    assert done.stdout.startswith("status by")
    assert clone.link() == before
    empty = small_clone(tmp_path / "clone")
    for target in ("status", "resume-check"):
        done = empty.make(target)
        assert done.returncode != 0
        assert done.stderr.startswith("error: there is no environment, or it was built for another folder: make env\n")
    assert not empty.folders()


def test_make_has_a_cache_for_snakemake_where_home_cannot_be_written(clone, tmp_path):
    # Not even root can make a folder in /proc.
    assert clone.make("status", HOME="/proc/home").stdout.endswith(f"cache {clone.folder}/.snakemake/cache\n")
    assert clone.make("status", HOME="/proc/home", XDG_CACHE_HOME=str(tmp_path)).stdout.endswith(f"cache {tmp_path}\n")
    assert clone.make("status", HOME=str(tmp_path)).stdout.endswith("cache None\n")


def test_a_build_that_fails_leaves_the_environment_that_stands(clone):
    before, folders = clone.link(), clone.folders()
    clone.lock("2", digest="0" * 64)
    done = clone.make("env")
    assert done.returncode != 0
    assert "error: pip could not install what is needed (see above); fix that and start again\n" in done.stderr
    assert (clone.link(), clone.folders()) == (before, folders)


def interrupt(clone: Clone, how: signal.Signals) -> None:
    """Interrupt a build that has begun, everything that it has started included."""
    # Ctrl-C works also where the tests run in the background of a shell.
    default = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    build = subprocess.Popen(["make", "env"], start_new_session=True, preexec_fn=default, **clone.pipes())
    before = clone.folders()
    while not any((clone.folder / name / "pyvenv.cfg").exists() for name in clone.folders() - before):
        assert build.poll() is None
        time.sleep(0.01)
    os.killpg(build.pid, how)
    build.communicate()
    assert build.returncode != 0


def test_ctrl_c_leaves_the_environment_that_stands(clone):
    before, folders = clone.link(), clone.folders()
    clone.lock("3")
    interrupt(clone, signal.SIGINT)
    assert (clone.link(), clone.folders()) == (before, folders)


def test_after_a_kill_two_builds_at_a_time_build_once_and_what_runs_in_the_old_environment_goes_on(clone):
    before = clone.link()
    # As a job that has not imported everything yet.
    late = "import tiny; input(); import tiny.late; print(tiny.late.version)"
    old = clone.folder / before / "bin" / "python"
    running = subprocess.Popen([old, "-c", late], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    clone.lock("4")
    interrupt(clone, signal.SIGKILL)
    assert clone.link() == before
    assert clone.make("status").stdout.startswith("status by 1")
    both = [subprocess.Popen(["make", "env"], **clone.pipes()) for _ in range(2)]
    said = "".join(one.communicate()[0] for one in both)
    assert [one.returncode for one in both] == [0, 0], said
    assert said.count("building .venv") == said.count("another make builds .venv: waiting for it") == 1, said
    assert "as changed: lock ..." in said
    assert f"{before} stays until the next build" in said
    assert clone.folders() == {before, clone.link()}
    assert clone.run("import tiny; print(tiny.version)") == "4"
    assert running.communicate("\n")[0].strip() == "1"


def test_a_python_that_is_asked_for_is_the_only_one_tried(clone):
    said = clone.make("env", "PYTHON=/no such/python3.12").stderr
    assert said.startswith("error: Python 3.11 or newer is needed; /no such/python3.12 cannot be started: name one, ")


def test_another_python_or_torch_index_is_built_for_only_where_it_is_asked_for(clone):
    """It is not built here, where there may be no other Python; but that it would be is seen."""
    other = clone.folder / "bin" / "other"
    # The same Python under another version, which makes no environments.
    other.write_text(f"""#!/bin/sh
case "$*" in
    *base_prefix*) echo 3 99 /usr ;;
    *--without-pip*) exit 1 ;;
    *) exec {BASE} "$@" ;;
esac
""")
    other.chmod(0o755)
    stamp = clone.folder / ".venv" / "up-to-date"
    written = stamp.read_text()
    stamp.write_text(written.replace('"TORCH_INDEX": ""', '"TORCH_INDEX": "https://index-of-another-build"'))
    try:
        assert clone.make("env").stdout == ""
        build = [BASE, clone.folder / "envs/build.py", "--python", other]
        for index, changed in [({}, "Python"), ({"TORCH_INDEX": ""}, "Python, TORCH_INDEX")]:
            done = subprocess.run(build, env=clone.environment(**index), capture_output=True, text=True)
            assert f"a minute or more), as changed: {changed} ...\n" in done.stdout
            assert (
                done.stderr
                == f"error: {other} could not make a virtual environment (see above); fix that and start again\n"
            )
    finally:
        stamp.write_text(written)


def test_a_python_that_is_too_old_is_told_and_a_newer_one_looked_for_by_name(tmp_path):
    clone = small_clone(tmp_path / "clone")
    clone.python3(OLD)
    done = clone.make("env")
    assert done.returncode != 0
    assert re.match(r"error: Python 3\.11 or newer is needed; python3 is Python 3\.6\.8; python3\.11 is", done.stderr)
    newer = clone.folder / "bin" / "python3.12"
    newer.write_text('#!/bin/sh\n[ "$2" != -c ] || exit 0\nshift; echo "with python3.12: $*"\n')
    assert clone.make("env").stdout == "with python3.12: envs/build.py\n"


@pytest.mark.parametrize("version", [(3, minor) for minor in range(6, 11)])
def test_an_older_python_reads_build_py_and_says_what_is_needed(version):
    ast.parse(BUILD.read_text(), feature_version=version)
    found = sorted(Path.home().glob(f".pyenv/versions/{version[0]}.{version[1]}.*/bin/python"))
    if not found:
        pytest.skip("parsed, but not run: no such Python here")
    done = subprocess.run([found[0], BUILD], capture_output=True, text=True)
    assert re.fullmatch(
        r"error: Python 3\.11 or newer is needed, this is 3\.\d+\.\d+: make env looks for one\n", done.stderr
    )


def test_an_environment_behind_a_link_is_left_alone(tmp_path):
    clone = small_clone(tmp_path / "clone")
    other = tmp_path / "of-another-clone"
    other.mkdir()
    (other / "up-to-date").write_text("what the other clone made it from\n")
    (clone.folder / ".venv").symlink_to(other)
    assert clone.make("env").stderr.startswith(
        f"error: .venv is a link to {other}; remove it, or build where it points to\n"
    )
    assert [path.name for path in other.iterdir()] == ["up-to-date"]


def test_a_folder_in_the_place_of_the_link_is_left_alone(tmp_path):
    clone = small_clone(tmp_path / "clone")
    (clone.folder / ".venv" / "bin").mkdir(parents=True)
    assert clone.make("env").stderr.startswith("error: .venv is a folder, which this would have to replace; ")
    assert [path.name for path in (clone.folder / ".venv").iterdir()] == ["bin"]
