"""A Provenance Run Crate: the files of an experiment, and which job made each of them from what, in RO-Crate's terms.

The profile is https://w3id.org/ro/wfrun/provenance/0.5. A crate holds no time but those of the records, no host and no
folder: the same files give the same bytes.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rocrate.model import ContextEntity, Entity, File
from rocrate.rocrate import ROCrate

from jointsearch import hyperband, layout, samplers
from jointsearch.errors import UserError
from jointsearch.experiment import Experiment
from jointsearch.export import vocabulary
from jointsearch.records import Batch, Evaluation, canonical, file_digest, read_record
from jointsearch.results import read_study

METADATA = "ro-crate-metadata.json"
WORKFLOW = Path("workflow.smk")
"""The workflow lies in the crate, as the profile asks."""

EXPERIMENT, DATA = Path("experiment.json"), Path("data.json")
OBSERVATIONS, INCUMBENT, NUMBERS = Path("observations.csv"), Path("incumbent.json"), Path("numbers.json")
CONFIGURATION, SPACE = Path("config.yaml"), Path("space.yaml")
CORRELATION = Path("figures/budget_correlation.csv")
SEARCH = Path(layout.SEARCH)


def workflow_text(snakefile: Path) -> bytes:
    """Put the workflow into one file: each `include` of the Snakefile replaced by what it includes."""

    def included(statement: re.Match[str]) -> str:
        return (snakefile.parent / statement[1]).read_text().rstrip()

    return re.sub(r'^include: "(.+)"$', included, snakefile.read_text(), flags=re.MULTILINE).encode()


def build(folder: Path, brackets: int) -> bytes:
    """Describe a finished search: the bytes of `ro-crate-metadata.json`.

    Parameters
    ----------
    folder
        Of the experiment; `workflow.smk` lies in it already, see `workflow_text`.
    brackets
        Number of brackets to describe.

    Raises
    ------
    UserError
        If a file is missing, was changed since its batch was completed, or belongs to another experiment.
    """
    return canonical(_Crate(folder, brackets).describe()) + b"\n"


class _Crate:
    """The crate of an experiment; all paths are relative to its folder."""

    def __init__(self, folder: Path, brackets: int):
        self.folder = folder
        self.experiment = read_record(folder / EXPERIMENT, Experiment)
        self.brackets = [hyperband.bracket(index, self.experiment.budget) for index in range(brackets)]
        evaluations = read_study(folder / SEARCH, self.experiment.id, brackets)
        self.evaluations = {_slot(one.bracket, one.rung, one.slot): one for one in evaluations}
        self.paths = {one.id: path for path, one in self.evaluations.items()}
        self.figures = sorted(path.relative_to(folder) for path in folder.glob(vocabulary.FIGURES))
        self.crate = ROCrate(version="1.1")
        self.crate.metadata.extra_terms = vocabulary.TERMS
        self.controls: list[Entity] = []

    def describe(self) -> dict[str, Any]:
        """Describe workflow and files, then jobs, then the run as a whole."""
        self._add_workflow()
        self._add_files()
        self._add_job("data", [EXPERIMENT], [DATA])
        for item in self.brackets:
            self._add_bracket(item)
        self._add_job("observations", [EXPERIMENT, *self.evaluations], [OBSERVATIONS, INCUMBENT])
        for name in sorted({path.stem for path in self.figures}):
            self._add_job(name, [EXPERIMENT, OBSERVATIONS], [path for path in self.figures if path.stem == name])
        self._add_job("numbers", [EXPERIMENT, *self.evaluations, CORRELATION], [NUMBERS])
        self._add_job("configuration", [EXPERIMENT], [CONFIGURATION, SPACE])
        self._add_run()
        document = self.crate.metadata.generate()
        return document | {"@graph": [_without_single_lists(entity) for entity in document["@graph"]]}

    def _add_workflow(self) -> None:
        kinds = ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"]
        properties = {"@type": kinds, "name": "Joint search", **self._measured(WORKFLOW)}
        self.workflow = self.crate.add_workflow(dest_path=WORKFLOW, main=True, lang="snakemake", properties=properties)
        self.workflow["description"] = "The Snakefile, and the rules that it includes in their places"
        self.workflow["conformsTo"] = {"@id": vocabulary.COMPUTATIONAL_WORKFLOW}
        self.workflow["input"] = [self._parameter("experiment")]
        self.workflow["output"] = [self._parameter(name) for name in ("observations", "incumbent", "figure")]

    def _add_files(self) -> None:
        for pattern, parameter in vocabulary.FILES.items():
            self._add_matching(self.folder, pattern, parameter)
        for item in self.brackets:
            for pattern, parameter in vocabulary.BRACKET_FILES.items():
                self._add_matching(layout.bracket_folder(self.folder / SEARCH, item.index), pattern, parameter)

    def _add_matching(self, folder: Path, pattern: str, parameter: str | None) -> None:
        for found in sorted(folder.glob(pattern)):
            path = found.relative_to(self.folder)
            properties = {"name": path.as_posix(), **self._measured(path)}
            if parameter:
                properties["exampleOfWork"] = self._parameter(parameter)
            self.crate.add(File(self.crate, dest_path=path, properties=properties))

    def _measured(self, path: Path) -> dict[str, Any]:
        """Size, digest and format of a file."""
        file = self.folder / path
        if not file.is_file():
            raise self._missing(path)
        size = {"contentSize": str(file.stat().st_size), "sha256": file_digest(file)}
        return size | ({"encodingFormat": vocabulary.FORMATS[path.suffix]} if path.suffix in vocabulary.FORMATS else {})

    def _add_bracket(self, item: hyperband.Bracket) -> None:
        index, settings = item.index, self.experiment
        earlier = layout.history_file(SEARCH, index - 1) if index else layout.warm_start_file(SEARCH)
        before = [earlier] if earlier.as_posix() in self.crate else []
        seen = hyperband.newly_seen(index, settings.lags, settings.budget)
        visible = [slot for other, rung in seen for slot in _slots(other, rung)]
        history = layout.history_file(SEARCH, index)
        self._add_job("history", [EXPERIMENT, *before, *visible], [history])
        others = hyperband.pending(index, settings.lags, settings.budget)
        pending = [layout.proposals_file(SEARCH, other.index, 0) for other in others]
        under_way = pending if samplers.sees_pending(settings.sampler) else []
        self._add_job("sample", [EXPERIMENT, history, *under_way], [layout.proposals_file(SEARCH, index, 0)])
        for rung in range(len(item.sizes)):
            proposals = layout.proposals_file(SEARCH, index, rung)
            if rung:
                self._add_job("promote", [EXPERIMENT, *_slots(item, rung - 1)], [proposals])
            batches = dict(self._batches(proposals.parent))
            for slot in _slots(item, rung):
                self._add_training(slot, proposals, [batches[slot]] if slot in batches else [])

    def _batches(self, rung: Path) -> Iterator[tuple[Path, Path]]:
        """Each slot of a rung with the batch that it is of."""
        for path in (self.folder / rung).glob("batch-*.json"):
            batch = read_record(path, Batch)
            for slot in range(batch.first_slot, batch.first_slot + len(batch.records)):
                yield layout.slot_file(rung, slot), rung / path.name

    def _add_training(self, slot: Path, proposals: Path, batch: Sequence[Path]) -> None:
        if slot not in self.evaluations:
            raise self._missing(slot)
        one = self.evaluations[slot]
        stretches = [*one.observed.earlier, one.observed]
        made_in = [layout.environment_file(Path(), name) for name in sorted({each.environment for each in stretches})]
        continues = [self.paths[one.continues]] if one.continues else []
        action = self._add_job("train", [EXPERIMENT, DATA, proposals, *continues, *made_in], [slot, *batch])
        outcome = one.status if one.loss is None else f"{one.loss:.2%} validation error"
        action["name"] = f"train {one.id}"
        action["description"] = f"{one.budget:g} {one.budget_unit}: {outcome}"
        action["startTime"] = _time(stretches[0].started)
        action["endTime"] = _time(one.observed.finished)
        budget, seed = self._parameter("budget"), self._parameter("seed")
        values = [
            self._value(
                f"#budget/{one.budget:g}", "budget", one.budget, unitText=one.budget_unit, exampleOfWork=budget
            ),
            self._value(f"#seed/{one.seed}", "seed", one.seed, exampleOfWork=seed),
        ]
        action.append_to("object", values)
        action["resourceUsage"] = self._usage(action, [one])

    def _usage(self, action: Entity, evaluations: Collection[Evaluation]) -> list[Entity]:
        """How long processors and GPUs trained, and the energy that GPUs took, where the records say it."""
        used = []
        for device, name in (("cpu", "CPU training time"), ("cuda", "GPU training time")):
            times = [one.observed.training_seconds for one in evaluations if one.made_with.device_type == device]
            if times:
                field, unit = "observed.training_seconds", {"@id": vocabulary.SECOND}
                used.append(self._value(f"{action.id}/{device}", name, sum(times), propertyID=field, unitCode=unit))
        stretches = [stretch for one in evaluations for stretch in (*one.observed.earlier, one.observed)]
        energies = [one.energy_joules for one in stretches if one.energy_joules is not None]
        if energies:
            field, unit = "observed.energy_joules", {"@id": vocabulary.JOULE}
            used.append(
                self._value(f"{action.id}/energy", "GPU energy", sum(energies), propertyID=field, unitCode=unit)
            )
        return used

    def _add_job(self, rule: str, objects: Sequence[Path], results: Sequence[Path]) -> Entity:
        """Add a job: what its tool made, and that the engine ran it as a step of the workflow."""
        of = f"{rule}/{results[0].as_posix()}"
        tool, step = self._tool(rule)
        action = self._action(f"#{of}", "CreateAction", name=of, description=tool["description"], instrument=tool)
        action["object"] = [self._file(path) for path in objects]
        action["result"] = [self._file(path) for path in results]
        self.controls.append(
            self._action(f"#run/{of}", "ControlAction", name=f"run {of}", instrument=step, object=action)
        )
        self.crate.root_dataset.append_to("mentions", action)
        return action

    def _tool(self, rule: str) -> tuple[Entity, Entity]:
        """A rule as a tool and as a step of the workflow, of which it is a part from its first job on."""
        tool, step = f"{WORKFLOW}#{rule}", f"{WORKFLOW}#step/{rule}"
        if tool not in self.crate:
            known = vocabulary.RULES.get(rule, vocabulary.FIGURE)
            made = self._entity(tool, "SoftwareApplication", name=rule, description=known.does)
            made["input"] = [self._parameter(name) for name in known.takes]
            made["output"] = [self._parameter(name) for name in known.makes]
            self.workflow.append_to("hasPart", made)
            self.workflow.append_to("step", self._entity(step, "HowToStep", name=rule, workExample=made))
        return self.crate.get(tool), self.crate.get(step)

    def _add_run(self) -> None:
        """Add the run as a whole, the engine that ran its jobs, and what the crate is."""
        everything, settings, root = self.evaluations.values(), self.experiment, self.crate.root_dataset
        finished = _time(max(one.observed.finished for one in everything))
        started = _time(min(stretch.started for one in everything for stretch in (*one.observed.earlier, one.observed)))
        about = (
            f"Joint neural architecture and hyperparameter search: sampler {settings.sampler}, "
            f"images {settings.data.name}, {len(everything)} trainings in {len(self.brackets)} brackets"
        )
        run = self._action("#search", "CreateAction", name=settings.name, description=about, instrument=self.workflow)
        run["startTime"], run["endTime"] = started, finished
        run["object"] = [self._file(EXPERIMENT)]
        findings = [Path(name) for name in vocabulary.FINDINGS if name in self.crate]
        run["result"] = [self._file(path) for path in (*findings, *self.figures)]
        run["resourceUsage"] = self._usage(run, everything)
        engine = self._entity(vocabulary.ENGINE, "SoftwareApplication", name="Snakemake", url=vocabulary.ENGINE)
        organised = {"name": "Snakemake", "instrument": engine, "object": self.controls, "result": run}
        self._action("#run", "OrganizeAction", **organised)

        root["name"], root["description"], root["datePublished"] = f"Experiment {settings.name}", about, finished
        licence = "The data of the experiment carry the licence of the repository that made them"
        root["license"] = self._entity(vocabulary.LICENCE, "CreativeWork", name="MIT License", description=licence)
        root["conformsTo"] = [
            self._entity(identifier, "CreativeWork", name=name, version=version)
            for identifier, (name, version) in vocabulary.PROFILES.items()
        ]
        root.append_to("mentions", run)

    def _parameter(self, name: str) -> Entity:
        kind, description = vocabulary.PARAMETERS[name]
        properties = {"name": name, "description": description, "additionalType": kind}
        return self._entity(f"#parameter/{name}", "FormalParameter", **properties)

    def _value(self, identifier: str, name: str, value: float, **properties: Any) -> Entity:
        return self._entity(identifier, "PropertyValue", name=name, value=value, **properties)

    def _action(self, identifier: str, kind: str, **properties: Any) -> Entity:
        return self._entity(identifier, kind, actionStatus=vocabulary.COMPLETED, **properties)

    def _entity(self, identifier: str, kind: str, **properties: Any) -> Entity:
        """An entity that is no file, made where it is not there yet."""
        if identifier in self.crate:
            return self.crate.get(identifier)
        return self.crate.add(ContextEntity(self.crate, identifier, {"@type": kind, **properties}))

    def _file(self, path: Path) -> Entity:
        """A file that was described before."""
        if path.as_posix() in self.crate:
            return self.crate.get(path.as_posix())
        raise self._missing(path)

    def _missing(self, path: Path) -> UserError:
        return UserError(f"{self.folder / path}: missing; run the workflow to its end, or restore it")


def _slots(item: hyperband.Bracket, rung: int) -> list[Path]:
    """The records of a rung."""
    return [_slot(item.index, rung, slot) for slot in range(item.sizes[rung])]


def _slot(bracket: int, rung: int, slot: int) -> Path:
    return layout.slot_file(layout.rung_folder(SEARCH, bracket, rung), slot)


def _without_single_lists(entity: dict[str, Any]) -> dict[str, Any]:
    """Write a single value without a list around it, as RO-Crate recommends."""
    return {key: value[0] if isinstance(value, list) and len(value) == 1 else value for key, value in entity.items()}


def _time(seconds: float) -> str:
    """Unix seconds as ISO 8601, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
