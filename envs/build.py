"""Build the environment `.venv` from the lock, or do nothing if it stands and is up to date.

Standard library only: this runs before anything is installed. Another build of torch (another CUDA version, or CPU
only) comes from the index named in TORCH_INDEX, at the locked versions, but without hashes.
"""

import fcntl
import hashlib
import os
import re
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "envs" / "requirements.txt"
ENVIRONMENT = ROOT / ".venv"
STAMP = ENVIRONMENT / "up-to-date"
TORCH_BUILD = re.compile(r"^(torch|torchvision|triton|nvidia-|cuda-)")


def main() -> None:
    """Build, unless the stamp says that this was done with this lock, interpreter and torch index."""
    if sys.version_info < (3, 11):
        sys.exit(f"error: Python 3.11 or newer is needed, this is {sys.version.split()[0]}: make env PYTHON=python3.12")
    index = os.environ.get("TORCH_INDEX", "")
    with (ROOT / "envs" / "build.py").open() as lock_file:
        fcntl.flock(lock_file, fcntl.LOCK_EX)
        wanted = state(index)
        if STAMP.exists() and STAMP.read_text() == wanted:
            return
        build(index)
        STAMP.write_text(wanted)


def state(index: str) -> str:
    """What the environment is made from, in one line."""
    files = hashlib.sha256(LOCK.read_bytes() + (ROOT / "pyproject.toml").read_bytes())
    return f"{files.hexdigest()} {sys.version.split()[0]} {ROOT} {index}\n"


def build(index: str) -> None:
    """Create the virtual environment and install the lock, then this package in place."""
    if ENVIRONMENT.is_symlink():
        # What it points to belongs to somebody else, another clone perhaps, whose environment this would break.
        sys.exit(f"error: {ENVIRONMENT.name} is a link; remove it, or build where it points to")
    print(
        f"building {ENVIRONMENT.name} (some 6 GB with torch's CUDA libraries; a minute or more) ...",
        flush=True,
    )
    STAMP.unlink(missing_ok=True)
    try:
        venv.create(ENVIRONMENT, with_pip=True, symlinks=True, clear=not of_this_python())
    except subprocess.CalledProcessError:
        sys.exit("error: this Python cannot make virtual environments; on Debian: apt-get install python3-venv")
    lock = LOCK
    if index:
        lock = ENVIRONMENT / "requirements-without-torch.txt"
        lock.write_text("".join(entry for entry in entries() if not TORCH_BUILD.match(entry)))
    pip("install", "--quiet", "--require-hashes", "--requirement", lock)
    if index:
        torch = [entry.split()[0] for entry in entries() if re.match(r"torch(vision)?==", entry)]
        pip("install", "--quiet", "--index-url", index, *torch)
    pip("install", "--quiet", "--no-deps", "--no-build-isolation", "--editable", ROOT)


def of_this_python() -> bool:
    """Whether the environment that stands can be completed: it runs, and on this version of Python."""
    command = [ENVIRONMENT / "bin" / "python", "-c", "import sys; print(sys.version)"]
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout == f"{sys.version}\n"
    except OSError:
        return False


def entries() -> list[str]:
    """Entries of the lock: a requirement and the hashes below it."""
    return re.split(r"^(?=\S)", LOCK.read_text(), flags=re.MULTILINE)


def pip(*arguments: str | Path) -> None:
    """Run pip inside the environment; its own message says what failed."""
    command = [ENVIRONMENT / "bin" / "python", "-m", "pip", "--disable-pip-version-check", *arguments]
    if subprocess.run(command).returncode:
        sys.exit("error: pip could not build .venv (see above); mend that and run `make env` again")


if __name__ == "__main__":
    main()
