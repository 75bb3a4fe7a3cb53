"""Samplers by name: what is found, and what one line says about what is not."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from jointsearch.core.errors import UserError
from jointsearch.samplers import Sampled, Suggestion, registry
from jointsearch.space.file import SpaceFile
from jointsearch.space.space import Space

SPACE = Space(SpaceFile.parse({"hyperparameters": {"x": {"type": "float", "lower": 0, "upper": 1}}}))

OWN = """
from jointsearch.core.proposal import Origin
from jointsearch.samplers import Sampled, Suggestion

def middle(value=0.5):
    def propose(space, history, count, rng, outlook=None):
        return Suggestion((Sampled({"x": value}, Origin(sampler="middle", kind="random")),) * count)
    return propose

def nothing():
    return None

def old():
    return lambda space, history, count, rng: None

def lost():
    return {}["key"]

def picky(value):
    if value < 0:
        raise ValueError("value must not be negative")
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A user's module `mine.own` and one that cannot be imported."""
    package = tmp_path / "mine"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "own.py").write_text(OWN)
    (package / "broken.py").write_text("import nowhere_to_be_found")
    monkeypatch.syspath_prepend(tmp_path)
    yield
    for name in [name for name in sys.modules if name.split(".")[0] == "mine"]:
        del sys.modules[name]


@pytest.mark.parametrize("name", [*filter(registry.installed, sorted(registry.REGISTRY))])
def test_each_registered_sampler_proposes_in_its_own_name(name):
    registry.check(name, {})
    suggestion = registry.make(name, {})(SPACE, (), 5, np.random.default_rng(0))
    assert [one.origin.sampler for one in suggestion.configurations] == [name] * 5


@pytest.mark.parametrize(
    ("name", "settings", "says"),
    [
        ("mine.own:middle", {"value": float("inf")}, "value: expected a finite number (got inf)"),
        ("mine.own:middle", {"of": {"a": [1.0, float("nan")]}}, "of.a.1: expected a finite number (got nan)"),
        ("mine.own:middle", {"value": 2**53}, "value: 9007199254740992 has more digits than JSON keeps; write a "),
        ("mine.own:middle", {"of": (-(2**60),)}, "of.0: -1152921504606846976 has more digits than JSON keeps; "),
        ("bohb", {"num_samples": 2**60}, "num_samples: 1152921504606846976 has more digits than JSON keeps; "),
    ],
)
def test_numbers_that_records_cannot_keep_are_refused_by_their_key(own, name, settings, says):
    with pytest.raises(UserError) as told:
        registry.check(name, settings, "studies.arms.arms.a")
    assert str(told.value).startswith(f"studies.arms.arms.a.sampler_settings: {says}")
    assert "\n" not in str(told.value)


def test_all_others_are_kept_as_they_are(own):
    settings = {"value": 1e300, "of": {"a": [2**53 - 1, True, None, "inf"]}}
    assert registry.check("mine.own:middle", settings) == settings


@pytest.mark.parametrize("name", ["mine.own:middle", "mine.own.middle"])
def test_a_users_own_sampler(own, name):
    registry.check(name, {"value": 0.25})
    suggestion = registry.make(name, {"value": 0.25})(SPACE, (), 2, np.random.default_rng(0))
    assert isinstance(suggestion, Suggestion)
    assert all(isinstance(one, Sampled) and one.values == {"x": 0.25} for one in suggestion.configurations)


