"""Resolve `envs/*.in` into locks with every version and hash, and write the conda environment that equals them.

The locks hold for every platform and every Python from 3.11 on. Standard library only; uv resolves.
"""

import re
import subprocess
import sys
import venv
from pathlib import Path

ENVS = Path(__file__).resolve().parent
LOCK = ENVS / "requirements.txt"
UV = ENVS.parent / ".venv-lock" / "bin" / "uv"
FLAGS = ["--universal", "--python-version", "3.11", "--generate-hashes", "--no-emit-index-url", "--no-annotate"]


def main() -> None:
    """Lock both environments."""
    venv.create(UV.parents[1], with_pip=True)
    subprocess.run([UV.with_name("python"), "-m", "pip", "install", "--quiet", "uv"], check=True)
    command = [UV, "pip", "compile", "--quiet", *FLAGS, "--custom-compile-command", "make lock", *sys.argv[1:]]
    subprocess.run([*command, ENVS / "requirements.in", "--output-file", LOCK], check=True)
    subprocess.run(
        [*command, ENVS / "peers.in", "--constraints", LOCK, "--output-file", ENVS / "peers.txt"], check=True
    )
    (ENVS / "environment.yaml").write_text(conda_environment(LOCK.read_text()))


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
