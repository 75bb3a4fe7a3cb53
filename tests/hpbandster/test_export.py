"""Our searches as HpBandSter itself reads them, and its own as we do."""

import json
from pathlib import Path

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace
from hpbandster.core.dispatcher import Job
from hpbandster.core.nameserver import NameServer
from hpbandster.core.result import Result, json_result_logger, logged_results_to_HBS_result
from hpbandster.optimizers import BOHB
from hpbandster.optimizers.config_generators.bohb import BOHB as Generator
from hpbandster.optimizers.iterations import SuccessiveHalving
from searches import SPACES, search_in

from jointsearch.core.config import BudgetSettings
from jointsearch.core.errors import UserError
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.history import Observation
from jointsearch.samplers.bohb import Densities, fit
from jointsearch.samplers.bohb_settings import BohbSettings
from jointsearch.search import hpbandster, warm_start
from jointsearch.space.space import Space

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


@pytest.fixture(params=SPACES)
def space(request) -> Space:
    return Space(SPACES[request.param])


def loaded(folder: Path) -> Result:
    return logged_results_to_HBS_result(str(folder))


def observation(one: Evaluation) -> Observation:
    return Observation(evaluation=one.id, budget=one.budget, values=one.proposal.values, loss=one.loss)


@pytest.mark.parametrize("failing", [0, 0.2, 1])
def test_hpbandster_reads_every_run(tmp_path, space, failing):
    evaluations = search_in(space, brackets=4, failing=failing)
    hpbandster.write(tmp_path, space, evaluations)
    result = loaded(tmp_path)
    runs = {(run.config_id, run.budget): run for run in result.get_all_runs()}
    names = [tuple(int(part) for part in one.proposal.id.split("-")) for one in evaluations]
    assert set(runs) == {(name, one.budget) for name, one in zip(names, evaluations, strict=True)}
    assert len(runs) == len(evaluations)
    start = min(one.observed.started for one in evaluations)
    for name, one in zip(names, evaluations, strict=True):
        run = runs[name, one.budget]
        assert run.loss == (np.inf if one.loss is None else one.loss)
        assert run.info == ({"state": "CRASHED"} if one.loss is None else {})
        assert run.error_logs is None
        times = [run.time_stamps[key] for key in ("submitted", "started", "finished")]
        assert times == [one.observed.started - start] * 2 + [one.observed.finished - start]
    assert result.HB_config["budgets"] == sorted({one.budget for one in evaluations})


def test_hpbandster_reads_every_configuration_and_its_origin(tmp_path, space):
    evaluations = search_in(space, brackets=8)
    hpbandster.write(tmp_path, space, evaluations)
    known = loaded(tmp_path).get_id2config_mapping()
    for one in evaluations:
        read = known[tuple(int(part) for part in one.proposal.id.split("-"))]
        assert read["config"] == one.proposal.values
        assert [type(value) for value in read["config"].values()] == [
            type(value) for value in one.proposal.values.values()
        ]
        assert read["config_info"] == {"model_based_pick": one.proposal.origin.kind == "model"}
    assert len(known) == len({one.proposal.id for one in evaluations})


def test_hpbandster_finds_our_incumbent(tmp_path, space):
    evaluations = search_in(space, brackets=4)
    hpbandster.write(tmp_path, space, evaluations)
    full = [one for one in evaluations if one.budget == 27 and one.loss is not None]
    best = min(full, key=lambda one: one.loss)
    assert loaded(tmp_path).get_incumbent_id() == tuple(int(part) for part in best.proposal.id.split("-"))


def test_the_space_comes_back_as_it_was(tmp_path, space):
    hpbandster.write(tmp_path, space, search_in(space, brackets=1))
    read = ConfigurationSpace.from_json(tmp_path / "configspace.json")
    assert read == space.configuration_space


def test_values_that_json_has_shortened_get_their_types_back(tmp_path):
    space = Space(SPACES["mixed"])
    (one, *_) = (one for one in search_in(space, brackets=1) if one.proposal.values["many"] == "a")
    shortened = one.proposal.model_copy(update={"values": one.proposal.values | {"x": 1}})
    hpbandster.write(tmp_path, space, [one.model_copy(update={"proposal": shortened})])
    ((_, values, _),) = map(json.loads, (tmp_path / "configs.json").read_text().splitlines())
    assert (values["x"], type(values["x"])) == (1.0, float)


