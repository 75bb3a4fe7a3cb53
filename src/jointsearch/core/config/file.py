"""A configuration file: the whole of its sections, and how it is read, merged and checked."""

import contextlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType, UnionType
from typing import Annotated, Any, Self, Union, get_args, get_origin

from pydantic import Field, ValidationError, model_validator

from jointsearch.core import yaml_file
from jointsearch.core.config.budget import BudgetSettings
from jointsearch.core.config.data import DataSettings
from jointsearch.core.config.jobs import JobSettings
from jointsearch.core.config.search import SearchSettings
from jointsearch.core.config.settings import DottedName, Settings
from jointsearch.core.config.studies import NetworkStudySettings, StudySettings
from jointsearch.core.config.training import TrainingSettings
from jointsearch.core.errors import UserError, suggest
from jointsearch.core.fields import ENGINE_UNITS
from jointsearch.core.paths import UserPath, escape, expand
from jointsearch.core.validation import advise


class Config(Settings):
    """A configuration file: one experiment and how to run it."""

    experiment: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]
    """The name, of letters, digits, `.`, `_` and `-`. Results go to `results/<experiment>`."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Every random number derives from it, from the study, and from the position in it (bracket, rung, slot)."""
    space: UserPath = "config/spaces/joint17.yaml"
    """The space file, ours or ConfigSpace's own (config/README.md#the-space). It is looked up in the folder of the
    configuration file first, then in the working directory."""
    data_root: UserPath = "data"
    """Folder that holds the images, or that they are downloaded to."""
    cache_root: UserPath = ".cache"
    """Folder for what can be recomputed at any time, that is decoded images and compiled kernels. Shared by all jobs;
    safe to delete."""
    objective: DottedName | None = None
    """A training of your own in place of ours: the dotted name, `package.module:function`, of what evaluates a
    configuration at a budget (docs/own-problem.md). The sections `data` and `training` are not for it."""
    budget: BudgetSettings = BudgetSettings()
    data: DataSettings = DataSettings()
    training: TrainingSettings = TrainingSettings()
    search: SearchSettings = SearchSettings()
    studies: StudySettings = StudySettings()
    jobs: JobSettings = JobSettings()
    notes: Any = None
    """Anything of your own. Nothing reads it."""

    @model_validator(mode="after")
    def _our_trainings_have_our_units(self) -> Self:
        if self.objective is None and self.budget.unit not in ENGINE_UNITS:
            known = ", ".join(ENGINE_UNITS)
            raise ValueError(f"budget.unit: expected one of {known} (got {self.budget.unit!r})")
        return self

    @model_validator(mode="before")
    @classmethod
    def _nominal_seconds_are_of_our_trainings(cls, raw: Any) -> Any:
        """Refuse them first: the section `budget` would ask for a model, which nobody can calibrate here."""
        found = raw if isinstance(raw, Mapping) else {}
        budget = found.get("budget")
        unit = budget.get("unit") if isinstance(budget, Mapping) else getattr(budget, "unit", None)
        if unit == "nominal_seconds" and found.get("objective") is not None:
            raise ValueError("budget.unit: nominal_seconds are for our training; with `objective`, use another word")
        return raw

    @model_validator(mode="after")
    def _nominal_seconds_are_of_one_precision(self) -> Self:
        if self.budget.unit == "nominal_seconds" and self.training.precision == "auto":
            raise ValueError(
                "training.precision: auto would make nominal seconds others on another machine; "
                "name the precision that the model was calibrated for"
            )
        return self

    @model_validator(mode="after")
    def _an_objective_trains_itself(self) -> Self:
        if self.objective is not None:
            for key, kind in (("data", DataSettings), ("training", TrainingSettings)):
                if getattr(self, key) != kind():
                    raise ValueError(f"{key}: is for our training; with an objective of your own, remove it")
            if self.budget.clock != "wall":
                raise ValueError("budget.clock: is for our training; with an objective of your own, remove it")
            for key, study in self.studies:
                if isinstance(study, NetworkStudySettings):
                    raise ValueError(f"studies.{key}: is for our networks; with an objective of your own, remove it")
        return self

    @model_validator(mode="after")
    def _a_unit_of_ones_own_takes_so_many_seconds(self) -> Self:
        if self.objective is not None and self.budget.unit != "seconds" and self.jobs.seconds_per_unit is None:
            raise ValueError(
                f"jobs.seconds_per_unit: missing; budgets are in {self.budget.unit}, so say how many seconds one takes "
                "at most, for plans and time limits"
            )
        return self

    @model_validator(mode="after")
    def _seconds_are_not_shared(self) -> Self:
        if self.jobs.side_by_side > 1 and self.budget.unit == "seconds":
            raise ValueError(
                f"jobs.side_by_side: {self.jobs.side_by_side} trainings on one device disturb each other's seconds; "
                "use 1, or budgets in another unit"
            )
        return self


