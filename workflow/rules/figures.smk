# The figures and tables, each computed from the records of studies that have ended, as their table of evaluations shows,
# and the numbers in them. Their code is an input: a figure follows the code that it imports, as a training must not.
#
# Rules are named after modules: `figure_arms` makes the figure of src/jointsearch/plotting/arms.py, `table_manual` the
# table of src/jointsearch/analysis/tables/manual.py. Each module that holds a FIGURE or a TABLE has a rule; there is no
# list of them. A single rule with wildcards is not possible, as captions of a report cannot have wildcards.
FIGURES = catalogue.made_of(study_jobs.graph.plan.studies, catalogue.FIGURES)
TABLES = catalogue.made_of(study_jobs.graph.plan.studies, catalogue.TABLES)


for figure in FIGURES:

    rule:
        name:
            f"figure_{figure}"
        input:
            **study_jobs.inputs("figure", name=figure),
            code=lambda _, figure=figure: code_inputs.within(ROOT, code_inputs.figure(figure)),
        output:
            pdf=f"{study_jobs.folder}/figures/{figure}.pdf",
            svg=report(
                f"{study_jobs.folder}/figures/{figure}.svg",
                caption=f"../../{code_inputs.caption(figure)}",
                category=catalogue.FIGURES[figure].category,
                labels={"what": figure.replace("_", " "), "form": "figure"},
            ),
            png=f"{study_jobs.folder}/figures/{figure}.png",
            csv=f"{study_jobs.folder}/figures/{figure}.csv",
        log:
            f"{LOGS}/figure_{figure}.log",
        localrule: True
        conda:
            "../../envs/environment.yaml"
        params:
            figure=figure,
            folder=study_jobs.folder,
        shell:
            'python "$SCRIPTS/figure.py" {params.figure} {params.folder} {output.pdf}' " 2> >(tee {log} >&2)"


for table in TABLES:

    rule:
        name:
            f"table_{table}"
        input:
            **study_jobs.inputs("table", name=table),
            code=lambda _, table=table: code_inputs.within(ROOT, code_inputs.table(table)),
        output:
            report(
                f"{study_jobs.folder}/tables/{table}.csv",
                caption=f"../../{code_inputs.caption(table)}",
                category=catalogue.TABLES[table].category,
                labels={"what": table.replace("_", " "), "form": "table"},
            ),
        log:
            f"{LOGS}/table_{table}.log",
        localrule: True
        conda:
            "../../envs/environment.yaml"
        params:
            table=table,
            folder=study_jobs.folder,
        shell:
            'python "$SCRIPTS/table.py" {params.table} {params.folder} {output} 2> >(tee {log} >&2)'


rule numbers:
    input:
        **study_jobs.inputs("numbers"),
        code=lambda _: code_inputs.within(ROOT, code_inputs.numbers(FIGURES, TABLES)),
    output:
        study_jobs.folder / "numbers.json",
    log:
        f"{LOGS}/numbers.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    params:
        folder=study_jobs.folder,
    shell:
        'python "$SCRIPTS/paper_numbers.py" {params.folder} {output} {input.figure_data} {input.tables}'
        " 2> >(tee {log} >&2)"


rule interactive:
    input:
        **study_jobs.inputs("page"),
        code=lambda _: code_inputs.within(ROOT, code_inputs.page()),
    output:
        report(
            f"{study_jobs.folder}/interactive.html",
            caption="../report/interactive.rst",
            category="Search",
            labels={"what": "all evaluations, to explore", "form": "page"},
        ),
    log:
        f"{LOGS}/interactive.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    params:
        folder=study_jobs.folder,
    shell:
        'python "$SCRIPTS/interactive.py" {params.folder} {output} 2> >(tee {log} >&2)'


rule figures:
    input:
        rules.interactive.output,
        expand(
            f"{study_jobs.folder}/figures/{{figure}}.{{suffix}}", figure=FIGURES, suffix=["pdf", "svg", "png", "csv"]
        ),
        expand(f"{study_jobs.folder}/tables/{{table}}.csv", table=TABLES),
