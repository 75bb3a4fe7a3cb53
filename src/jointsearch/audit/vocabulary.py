"""How a crate speaks of an experiment: profiles and terms, files, and what rules do."""

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
    "paper.html": "paper",
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


RULES = {
    "data": "Checks the images, once and before any training",
    "warm_start": "Takes over the evaluations that the search begins with",
    "history": "Gathers what a bracket's model may see",
    "sample": "Proposes what a bracket tries first",
    "train": "Trains proposals at one budget",
    "promote": "Promotes the best to the next rung",
    "observations": "Tabulates the evaluations of the search and its incumbent",
    "study_observations": "Tabulates the evaluations of a study and its incumbent",
    "study_settings": "Derives the settings of a study",
    "propose": "Lists what a study trains that is no search",
    "interactive": "Makes a page of all evaluations, to explore",
    "numbers": "Gathers the numbers that a text may quote",
    "paper": "Sets the paper",
    "configuration": "Writes the configuration down",
    "figure": "Draws a figure",
    "table": "Makes a table",
}
"""What each rule does whose jobs a crate describes; what it takes and makes is that of its jobs. Those of figures and
tables, such as `table_claims`, are listed together. Which rule makes what, the graph says."""
