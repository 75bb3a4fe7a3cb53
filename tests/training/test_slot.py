"""What is trained in a slot of a rung, and what it goes on from."""

from pathlib import Path

import pytest
import torch
from factories import VALUES

from jointsearch.core import layout
from jointsearch.core.config import Config
from jointsearch.core.errors import UserError
from jointsearch.core.evaluation import Evaluation, Identity
from jointsearch.core.files import digest, write_record
from jointsearch.core.proposal import Origin, Proposal, Rung
from jointsearch.search.resolve import resolve
from jointsearch.training import environment
from jointsearch.training.evaluate import Setup, evaluate
from jointsearch.training.slot import Slot

CPU = torch.device("cpu")
PROPOSALS = tuple(
    Proposal(id=f"0-0-{slot}", values=VALUES, origin=Origin(sampler="random", kind="random")) for slot in range(3)
)


def slot(study: Path, rung: int, continuation: bool = True, limit: int | None = None) -> Slot:
    """The third proposal: in the third slot of the first rung, in the only one of the second."""
    experiment = resolve(
        Config.model_validate(
            {
                "experiment": "small",
                "budget": {"unit": "steps", "minimum": 1, "maximum": 3},
                "data": {"name": "digits"},
                "training": {"continuation": continuation, "maximum_parameters": limit},
            }
        )
    )
    proposals = (PROPOSALS, PROPOSALS[2:])[rung]
    of = Rung(experiment=experiment.id, study="search", bracket=0, rung=rung, proposals=proposals)
    write_record(layout.proposals_file(study, 0, rung), of)
    return Slot(experiment, of, (2, 0)[rung], study)


@pytest.fixture
def setup(few_digits) -> Setup:
    return Setup(few_digits, CPU, environment.environment(CPU, 1))


def trained(one: Slot, setup: Setup) -> Evaluation:
    evaluation = evaluate(one, setup)
    write_record(layout.slot_file(one.folder, one.number), evaluation)
    return evaluation


def test_the_record_has_what_was_known_beforehand(tmp_path, setup):
    one = slot(tmp_path, 0, continuation=False)
    record = evaluate(one, setup)
    assert {name: getattr(record, name) for name in Identity.model_fields} == dict(one.identity)
    assert (record.budget, record.steps, record.continues) == (1, 1, None)
    assert record.parents == (digest(one.rung),)
    assert record.made_with.code == setup.environment.code_digest
    assert record.observed.environment == digest(setup.environment)


def test_a_promoted_configuration_goes_on_from_its_end_at_the_lower_budget(tmp_path, setup):
    lower = trained(slot(tmp_path, 0), setup)
    one = slot(tmp_path, 1)
    higher = trained(one, setup)
    assert (higher.continues, higher.steps) == ("0-0-2@0", 3)
    assert higher.parents == (digest(one.rung), digest(lower.derivable()))
    assert len(list(tmp_path.rglob("end-*"))) == 1, "the last rung has no end to go on from"


def test_one_that_failed_at_the_lower_budget_starts_from_scratch(tmp_path, setup):
    assert trained(slot(tmp_path, 0, limit=1), setup).status == "too_large"
    one = slot(tmp_path, 1)
    assert one.before() is None
    assert evaluate(one, setup).continues is None


def test_an_end_that_is_missing_names_what_to_train_again(tmp_path, setup):
    trained(slot(tmp_path, 0), setup)
    next(tmp_path.rglob("end-*")).unlink()
    with pytest.raises(UserError, match=r"end-0-0-2.pt: cannot be read .*; delete .*slot-02.json to train it again"):
        evaluate(slot(tmp_path, 1), setup)


def test_without_continuation_nothing_is_kept_and_nothing_looked_for(tmp_path, setup):
    trained(slot(tmp_path, 0, continuation=False), setup)
    assert not list(tmp_path.rglob("end-*"))
    assert slot(tmp_path, 1, continuation=False).before() is None
