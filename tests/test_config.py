import pytest

from jointsearch import config, yaml_file
from jointsearch.errors import UserError


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        ({"experimant": "x"}, "experimant: unknown key; did you mean 'experiment'?"),
        ({}, "experiment: Field required"),
        ({"experiment": "x", "sed": 1}, "sed: unknown key; did you mean 'seed'?"),
        ({"experiment": "x", "budget": {"minimun": 1}}, "budget.minimun: unknown key; did you mean 'minimum'?"),
        ({"experiment": "x", "qqq": 1}, "qqq: unknown key; known are experiment, seed"),
        ({"experiment": "x", "budget": {"eta": 1}}, "budget.eta: Input should be greater than or equal to 2 (got 1)"),
        ({"experiment": "x", "budget": {"minimum": 9, "maximum": 3}}, "minimum (9) is above maximum (3)"),
        ({"experiment": "x", "budget": {"minimum": -1}}, "budget.minimum: Input should be greater than 0 (got -1)"),
        ({"experiment": "../x"}, "experiment: String should match pattern"),
        ({"experiment": "x", "data": {"name": "imagenet"}}, "data.name: Input should be 'cifar10'"),
        ({"experiment": "x", "data": {"image_size": 64}}, "image_size is for image_folder"),
        ({"experiment": "x", "search": {"length": 0}}, "search.length: Input should be greater than or equal to 1"),
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
