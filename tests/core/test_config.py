import os
from pathlib import Path

import pytest

from jointsearch.core import config, yaml_file
from jointsearch.core.config import WarmStartSettings
from jointsearch.core.errors import UserError

STEPS = {"step": 1e-3, "convolution": 1e-4, "gflop": 0.01, "megabyte": 0}


def nominal(coefficients, unit="nominal_seconds", precision="float32"):
    budget = {"unit": unit} | ({} if coefficients is None else {"nominal": coefficients})
    return {"experiment": "x", "budget": budget, "training": {"precision": precision}}


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        ({"experimant": "x"}, "experimant: unknown key; did you mean 'experiment'?"),
        ({}, "experiment: missing; give it a value"),
        ({"experiment": "x", "sed": 1}, "sed: unknown key; did you mean 'seed'?"),
        ({"experiment": "x", "budget": {"minimun": 1}}, "budget.minimun: unknown key; did you mean 'minimum'?"),
        ({"experiment": "x", "qqq": 1}, "qqq: unknown key; known are experiment, seed"),
        ({"experiment": "x", "budget": {"eta": 1}}, "budget.eta: Input should be greater than or equal to 2 (got 1)"),
        ({"experiment": "x", "budget": {"minimum": 9, "maximum": 3}}, "minimum (9) is above maximum (3)"),
        ({"experiment": "x", "budget": {"minimum": -1}}, "budget.minimum: Input should be greater than 0 (got -1)"),
        (
            {"experiment": "../x"},
            "experiment: expected letters, digits, '.', '_' and '-', beginning with a letter or a digit (got '../x')",
        ),
        (
            {"experiment": "x", "data": {"name": "imagenet"}},
            "no such data set; did you mean 'image_folder'? (or 'torchvision:Name', a file 'name.npz', or your own",
        ),
        ({"experiment": "x", "data": {"image_size": 64}}, "image_size is for image_folder"),
        (
            {"experiment": "x", "objective": "mine:evaluate", "data": {"name": "digits"}},
            "data: is for our training; with an objective of your own, remove it",
        ),
        (
            {"experiment": "x", "objective": "mine:evaluate", "training": {"continuation": True}},
            "training: is for our training; with an objective of your own, remove it",
        ),
        (
            {"experiment": "x", "objective": "mine:evaluate", "budget": {"clock": "process"}},
            "budget.clock: is for our training; with an objective of your own, remove it",
        ),
        (
            {"experiment": "x", "objective": "mine:evaluate", "studies": {"manual": {}}},
            "studies.manual: is for our networks; with an objective of your own, remove it",
        ),
        (
            {"experiment": "x", "objective": "mine:evaluate", "budget": {"unit": "images"}},
            "jobs.seconds_per_unit: missing; budgets are in images, so say how many seconds one takes at most",
        ),
        (
            {"experiment": "x", "objective": "evaluate"},
            "objective: expected the name of a function, as package.module:function",
        ),
        (
            {"experiment": "x", "budget": {"unit": "trees"}},
            "expected one of seconds, epochs, steps, gflop, nominal_seconds (got 'trees')",
        ),
        ({"experiment": "x", "search": {"length": 0}}, "search.length: Input should be greater than or equal to 1"),
        (nominal(None), "budget: nominal: missing, but unit is nominal_seconds; take what `make calibrate` prints"),
        (nominal({"step": 1}), "budget.nominal.convolution: missing; give it a value"),
        (nominal(STEPS | {"step": -1}), "budget.nominal.step: Input should be greater than or equal to 0 (got -1)"),
        (nominal(STEPS | {"steps": 1}), "budget.nominal.steps: unknown key; did you mean 'step'?"),
        (nominal(dict.fromkeys(STEPS, 0)), "budget.nominal: all coefficients are 0"),
        (nominal(STEPS, unit="gflop"), "budget: nominal: is for unit nominal_seconds (got gflop); remove it"),
        (nominal(STEPS, precision="auto"), "training.precision: auto would make nominal seconds others on another"),
        (nominal(STEPS) | {"objective": "my.module:train"}, "budget.unit: nominal_seconds are for our training"),
    ],
)
def test_a_mistake_is_told_in_one_line(raw, complaint):
    with pytest.raises(UserError) as error:
        config.parse(raw)
    assert complaint in str(error.value)
    assert "\n" not in str(error.value)


