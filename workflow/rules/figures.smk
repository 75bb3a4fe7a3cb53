# The two figures of the study. Their code is an input: a figure follows it, as a training must not.
FIGURES = f"{pipeline.folder}/figures"
FIGURE_CODE = sorted(
    str(path) for part in ("plotting", "analysis") for path in ROOT.glob(f"src/jointsearch/{part}/*.py")
)


rule budget_correlation:
    input:
        experiment=FROZEN,
        observations=rules.observations.output.table,
        code=[ROOT / "scripts/figure.py", *FIGURE_CODE],
    output:
        pdf=f"{FIGURES}/budget_correlation.pdf",
        svg=report(
            f"{FIGURES}/budget_correlation.svg",
            caption="../report/budget-correlation.rst",
            category="Figures",
        ),
        png=f"{FIGURES}/budget_correlation.png",
        csv=f"{FIGURES}/budget_correlation.csv",
    log:
        f"{LOGS}/budget_correlation.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    shell:
        "python $SCRIPTS/figure.py budget_correlation {input.experiment} {input.observations} {output.pdf}"
        " 2> >(tee {log} >&2)"


rule full_budget_evaluations:
    input:
        experiment=FROZEN,
        observations=rules.observations.output.table,
        code=[ROOT / "scripts/figure.py", *FIGURE_CODE],
    output:
        pdf=f"{FIGURES}/full_budget_evaluations.pdf",
        svg=report(
            f"{FIGURES}/full_budget_evaluations.svg",
            caption="../report/full-budget-evaluations.rst",
            category="Figures",
        ),
        png=f"{FIGURES}/full_budget_evaluations.png",
        csv=f"{FIGURES}/full_budget_evaluations.csv",
    log:
        f"{LOGS}/full_budget_evaluations.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    shell:
        "python $SCRIPTS/figure.py full_budget_evaluations {input.experiment} {input.observations} {output.pdf}"
        " 2> >(tee {log} >&2)"


rule numbers:
    input:
        experiment=FROZEN,
        batches=pipeline.all_batches,
        correlation=rules.budget_correlation.output.csv,
        code=[ROOT / "scripts/paper_numbers.py", ROOT / "src/jointsearch/analysis/numbers.py"],
    output:
        pipeline.folder / "numbers.json",
    log:
        f"{LOGS}/numbers.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    params:
        brackets=pipeline.length,
    shell:
        "python $SCRIPTS/paper_numbers.py {input.experiment} {params.brackets} {input.correlation} {output}"
        " 2> >(tee {log} >&2)"


rule figures:
    input:
        rules.budget_correlation.output,
        rules.full_budget_evaluations.output,
