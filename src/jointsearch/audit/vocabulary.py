"""How a crate speaks of an experiment: profiles and terms, files, and rules with what they take and make."""

from dataclasses import dataclass

from jointsearch.core import layout

PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/provenance/0.5": ("Provenance Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
COMPUTATIONAL_WORKFLOW = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
TERMS = {
    "sha256": "http://schema.org/sha256",
    "resourceUsage": "https://w3id.org/ro/terms/workflow-run#resourceUsage",
}
"""Terms that the context of RO-Crate 1.1 lacks."""

COMPLETED = "http://schema.org/CompletedActionStatus"
LICENCE = "https://spdx.org/licenses/MIT"
ENGINE = "https://snakemake.github.io"
SECOND, JOULE = "https://qudt.org/vocab/unit/SEC", "https://qudt.org/vocab/unit/J"
FORMATS = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".json": "application/json",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".smk": "text/plain",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".yaml": "application/yaml",
}

FINDINGS = {"observations.csv": "observations", "incumbent.json": "incumbent", "numbers.json": "numbers"}
FILES = {
    "experiment.json": "experiment",
    layout.PLAN: "plan",
    "data.json": "data",
    "search/warm_start.json": "history",
    "config.yaml": "configuration",
    "space.yaml": "configuration",
    **FINDINGS,
    "figures/[!.]*": "figure",
    "tables/[!.]*": "table",
    "interactive.html": "figure",
    "paper.pdf": "paper",
    "environments/[!.]*": None,
}
"""Files of an experiment, and the parameter that each is an example of; descriptions of software are of none."""

STUDY_FILES = {"experiment.json": "experiment", "observations.csv": "observations", "incumbent.json": "incumbent"}
BRACKET_FILES = {
    "history.json": "history",
    "rung-*/proposals.json": "proposals",
    "rung-*/slot-*.json": "evaluation",
    "rung-*/batch-*.json": "batch",
}
PARAMETERS = {
    "experiment": ("File", "The settings that define the experiment"),
    "plan": ("File", "What each study trains, and what follows from what"),
    "configuration": ("File", "A configuration, with its space, that reproduces these results"),
    "data": ("File", "The images, as found before the first training: digests, classes, sizes"),
    "history": ("File", "What the model of a bracket sees beyond that of the bracket before"),
    "proposals": ("File", "What is trained in one rung"),
    "evaluation": ("File", "The record of one training"),
    "batch": ("File", "A training job is complete: the digests of its records"),
    "observations": ("File", "The table of all trainings"),
    "incumbent": ("File", "The best configuration"),
    "numbers": ("File", "The numbers that a text may quote"),
    "figure": ("File", "A figure, or the data behind it"),
    "table": ("File", "A table"),
    "paper": ("File", "The paper about the experiment"),
    "budget": ("Float", "How long a training is"),
    "seed": ("Integer", "The seed of a training"),
}
"""Type and meaning of what rules take and make."""


@dataclass(frozen=True)
class Rule:
    """A rule of the workflow: what it does, and the parameters that it takes and makes."""

    does: str
    takes: tuple[str, ...]
    makes: tuple[str, ...]


RULES = {
    "data": Rule("Checks the images, once and before any training", ("experiment",), ("data",)),
    "history": Rule("Gathers what a bracket's model may see", ("experiment", "history", "evaluation"), ("history",)),
    "sample": Rule("Proposes what a bracket tries first", ("experiment", "history", "proposals"), ("proposals",)),
    "train": Rule(
        "Trains proposals at one budget",
        ("experiment", "data", "proposals", "evaluation", "budget", "seed"),
        ("evaluation", "batch"),
    ),
    "promote": Rule("Promotes the best to the next rung", ("experiment", "evaluation"), ("proposals",)),
    "observations": Rule(
        "Tabulates the evaluations of a study and its incumbent",
        ("plan", "experiment", "evaluation"),
        ("observations", "incumbent"),
    ),
    "study_settings": Rule("Derives the settings of a study", ("experiment", "incumbent"), ("experiment",)),
    "propose": Rule(
        "Lists what a study trains that is no search", ("plan", "experiment", "evaluation"), ("proposals",)
    ),
    "numbers": Rule(
        "Gathers the numbers that a text may quote",
        ("experiment", "plan", "evaluation", "figure", "table"),
        ("numbers",),
    ),
    "paper": Rule("Sets the paper", ("plan", "numbers", "figure", "table", "data"), ("paper",)),
    "configuration": Rule("Writes the configuration down", ("experiment", "plan"), ("configuration",)),
}
FIGURE = Rule("Draws a figure", ("experiment", "plan", "evaluation"), ("figure",))
"""What each rule does that has the name of a figure."""
TABLE = Rule("Makes a table", ("experiment", "plan", "evaluation"), ("table",))
"""And each that has that of a table, after `table_`."""
