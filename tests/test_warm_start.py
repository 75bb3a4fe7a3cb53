import json

import pytest
from searches import DEMO, SPACES, search_in

from jointsearch import warm_start
from jointsearch.config import BudgetSettings, parse
from jointsearch.errors import UserError
from jointsearch.experiment import Experiment
from jointsearch.export import hpbandster
from jointsearch.records import WarmStart, write_record
from jointsearch.space import Space

CONDITIONAL = "config/spaces/conditional.yaml"


def export(folder, name="conditional", brackets=3, failing=0.2):
    space = Space(SPACES[name])
    evaluations = search_in(space, brackets, failing)
    hpbandster.write(folder, space, evaluations)
    return evaluations


def edit(folder, file, change):
    """Change the first line of a file."""
    first, *rest = (folder / file).read_text().splitlines(keepends=True)
    line = json.loads(first)
    change(line)
    (folder / file).write_text(json.dumps(line) + "\n" + "".join(rest))


@pytest.mark.parametrize("name", SPACES)
def test_an_export_gives_the_same_observations_under_names_of_their_own(tmp_path, name):
    evaluations = export(tmp_path, name)
    seen = warm_start.observations(tmp_path, SPACES[name], DEMO)
    assert [one.evaluation for one in seen] == [f"hpbandster:{one.id}" for one in evaluations]
    assert [(one.budget, one.values, one.loss) for one in seen] == [
        (one.budget, one.proposal.values, one.loss) for one in evaluations
    ]


def test_budgets_may_have_rounding_errors(tmp_path):
    export(tmp_path)
    edit(tmp_path, "results.json", lambda line: line.__setitem__(1, 27 * 3.0**-3 * (1 + 1e-15)))
    assert {one.budget for one in warm_start.observations(tmp_path, SPACES["conditional"], DEMO)} == {1, 3, 9, 27}


@pytest.mark.parametrize(
    ("file", "change", "says"),
    [
        (
            "configs.json",
            lambda line: line[1].update(momentun=0.5),
            "no hyperparameter 'momentun' in the space; did you",
        ),
        ("configs.json", lambda line: line[1].update(momentum=1.5), "momentum never has the value 1.5"),
        ("configs.json", lambda line: line[1].update(batch_size="64"), "batch_size never has the value '64'"),
        ("results.json", lambda line: line.__setitem__(1, 2), "budget 2 is none of 1, 3, 9, 27"),
        ("results.json", lambda line: line[3].update(loss=93.5), "loss 93.5 is no error between 0 and 1"),
    ],
)
def test_what_cannot_be_of_the_search_is_named(tmp_path, file, change, says):
    export(tmp_path, failing=0)
    edit(tmp_path, file, change)
    with pytest.raises(UserError) as caught:
        warm_start.observations(tmp_path, SPACES["conditional"], DEMO)
    assert f"{tmp_path}: configuration 0-0-0: {says}" in str(caught.value)


def test_a_budget_in_another_range_is_refused(tmp_path):
    export(tmp_path)
    with pytest.raises(UserError, match="budget 1 is none of 3, 9, 27"):
        warm_start.observations(tmp_path, SPACES["conditional"], BudgetSettings(unit="epochs", minimum=3, maximum=27))


def test_the_record_of_another_search_is_held_to_the_same_as_a_folder(tmp_path):
    export(tmp_path / "folder")
    seen = warm_start.observations(tmp_path / "folder", SPACES["conditional"], DEMO)
    source = warm_start.source(seen)
    record = WarmStart(experiment="e" * 64, study="search", source=source, observations=seen)
    write_record(tmp_path / "warm_start.json", record)
    again = warm_start.observations(tmp_path / "warm_start.json", SPACES["conditional"], DEMO)
    assert again == seen
    assert warm_start.source(again) == source
    with pytest.raises(UserError, match="budget 1 is none of 3, 9, 27"):
        other = BudgetSettings(unit="epochs", minimum=3, maximum=27)
        warm_start.observations(tmp_path / "warm_start.json", SPACES["conditional"], other)


def test_the_experiment_names_the_evaluations_that_it_began_with(tmp_path):
    export(tmp_path)
    settings = {"experiment": "one", "space": CONDITIONAL, "budget": DEMO.model_dump()}
    cold = Experiment.from_config(parse(settings))
    warm = Experiment.from_config(parse(settings | {"search": {"warm_start": str(tmp_path)}}))
    seen = warm_start.observations(tmp_path, SPACES["conditional"], DEMO)
    assert warm.warm_start == warm_start.source(seen)
    assert warm.id != cold.id
    # An experiment without a warm start is written as if there were none.
    assert "warm_start" not in cold.model_dump(mode="json")
    assert Experiment.model_validate_json(warm.model_dump_json()) == warm
