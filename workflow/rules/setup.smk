# The experiment of this run, and the session around it: its lock and its progress line.
import gc
import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger
from snakemake.settings.types import Quietness
from snakemake_interface_common.exceptions import ApiError
from snakemake_interface_executor_plugins import utils as arguments

try:
    ROOT = Path(os.path.relpath(Path(workflow.current_basedir).parents[1]))
except TypeError:
    raise WorkflowError(
        f"{workflow.current_basedir}: cannot run from there, as scripts and library lie beside the Snakefile; clone the "
        'repository, run `make env` in it, and write `snakefile: "CLONE/workflow/Snakefile"` in your module'
    ) from None
# The library of this clone, whichever clone the environment was built in.
sys.path.insert(0, str(ROOT.absolute() / "src"))

try:
    from jointsearch.core import cli, layout
    from jointsearch.core.errors import UserError
    from jointsearch.core.files import digest
    from jointsearch.results import catalogue, code_inputs
    from jointsearch.workflow import deployment, run_config, slurm
    from jointsearch.workflow.listener import Listener
    from jointsearch.workflow.study_jobs import StudyJobs
    from jointsearch.workflow.session import Session
except ModuleNotFoundError as error:
    raise WorkflowError(
        f"{error.name} is not installed where Snakemake runs; run it from the environment that `make env` builds in {ROOT}"
    ) from None

cli.use_utf8()
# Snakemake keeps every job that it plans: looking for garbage after each 700 objects finds none, in a tenth of the time.
gc.set_threshold(100_000)

try:
    with cli.no_access_refused():
        deployment.check_paths(workflow, ROOT)
        settings = run_config.read(workflow, ROOT, config)
        all_jobs = StudyJobs.all_from_config(settings)
except UserError as error:
    raise WorkflowError(str(error)) from None

study_jobs = all_jobs["search"]
session = Session(all_jobs)
logger.addFilter(Listener(session, workflow, Quietness.PROGRESS, ApiError))
LOGS = layout.log_folder(study_jobs.config.experiment)
# Jobs run with the Python that runs Snakemake, whether its environment is activated or not, and find the scripts and the
# library from any working directory, and samplers of your own in it.
os.environ.update(
    PATH=os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", "")]),
    PYTHONPATH=os.pathsep.join([str(ROOT.resolve() / "src"), os.getcwd(), os.environ.get("PYTHONPATH", "")]).strip(
        os.pathsep
    ),
    SCRIPTS=str(ROOT.resolve() / "scripts"),
)
deployment.quote_for_shells(arguments, sys.modules.get("snakemake_executor_plugin_slurm"), workflow.main_snakefile)
slurm.keep_sight_of_jobs()


wildcard_constraints:
    study="|".join(all_jobs),
    bracket=r"\d+",
    rung=r"\d+",
    first=r"\d+",
    last=r"\d+",


rule experiment:
    # Called before time stamps are compared: those of results that were moved mean nothing, nor do those of results some
    # of which are missing or were changed.
    input:
        lambda w: session.settle(workflow.dag.forcefiles) if workflow.is_main_process else [],
    output:
        study_jobs.settings_file,
    log:
        f"{LOGS}/experiment.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    params:
        settings=study_jobs.experiment.model_dump_json(exclude_defaults=True),
    shell:
        'python "$SCRIPTS/freeze.py" {params.settings:q} {output} 2> >(tee {log} >&2)'


# Once, and before any training: missing or broken images are reported here, and a download happens here.
rule data:
    input:
        **study_jobs.inputs("data"),
    output:
        study_jobs.folder / "data.json",
    log:
        f"{LOGS}/data.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    resources:
        data_root=study_jobs.config.data_root,
        cache_root=study_jobs.config.cache_root,
        fraction="--fraction-given" if study_jobs.fraction_given else "",
    shell:
        'python "$SCRIPTS/data.py" {input.experiment} {output} --data-root {resources.data_root:q}'
        " --cache {resources.cache_root:q} {resources.fraction} 2> >(tee {log} >&2)"


rule plan:
    log:
        f"{LOGS}/plan.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    params:
        config=settings.model_dump_json(),
    shell:
        'echo {params.config:q} | python "$SCRIPTS/plan.py" /dev/stdin 2> >(tee {log} >&2)'
