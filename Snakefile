# Joint search: one rule trains; the other rules decide what to train next, or report the results.
#
#   results/<experiment>/experiment.json                          the settings that define the experiment
#   results/<experiment>/plan.json                                what each study trains; keeps what has begun
#   results/<experiment>/search/bracket-007/history.json          what the model of bracket 7 sees
#   results/<experiment>/search/bracket-007/rung-1/proposals.json what its rung 1 trains
#   results/<experiment>/search/bracket-007/rung-1/slot-03.json   the result of one training (an evaluation record)
#   results/<experiment>/search/bracket-007/rung-1/batch-03-03.json  a training job is complete
#   results/<experiment>/joint_bohb-0/..., correlation/..., manual/...  the same of the studies beside the search
#   results/<experiment>/observations.csv, figures/, tables/, numbers.json, paper.pdf, paper.html  the results
#   results/<experiment>/manifest.sha256                          the digest of each of these files
#
# Settings: config/README.md. Targets: `plan`, `search`, `studies`, `figures`, `paper`, `latex`, `all` (the default), `audit`.
from snakemake.utils import min_version

min_version("9.27")


report: "workflow/report/workflow.rst"


if not workflow.overwrite_configfiles:

    configfile: "config/config.yaml"


include: "workflow/rules/setup.smk"
include: "workflow/rules/search.smk"
include: "workflow/rules/studies.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/paper.smk"
include: "workflow/rules/provenance.smk"


rule all:
    default_target: True
    input:
        rules.manifest.output,
