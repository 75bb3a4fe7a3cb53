import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from own_searches import OWN, own_search
from searches import DEMO, SPACES, search_in

from jointsearch.core import yaml_file
from jointsearch.core.config import BudgetSettings, StudySettings, parse, read
from jointsearch.core.errors import UserError
from jointsearch.core.files import read_record, write_record
from jointsearch.core.history import WarmStart
from jointsearch.search import hpbandster, warm_start
from jointsearch.search.experiment import Experiment
from jointsearch.search.resolve import configuration, resolve
from jointsearch.space.space import Space

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
        ("results.json", lambda line: line[3].update(loss=93.5), "loss 93.5 is not an error between 0 and 1"),
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
    source = warm_start.digest_of(seen)
    record = WarmStart(experiment="e" * 64, study="search", source=source, observations=seen)
    write_record(tmp_path / "warm_start.json", record)
    again = warm_start.observations(tmp_path / "warm_start.json", SPACES["conditional"], DEMO)
    assert again == seen
    assert warm_start.digest_of(again) == source
    with pytest.raises(UserError, match="budget 1 is none of 3, 9, 27"):
        other = BudgetSettings(unit="epochs", minimum=3, maximum=27)
        warm_start.observations(tmp_path / "warm_start.json", SPACES["conditional"], other)


def test_the_experiment_names_the_evaluations_that_it_began_with(tmp_path):
    export(tmp_path)
    settings = {"experiment": "one", "space": CONDITIONAL, "budget": DEMO.model_dump()}
    cold = resolve(parse(settings))
    warm = resolve(parse(settings | {"search": {"warm_start": str(tmp_path)}}))
    seen = warm_start.observations(tmp_path, SPACES["conditional"], DEMO)
    assert warm.warm_start == warm_start.digest_of(seen)
    assert warm.id != cold.id
    # An experiment without a warm start is written as if there were none.
    assert "warm_start" not in cold.model_dump(mode="json")
    assert Experiment.model_validate_json(warm.model_dump_json()) == warm


def rescale(folder, change):
    """Give a run other losses."""
    path = folder / "results.json"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        if line[3]["loss"] < float("inf"):
            line[3]["loss"] = change(line[3]["loss"])
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def losses_of(folder, losses="ranks"):
    return [one.loss for one in warm_start.observations(folder, SPACES["conditional"], DEMO, losses)]


def test_ranks_are_shares_of_the_losses_at_the_same_budget(tmp_path):
    evaluations = export(tmp_path)
    for budget in (1, 3, 9, 27):
        known = [one.loss for one in evaluations if one.budget == budget]
        found = [loss for one, loss in zip(evaluations, losses_of(tmp_path), strict=True) if one.budget == budget]
        others = np.array([loss for loss in known if loss is not None])
        assert found == [
            None if loss is None else (np.sum(others < loss) + np.sum(others == loss) / 2) / len(others)
            for loss in known
        ]


def test_equal_losses_have_equal_ranks(tmp_path):
    export(tmp_path, failing=0)
    rescale(tmp_path, lambda loss: 7.0)
    assert set(losses_of(tmp_path)) == {0.5}


@pytest.mark.parametrize("change", [lambda loss: 1e9 * loss - 5e8, lambda loss: loss**3, lambda loss: -1 / (loss + 1)])
def test_ranks_are_the_same_on_any_scale(tmp_path, change):
    export(tmp_path)
    before = losses_of(tmp_path)
    rescale(tmp_path, change)
    assert losses_of(tmp_path) == before


@pytest.mark.parametrize(("low", "high"), [(0, 100), (-1, 0), (-50, 150)])
def test_losses_between_two_become_errors(tmp_path, low, high):
    evaluations = export(tmp_path)
    rescale(tmp_path, lambda loss: low + loss * (high - low))
    assert losses_of(tmp_path, (low, high)) == pytest.approx([one.loss for one in evaluations], abs=1e-12)
    with pytest.raises(UserError, match=r"loss 151 is not in losses: .*; widen them, or use losses: ranks"):
        rescale(tmp_path, lambda loss: 151)
        losses_of(tmp_path, (low, high))


