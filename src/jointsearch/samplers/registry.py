"""The samplers by name. Light to import; what a sampler needs is imported when it is made."""

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from pydantic import ValidationError

from jointsearch.core import dotted
from jointsearch.core.errors import UserError, shown, suggest
from jointsearch.core.validation import sentence
from jointsearch.samplers.base import Sampler
from jointsearch.samplers.settings import SamplerSettings
from jointsearch.space.hyperparameters import LARGEST_WHOLE

REGISTRY = {
    "bohb": "jointsearch.samplers.bohb_settings:BohbSettings",
    "dehb": "jointsearch.samplers.peers.dehb_settings:DehbSettings",
    "evolution": "jointsearch.samplers.peers.evolution_settings:EvolutionSettings",
    "gp": "jointsearch.samplers.peers.gp_settings:GpSettings",
    "hyperband": "jointsearch.samplers.bohb_settings:RandomSettings",
    "mfgp": "jointsearch.samplers.mfgp_settings:MfgpSettings",
    "ppo": "jointsearch.samplers.peers.ppo_settings:PpoSettings",
    "random": "jointsearch.samplers.bohb_settings:RandomSettings",
    "smac": "jointsearch.samplers.peers.smac_settings:SmacSettings",
    "tpe": "jointsearch.samplers.peers.tpe_settings:TpeSettings",
    "tpe_hyperband": "jointsearch.samplers.peers.tpe_settings:TpeHyperbandSettings",
}
"""The samplers that come with the workflow, and the dotted names of their settings."""


def settings_of(name: str) -> type[SamplerSettings]:
    """Settings of a sampler of the registry, and its requirements."""
    found: type[SamplerSettings] = dotted.load(REGISTRY[name])
    return found


def with_settings() -> dict[str, type[SamplerSettings]]:
    """The samplers that have settings of their own, not only other defaults than another, by name."""
    kinds = {name: settings_of(name) for name in REGISTRY}
    return {name: kind for name, kind in kinds.items() if kind.model_fields and kind.__base__ is SamplerSettings}


def module_of(name: str) -> str:
    """The dotted name of the module that a sampler is made by, whether it is of the registry or your own."""
    return dotted.split(settings_of(name).factory if name in REGISTRY else name)[0]


def make(name: str, settings: Mapping[str, Any]) -> Sampler:
    """Make a sampler.

    Parameters
    ----------
    name
        One of `REGISTRY`; or the dotted name of a function of your own, `package.module:function`, called with the
        settings as keyword arguments.
    settings
        Settings of the sampler.

    Raises
    ------
    UserError
        If the name is unknown, its import fails, its library is missing, or the settings do not fit.
    """
    if name not in REGISTRY:
        return _make_own(name, settings)
    checked = _validated(name, settings)
    try:
        return checked.sampler(name)
    except ImportError as error:
        if checked.library is None:
            raise
        raise UserError(f"search.sampler: {name}: import fails with {error!r}; {_how_to_install(checked)}") from error


def check(name: str, settings: Mapping[str, Any], where: str = "search", others: Sequence[str] = ()) -> dict[str, Any]:
    """Check the name and the settings of a sampler without making it; a dotted name by the source of its module.

    Parameters
    ----------
    name, settings
        As for `make`.
    where
        The section of the configuration that has them, for messages.
    others
        Names that may stand there too and are of no sampler: one that is misspelt is recognised.

    Returns
    -------
    dict
        The settings that differ from their defaults, in their own types; those of a sampler of your own as they are.

    Raises
    ------
    UserError
        As `make`; or if the settings have numbers that records cannot keep.
    """
    if name in REGISTRY:
        found = _validated(name, settings, where).model_dump(exclude_defaults=True)
    else:
        _refuse_unknown(name, where, others)
        dotted.check(name, f"{where}.sampler")
        found = dict(settings)
    for key, value in found.items():
        _refuse_unkept(f"{where}.sampler_settings: {key}", value)
    return found


