"""Optuna's Gaussian process behind our interface: which trials it sees, and that its study proposes the same."""

import numpy as np
import pytest
from sampler_properties import BUDGETS, SPACES, SamplerProperties, history

from jointsearch.core.history import Observation
from jointsearch.samplers import Outlook
from jointsearch.samplers.peers.gp_settings import GpSettings
from jointsearch.space.file import SpaceFile
from jointsearch.space.space import Space

optuna = pytest.importorskip("optuna")
torch = pytest.importorskip("torch")

from jointsearch.samplers.peers import gp  # noqa: E402 - takes Optuna and torch
from jointsearch.samplers.peers.gp import Gp, _believe  # noqa: E402 - takes Optuna
from jointsearch.samplers.peers.optuna_study import ask, complete_trial  # noqa: E402

LINE = Space(SpaceFile.parse({"hyperparameters": {"x": {"type": "float", "lower": 0, "upper": 1}}}))
FULL = Outlook(BUDGETS[-1:])


@pytest.mark.parametrize("name", ["gp"])
class TestProperties(SamplerProperties):
    pass


def propose(space, known, outlook, seed=0, count=1, **settings):
    return Gp("gp", GpSettings(**settings))(space, known, count, np.random.default_rng(seed), outlook)


def values(suggestion):
    return [one.values for one in suggestion.configurations]


def on_line(losses, budget=BUDGETS[-1], bracket=0):
    """Evaluations along the line, evenly."""
    places = np.linspace(0.02, 0.98, len(losses))
    return [
        Observation(evaluation=f"{bracket}-0-{slot}@0", budget=budget, values={"x": float(x)}, loss=loss)
        for slot, (x, loss) in enumerate(zip(places, losses, strict=True))
    ]


BOWL = [(x - 0.7) ** 2 for x in np.linspace(0.02, 0.98, 12)]


def test_same_defaults():
    sampler, ours = optuna.samplers.GPSampler(), GpSettings()
    assert ours.n_startup_trials == sampler._n_startup_trials
    assert ours.deterministic_objective == sampler._deterministic


def test_it_is_what_a_study_of_the_same_trials_proposes():
    suggestion = propose(LINE, on_line(BOWL), FULL, seed=4)
    seed = int(np.random.default_rng(4).integers(2**32))
    study = optuna.create_study(sampler=optuna.samplers.GPSampler(seed=seed))
    for one in on_line(BOWL):
        study.enqueue_trial(one.values)
        trial = study.ask()
        trial.suggest_float("x", 0, 1)
        study.tell(trial, one.loss)
    assert values(suggestion)[0]["x"] == pytest.approx(study.ask().suggest_float("x", 0, 1), abs=1e-9)
    assert suggestion.configurations[0].origin.model_budget == BUDGETS[-1]
    assert values(suggestion)[0]["x"] == pytest.approx(0.7, abs=0.05)


def test_only_the_full_budget_counts_and_few_evaluations_there_are_no_model():
    low = on_line(BOWL[::-1], BUDGETS[0], bracket=1)
    alone = propose(LINE, on_line(BOWL), Outlook(BUDGETS))
    assert propose(LINE, [*on_line(BOWL), *low], Outlook(BUDGETS)) == alone
    for known in (low, on_line(BOWL[:9])):
        suggestion = propose(LINE, known, Outlook(BUDGETS))
        assert suggestion.model is None
        assert {one.origin.kind for one in suggestion.configurations} == {"random"}


def test_a_failed_training_has_the_worst_loss():
    failed = [loss if slot < 6 else None for slot, loss in enumerate(BOWL)]
    worst = [max(BOWL[:6]) if loss is None else loss for loss in failed]
    assert values(propose(LINE, on_line(failed), FULL)) == values(propose(LINE, on_line(worst), FULL))


def test_a_batch_is_believed_to_turn_out_as_expected():
    study = optuna.create_study(sampler=optuna.samplers.GPSampler(seed=0))
    for one in on_line(BOWL):
        study.add_trial(complete_trial(LINE, one.values, one.loss))
    pick = ask(study, LINE)
    _believe(study, study.sampler, LINE, [pick, {"x": 0.1}])
    running, *believed = study.trials[len(BOWL) :]
    assert running.state.name == "FAIL"
    assert [one.state.name for one in believed] == ["COMPLETE"] * 2
    assert [one.value for one in believed] == pytest.approx([(pick["x"] - 0.7) ** 2, 0.36], abs=0.02)


def test_what_is_pending_changes_proposals_once_there_is_a_model():
    pending = Outlook(FULL.budgets, 0, (({"x": 0.7}, 0), ({"x": 0.71}, 0)))
    assert propose(LINE, on_line(BOWL), pending) != propose(LINE, on_line(BOWL), FULL)
    assert propose(LINE, on_line(BOWL[:9]), pending) == propose(LINE, on_line(BOWL[:9]), FULL)


def test_a_conditional_space_is_searched_in_what_all_trials_have():
    space = SPACES["conditional"]
    known = [one for one in history(space, 8, start=2) if one.loss is not None]
    for one in propose(space, known, FULL, count=2).configurations:
        space.check(one.values)


def test_proposals_may_lack_what_all_trials_have():
    hyperparameters = {
        "parent": {"type": "categorical", "choices": ["a", "b"]},
        "child": {"type": "float", "lower": 0, "upper": 1},
    }
    conditions = [{"child": "child", "parent": "parent", "in": ["a"]}]
    space = Space(SpaceFile.parse({"hyperparameters": hyperparameters, "conditions": conditions}))
    known = [
        Observation(evaluation=one.evaluation, budget=one.budget, values={"parent": "a", "child": x}, loss=one.loss)
        for one in on_line(BOWL)
        for x in one.values.values()
    ]
    pending = Outlook(BUDGETS, 0, (({"parent": "b"}, 0), ({"parent": "a", "child": 0.5}, 0)))
    assert len(values(propose(space, known, pending, count=2))) == 2


def test_it_computes_on_one_thread_and_leaves_their_number_as_it_was(monkeypatch):
    threads = []

    def counting(study, space):
        threads.append(torch.get_num_threads())
        return ask(study, space)

    monkeypatch.setattr(gp, "ask", counting)
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        propose(LINE, on_line(BOWL), FULL)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
    assert threads == [1]