def test_the_refusal_of_losses_names_the_way_out(tmp_path):
    export(tmp_path, failing=0)
    rescale(tmp_path, lambda loss: 93.5)
    with pytest.raises(UserError) as caught:
        losses_of(tmp_path, (0.0, 1.0))
    assert "loss 93.5 is not an error between 0 and 1; say how" in str(caught.value)
    assert "search.warm_start: {folder: ..., losses: ranks}, or losses: [LOW, HIGH]" in str(caught.value)


def test_what_a_run_knew_from_an_earlier_one_is_known_too(tmp_path):
    export(tmp_path, failing=0)
    for name in ("configs.json", "results.json"):
        path = tmp_path / name
        path.write_text(path.read_text().replace("[[0, ", "[[-1, "))
    seen = warm_start.observations(tmp_path, SPACES["conditional"], DEMO)
    assert seen[0].evaluation == "hpbandster:-1-0-0@0"


def configured(folder, **settings):
    search = {"warm_start": {"folder": str(folder), **settings} if settings else str(folder)}
    return parse({"experiment": "one", "space": CONDITIONAL, "budget": DEMO.model_dump(), "search": search})


def test_the_folder_alone_is_short_for_losses_that_are_errors(tmp_path):
    export(tmp_path)
    short, long = configured(tmp_path), configured(tmp_path, losses=[0, 1])
    assert short == long
    assert short.model_dump()["search"]["warm_start"] == str(tmp_path)
    assert resolve(short).id == resolve(long).id


def test_another_way_to_make_errors_of_losses_is_another_experiment(tmp_path):
    export(tmp_path)
    ids = {resolve(configured(tmp_path, losses=way)).id for way in ([0, 1], "ranks", [0, 2])}
    assert len(ids) == 3


@pytest.mark.parametrize("losses", ["ranks", [0, 100]])
def test_settings_are_read_as_they_are_written(tmp_path, losses):
    config = configured("other", losses=losses)
    (tmp_path / "a.yaml").write_bytes(yaml_file.dump(config))
    assert read(tmp_path / "a.yaml") == config


@pytest.mark.parametrize(
    ("warm", "says"),
    [
        *(
            ({"folder": "x", "losses": losses}, "losses: expected `ranks`, or [LOW, HIGH]")
            for losses in ("rank", [1, 0], [0, 0], [0], [0, 1, 2], ["0", "1"], [0, float("inf")], None, 7, {"low": 0})
        ),
        ({"folder": "x", "losses": [-1e308, 1e308]}, "search.warm_start.losses: "),
        ({"folder": "x", "loses": "ranks"}, "search.warm_start.loses: unknown key; did you mean 'losses'?"),
        ({"losses": "ranks"}, "search.warm_start.folder: missing; give it a value"),
        (["x"], "search.warm_start: "),
    ],
)
def test_wrong_settings_are_named_in_one_line(warm, says):
    with pytest.raises(UserError) as caught:
        parse({"experiment": "one", "search": {"warm_start": warm}})
    assert says in str(caught.value) and "\n" not in str(caught.value)


