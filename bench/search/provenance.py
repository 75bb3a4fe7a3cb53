"""What a run was made with."""

import platform
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("numpy", "scipy", "scikit-learn", "ConfigSpace", "hpbandster", "smac", "optuna", "dehb", "botorch", "torch")
"""Whatever of these is installed is named."""


@lru_cache
def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that decide results."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
