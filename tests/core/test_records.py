import json
import resource

import pytest
from factories import evaluation
from hypothesis import given
from hypothesis import strategies as st

from jointsearch.core.environment import Conditions, MadeWith
from jointsearch.core.errors import UserError
from jointsearch.core.evaluation import CurvePoint, Evaluation, Identity, LearnedArchitecture, Report, Result, rank
from jointsearch.core.files import canonical, digest, read_record, write_bytes, write_record
from jointsearch.core.observed import Attempt, Observed, Timing

scalars = st.one_of(st.booleans(), st.integers(-(2**53) + 1, 2**53 - 1), st.floats(allow_nan=False), st.text())
finite = scalars.filter(lambda value: value not in (float("inf"), float("-inf")))


def test_canonical_form_is_that_of_rfc_8785():
    assert canonical({"b": 1.0, "a": [1e21, "é", None, True]}) == '{"a":[1e+21,"é",null,true],"b":1}'.encode()


@given(st.dictionaries(st.text(), finite))
def test_digest_does_not_depend_on_the_order_of_keys(value):
    assert digest(value) == digest(dict(reversed(value.items())))


def test_a_record_comes_back_as_it_was_written(tmp_path):
    record = evaluation("3-0-11", loss=0.1 + 0.2)
    write_record(tmp_path / "slot.json", record)
    assert read_record(tmp_path / "slot.json", Evaluation) == record


def test_every_truncation_is_refused_with_the_path(tmp_path):
    path = tmp_path / "slot.json"
    write_record(path, evaluation())
    whole = path.read_bytes()
    for length in range(0, len(whole) - 1, 7):
        path.write_bytes(whole[:length])
        with pytest.raises(UserError, match=r"slot\.json: not a valid Evaluation record: Invalid JSON: .*delete it"):
            read_record(path, Evaluation)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"loss": 1.5}, "loss must be the validation error in the last row of the curve"),
        ({"loss": "low"}, "loss: Input should be a valid number"),
        ({"steps": None}, "steps must be a number if there is a curve, or a number of epochs"),
        ({"epochs": None}, "a training of ours has epochs, and neither metrics nor reports"),
        ({"metrics": {"accuracy": 0.5}}, "a training of ours has epochs, and neither metrics nor reports"),
        ({"loss": None}, "loss must be a number exactly when status is 'success'"),
        ({"status": "fine"}, "status: Input should be"),
        ({"bracket": -1}, "bracket"),
        ({"extra": 1}, "extra: Extra inputs are not permitted"),
        ({"seed": "7"}, "seed"),
        ({"slot": True}, "slot"),
        ({"protocol": 2}, "protocol"),
        ({"curve": []}, "loss must be the validation error in the last row of the curve"),
        ({"test_error": None}, "test_error must be that in the last row of the curve"),
        ({"test_error": 0.25}, "test_error must be that in the last row of the curve"),
    ],
)
def test_an_edit_that_breaks_the_schema_is_named(tmp_path, change, complaint):
    path = tmp_path / "slot.json"
    path.write_text(json.dumps(evaluation().model_dump(mode="json") | change))
    with pytest.raises(UserError) as error:
        read_record(path, Evaluation)
    assert str(path) in str(error.value)
    assert complaint in str(error.value)
    assert "\n" not in str(error.value)


def test_a_folder_or_nothing_in_the_place_of_a_record_is_named(tmp_path):
    for path in (tmp_path, tmp_path / "missing.json"):
        with pytest.raises(UserError, match="cannot be read"):
            read_record(path, Evaluation)


def test_a_write_that_fails_keeps_the_old_file_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "record.json"
    path.mkdir()
    with pytest.raises(UserError, match="cannot be written"):
        write_bytes(path, b"new")
    assert [file.name for file in tmp_path.iterdir()] == ["record.json"]


