"""The settings of an experiment, and the digest that its records carry."""

from pathlib import Path

from own_searches import OWN

from jointsearch.core import config
from jointsearch.core.files import digest, read_record, write_record
from jointsearch.core.proposal import Origin, Proposal, Rung
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


def test_a_copy_with_other_settings_has_another_id():
    experiment = resolve(config.read(Path("config/config.yaml")))
    before = experiment.id
    other = experiment.model_copy(update={"seed": experiment.seed + 1})
    assert other.id == Experiment.model_validate(other.model_dump()).id != before
    assert experiment.id == before


def test_identities_of_a_rung_are_those_of_its_slots():
    experiment = resolve(config.read(Path("config/config.yaml")))
    origin = Origin(sampler="random", kind="random")
    proposals = tuple(Proposal(id=f"0-0-{slot}", values={}, origin=origin) for slot in range(3))
    rung = Rung(experiment=experiment.id, study="search", bracket=0, rung=0, proposals=proposals)
    of_slots = [experiment.identity(rung, slot) for slot in range(3)]
    assert list(experiment.identities(rung, range(3))) == of_slots
    assert len({one.seed for one in of_slots}) == 3