def parse(raw: Mapping[str, Any], where: str = "config") -> Config:
    """Validate a configuration.

    Raises
    ------
    UserError
        Names the key, what is wrong with it and, for a misspelt key, the likely one.
    """
    try:
        return Config.model_validate(_filled(Config, raw))
    except ValidationError as error:
        # A misspelt key also leaves the right one missing: report the cause, not the effect.
        unknown = [item for item in error.errors() if item["type"] == "extra_forbidden"]
        if unknown:
            raise UserError(f"{where}: {_unknown_key(unknown[0]['loc'])}") from None
        empty = error.errors()[0]["input"] is None
        advice = " (it is empty; give a value, or remove the key)" if empty else ""
        raise UserError(f"{where}: {advise(error)}{advice}") from None


def overrides(arguments: Iterable[str]) -> dict[str, Any]:
    """Read the arguments `key=value` of `snakemake --config` as they are read in a file.

    Raises
    ------
    UserError
        If a value is no valid YAML, or has a key twice.
    """
    merged: dict[str, Any] = {}
    for argument in arguments:
        key, _, value = argument.partition("=")
        merge(merged, {key: yaml_file.parse(value, f"--config {key}")})
    return merged


def read(*paths: Path, overrides: Mapping[str, Any] = MappingProxyType({})) -> Config:
    """Read configuration files; keys of later ones, and then the overrides, replace those of earlier ones.

    A space or a warm start that lies beside the file that names it is taken from there.

    Raises
    ------
    UserError
        As `parse`; and if a file is missing or no valid YAML, or has a key twice.
    """
    merged: dict[str, Any] = {}
    for path in paths:
        merge(merged, load(path))
    merge(merged, overrides)
    return parse(merged, ", ".join(map(str, paths)))


def load(path: Path) -> dict[str, Any]:
    """Read a configuration file, not checked yet; the paths of what lies beside it are from the working directory.

    Raises
    ------
    UserError
        If it is missing, no valid YAML, or no mapping.
    """
    raw = yaml_file.load(path)
    if not isinstance(raw, dict):
        raise UserError(f"{path}: expected keys and values; see config/README.md")
    find_beside(path.parent, raw)
    return raw


def find_beside(folder: Path, raw: Mapping[str, Any]) -> None:
    """Replace the space and the warm start that lie beside a configuration by paths from the working directory."""
    search = raw.get("search")
    begun = search.get("warm_start") if isinstance(search, dict) else None
    for section, key in ((raw, "space"), (search, "warm_start"), (begun, "folder")):
        if isinstance(section, dict) and isinstance(name := section.get(key), str):
            # A path that cannot be expanded is refused with its key when the whole configuration is checked.
            with contextlib.suppress(ValueError):
                beside = folder / expand(name)
                if beside.exists():
                    within = beside.is_relative_to(Path.cwd())
                    section[key] = escape((beside.relative_to(Path.cwd()) if within else beside).as_posix())


def merge(target: dict[str, Any], update: Mapping[str, Any]) -> None:
    """Merge keys into a mapping, section by section; existing ones are replaced.

    A warm start is one value, whether it is written as a folder or as a mapping.
    """
    for key, value in update.items():
        if isinstance(target.get(key), dict) and isinstance(value, Mapping | None) and key != "warm_start":
            merge(target[key], value or {})
        else:
            target[key] = value


def _filled(model: type[Settings], raw: Any) -> Any:
    """Fill empty sections, which YAML reads as null, with their defaults, if all their keys have one."""
    if not isinstance(raw, Mapping):
        return raw
    filled: dict[Any, Any] = {}
    for key, value in raw.items():
        field = model.model_fields.get(key)
        kinds = () if field is None else (field.annotation, *get_args(field.annotation))
        section = next((one for one in kinds if isinstance(one, type) and issubclass(one, Settings)), None)
        named = section is not None and not any(below.is_required() for below in section.model_fields.values())
        if value is None and (named or any(get_origin(one) is dict for one in kinds)):
            filled[key] = {}
        else:
            filled[key] = value if section is None else _filled(section, value)
    return filled


def _unknown_key(place: tuple[int | str, ...]) -> str:
    *parents, name = map(str, place)
    return f"{'.'.join([*parents, name])}: unknown key; {suggest(name, _keys(parents))}"


def _keys(parents: list[str]) -> list[str]:
    found: Any = Config
    for parent in parents:
        # A section that need not be there is one of its settings, or None.
        found = next((one for one in get_args(found) if get_origin(found) in (Union, UnionType)), found)
        match get_origin(found):
            case None:
                found = found.model_fields[parent].annotation
            case kind:
                # Sections by a name of one's own, or in a list, which all have the same keys.
                found = get_args(found)[1 if kind is dict else 0]
    found = next(iter(get_args(found)), found)
    return list(found.model_fields)