@pytest.mark.parametrize("name", ["continuous", "mixed"])
@pytest.mark.parametrize("failing", [0, 0.2])
def test_hpbandster_starts_from_an_export_with_our_model(tmp_path, name, failing):
    space = Space(SPACES[name])
    evaluations = search_in(space, brackets=6, failing=failing)
    hpbandster.write(tmp_path / "export", space, evaluations)
    ours = fit(space, [observation(one) for one in evaluations], BohbSettings(), np.random.default_rng(0))
    assert isinstance(ours, Densities)
    server = NameServer(run_id=name, host="127.0.0.1", port=0)
    host, port = server.start()
    optimizer = BOHB(
        configspace=ConfigurationSpace.from_json(tmp_path / "export/configspace.json"),
        previous_result=loaded(tmp_path / "export"),
        run_id=name,
        nameserver=host,
        nameserver_port=port,
        working_directory=str(tmp_path),
        min_budget=1,
        max_budget=27,
        random_fraction=0,
    )
    try:
        generator = optimizer.config_generator
        assert generator.largest_budget_with_model() == ours.budget
        known = [len(losses) for losses in generator.losses.values()]
        assert sum(known) == len(evaluations)
        assert sum(np.isinf(losses).sum() for losses in generator.losses.values()) == sum(
            one.loss is None for one in evaluations
        )
        for part in ("good", "bad"):
            assert len(generator.kde_models[ours.budget][part].data) == len(getattr(ours, part).data)
        _, info = generator.get_config(27)
        assert info["model_based_pick"]
    finally:
        optimizer.shutdown()
        server.shutdown()


def test_equal_searches_give_equal_bytes_in_any_order(tmp_path, space):
    evaluations = search_in(space, brackets=2)
    hpbandster.write(tmp_path / "a", space, evaluations)
    hpbandster.write(tmp_path / "b", space, evaluations[::-1])
    for name in ("configs.json", "results.json", "configspace.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_an_export_is_replaced_and_a_run_of_hpbandster_is_not(tmp_path):
    space = Space(SPACES["continuous"])
    for brackets in (1, 2):
        hpbandster.write(tmp_path, space, search_in(space, brackets))
    (tmp_path / hpbandster.MARKER).unlink()
    with pytest.raises(UserError, match=r"holds configs\.json, but is no export"):
        hpbandster.write(tmp_path, space, search_in(space, 1))


def test_nothing_to_export_is_said(tmp_path):
    with pytest.raises(UserError, match="nothing to export"):
        hpbandster.write(tmp_path / "none", Space(SPACES["mixed"]), [])
    assert not (tmp_path / "none").exists()


def run_hpbandster(folder: Path, space: Space, iterations: int) -> None:
    """Let HpBandSter search and log by its own code, but for the network between it and its workers."""
    np.random.seed(0)  # noqa: NPY002 - HpBandSter draws from the global state
    generator, logger = Generator(space.configuration_space), json_result_logger(str(folder))
    for number in range(iterations):
        iteration = SuccessiveHalving(
            HPB_iter=number,
            num_configs=[9, 3, 1],
            budgets=27 * np.power(3.0, [-2, -1, 0]),
            config_sampler=generator.get_config,
            result_logger=logger,
        )
        while (run := iteration.get_next_run()) is not None:
            name, config, budget = run
            job = Job(name, config=config, budget=budget)
            for key in ("submitted", "started", "finished"):
                job.time_it(key)
            failed = name[2] == 3
            job.result = None if failed else {"loss": float(np.tanh(abs(config["x"]) / budget)), "info": "mine"}
            job.exception = "Traceback ..." if failed else None
            logger(job)
            iteration.register_result(job)
            generator.new_result(job)


def test_a_run_of_hpbandster_itself_is_read_as_it_reads_it(tmp_path):
    space = Space(SPACES["mixed"])
    run_hpbandster(tmp_path / "run", space, iterations=4)
    result = loaded(tmp_path / "run")
    known = result.get_id2config_mapping()
    theirs = {("-".join(map(str, run.config_id)), run.budget): run for run in result.get_all_runs()}
    ours = hpbandster.read(tmp_path / "run")
    assert {(run.proposal, run.budget) for run in ours} == set(theirs)
    assert len(ours) == len(theirs) == 4 * 13
    for run in ours:
        one = theirs[run.proposal, run.budget]
        assert run.loss == one.loss
        assert run.values == known[one.config_id]["config"]
        assert run.model == known[one.config_id]["config_info"]["model_based_pick"]
        assert run.rung == [3, 9, 27].index(round(run.budget))
        space.check(run.values)
    assert {run.model for run in ours} == {False, True}
    assert sum(run.loss is None for run in ours) == 4


def test_a_search_starts_from_a_run_of_hpbandster(tmp_path):
    space = Space(SPACES["mixed"])
    run_hpbandster(tmp_path / "run", space, iterations=4)
    seen = warm_start.observations(tmp_path / "run", space.file, BudgetSettings(minimum=3, maximum=27))
    ours = fit(space, seen, BohbSettings(), np.random.default_rng(0))
    assert isinstance(ours, Densities)
    assert ours.budget == 3
    assert {one.budget for one in seen} == {3, 9, 27}
