from importlib.metadata import PackageNotFoundError, version

# Needs the environment of envs/deepcave.txt; in any other, there is nothing to collect.
try:
    version("deepcave")
except PackageNotFoundError:
    collect_ignore_glob = ["test_*.py"]
