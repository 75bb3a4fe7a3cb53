from dataclasses import replace

from factories import evaluation
from own_searches import own_search
from synthetic import results, search

from jointsearch.core import config, layout
from jointsearch.core.code import ROOT
from jointsearch.core.config import BudgetSettings, Config
from jointsearch.core.data_set import DataSet
from jointsearch.core.environment import Environment
from jointsearch.core.files import write_record
from jointsearch.paper import conditions
from jointsearch.results.folder import Folder
from jointsearch.results.results import StudyResults
from jointsearch.search.experiment import Experiment
from jointsearch.search.resolve import resolve
from jointsearch.search.studies import kinds

PUBLISHED = resolve(config.read(ROOT / "config/config.yaml"))
QUARTER = DataSet(
    digest="d" * 64, split="5" * 64, classes=("a", "b"), shape=(3, 8, 8), train=4500, validation=4500, test=2000
)
BUDGET = BudgetSettings(unit="epochs", minimum=1, maximum=9)


def test_the_published_experiment_differs_from_itself_in_nothing_but_its_length() -> None:
    assert conditions.differences(PUBLISHED, 128, PUBLISHED, 128) == []
    (length,) = conditions.differences(PUBLISHED, 4, PUBLISHED, 128)
    assert (length.setting, length.here, length.published) == ("brackets", "4", "128")


def test_name_and_seed_make_no_other_experiment() -> None:
    assert conditions.differences(PUBLISHED.model_copy(update={"name": "again", "seed": 3}), 128, PUBLISHED, 128) == []


def test_every_other_setting_is_told() -> None:
    for name in ("demo", "miniature"):
        here = config.read(ROOT / f"config/{name}.yaml")
        found = {one.setting: one for one in conditions.differences(resolve(here), 16, PUBLISHED, 128)}
        assert found["budgets"].published == "400 s, 20 min, 1 h, 3 h"
        assert found["images"].published == "cifar10"
        assert "search space" in found
    data = PUBLISHED.data.model_copy(update={"validation_fraction": 0.2})
    (one,) = conditions.differences(PUBLISHED.model_copy(update={"data": data}), 128, PUBLISHED, 128)
    assert (one.here, one.published) == ("0.2", "0.1")


def kind(here: Experiment, brackets: int = 128, images: DataSet | None = QUARTER) -> str:
    return conditions.kind(here, brackets, PUBLISHED, 128, images)


def test_only_published_settings_are_a_reproduction_and_a_smaller_experiment_a_scale_model() -> None:
    assert kind(PUBLISHED) == conditions.REPRODUCTION
    miniature, demo = (resolve(config.read(ROOT / f"config/{name}.yaml")) for name in ("miniature", "demo"))
    assert kind(miniature) == conditions.SCALE_MODEL
    assert kind(miniature, 12) == kind(demo, 12) == conditions.VARIANT
    own = own_search(0)[0].model_copy(update={"objective": "my_trees.fit:fit_it"})
    assert kind(own, 12) == conditions.OWN


def test_a_scale_model_has_a_shorter_full_budget_and_smaller_or_fewer_images() -> None:
    training = PUBLISHED.training.model_copy(update={"precision": "float32"})
    assert kind(PUBLISHED.model_copy(update={"training": training})) == conditions.VARIANT
    miniature = resolve(config.read(ROOT / "config/miniature.yaml"))
    full = QUARTER.model_copy(update={"shape": (3, 32, 32), "train": 45_000})
    assert kind(miniature, images=full) == kind(miniature, images=None) == conditions.VARIANT
    assert kind(miniature, images=full.model_copy(update={"train": 4_500})) == conditions.SCALE_MODEL
    longer = miniature.budget.model_copy(update={"minimum": 400, "maximum": 10_800})
    assert kind(miniature.model_copy(update={"budget": longer})) == conditions.VARIANT


def test_other_parts_are_told_apart_from_other_ranges() -> None:
    space = PUBLISHED.space
    changed = {
        name: one.model_copy(update={"part": "regularisation"} if name == "mixup_alpha" else {})
        for name, one in space.hyperparameters.items()
    }
    here = PUBLISHED.model_copy(update={"space": space.model_copy(update={"hyperparameters": changed})})
    (found,) = conditions.differences(here, 128, PUBLISHED, 128)
    assert found.here == "17 hyperparameters, other parts"
    changed["mixup_alpha"] = space.hyperparameters["mixup_alpha"].model_copy(update={"default": 0.5})
    here = PUBLISHED.model_copy(update={"space": space.model_copy(update={"hyperparameters": changed})})
    (found,) = conditions.differences(here, 128, PUBLISHED, 128)
    assert found.here == "17 hyperparameters, other defaults"