def test_numbers_may_be_written_with_an_exponent(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("experiment: x\nbudget: {minimum: 4e2, maximum: 108e2}\n")
    assert config.read(path).budget == config.BudgetSettings()


@pytest.mark.parametrize("text", ["", "a: [", "- 1", "\x00"])
def test_a_file_that_is_no_configuration_is_named(tmp_path, text):
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(UserError, match=r"config\.yaml"):
        config.read(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"none\.yaml: cannot be read"):
        config.read(tmp_path / "none.yaml")


@pytest.mark.parametrize("study", ["correlation", "manual", "arms", "retraining"])
def test_a_study_with_nothing_below_its_name_has_its_defaults_and_others_stay_absent(tmp_path, study):
    path = tmp_path / "config.yaml"
    path.write_text(f"experiment: x\nstudies:\n  {study}:\n")
    bare = config.read(path)
    assert bare == config.parse({"experiment": "x", "studies": {study: {}}})
    assert [name for name, one in bare.studies if one is not None] == [study]


@pytest.mark.parametrize(
    "studies", [{}, {"arms": {}}, {"correlation": {"configurations": 3}, "retraining": {}}, {"manual": {"seeds": 2}}]
)
def test_written_studies_are_read_as_the_same(tmp_path, studies):
    one = config.parse({"experiment": "x", "search": {"lags": None}, "studies": studies})
    assert config.Config.model_validate_json(one.model_dump_json()) == one
    assert config.StudySettings.model_validate_json(one.studies.model_dump_json()) == one.studies
    for name, written in (("a.yaml", one.model_dump_json().encode()), ("b.yaml", yaml_file.dump(one))):
        (tmp_path / name).write_bytes(written)
        assert config.read(tmp_path / name) == one


def test_notes_of_your_own_are_welcome():
    assert config.parse({"experiment": "x", "notes": {"ticket": 7}}).notes == {"ticket": 7}


@pytest.mark.parametrize("section", ["budget", "data", "training", "search", "studies", "jobs"])
def test_an_empty_section_has_its_defaults(tmp_path, section):
    path = tmp_path / "config.yaml"
    path.write_text(f"experiment: x\n{section}:\n  # all of it: commented out\n")
    assert config.read(path) == config.parse({"experiment": "x"})


def test_empty_settings_of_a_sampler_are_none():
    assert config.parse({"experiment": "x", "search": {"sampler_settings": None}}).search.sampler_settings == {}


@pytest.mark.parametrize("section", ["search", "studies", "studies.arms", "search.sampler_settings", "jobs"])
@pytest.mark.parametrize("given", [["arms"], "bohb", 3, True])
def test_a_list_or_a_word_in_place_of_a_section_is_told(section, given):
    raw = given
    for name in reversed(section.split(".")):
        raw = {name: raw}
    with pytest.raises(UserError) as told:
        config.parse({"experiment": "x"} | raw)
    assert str(told.value) == f"config: {section}: expected keys and values (got {given!r})"


def test_a_key_without_its_value_is_told():
    with pytest.raises(UserError, match=r"^config: seed: .*it is empty; give a value, or remove the key"):
        config.parse({"experiment": "x", "seed": None})


@pytest.mark.parametrize("word", ["on", "off", "auto"])
def test_compile_is_written_as_it_is_documented(tmp_path, word):
    path = tmp_path / "config.yaml"
    path.write_text(f"experiment: x\ntraining:\n  compile: {word}\n")
    assert config.read(path).training.compile == word
    overrides = config.overrides([f"training={{compile: {word}}}"])
    assert config.parse({"experiment": "x"} | overrides).training.compile == word


def test_what_is_given_on_the_command_line_is_read_as_in_a_file(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("experiment: x\nseed: 3\nsearch: {length: 5, warm_start: there}\nbudget: {minimum: 1200}\n")
    given = ["seed=1", "search={warm_start: null}", "search={sampler_settings: {a: 1e-3, b: 'no', c: no}}"]
    given += ["budget=", "notes=a=b"]
    read = config.read(path, overrides=config.overrides(given))
    assert (read.seed, read.search.length, read.search.warm_start, read.notes) == (1, 5, None, "a=b")
    assert read.search.sampler_settings == {"a": 0.001, "b": "no", "c": "no"}
    assert read.budget.minimum == 1200
    with pytest.raises(UserError, match=r"--config search: no valid YAML: the key 'length' appears twice"):
        config.overrides(["search={length: 1, length: 2}"])


@pytest.mark.parametrize(
    "changes",
    [
        {"search": {"length": 10**9}},
        {"search": {"length": 10**400}},
        {"jobs": {"workers": 10**30}},
        {"jobs": {"evaluations_per_job": 10**30}},
        {"jobs": {"allowance": 1e300}},
        {"budget": {"maximum": 1e300}},
        {"studies": {"correlation": {"configurations": 10**9}}},
        {"studies": {"manual": {"seeds": 10**9}}},
        {"studies": {"arms": {"repeats": 10**9}}},
        {"studies": {"arms": {"brackets": 10**9}}},
        {"studies": {"retraining": {"seeds": 10**9}}},
    ],
)
def test_absurd_numbers_are_refused(changes):
    with pytest.raises(UserError, match="less than or equal to 1") as told:
        config.parse({"experiment": "x"} | changes)
    assert len(str(told.value)) < 200


def test_a_space_and_a_warm_start_that_lie_beside_the_configuration_are_taken_from_there(tmp_path, monkeypatch):
    """From whatever folder it is run, and though others of that name lie there."""
    beside, elsewhere = tmp_path / "results/small", tmp_path / "elsewhere"
    for folder in (beside, elsewhere):
        (folder / "search").mkdir(parents=True)
        (folder / "space.yaml").write_text("")
        (folder / "search/warm_start.json").write_text("")
    (beside / "config.yaml").write_text(
        "experiment: small\nspace: space.yaml\nsearch: {warm_start: search/warm_start.json}\n"
    )
    monkeypatch.chdir(elsewhere)
    found = config.read(Path("../results/small/config.yaml"))
    assert Path(found.space).samefile(beside / "space.yaml")
    assert Path(found.search.warm_start.folder).samefile(beside / "search/warm_start.json")


def test_a_configuration_is_read_from_a_pipe():
    reading, writing = os.pipe()
    os.write(writing, b'{"experiment": "x", "seed": 3}')
    os.close(writing)
    assert config.read(Path(f"/dev/fd/{reading}")).seed == 3
    os.close(reading)


@pytest.mark.parametrize("written", ["there", "{folder: there, losses: ranks}"])
def test_a_warm_start_is_replaced_as_a_whole(tmp_path, written):
    path = tmp_path / "config.yaml"
    path.write_text(f"experiment: x\nsearch: {{warm_start: {written}}}\n")
    for given, meant in {
        "null": None,
        "other": WarmStartSettings(folder="other"),
        "{folder: other}": WarmStartSettings(folder="other"),
    }.items():
        overrides = config.overrides([f"search={{warm_start: {given}}}"])
        assert config.read(path, overrides=overrides).search.warm_start == meant


def test_a_space_that_does_not_lie_beside_the_configuration_is_taken_from_the_working_directory(tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text("experiment: small\nspace: config/spaces/joint17.yaml\n")
    assert config.read(file).space == "config/spaces/joint17.yaml"
    assert config.read(file, overrides={"space": "config.yaml"}).space == "config.yaml"