@pytest.mark.parametrize(
    ("name", "settings", "says"),
    [
        ("bhob", {}, "did you mean 'bohb'?"),
        (
            "annealing",
            {},
            "known are bohb, dehb, evolution, gp, hyperband, mfgp, ppo, random, smac, tpe, tpe_hyperband",
        ),
        ("", {}, "known are"),
        (":f", {}, "known are"),
        ("no_such_module:f", {}, "no module 'no_such_module'"),
        ("no_such_package.module.f", {}, "no module 'no_such_package.module'"),
        ("bohb", {"num_sample": 3}, "did you mean 'num_samples'?"),
        ("bohb", {"nonsense": 3}, "known are top_n_percent"),
        ("bohb", {"num_samples": 0}, "search.sampler_settings: num_samples: "),
        ("bohb", {"random_fraction": 1.5}, "(got 1.5)"),
        ("bohb", {"random_fraction": "often"}, "(got 'often')"),
        ("bohb", {"bandwidth_factor": 0}, "bandwidth_factor"),
        ("bohb", {"bandwidth_factor": float("inf")}, "bandwidth_factor"),
        ("bohb", {"min_bandwidth": float("nan")}, "min_bandwidth"),
        ("bohb", {"top_n_percent": 100}, "top_n_percent"),
        ("random", {"num_samples": 3}, "random has none, remove it"),
        ("evolution", {"sample_size": 0}, "sample_size"),
        ("ppo", {"bins": 1}, "bins"),
        ("smac", {"n_tree": 3}, "did you mean 'n_trees'?"),
        ("dehb", {"crossover_prob": 2}, "(got 2)"),
        ("tpe_hyperband", {"n_ei_candidates": 0}, "n_ei_candidates"),
    ],
)
def test_what_cannot_be_made_is_refused_already_by_the_check(name, settings, says):
    for refuse in (registry.check, registry.make):
        with pytest.raises(UserError) as told:
            refuse(name, settings)
        assert says in str(told.value)
        assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("name", "settings", "says"),
    [
        ("mine.own:centre", {}, "mine.own has no 'centre'"),
        ("mine.own:middle", {"colour": 1}, "colour"),
        ("mine.own:picky", {"value": -1}, "must not be negative"),
        ("mine.own:nothing", {}, "return a sampler"),
        ("mine.own:old", {}, "is called as propose(space, history, count, rng, outlook), but too many"),
        ("mine.broken:sampler", {}, "nowhere_to_be_found"),
    ],
)
def test_an_own_sampler_that_cannot_be_made(own, name, settings, says):
    with pytest.raises(UserError) as told:
        registry.make(name, settings)
    assert says in str(told.value)
    assert "\n" not in str(told.value)


def test_a_mistake_where_an_own_sampler_is_made_keeps_its_traceback_and_names_the_sampler(own):
    with pytest.raises(KeyError) as raised:
        registry.make("mine.own:lost", {})
    assert raised.value.__notes__ == ["raised by the sampler mine.own:lost, when it was made"]


ADDED_SETTINGS = """
from typing import ClassVar
from jointsearch.samplers.settings import Number, SamplerSettings

class MiddleSettings(SamplerSettings):
    factory: ClassVar[str] = "added.middle:Middle"
    pools_budgets: ClassVar[bool] = True
    copies: Number = 1

    def observations_needed(self, dimension):
        return 7 * self.copies
"""
ADDED = """
from dataclasses import dataclass
import numpy
from added.middle_settings import MiddleSettings
from jointsearch.core.proposal import Origin
from jointsearch.samplers import Sampled, Suggestion

@dataclass(frozen=True)
class Middle:
    name: str
    settings: MiddleSettings

    def __call__(self, space, history, count, rng, outlook=None):
        return Suggestion((Sampled({"x": 0.5}, Origin(sampler=self.name, kind="random")),) * count)
"""


def test_a_sampler_is_added_by_its_module_its_settings_and_a_line_of_the_registry(tmp_path, monkeypatch):
    package = tmp_path / "added"
    package.mkdir()
    (package / "middle.py").write_text(ADDED)
    (package / "middle_settings.py").write_text(ADDED_SETTINGS)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(registry.REGISTRY, "middle", "added.middle_settings:MiddleSettings")
    assert registry.check("middle", {"copies": 2}) == {"copies": 2}
    assert "added.middle" not in sys.modules
    with pytest.raises(UserError, match="did you mean 'copies'"):
        registry.check("middle", {"copy": 2})
    suggestion = registry.make("middle", {})(SPACE, (), 2, np.random.default_rng(0))
    assert [one.origin.sampler for one in suggestion.configurations] == ["middle"] * 2
    assert registry.pools_budgets("middle") and not registry.sees_pending("middle") and registry.installed("middle")
    assert registry.observations_needed("middle", {"copies": 2}, 17) == 14
    assert registry.module_of("middle") == "added.middle"
    for name in [name for name in sys.modules if name.split(".")[0] == "added"]:
        del sys.modules[name]


