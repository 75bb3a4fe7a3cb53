"""The settings of an experiment, and the digest that its records carry."""

from pathlib import Path

from own_searches import OWN

from jointsearch.core import config
from jointsearch.core.files import digest, read_record, write_record
from jointsearch.search.experiment import Experiment
from jointsearch.search.resolve import resolve


def test_sections_at_their_defaults_count_in_the_digest_as_empty():
    experiment = resolve(config.read(Path("config/config.yaml")))
    written = experiment.model_dump(mode="json", exclude_defaults=True)
    assert "training" not in written
    assert experiment.id == digest({"data": {}, "training": {}} | written)


def test_an_objective_of_ones_own_is_read_as_it_was_written_without_our_training(tmp_path):
    experiment = resolve(config.parse({"experiment": "own", **OWN}))
    write_record(tmp_path / "experiment.json", experiment)
    again = read_record(tmp_path / "experiment.json", Experiment)
    assert (again, again.id) == (experiment, experiment.id)
    assert not {"data", "training"} & experiment.model_dump(mode="json").keys()
