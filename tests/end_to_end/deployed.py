"""A search deployed as a module of a workflow of one's own, with clone, folder and images anywhere."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from end_to_end.conftest import ROOT, Workspace, make_workspace

NAME = "a b 'c' \"d\" & ü $HOME"
"""A folder's name with what shells trip over."""
MODULE = """from snakemake.utils import min_version


min_version("6.10.0")


configfile: "config/config.yaml"


# declare https://github.com/someone/jointsearch as a module
module jointsearch:
    snakefile: 
        SNAKEFILE
    config:
        config


# use all rules from https://github.com/someone/jointsearch
use rule * from jointsearch
"""
"""What snakedeploy 0.17.1 writes into workflow/Snakefile, with SNAKEFILE for its `github(...)`."""


class Deployed(Workspace):
    """A folder with what snakedeploy writes into it, beside the clone that it is a module of."""

    @property
    def clone(self) -> Path:
        return self.folder.with_name("clone")

    def configure(self, **changes: Any) -> None:
        """As in a clone: one training, unless more is asked for."""
        budget, search = {"unit": "steps", "minimum": 2, "maximum": 2}, {"length": 1, "lags": None}
        super().configure(**{"budget": budget, "search": search} | changes)
        (self.folder / "config.yaml").rename(self.folder / "config/config.yaml")

    def write(self, snakefile: str) -> None:
        """Write the Snakefile; SNAKEFILE stands for that of the clone."""
        text = snakefile.replace("SNAKEFILE", json.dumps(str(self.clone / "workflow/Snakefile"), ensure_ascii=False))
        (self.folder / "workflow/Snakefile").write_text(text)

    def command(self, *arguments: str) -> list[str]:
        """With an environment that seems to lie in the clone."""
        return [str(self.clone / ".venv/bin/snakemake"), *arguments]


def deploy(parent: Path) -> Deployed:
    """Make a clone and, beside it, a folder in which its workflow is a module."""
    clone = make_workspace(parent / "clone").folder
    (clone / ".venv").symlink_to(sys.prefix)
    mine = Deployed(parent / "mine")
    (mine.folder / "config").mkdir(parents=True)
    (mine.folder / "workflow").mkdir()
    shutil.copytree(ROOT / "profiles", mine.folder / "profiles")
    shutil.copy(clone / "space.yaml", mine.folder)
    mine.configure()
    mine.write(MODULE)
    return mine


def draw(folder: Path) -> None:
    """Put 40 noisy pictures of each of two classes into a folder."""
    rng = np.random.default_rng(0)
    for hue, name in enumerate(["blau & rot", "grün"]):
        (folder / name).mkdir(parents=True)
        for number in range(40):
            pixels = rng.integers(0, 128, size=(8, 8, 3))
            pixels[..., hue] += 120
            Image.fromarray(pixels.astype(np.uint8)).save(folder / name / f"{number}.png")
