"""Resolve `envs/*.in` into locks with every version and hash, and write the conda environment that equals them.

The locks hold for every platform and every Python from 3.11 on, that of DeepCAVE for Python 3.10 on Linux. Standard
library only; uv resolves.
"""

import re
import subprocess
import sys
from pathlib import Path

import build

ENVS = Path(__file__).resolve().parent
LOCK = ENVS / "requirements.txt"
UV = ENVS.parent / ".venv-lock" / "bin" / "uv"
FLAGS = ["--generate-hashes", "--no-emit-index-url", "--no-annotate", "--custom-compile-command", "make lock"]
EVERYWHERE = ["--universal", "--python-version", "3.11"]
DEEPCAVE = ["--python-platform", "linux", "--python-version", "3.10"]


def main() -> None:
    """Lock all environments."""
    if not UV.exists():
        build.create(UV.parents[1], ".venv-lock", sys.executable)
    build.pip(UV.parents[1], "uv")
    resolve("requirements", *EVERYWHERE)
    resolve("peers", *EVERYWHERE, "--constraints", str(LOCK))
    resolve("deepcave", *DEEPCAVE)
    (ENVS / "environment.yaml").write_text(conda_environment(LOCK.read_text()))


def resolve(name: str, *flags: str) -> None:
    """Resolve one file of requirements into its lock."""
    files = [ENVS / f"{name}.in", "--output-file", ENVS / f"{name}.txt"]
    subprocess.run([UV, "pip", "compile", "--quiet", *FLAGS, *flags, *sys.argv[1:], *files], check=True)


def conda_environment(lock: str) -> str:
    """The lock as a conda environment, for `snakemake --sdm conda`: the same versions, without hashes."""
    pinned = re.findall(r"^([^\s#]+==[^\\\n]+?) *\\?$", lock, flags=re.MULTILINE)
    lines = [
        "# Made by `make lock` from requirements.txt.",
        "channels: [conda-forge, nodefaults]",
        "dependencies:",
        "  - python >=3.11,<3.14",
        "  - pip",
        "  - pip:",
        *(f'      - "{requirement}"' for requirement in pinned),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
