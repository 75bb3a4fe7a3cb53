"""Jobs of a search in folders with names that shells trip over, deployed as a module."""

from conftest import RESOURCES, SOON
from end_to_end.deployed import NAME, deploy


def test_trainings_run_on_the_cluster_from_any_folder(tmp_path):
    mine = deploy(tmp_path / f"{NAME} `date` ; # *")
    printed = mine.snakemake("search", "--profile", "profiles/slurm", *SOON, *RESOURCES)
    assert "1/1 evaluations" in printed
    (evaluation,) = mine.evaluations()
    assert evaluation.observed.job is not None