def test_a_problem_of_ones_own_has_a_space_and_a_name_of_its_own() -> None:
    own = own_search(0)[0].model_copy(update={"objective": "my_trees.fit:fit_it"})
    found = {one.setting: one.here for one in conditions.differences(own, 4, PUBLISHED, 128)}
    assert found["search space"] == "5 hyperparameters of its own"
    assert found["objective in place of our training"] == "my_trees.fit:fit_it"


def test_states_count_what_is_done_failed_and_planned_the_arms_together() -> None:
    settings = Config.model_validate(
        {
            "experiment": "x",
            "data": {"name": "digits"},
            "budget": BUDGET.model_dump(),
            "search": {"length": 3, "length_unit": "brackets"},
            "studies": {"arms": {"brackets": 6, "repeats": 2, "start": "resnet_20"}, "retraining": {"seeds": 4}},
        }
    )
    experiment = resolve(settings)
    plan = kinds.record(kinds.plan(settings, experiment), experiment)
    known = results(
        BUDGET,
        search=search(2, BUDGET, failing=1),
        **{"joint_bohb-0": [evaluation()], "joint_random-1": [evaluation(loss=None)]},
    )
    found = conditions.study_counts(replace(known, plan=plan))
    assert list(found) == [layout.SEARCH, "arm", layout.RETRAINING]
    trained = known.evaluations(layout.SEARCH)
    assert (found["search"].done, found["search"].failed) == (len(trained), len(trained))
    assert found["search"].planned == plan.search.trainings
    assert (found["arm"].done, found["arm"].failed, found["retraining"].done) == (2, 1, 0)
    assert found["retraining"].planned == 4


def test_machines_are_told_by_kind_with_the_trainings_on_each(tmp_path) -> None:
    around = {"commit": None, "diff": None, "code": {}, "lock": None, "packages": {}, "unpinned": (), "python": "3"}
    around |= {"torch": {}, "system": "Linux", "cores": 4, "threads": 1, "gpu": None, "driver": None, "flags": {}}
    for name, cpu in (("a", "One"), ("b", "One"), ("c", "Two")):
        write_record(layout.environment_file(tmp_path, name * 64), Environment(cpu=cpu, **around))
    made = []
    for slot, name in enumerate("abcd"):
        one = evaluation(f"0-0-{slot}")
        made.append(one.model_copy(update={"observed": one.observed.model_copy(update={"environment": name * 64})}))
    known = results(BUDGET, search=made)
    found = conditions.machines(known, Folder(tmp_path).environments)
    assert [(one.processor, one.cores, one.trainings) for one in found] == [
        ("One", 4, 2),
        ("Two", 4, 1),
        ("cpu", None, 1),
    ]
    assert conditions.machines(replace(known, studies={}), {}) == []


def test_the_space_is_listed_part_by_part_with_what_was_found() -> None:
    values = {"learning_rate": 0.1234567, "residual_blocks_1": 3}
    known = results(BUDGET)
    assert {one.found for one in conditions.parameters(known)} == {""}
    known = replace(known, studies={"search": StudyResults(known.experiment, (evaluation(values=values),))})
    rows = {one.name: one for one in conditions.parameters(known)}
    assert len(rows) == 17 and next(iter(rows)) == "initial_filters"
    assert (rows["learning_rate"].range, rows["learning_rate"].found) == ("0.001 to 1", "0.123")
    assert (rows["weight_decay"].range, rows["weight_decay"].found) == ("1e−5 to 0.001", "")
    assert [one.part for one in rows.values()] == ["architecture"] * 10 + ["hyperparameters"] * 7


def test_names_of_functions_and_files_stay_as_they_are_and_words_lose_their_underscores() -> None:
    given = ["fashion_mnist.npz", "my_trees.fit:fit_it", "torchvision:EMNIST/a_b", "image_folder"]
    assert [conditions.plain(name) for name in given] == [*given[:3], "image folder"]