def test_a_record_says_how_its_losses_became_errors_and_is_not_changed_again(tmp_path):
    export(tmp_path)
    rescale(tmp_path, lambda loss: 100 * loss)
    ranked = configured(tmp_path, losses="ranks")
    experiment = resolve(ranked)
    results = tmp_path / "results"
    write_record(results / "experiment.json", experiment)

    def written(folder, output, *arguments):
        script = Path(__file__).parents[2] / "scripts/warm_start.py"
        command = [sys.executable, script, results / "experiment.json", folder, output, *arguments]
        done = subprocess.run(command, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
        return output.read_bytes()

    first = written(tmp_path, results / "search/warm_start.json", f"--losses={ranked.search.warm_start.flag}")
    record = read_record(results / "search/warm_start.json", WarmStart)
    assert record.losses == "ranks"
    # The configuration that makes the results again names the record.
    for name, content in configuration(experiment, 1, StudySettings()).items():
        (results / name).write_bytes(content)
    again = read(results / "config.yaml")
    assert again.search.warm_start.folder == str(results / "search/warm_start.json")
    assert warm_start.digest_of(warm_start.known(again, SPACES["conditional"])) == experiment.warm_start
    assert written(results / "search/warm_start.json", tmp_path / "again/search/warm_start.json") == first
    with pytest.raises(UserError, match=r"warm_start\.json: holds errors already; leave `losses` out"):
        warm_start.observations(results / "search/warm_start.json", SPACES["conditional"], DEMO, "ranks")


def test_a_record_of_errors_does_not_say_so(tmp_path):
    export(tmp_path)
    seen = warm_start.observations(tmp_path, SPACES["conditional"], DEMO)
    record = WarmStart(experiment="e" * 64, study="search", source=warm_start.digest_of(seen), observations=seen)
    assert set(record.model_dump()) == {"experiment", "study", "source", "observations"}


def test_a_search_of_other_losses_takes_them_as_they_are(tmp_path):
    export(tmp_path, brackets=1, failing=0)
    values = iter([-3.5, 20.0])
    lines = (tmp_path / "results.json").read_text().splitlines()[:2]
    changed = [json.loads(line) for line in lines]
    for line in changed:
        line[3]["loss"] = next(values)
    (tmp_path / "results.json").write_text("".join(json.dumps(line) + "\n" for line in changed))
    seen = warm_start.observations(tmp_path, SPACES["conditional"], DEMO, of_errors=False)
    assert [one.loss for one in seen] == [-3.5, 20.0]


@pytest.mark.parametrize("losses", ["ranks", [-10, 30]])
def test_losses_are_not_made_errors_for_a_search_of_other_losses(tmp_path, losses):
    experiment, evaluations = own_search()
    hpbandster.write(tmp_path, Space(experiment.space), evaluations)
    begun = {"warm_start": {"folder": str(tmp_path), "losses": losses}}
    with pytest.raises(UserError, match=r"^search\.warm_start\.losses: makes errors of losses, but an objective"):
        resolve(parse({"experiment": "again", "search": begun, **OWN}))


def test_a_record_of_other_losses_starts_a_search_of_errors_by_their_ranks_but_not_the_other_way_around(tmp_path):
    export(tmp_path)
    rescale(tmp_path, lambda loss: 9 - 100 * loss)
    seen = warm_start.observations(tmp_path, SPACES["conditional"], DEMO, of_errors=False)
    file = tmp_path / "warm_start.json"
    record = WarmStart(experiment="e" * 64, study="search", source=warm_start.digest_of(seen), observations=seen)
    write_record(file, record)
    with pytest.raises(UserError, match="say how losses become errors"):
        losses_of(file, (0.0, 1.0))
    ranks = losses_of(file)
    assert ranks == losses_of(tmp_path)
    assert warm_start.kept(file, "ranks") == "ranks"
    write_record(file, record.model_copy(update={"losses": "ranks"}))
    with pytest.raises(UserError, match=r"its losses were made errors; name what they were made from$"):
        warm_start.observations(file, SPACES["conditional"], DEMO, of_errors=False)


def test_an_export_of_an_objective_of_ones_own_starts_a_search_of_its_losses(tmp_path):
    experiment, evaluations = own_search()
    hpbandster.write(tmp_path, Space(experiment.space), evaluations)
    settings = {"experiment": "again", "search": {"warm_start": str(tmp_path)}, **OWN}
    seen = warm_start.known(parse(settings), experiment.space)
    assert [one.loss for one in seen] == [one.loss for one in evaluations]
    assert any(one.loss < 0 for one in seen if one.loss is not None)
