from importlib.util import find_spec
from pathlib import Path

import pytest
from results_folder import settings, write_search

from jointsearch.search.experiment import Experiment

# The validator is in the environment of envs/peers.txt; in any other, what needs it is not collected.
if find_spec("rocrate_validator") is None:
    collect_ignore = ["test_profile.py"]


@pytest.fixture(scope="session")
def experiment() -> Experiment:
    return settings(maximum=9)


@pytest.fixture
def folder(experiment, tmp_path) -> Path:
    """Three brackets of a search with budgets of 1, 3 and 9 epochs: 9 + 3 + 1, 3 + 1 and 3 trainings."""
    write_search(tmp_path / "small", experiment, 3)
    return tmp_path / "small"
