# The experiment behind this run, and what surrounds a run: its lock and its progress line.
import json
import sys

from jointsearch import config as configuration
from jointsearch.errors import UserError
from jointsearch.pipeline import Pipeline
from jointsearch.run import Run
from snakemake.exceptions import WorkflowError

PYTHON = sys.executable
CONFIG = json.dumps(config)

try:
    pipeline = Pipeline.from_config(configuration.parse(config))
except UserError as error:
    raise WorkflowError(str(error)) from None

run = Run(pipeline)


wildcard_constraints:
    bracket=r"\d+",
    rung=r"\d+",
    first=r"\d+",
    last=r"\d+",


onstart:
    try:
        run.start()
    except UserError as error:
        raise WorkflowError(str(error)) from None


onsuccess:
    run.finish()


onerror:
    run.finish()


rule experiment:
    output:
        pipeline.frozen,
    localrule: True
    shell:
        "echo {CONFIG:q} | {PYTHON} scripts/freeze.py /dev/stdin {output}"


rule plan:
    localrule: True
    shell:
        "echo {CONFIG:q} | {PYTHON} scripts/plan.py /dev/stdin"
