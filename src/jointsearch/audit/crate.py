"""A Provenance Run Crate: the files of an experiment, and which job made each of them from what, in RO-Crate's terms.

The profile is https://w3id.org/ro/wfrun/provenance/0.5. A crate holds no time but those of the records, no host and no
folder: the same files give the same bytes.
"""

import math
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rocrate.model import ContextEntity, Entity, File
from rocrate.rocrate import ROCrate

from jointsearch.analysis.number import name_of
from jointsearch.audit import vocabulary
from jointsearch.core import layout
from jointsearch.core.errors import UserError
from jointsearch.core.evaluation import Evaluation
from jointsearch.core.fields import Digest
from jointsearch.core.files import canonical, digest, file_digest
from jointsearch.core.units import amount
from jointsearch.results.catalogue import FIGURES, TABLES, made_of
from jointsearch.results.folder import Folder
from jointsearch.results.graph import DATA, EXPERIMENT, ORDER, TOGETHER, Node, made_with
from jointsearch.results.results import Results
from jointsearch.search.plan import StudyPlan

METADATA = "ro-crate-metadata.json"
WORKFLOW = Path("workflow.smk")
"""The workflow lies in the crate, as the profile asks."""


def workflow_text(snakefile: Path) -> bytes:
    """Put the workflow into one file: each `include` of the Snakefile replaced by what it includes."""

    def included(statement: re.Match[str]) -> str:
        return (snakefile.parent / statement[1]).read_text().rstrip()

    return re.sub(r'^include: "(.+)"$', included, snakefile.read_text(), flags=re.MULTILINE).encode()


def build(folder: Path, reader: Folder | None = None) -> bytes:
    """Describe a finished search: the bytes of `ro-crate-metadata.json`.

    Parameters
    ----------
    folder
        Of the experiment; `workflow.smk` lies in it already, see `workflow_text`.
    reader
        A strict one, if there is one that has read some of it already.

    Raises
    ------
    UserError
        If a file is missing, was changed since its batch was completed, or belongs to another experiment.
    """
    return canonical(_Crate(reader or Folder(folder)).describe()) + b"\n"


