"""The typed experiment configuration. Unknown keys are refused; the JSON schema is generated from it."""

import contextlib
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_serializer,
    model_validator,
)

from jointsearch.core import yaml_file
from jointsearch.core.errors import UserError, explain, suggest
from jointsearch.core.paths import UserPath, escape, expand
from jointsearch.core.records import ERRORS, BudgetUnit, Losses

BudgetClock = Literal["wall", "process"]
ArmName = Literal["joint_bohb", "joint_random", "joint_hyperband", "architecture_first", "hyperparameters_first"]
LengthUnit = Literal["brackets", "full_budget_evaluations", "full_budget_equivalents"]

MOST_TRAININGS = 100_000
"""More than this in an experiment, its studies included, are taken for a mistake."""
Count = Annotated[int, Field(ge=1, le=MOST_TRAININGS)]


def _once(names: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse a list that has a name twice."""
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"{twice} stands twice; remove one")
    return names


class Settings(BaseModel):
    """Base of every part of the configuration: immutable, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class BudgetSettings(Settings):
    """The training budgets: a geometric ladder that ends at `maximum` (Hyperband paper, section 3)."""

    unit: BudgetUnit = "seconds"
    """What a budget counts: seconds of training on the device, epochs, or optimiser steps."""
    clock: BudgetClock = "wall"
    """Which seconds: `wall`, or on a CPU `process`, those that the training had of the processor: other programs on a
    busy machine disturb them less."""
    minimum: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 400
    """Lowest budget. The ladder is `maximum`, `maximum / eta`, ... as long as it is not below this."""
    maximum: Annotated[float, Field(gt=0, le=1e12)] = 10800
    """The full budget."""
    eta: Annotated[int, Field(ge=2)] = 3
    """Ratio of neighbouring budgets; one in `eta` evaluations of a rung is promoted."""
    rung_sizes: Literal["bohb", "hyperband"] = "bohb"
    """Sizes of first rungs: `bohb` floor((s_max+1)/(s+1)) * eta^s, `hyperband` ceil((s_max+1)/(s+1) * eta^s)."""

    @model_validator(mode="after")
    def _minimum_not_above_maximum(self) -> Self:
        if self.minimum > self.maximum:
            raise ValueError(f"minimum ({self.minimum:g}) is above maximum ({self.maximum:g}); swap them")
        return self


class DataSettings(Settings):
    """The images, how they are split, and how they are augmented."""

    name: Literal["cifar10", "cifar100", "svhn", "digits", "image_folder"] = "cifar10"
    """Which images. `image_folder` is any tree `train/<class>/*` (and `val/<class>/*`, `test/<class>/*`) under the data
    root."""
    image_size: Annotated[int, Field(ge=4)] | None = None
    """Side in pixels that the images of a folder are brought to; needed where their sizes differ."""
    validation_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """Share of the training images held out to choose by (paper: 10 %). Not for a folder that has validation images."""
    train_on: Literal["training", "training_and_validation"] = "training"
    """What is trained on. With the validation images among it, the validation error tells nothing of new images; the
    test error does. For trainings that choose nothing any more, see `studies.retraining`."""
    test_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """Share held out for the test error where the data comes without a test part."""
    crop_padding: Annotated[int, Field(ge=0)] = 4
    """Pixels of padding before the random crop."""
    horizontal_flip: bool = True
    """Mirror half of the training images."""

    @model_validator(mode="after")
    def _only_folders_are_resized(self) -> Self:
        if self.image_size is not None and self.name != "image_folder":
            raise ValueError(f"image_size is for image_folder; the images of {self.name} keep theirs, remove it")
        return self


class TrainingSettings(Settings):
    """How a configuration is trained, and the limits of what is tried."""

    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Type of the activations. `auto`: bfloat16 on a device that multiplies it in hardware, else float32. Weights,
    batch norm statistics, loss and optimiser are float32 in any case."""
    compile: Literal["auto", "on", "off"] = "auto"
    """`on`: compile each network with `torch.compile` before its budget starts; `auto`: on a GPU, where the budget is
    in seconds and so long that it pays (docs/engine.md). A network that does not compile is trained without."""
    continuation: bool = False
    """A promoted configuration goes on from the weights it had at the lower budget, instead of from scratch."""
    maximum_parameters: Annotated[int, Field(ge=1)] | None = None
    """A network with more weights than this is not trained; its record says `too_large`."""
    maximum_memory_gb: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Nor is one whose training step is estimated to need more memory, in 10^9 bytes."""
    maximum_step_gflop: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Nor is one whose training step takes more floating-point operations, in 10^9."""
    evaluation_batch_size: Annotated[int, Field(ge=1)] = 512
    """Images at a time when the error is measured. Changes no result beyond rounding."""
    snapshot_ensemble: bool = False
    """Whether the test error of the ensemble of the networks at the ends of the cycles is measured as well (Huang et
    al., *Snapshot ensembles*, 2017)."""


def _named_losses(given: Any) -> Any:
    """Refuse what is no way to make errors of losses, in one line."""
    if given == "ranks":
        return given
    if isinstance(given, list | tuple) and len(given) == 2 and all(type(one) in (int, float) for one in given):
        low, high = map(float, given)
        if low < high and math.isfinite(high - low):
            return low, high
    raise ValueError("expected `ranks`, or [LOW, HIGH], the losses that stand for the errors 0 and 1")


class WarmStartSettings(Settings):
    """Evaluations that a search starts from; the folder alone is short for one whose losses are errors."""

    folder: UserPath
    """Folder of an HpBandSter run or of an export, or the `warm_start.json` of another search."""
    losses: Annotated[Losses, BeforeValidator(_named_losses)] = ERRORS
    """How its losses become errors between 0 and 1: [LOW, HIGH], those that stand for 0 and 1, such as [0, 100] for
    percent; or `ranks`: the share of the losses at the same budget that are lower, ties counted half."""

    @property
    def flag(self) -> str:
        """`losses` as `scripts/warm_start.py` takes them: `ranks`, or `LOW,HIGH`."""
        return self.losses if self.losses == "ranks" else ",".join(map(str, self.losses))

    @model_serializer
    def _briefly(self) -> str | dict[str, Any]:
        folder = escape(self.folder)
        return folder if self.losses == ERRORS else {"folder": folder, "losses": self.losses}


def _with_folder(given: Any) -> Any:
    return {"folder": given} if isinstance(given, str) else given


class SearchSettings(Settings):
    """The optimiser and how long it searches."""

    sampler: str = "bohb"
    """`bohb`, `hyperband`, `random`, another of `samplers.REGISTRY`, or the dotted name of your own."""
    sampler_settings: dict[str, Any] = {}
    """Settings of the sampler; see `config/README.md`."""
    length: Count = 256
    """How long the search is, counted in `length_unit`. Raise it to continue a finished search."""
    length_unit: LengthUnit = "full_budget_evaluations"
    """`brackets`; `full_budget_evaluations`: at least so many at the full budget;
    `full_budget_equivalents`: at most so many times the full budget, all budgets counted."""
    lags: tuple[Annotated[int, Field(ge=0)], ...] | None = None
    """Per budget, lowest first: bracket b sees brackets up to b - 1 - lag. Default 1, 2, 3, ..."""
    warm_start: Annotated[
        WarmStartSettings | None,
        BeforeValidator(_with_folder, json_schema_input_type=str | WarmStartSettings | None),
    ] = None
    """Evaluations of another search that every bracket's model sees from the beginning: their folder, or with how
    their losses become errors `{folder: ..., losses: ...}`."""


class JobSettings(Settings):
    """How trainings are packed into jobs. Changes no result."""

    workers: Count = 10
    """Trainings at a time, for the plan (the paper: 10 GPUs)."""
    evaluations_per_job: Count = 1
    """Trainings of one rung that share a job, one after another."""
    side_by_side: Count = 1
    """How many of them at a time, on one GPU. Not for budgets in seconds, which mean nothing on a shared one."""
    save_every: Annotated[float, Field(gt=0, le=1e9)] = 600
    """Seconds between two saves of the state of a training, from which it goes on if it is interrupted."""
    seconds_per_unit: Annotated[float, Field(gt=0, le=1e9)] | None = None
    """For the time limit of a job whose budget is in epochs or steps: seconds that one may take."""
    allowance: Annotated[float, Field(gt=0, le=1e9)] = 300
    """Seconds that the time limit of a job allows each training beyond 1.1 times its budget: for starting,
    compiling, the evaluation at the end and saving."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to train; `auto` takes a GPU if there is one."""
    memory_gb: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Memory of a training on the CPU, in units of 10^9 bytes: one that needs more is recorded as `out_of_memory`.
    Without it, the operating system kills a training for which there is not enough."""


class CorrelationSettings(Settings):
    """Random configurations, each trained at every budget, to see whether short trainings foretell long ones."""

    configurations: Annotated[int, Field(ge=3, le=MOST_TRAININGS)] = 100
    """How many."""


class ManualSettings(Settings):
    """Manually constructed architectures inside the space, trained at the full budget."""

    architectures: Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(_once)] = (
        "resnet_56",
        "wide_resnet_28_10",
        "resnext_20_4x64d",
        "shake_shake_26_2x32d",
        "shakedrop_resnet_56",
    )
    """Their names, of `networks.manual.ARCHITECTURES`."""
    seeds: Count = 3
    """Trainings of each."""


class ArmSettings(Settings):
    """Joint search against searches of one part after the other, at equal total budgets."""

    names: Annotated[tuple[ArmName, ...], Field(min_length=1), AfterValidator(_once)] = get_args(ArmName)
    """Which; `joint_bohb`, which the others are compared with, is one of them."""
    brackets: Annotated[int, Field(ge=2, le=MOST_TRAININGS)] = 8
    """Length of each search; one of two steps has half of it for each step."""
    repeats: Count = 5
    """Searches of each arm, each with seeds of its own."""
    start: str = "resnet_20"
    """The manual architecture whose values the first of two steps takes for what it does not search."""

    @field_validator("names")
    @classmethod
    def _have_the_reference(cls, names: tuple[ArmName, ...]) -> tuple[ArmName, ...]:
        if "joint_bohb" not in names:
            raise ValueError("joint_bohb is missing, which the others are compared with; add it")
        return names

    @model_validator(mode="after")
    def _brackets_have_halves(self) -> Self:
        if self.brackets % 2:
            raise ValueError(
                f"brackets ({self.brackets}) must be even: a search of two steps has half of them for each"
            )
        return self


class RetrainingSettings(Settings):
    """The best found configuration, and the best manual one, on training and validation images."""

    seeds: Count = 5
    """Trainings of each."""


class StudySettings(Settings):
    """The studies beside the search; one that is not named is not run. They can be added to a finished search."""

    # A name with nothing below it means the defaults: what is not named must not be written as that.
    correlation: CorrelationSettings | None = Field(None, exclude_if=lambda value: value is None)
    manual: ManualSettings | None = Field(None, exclude_if=lambda value: value is None)
    arms: ArmSettings | None = Field(None, exclude_if=lambda value: value is None)
    retraining: RetrainingSettings | None = Field(None, exclude_if=lambda value: value is None)


class Config(Settings):
    """A configuration file: one experiment and how to run it."""

    experiment: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]
    """Name of the experiment: its results lie in `results/<experiment>`."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Every random number comes from this, the study, and the place in it."""
    space: UserPath = "config/spaces/joint17.yaml"
    """The space file, ours or ConfigSpace's own JSON or YAML: from the folder of the configuration file if it lies
    there, else from the working directory."""
    data_root: UserPath = "data"
    """Folder that holds (or is to hold) the images."""
    cache_root: UserPath = ".cache"
    """Folder of what can be made again at any time: decoded images, compiled kernels. Shared by all jobs; safe to
    delete."""
    budget: BudgetSettings = BudgetSettings()
    data: DataSettings = DataSettings()
    training: TrainingSettings = TrainingSettings()
    search: SearchSettings = SearchSettings()
    studies: StudySettings = StudySettings()
    jobs: JobSettings = JobSettings()
    notes: Any = None
    """Anything of your own; read by nothing."""

    @model_validator(mode="after")
    def _seconds_are_not_shared(self) -> Self:
        if self.jobs.side_by_side > 1 and self.budget.unit == "seconds":
            raise ValueError(
                f"jobs.side_by_side: {self.jobs.side_by_side} trainings on one device disturb each other's seconds; "
                "use 1, or budgets in epochs or steps"
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
        # A misspelt key also leaves the right one missing: tell the cause, not the effect.
        unknown = [item for item in error.errors() if item["type"] == "extra_forbidden"]
        if unknown:
            raise UserError(f"{where}: {_unknown_key(unknown[0]['loc'])}") from None
        empty = error.errors()[0]["input"] is None
        advice = " (nothing is given; give a value, or remove the key)" if empty else ""
        raise UserError(f"{where}: {explain(error)}{advice}") from None


def overrides(arguments: Iterable[str]) -> dict[str, Any]:
    """Read what `snakemake --config` was given, `key=value`, as the same is read in a file.

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

    What a file names as its space or its warm start, and what lies beside it, is taken from there.

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
    """Give the space and the warm start that lie beside a configuration by a path from the working directory."""
    search = raw.get("search")
    begun = search.get("warm_start") if isinstance(search, dict) else None
    for section, key in ((raw, "space"), (search, "warm_start"), (begun, "folder")):
        if isinstance(section, dict) and isinstance(name := section.get(key), str):
            # What cannot be expanded is refused with its key when the whole is checked.
            with contextlib.suppress(ValueError):
                beside = folder / expand(name)
                if beside.exists():
                    within = beside.is_relative_to(Path.cwd())
                    section[key] = escape((beside.relative_to(Path.cwd()) if within else beside).as_posix())


def merge(target: dict[str, Any], update: Mapping[str, Any]) -> None:
    """Put keys into a mapping, section by section; those that are there already are replaced.

    A warm start is one value, whether it is written as a folder or as a mapping.
    """
    for key, value in update.items():
        if isinstance(target.get(key), dict) and isinstance(value, Mapping | None) and key != "warm_start":
            merge(target[key], value or {})
        else:
            target[key] = value


def _filled(model: type[Settings], given: Any) -> Any:
    """Let a section with nothing in it, which YAML reads as null, have its defaults; one that has any for all keys."""
    if not isinstance(given, Mapping):
        return given
    filled: dict[Any, Any] = {}
    for key, value in given.items():
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
    model: Any = Config
    for parent in parents:
        annotation = model.model_fields[parent].annotation
        # A study that need not be named is one of its settings, or None.
        model = next(iter(get_args(annotation)), annotation)
    return list(model.model_fields)
