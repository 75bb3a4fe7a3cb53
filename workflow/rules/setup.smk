# The experiment behind this run, and what surrounds a run: its lock and its progress line.
import json
import os
import sys

from jointsearch import config as configuration
from jointsearch.errors import UserError
from jointsearch.pipeline import Pipeline
from jointsearch.run import Run
from snakemake.exceptions import WorkflowError
from snakemake.logging import logger
from snakemake.settings.types import Quietness

try:
    pipeline = Pipeline.from_config(configuration.parse(config))
except UserError as error:
    raise WorkflowError(str(error)) from None

run = Run(pipeline)
LOGS = f"logs/{pipeline.config.experiment}"
# Jobs run with the Python that runs Snakemake, whether its environment is activated or not.
os.environ.update(
    PATH=os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", "")])
)


wildcard_constraints:
    bracket=r"\d+",
    rung=r"\d+",
    first=r"\d+",
    last=r"\d+",


onstart:
    # The progress line says it better than "Finished jobid: 1234" and "Select jobs to execute...".
    workflow.output_settings.quiet.add(Quietness.PROGRESS)
    logger.addFilter(
        lambda record: not record.getMessage().startswith(
            ("Select jobs", "Execute ")
        )
    )
    # `snakemake plan` only reads and prints: it needs no lock and shows no progress.
    if set(workflow.dag_settings.targets) != {"plan"}:
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
    log:
        f"{LOGS}/experiment.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    params:
        settings=pipeline.experiment.model_dump_json(exclude_defaults=True),
    shell:
        "python scripts/freeze.py {params.settings:q} {output} 2> >(tee {log} >&2)"


# Once, and before any training: missing or broken images are reported here, and a download happens here.
rule data:
    input:
        rules.experiment.output,
    output:
        pipeline.folder / "data.json",
    log:
        f"{LOGS}/data.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    resources:
        data_root=pipeline.config.data_root,
    shell:
        "python scripts/data.py {input} {output} --data-root {resources.data_root:q} 2> >(tee {log} >&2)"


rule plan:
    log:
        f"{LOGS}/plan.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    params:
        config=json.dumps(config),
    shell:
        "echo {params.config:q} | python scripts/plan.py /dev/stdin 2> >(tee {log} >&2)"