class _Crate:
    """The crate of an experiment; all paths are relative to its folder.

    `files` and `entities` are those of the crate by path and by id, as looking them up there is slow.
    """

    def __init__(self, reader: Folder):
        self.reader, self.folder = reader, reader.path
        self.results = Results.of(reader, reader.plan)
        self.studies = self.results.studies
        self.graph = reader.graph
        everything = [one for study in self.studies.values() for one in study.evaluations]
        self.evaluations = {Node("evaluation", one.study, one.bracket, one.rung, one.slot): one for one in everything}
        self.crate = ROCrate(version="1.1")
        self.crate.metadata.extra_terms = vocabulary.TERMS
        self.files: dict[Path, Entity] = {}
        self.entities: dict[str, Entity] = {}
        self.controls: list[Entity] = []
        self.parameters: dict[Path, str] = {}
        self.used: defaultdict[tuple[str, str], set[str]] = defaultdict(set)

    def describe(self) -> dict[str, Any]:
        """Describe workflow and files, then jobs, then the run as a whole."""
        self._add_workflow()
        self._add_files()
        if self.graph.has_images:
            self._add_job(DATA)
        for study in self.graph.plan.studies:
            if study.name in self.studies:
                self._add_study(study)
        begun = [self.graph.studies[name] for name in self.studies]
        for kind, catalogue in (("figure", FIGURES), ("table", TABLES)):
            for name in made_of(begun, catalogue):
                self._add_job(Node(kind, name))
        for kind in ("page", "numbers", "paper", "configuration"):
            self._add_job(Node(kind))
        self._describe_tools()
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
        for study in self.graph.plan.studies:
            for pattern, parameter in vocabulary.STUDY_FILES.items():
                self._add_matching(self.folder / study.name, pattern, parameter)
            for item in study.brackets:
                for pattern, parameter in vocabulary.BRACKET_FILES.items():
                    self._add_matching(layout.bracket_folder(self.folder / study.name, item.index), pattern, parameter)

    def _add_matching(self, folder: Path, pattern: str, parameter: str | None) -> None:
        for found in sorted(folder.glob(pattern)):
            path = found.relative_to(self.folder)
            properties = {"name": path.as_posix(), **self._measured(path)}
            if parameter:
                properties["exampleOfWork"] = self._parameter(parameter)
                self.parameters[path] = parameter
            self.files[path] = self.crate.add(File(self.crate, dest_path=path, properties=properties))

    def _measured(self, path: Path) -> dict[str, Any]:
        """Size, digest and format of a file."""
        file = self.folder / path
        if not file.is_file():
            raise self._missing(path)
        size = {"contentSize": str(file.stat().st_size), "sha256": file_digest(file)}
        return size | ({"encodingFormat": vocabulary.FORMATS[path.suffix]} if path.suffix in vocabulary.FORMATS else {})

    def _add_study(self, study: StudyPlan) -> None:
        name = study.name
        if name != layout.SEARCH:
            self._add_job(Node("settings", name))
        elif self.results.experiment.warm_start is not None:
            self._add_job(Node("warm_start", name))
        for item in study.brackets:
            if study.is_search:
                self._add_job(Node("history", name, item.index))
            for rung, size in enumerate(item.sizes):
                self._add_job(Node("proposals", name, item.index, rung))
                batches = self.reader.batches_of(name, item.index, rung)
                for slot in range(size):
                    node = Node("evaluation", name, item.index, rung, slot)
                    self._add_training(node, [Path(batches[slot])] if slot in batches else [])
        self._add_job(Node("observations", name))

    def _inputs_of(self, node: Node) -> Iterator[Path]:
        """Files that a job has read, evaluations one by one; of those that one may continue, the one that it names."""
        for role, made_from in self.graph.single_inputs_of(node, self):
            if role == "figure_data":
                yield made_from.file()
            elif role not in ORDER:
                yield from self._files_of(made_from)

    def record_of(self, node: Node) -> Evaluation | None:
        """The record of an evaluation."""
        return self.evaluations.get(node)

    def digest_of(self, node: Node) -> Digest | None:
        """Digest of its derivable part."""
        return digest(self.evaluations[node].derivable()) if node in self.evaluations else None

    def _files_of(self, node: Node) -> list[Path]:
        """Files that a thing is."""
        if node.kind != "figure":
            return made_with(node.file())
        pattern = node.file().with_suffix(".*")
        files = sorted(path.relative_to(self.folder) for path in self.folder.glob(pattern.as_posix()))
        if not files:
            raise self._missing(pattern)
        return files

    def _add_training(self, node: Node, batch: Sequence[Path]) -> None:
        if node not in self.evaluations:
            raise self._missing(node.file())
        one = self.evaluations[node]
        attempts = [*one.observed.earlier, one.observed]
        made_in = [layout.environment_file(Path(), name) for name in sorted({each.environment for each in attempts})]
        action = self._add_job(node, made_in, batch)
        outcome = one.status if one.loss is None else one.measure.named(one.loss)
        action["name"] = f"train {name_of(one)}"
        action["description"] = f"{amount(one.budget, one.budget_unit)}: {outcome}"
        action["startTime"] = _time(attempts[0].started)
        action["endTime"] = _time(one.observed.finished)
        budget, seed = self._parameter("budget"), self._parameter("seed")
        values = [
            self._value(
                f"#budget/{one.budget:g}", "budget", one.budget, unitText=one.budget_unit, exampleOfWork=budget
            ),
            self._value(f"#seed/{one.seed}", "seed", one.seed, exampleOfWork=seed),
        ]
        action.append_to("object", values)
        self.used[action["instrument"].id, "input"] |= {"budget", "seed"}
        action["resourceUsage"] = self._usage(action, [one])

    def _usage(self, action: Entity, evaluations: Collection[Evaluation]) -> list[Entity]:
        """How long processors and GPUs trained, and the energy that GPUs took, where the records say it."""
        used = []
        for device, name in (("cpu", "CPU training time"), ("cuda", "GPU training time")):
            times = [one.observed.training_seconds for one in evaluations if one.made_with.device_type == device]
            if times:
                field, unit = "observed.training_seconds", {"@id": vocabulary.SECOND}
                used.append(
                    self._value(f"{action.id}/{device}", name, math.fsum(times), propertyID=field, unitCode=unit)
                )
        attempts = [attempt for one in evaluations for attempt in (*one.observed.earlier, one.observed)]
        energies = [one.energy_joules for one in attempts if one.energy_joules is not None]
        if energies:
            field, unit = "observed.energy_joules", {"@id": vocabulary.JOULE}
            used.append(
                self._value(f"{action.id}/energy", "GPU energy", math.fsum(energies), propertyID=field, unitCode=unit)
            )
        return used

    def _add_job(self, node: Node, around: Iterable[Path] = (), also: Iterable[Path] = ()) -> Entity:
        """Add a job: what its tool made, and that the engine ran it as a step of the workflow.

        Parameters
        ----------
        node
            What the job has made.
        around, also
            What it has found beside its inputs, and has made beside that.
        """
        rule = self.graph.rule_of(node)
        assert rule is not None
        made = [node, *(Node(kind, node.name) for kind in TOGETHER.get(node.kind, ()))]
        objects = [*self._inputs_of(node), *around]
        results = [*(path for one in made for path in self._files_of(one)), *also]
        of = f"{rule}/{results[0].as_posix()}"
        tool, step = self._tool(rule)
        for field, paths in (("input", objects), ("output", results)):
            self.used[tool.id, field] |= {self.parameters[path] for path in paths if path in self.parameters}
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
        if tool not in self.entities:
            does = vocabulary.RULES[rule if rule in vocabulary.RULES else rule.partition("_")[0]]
            made = self._entity(tool, "SoftwareApplication", name=rule, description=does)
            self.workflow.append_to("hasPart", made)
            self.workflow.append_to("step", self._entity(step, "HowToStep", name=rule, workExample=made))
        return self.entities[tool], self.entities[step]

    def _describe_tools(self) -> None:
        """Add what each tool takes and makes: the parameters that its jobs have had."""
        for (tool, field), names in self.used.items():
            self.entities[tool][field] = [self._parameter(name) for name in vocabulary.PARAMETERS if name in names]

    def _add_run(self) -> None:
        """Add the run as a whole, the engine that ran its jobs, and what the crate is."""
        settings, root = self.results.experiment, self.crate.root_dataset
        everything = list(self.evaluations.values())
        finished = _time(max(one.observed.finished for one in everything))
        started = _time(min(attempt.started for one in everything for attempt in (*one.observed.earlier, one.observed)))
        what = f"images {settings.data.name}" if self.graph.has_images else f"objective {settings.objective}"
        about = (
            f"Joint neural architecture and hyperparameter search: sampler {settings.sampler}, "
            f"{what}, {len(everything)} trainings; studies: " + ", ".join(self.studies)
        )
        run = self._action("#search", "CreateAction", name=settings.name, description=about, instrument=self.workflow)
        run["startTime"], run["endTime"] = started, finished
        run["object"] = [self._file(EXPERIMENT.file())]
        findings = [path for path in map(Path, vocabulary.FINDINGS) if path in self.files]
        quoted = [node for role, node in self.graph.inputs_of(Node("paper")) if role == "results"]
        drawn = [path for node in (*quoted, Node("paper")) for path in self._files_of(node)]
        run["result"] = [self._file(path) for path in (*findings, *drawn)]
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
        if identifier not in self.entities:
            made = ContextEntity(self.crate, identifier, {"@type": kind, **properties})
            known = identifier in self.crate
            self.entities[identifier] = self.crate.get(identifier) if known else self.crate.add(made)
        return self.entities[identifier]

    def _file(self, path: Path) -> Entity:
        """A file that was described before."""
        if path not in self.files:
            raise self._missing(path)
        return self.files[path]

    def _missing(self, path: Path) -> UserError:
        return UserError(f"{self.folder / path}: missing; run the workflow to its end, or restore it")


def _without_single_lists(entity: dict[str, Any]) -> dict[str, Any]:
    """Write a single value without a list around it, as RO-Crate recommends."""
    return {key: value[0] if isinstance(value, list) and len(value) == 1 else value for key, value in entity.items()}


def _time(seconds: float) -> str:
    """Unix seconds as ISO 8601, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
