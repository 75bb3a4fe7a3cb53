from jointsearch.core import config
from jointsearch.core.code import ROOT
from jointsearch.paper.optimiser import optimiser
from jointsearch.samplers.bohb_settings import BohbSettings
from jointsearch.search.resolve import resolve

DEMO = resolve(config.read(ROOT / "config/demo.yaml"))


def test_every_setting_of_the_sampler_and_its_brackets_is_listed_with_what_it_does() -> None:
    found = {one.name: one for one in optimiser(DEMO, 12, 2)}
    assert {name.replace("_", " ") for name in BohbSettings.model_fields} < set(found)
    assert (found["brackets"].value, found["eta"].value, found["lags"].value) == ("12", "3", "1, 2, 3, 4")
    assert (found["random fraction"].value, found["num samples"].value) == ("0.333", "64")
    assert (found["min points in model"].value, found["workers"].value) == ("18", "2")
    assert found["brackets"].meaning == "Started one after another, with 4, 3, 2 and 1 rungs in turn."
    assert all(one.meaning for one in found.values())


def test_changed_settings_are_those_of_the_experiment() -> None:
    other = DEMO.model_copy(update={"sampler_settings": {"num_samples": 8}})
    assert {one.name: one.value for one in optimiser(other, 1, None)}["num samples"] == "8"
    own = DEMO.model_copy(update={"sampler": "my_sampler:make", "sampler_settings": {"how_much": 3}})
    assert [(one.name, one.value) for one in optimiser(own, 1, None)][-1] == ("how much", "3")


def test_brackets_of_one_training_have_no_rungs_and_no_promotions() -> None:
    budget = DEMO.budget.model_copy(update={"rung_sizes": "single"})
    found = {one.name: one.meaning for one in optimiser(DEMO.model_copy(update={"budget": budget}), 12, 2)}
    assert found["brackets"] == "Each is one training at the full budget."
    assert "promoted" in found["eta"] and "one in eta" not in found["eta"]
    assert "formula" not in found["sizes of rungs"]
