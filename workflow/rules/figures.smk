# The two figures of the study. Their code is an input: a figure follows it, as a training must not.
from glob import glob

FIGURES = f"{pipeline.folder}/figures"
FIGURE_CODE = sorted(glob("src/jointsearch/plotting/*.py") + glob("src/jointsearch/analysis/*.py"))


rule budget_correlation:
    input:
        experiment=FROZEN,
        observations=rules.observations.output.table,
        code=["scripts/figure_budget_correlation.py", *FIGURE_CODE],
    output:
        pdf=f"{FIGURES}/budget_correlation.pdf",
        svg=report(
            f"{FIGURES}/budget_correlation.svg",
            caption="../report/budget-correlation.rst",
            category="Figures",
        ),
        png=f"{FIGURES}/budget_correlation.png",
        csv=f"{FIGURES}/budget_correlation.csv",
    localrule: True
    shell:
        "{PYTHON} {input.code[0]} {input.experiment} {input.observations} {FIGURES}/budget_correlation"


rule full_budget_evaluations:
    input:
        experiment=FROZEN,
        observations=rules.observations.output.table,
        code=["scripts/figure_full_budget_evaluations.py", *FIGURE_CODE],
    output:
        pdf=f"{FIGURES}/full_budget_evaluations.pdf",
        svg=report(
            f"{FIGURES}/full_budget_evaluations.svg",
            caption="../report/full-budget-evaluations.rst",
            category="Figures",
        ),
        png=f"{FIGURES}/full_budget_evaluations.png",
        csv=f"{FIGURES}/full_budget_evaluations.csv",
    localrule: True
    shell:
        "{PYTHON} {input.code[0]} {input.experiment} {input.observations} {FIGURES}/full_budget_evaluations"


rule figures:
    input:
        rules.budget_correlation.output,
        rules.full_budget_evaluations.output,
