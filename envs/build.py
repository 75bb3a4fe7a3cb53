"""Build an environment from its lock, or do nothing if it stands and is up to date.

Virtual environments cannot be moved. So each is built in a folder of its own, `.venv-1`, `.venv-2`, ..., and `.venv`
is a link to the newest one that is whole: a build that fails or is interrupted leaves the one that stands as it is, and
what runs there keeps running after a build as well, since its folder is kept until the next one.

Standard library only: this runs before anything is installed. Another build of torch (another CUDA version, or CPU
only) comes from the index named in TORCH_INDEX, at the locked versions, but without hashes.
"""

import argparse
import ast
import fcntl
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

# Before anything that an older Python cannot evaluate; older than 3.6 it does not come to this.
if sys.version_info < (3, 11):
    sys.exit(f"error: Python 3.11 or newer is needed, this is {sys.version.split()[0]}: make env looks for one")

ROOT = Path(__file__).resolve().parents[1]
ENVS = ROOT / "envs"
STAMP = "up-to-date"
TORCH_BUILD = re.compile(r"^(torch|torchvision|triton|nvidia-|cuda-)")
BESIDE = b"""#!/bin/sh
'''exec' "$(dirname -- "$(realpath -- "$0")")/python" "$0" "$@"
"""
"""First lines of a script of Python that a shell starts with the Python beside it; the next line is `' '''`."""
ENSURE_PIP = """
import subprocess, sys
try:
    import ensurepip
    ensurepip.bootstrap(default_pip=True)
except ImportError as error:
    sys.exit(f"{error} (on Debian: apt-get install python3-venv)")
except subprocess.CalledProcessError:
    sys.exit(1)
"""
PIP_KEPT = {
    *("index-url", "extra-index-url", "find-links", "no-index", "trusted-host", "cert", "client-cert", "proxy"),
    *("keyring-provider", "timeout", "default-timeout", "retries", "cache-dir", "no-cache-dir", "use-feature"),
    "compile",
}
"""Settings of pip that say where packages come from, and whether modules are compiled when installed (`compile`).

Those that say where packages go, or which, would spoil the build.
"""


def main() -> None:
    """Build, unless this was done with this lock, Python and torch index."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="?", choices=["peers", "deepcave"], help="an environment beside .venv")
    parser.add_argument("--python", default=getattr(sys, "_base_executable", sys.executable), help="what to build with")
    parser.add_argument("--check", action="store_true", help="build nothing; fail if there is no environment")
    arguments = parser.parse_args()
    link = ROOT / (f".venv-{arguments.name}" if arguments.name else ".venv")
    if arguments.check:
        if standing(link).get("clone") != str(ROOT):
            sys.exit("error: there is no environment, or it was built for another folder: make env")
        return
    try:
        bring_up_to_date(link, arguments.name, arguments.python)
    except OSError as error:
        sys.exit(f"error: {error.filename or ROOT}: {error.strerror}; fix that and start again")
    except KeyboardInterrupt:
        sys.exit(130)


def bring_up_to_date(link: Path, name: str | None, python: str) -> None:
    """Build one environment if it is not what it should be; once, if several ask for it at a time."""
    wanted = state(link, name, python)
    if standing(link) == wanted:
        return
    if link.is_symlink() and not re.fullmatch(rf"{re.escape(link.name)}-\d+", str(link.readlink())):
        # What it points to belongs to somebody else, another clone perhaps, whose environment this would break.
        sys.exit(f"error: {link.name} is a link to {link.readlink()}; remove it, or build where it points to")
    if link.exists() and not link.is_symlink():
        sys.exit(
            f"error: {link.name} is a folder, which this would have to replace; when nothing runs in it any more, "
            "remove it, or give it another name, and start again"
        )
    with (ROOT / f"{link.name}-build").open("w") as lock:
        # What is started below inherits the lock: after a `kill -9` of this process, pip continues for a while.
        os.set_inheritable(lock.fileno(), True)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"another make builds {link.name}: waiting for it ...", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        before = standing(link)
        if before != wanted:
            build(link, wanted, before, python)


def state(link: Path, name: str | None, python: str) -> dict[str, str]:
    """What an environment is made from. A torch index that is not named is the one of the environment that stands."""
    made_from = {
        "clone": str(ROOT),
        # Not the last digit: an environment does not mind an update of the Python that it is of.
        "Python": output([python, "-I", "-c", "import sys; print(*sys.version_info[:2], sys.base_prefix)"]),
        "lock": hashlib.sha256(lock_of(link).read_bytes()).hexdigest(),
    }
    if name is None:
        # How the package is installed; what tools read there is nothing to build for.
        sections = re.split(r"^(?=\[)", (ROOT / "pyproject.toml").read_text(encoding="utf-8"), flags=re.MULTILINE)
        package = "".join(one for one in sections if re.match(r"\[(build-system|project|tool\.hatch)", one))
        made_from["package"] = hashlib.sha256(package.encode()).hexdigest()
        made_from["TORCH_INDEX"] = os.environ.get("TORCH_INDEX", standing(link).get("TORCH_INDEX", ""))
    return made_from


def standing(link: Path) -> dict[str, str]:
    """What the environment that stands was made from; nothing if there is none that is whole and starts."""
    if not os.access(link / "bin" / "python", os.X_OK):
        return {}
    try:
        return dict(json.loads((link / STAMP).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def build(link: Path, wanted: dict[str, str], before: dict[str, str], python: str) -> None:
    """Build an environment in a folder of its own, then let the link point to it."""
    old = link.readlink().name if link.is_symlink() else None
    for folder in folders(link):
        if folder.name != old:
            shutil.rmtree(folder, ignore_errors=True)
    new = link.with_name(f"{link.name}-{max((number(folder) for folder in folders(link)), default=0) + 1}")
    size = "" if "TORCH_INDEX" not in wanted else " (some 6 GB with torch's CUDA libraries; a minute or more)"
    changed = [what for what in wanted if before and before.get(what) != wanted[what]]
    print(f"building {link.name}{size}{', as changed: ' * bool(changed)}{', '.join(changed)} ...", flush=True)
    try:
        fill(new, link, wanted.get("TORCH_INDEX"), python)
        (new / STAMP).write_text(json.dumps(wanted, indent=1) + "\n", encoding="utf-8")
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise
    pointer = new / "link"
    pointer.symlink_to(new.name)
    pointer.replace(link)
    if old is not None and link.with_name(old).exists():
        print(f"{old} stays until the next build, for what runs in it; what you added to it is not in {link.name}")


def fill(folder: Path, link: Path, torch_index: str | None, python: str) -> None:
    """Create the virtual environment and install the lock; in the main one then this package, in place."""
    create(folder, link.name, python)
    lock = lock_of(link)
    if torch_index:
        lock = folder / "requirements-without-torch.txt"
        kept = (entry for entry in entries(lock_of(link)) if not TORCH_BUILD.match(entry))
        lock.write_text("".join(kept), encoding="utf-8")
    pip(folder, "--require-hashes", "--requirement", lock)
    if torch_index:
        torch = [entry.split()[0] for entry in entries(lock_of(link)) if re.match(r"torch(vision)?==", entry)]
        pip(folder, "--index-url", torch_index, *torch)
    if torch_index is not None:
        pip(folder, "--no-deps", "--no-build-isolation", "--editable", ROOT)
    quote_path(folder)


def create(folder: Path, name: str, python: str) -> None:
    """Create a virtual environment with pip, in two steps, as venv would keep to itself why pip was not installed."""
    inside = folder / "bin" / "python"
    if start([python, "-I", "-m", "venv", "--without-pip", "--prompt", name, folder]) or start(
        [inside, "-I", "-c", ENSURE_PIP], stdout=subprocess.DEVNULL
    ):
        sys.exit(f"error: {python} could not make a virtual environment (see above); fix that and start again")


def quote_path(folder: Path) -> None:
    """Let programs find the environment whatever its path is: pip and venv do not quote all that a shell expands.

    Where the path cannot stand in a `#!` line (a space, or too long), pip has a shell start Python. That shell then
    looks beside the program.
    """
    for script in (folder / "bin").iterdir():
        content = b"" if script.is_symlink() else script.read_bytes()
        if script.name.startswith("activate"):
            script.write_bytes(content.replace(b'"%b"' % os.fsencode(folder), os.fsencode(shlex.quote(str(folder)))))
        elif content.startswith(b"#!/bin/sh\n'''exec' "):
            rest = content.split(b"\n", 2)[2]
            script.write_bytes(BESIDE + rest)


def folders(link: Path) -> list[Path]:
    """Folders of environments that the link points to, has pointed to, or was to point to."""
    return [folder for folder in ROOT.glob(f"{link.name}-*") if re.fullmatch(r"\d+", folder.name[len(link.name) + 1 :])]


def number(folder: Path) -> int:
    """The number of an environment's folder."""
    return int(folder.name.rpartition("-")[2])