def learns(name: str) -> bool:
    """Whether the proposals of a sampler depend on evaluations; of one that is not of the registry it is assumed."""
    return name not in REGISTRY or settings_of(name).learns


def sees_pending(name: str) -> bool:
    """Whether a sampler uses proposals without a result yet; one that is not of the registry is assumed to."""
    return name not in REGISTRY or settings_of(name).sees_pending


def _validated(name: str, settings: Mapping[str, Any], where: str = "search") -> SamplerSettings:
    try:
        checked = settings_of(name).model_validate(settings)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise UserError(f"{where}.sampler_settings: {key}: {_advice(name, key, first)}") from None
    if not installed(name):
        raise UserError(
            f"{where}.sampler: {name} needs {checked.library}, which is not installed; {_how_to_install(checked)}"
        )
    return checked


def _how_to_install(settings: SamplerSettings) -> str:
    return f"run {sys.executable} -m pip install {settings.library}"


def installed(name: str) -> bool:
    """Whether the library of a sampler of the registry is there, if it takes one, in the required version.

    Another version might propose differently, and records do not name it.
    """
    if (library := settings_of(name).library) is None:
        return True
    package, _, wanted = library.partition("==")
    try:
        return version(package) == wanted
    except PackageNotFoundError:
        return False


def observations_needed(name: str, settings: Mapping[str, Any], dimension: int) -> int | None:
    """The evaluations that a sampler's model needs (see `pools_budgets`); None if it has none or does not say."""
    return settings_of(name).model_validate(settings).observations_needed(dimension) if name in REGISTRY else None


def pools_budgets(name: str) -> bool:
    """Whether a sampler's model learns from all budgets together."""
    return name in REGISTRY and settings_of(name).pools_budgets


def _refuse_unkept(where: str, value: Any) -> None:
    """Refuse numbers, also inside of lists and mappings, that JSON does not keep."""
    match value:
        case Mapping():
            for key, one in value.items():
                _refuse_unkept(f"{where}.{key}", one)
        case list() | tuple():
            for index, one in enumerate(value):
                _refuse_unkept(f"{where}.{index}", one)
        case float() if not math.isfinite(value):
            raise UserError(f"{where}: expected a finite number (got {value})")
        case int() if abs(value) > LARGEST_WHOLE:
            raise UserError(
                f"{where}: {shown(value)} has more digits than JSON keeps; write a smaller number, or a word in "
                "quotation marks"
            )


def _advice(name: str, key: str, problem: Any) -> str:
    if problem["type"] != "extra_forbidden":
        return sentence(problem)
    known = list(settings_of(name).model_fields)
    if not known:
        return f"unknown setting; {name} has none, remove it"
    return f"unknown setting of {name}; {suggest(key, known)}"


def _refuse_unknown(name: str, where: str = "search", others: Sequence[str] = ()) -> None:
    """Refuse what is neither a sampler nor a dotted name."""
    if not dotted.is_dotted(name):
        known = f"{suggest(name, [*REGISTRY, *others])} (or your own, 'package.module:function')"
        raise UserError(f"{where}.sampler: no sampler {name!r}; {known}")


def _make_own(name: str, settings: Mapping[str, Any]) -> Sampler:
    _refuse_unknown(name)
    factory: Callable[..., Sampler] = dotted.own(name, "search.sampler")
    try:
        sampler = factory(**settings)
    except (TypeError, ValueError) as error:
        raise UserError(f"search.sampler_settings: {name} refuses them: {' '.join(str(error).split())}") from error
    except Exception as error:
        error.add_note(f"raised by the sampler {name}, when it was made")
        raise
    if not callable(sampler):
        raise UserError(f"search.sampler: {name}: makes {sampler!r}, which cannot be called; return a sampler")
    call = "propose(space, history, count, rng, outlook)"
    return dotted.callable_with(sampler, f"search.sampler: {name}", call, *[None] * 5)