@pytest.mark.parametrize("name", sorted(set(registry.REGISTRY) - {"bohb", "gp", "hyperband", "random"}))
def test_nothing_but_its_modules_and_a_line_of_the_registry_names_a_sampler(name):
    """But `bohb`, `gp`, `hyperband` and `random`: also a default, a surrogate, arms, and a kind of proposals.

    The paper says of each how it differs from its original.
    """
    root = Path(__file__).parents[2]
    code = [root / "Snakefile", *(root / "src").rglob("*.py"), *(root / "scripts").rglob("*.py")]
    code += (root / "workflow").rglob("*.smk")
    named = re.compile(rf"""["'`./]{name}\b""")
    naming = {file.relative_to(root).as_posix() for file in code if named.search(file.read_text())}
    own = {f"src/{registry.module_of(name).replace('.', '/')}{end}.py" for end in ("", "_settings")}
    assert naming - own == {"src/jointsearch/samplers/registry.py", "src/jointsearch/paper/arms.py"}
    for told in ("docs/samplers.md", "config/README.md"):
        assert f"`{name}`" in (root / told).read_text()


LIBRARIES = {name: library for name in registry.REGISTRY if (library := registry.settings_of(name).library)}


@pytest.mark.parametrize("found", [None, "0.0.1"])
@pytest.mark.parametrize("name", LIBRARIES)
def test_a_library_that_is_missing_or_of_another_version_is_named_with_the_command_that_installs_it(
    name, found, monkeypatch
):
    monkeypatch.setattr(registry, "version", lambda package: found)
    for refuse in (registry.check, registry.make):
        with pytest.raises(UserError) as told:
            refuse(name, {})
        assert str(told.value).startswith(f"search.sampler: {name} needs {LIBRARIES[name]}, which is not installed")
        assert str(told.value).endswith(f"run {sys.executable} -m pip install {LIBRARIES[name]}")
        assert "\n" not in str(told.value)


def test_a_library_that_cannot_be_imported_is_named_too(tmp_path, monkeypatch):
    (tmp_path / "dehb.py").write_text("raise ImportError('no such symbol')")
    monkeypatch.setattr(registry, "version", lambda package: LIBRARIES["dehb"].partition("==")[2])
    monkeypatch.syspath_prepend(tmp_path)
    for name in [
        name for name in sys.modules if name.split(".")[0] == "dehb" or name == "jointsearch.samplers.peers.dehb"
    ]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(UserError, match=r"dehb: import fails with ImportError.* -m pip install dehb==") as told:
        registry.make("dehb", {})
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("library", sorted(set(LIBRARIES.values())))
def test_the_versions_to_install_are_those_that_are_tested(library):
    assert f"\n{library} \\\n" in (Path(__file__).parents[2] / "envs" / "peers.txt").read_text()


@pytest.mark.parametrize("name", sorted(LIBRARIES.keys() - {"dehb"}))
def test_all_but_dehb_come_with_the_main_environment(name):
    assert f"\n{LIBRARIES[name]} \\\n" in (Path(__file__).parents[2] / "envs" / "requirements.txt").read_text()


@pytest.mark.parametrize("name", registry.REGISTRY)
def test_settings_name_the_module_of_their_sampler(name):
    assert importlib.util.find_spec(registry.module_of(name)) is not None


def test_checking_imports_nothing_heavy():
    checks = "".join(f"s.check({name!r}, {{}}); " for name in filter(registry.installed, registry.REGISTRY))
    code = f"import sys, jointsearch.samplers.registry as s; {checks}print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"numpy", "scipy", "ConfigSpace", "statsmodels", "pandas", "torch", "smac", "optuna", "dehb", "distributed"}
    assert heavy.isdisjoint(loaded)


def test_proposing_needs_no_statsmodels():
    code = "import sys, jointsearch.samplers.registry as s; s.make('bohb', {}); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"statsmodels", "pandas", "torch"}.isdisjoint(loaded)