def test_a_full_disk_leaves_the_old_file_and_no_half_one(tmp_path):
    """A file size limit fails the write as a full disk does."""
    path = tmp_path / "record.json"
    path.write_bytes(b"old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(UserError, match=r"record\.json: cannot be written"):
            write_bytes(path, b"x" * 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["record.json"]


def test_of_two_writers_the_first_one_wins_where_it_shall(tmp_path):
    path = tmp_path / "slot.json"
    write_record(path, evaluation(loss=0.5), keep=True)
    write_record(path, evaluation(loss=0.4), keep=True)
    assert read_record(path, Evaluation).loss == 0.5
    write_record(path, evaluation(loss=0.4))
    assert read_record(path, Evaluation).loss == 0.4
    assert [file.name for file in tmp_path.iterdir()] == ["slot.json"]


def test_derivable_part_leaves_out_what_was_observed():
    one = evaluation()
    other = evaluation(observed=one.observed.model_dump() | {"host": "elsewhere", "started": 5.0})
    assert one != other
    assert one.derivable() == other.derivable()


def test_rank_puts_failures_last_and_breaks_ties_by_id_as_numbers():
    order = rank([evaluation("10-0-0"), evaluation("2-0-0", None), evaluation("9-0-0"), evaluation("3-0-0", 0.4)])
    assert [item.proposal.id for item in order] == ["3-0-0", "9-0-0", "10-0-0", "2-0-0"]


def test_an_evaluation_carries_each_field_of_what_it_is_made_of():
    """Also fields with a default, whose omission no validation would notice."""
    attempt = Attempt(
        host="node",
        device="H200",
        job="7",
        gpu="3",
        started=100.0,
        finished=110.0,
        environment="a" * 64,
        energy_joules=5.0,
    )
    timing = Timing(training_seconds=8, evaluation_seconds=1, startup_seconds=2, clock="AQ==", curve_seconds=(8.0,))
    conditions = Conditions(
        code="c" * 64,
        lock="1" * 64,
        python="3.11.7",
        torch="2.14.1",
        data="d" * 64,
        split="5" * 64,
        device_type="cuda",
        threads=2,
    )
    result = Result(
        status="success",
        message="the budget is shorter than one step; one step was trained",
        loss=0.5,
        test_error=0.6,
        snapshot_test_error=0.4,
        parameters=1000,
        epochs=1,
        steps=10,
        step_cost=0.1,
        curve=(CurvePoint(step=10, epoch=1, learning_rate=0, train_loss=1, validation_error=0.5, test_error=0.6),),
        metrics={},
        reports=(),
        architecture=LearnedArchitecture(
            choices={"initial_filters": (4, 8)},
            weights={"initial_filters": (0.25, 0.75)},
            values={"initial_filters": 8},
            entropies={"initial_filters": (0.56,)},
            losses=(1.2,),
        ),
    )
    one = evaluation("3-0-11")
    identity = Identity(**{name: getattr(one, name) for name in Identity.model_fields})
    made_with = MadeWith.of(conditions, "bfloat16", compiled=True)
    observed = Observed.of(attempt, timing, earlier=(attempt,))
    joined = Evaluation.of(identity, result, made_with, observed, ("b" * 64,), continues="3-0-11@0")
    for part, whole in (
        (attempt, observed),
        (timing, observed),
        (conditions, made_with),
        (identity, joined),
        (result, joined),
    ):
        fields = type(part).model_fields
        assert part.model_fields_set == set(fields), "a new field must be set here"
        assert {name: getattr(whole, name) for name in fields} == dict(part)
    own = Result(status="success", loss=-2, test_error=None, metrics={"trees": 5}, reports=(Report(step=1, loss=7),))
    of_objective = Evaluation.of(identity, own, made_with, observed, ())
    assert (of_objective.metrics, of_objective.reports) == (own.metrics, own.reports)
    assert (made_with.precision, made_with.compiled, observed.earlier) == ("bfloat16", True, (attempt,))
    assert (joined.made_with, joined.observed) == (made_with, observed)
    assert (joined.continues, joined.parents) == ("3-0-11@0", ("b" * 64,))