def lock_of(link: Path) -> Path:
    """The lock that an environment is built from."""
    return ENVS / f"{link.name.removeprefix('.venv').removeprefix('-') or 'requirements'}.txt"


def entries(lock: Path) -> list[str]:
    """Entries of a lock: a requirement and the hashes below it."""
    return re.split(r"^(?=\S)", lock.read_text(encoding="utf-8"), flags=re.MULTILINE)


def pip(folder: Path, *arguments: str | Path) -> None:
    """Install into an environment, from where the user's pip takes packages; pip's own message says what failed."""
    python = folder / "bin" / "python"
    command = [python, "-I", "-m", "pip", "--disable-pip-version-check", "install", "--quiet", *arguments]
    if start(command, pip_settings(python)):
        sys.exit("error: pip could not install what is needed (see above); fix that and start again")


def pip_settings(python: Path) -> dict[str, str]:
    """Where packages come from, as the user's files and variables configure pip, as variables.

    Others would break the build, and cannot be switched off one by one: `user = true`, `target`, `prefix`, `python`.
    """
    # With `user` set, `pip config list` lists the user's own file only.
    own = {name: value for name, value in os.environ.items() if re.match(r"PIP_(?!PYTHON$)", name)} | {"PIP_USER": "0"}
    listed = [line.partition("=") for line in output([python, "-I", "-m", "pip", "config", "list"], own).splitlines()]
    settings = {"PIP_CONFIG_FILE": os.devnull}
    for section in ("global", "install", ":env:"):
        for name, _, value in listed:
            key = name.removeprefix(f"{section}.")
            if key != name and key in PIP_KEPT:
                settings["PIP_" + key.upper().replace("-", "_")] = ast.literal_eval(value)
    return settings


def surroundings() -> dict[str, str]:
    """The environment variables without those that lead Python or pip out of the environment."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP_"))}


def start(command: list[str | Path], settings: dict[str, str] | None = None, stdout: int | None = None) -> int:
    """Run a command apart from what surrounds it; its exit code."""
    return subprocess.run(command, env=surroundings() | (settings or {}), stdout=stdout, close_fds=False).returncode


def output(command: list[str | Path], settings: dict[str, str] | None = None) -> str:
    """Run a command as `start` does; what it prints."""
    done = subprocess.run(command, env=surroundings() | (settings or {}), stdout=subprocess.PIPE, encoding="utf-8")
    if done.returncode:
        sys.exit(f"error: {command[0]} failed (see above); fix that and start again")
    return done.stdout.strip()


if __name__ == "__main__":
    main()
