# The figures and tables, each computed from the records of studies that have ended, as their table of evaluations shows,
# and the numbers in them. Their code is an input: a figure follows the code that it imports, as a training must not.
#
# Rules are named after modules: `figure_arms` makes the figure of src/jointsearch/plotting/arms.py, `table_manual` the
# table of src/jointsearch/analysis/tables/manual.py. Each module that holds a FIGURE or a TABLE has a rule; there is no
# list of them. A single rule with wildcards is not possible, as captions of a report cannot have wildcards.
FIGURES = catalogue.made_of(pipeline.graph.plan.studies, catalogue.FIGURES)
TABLES = catalogue.made_of(pipeline.graph.plan.studies, catalogue.TABLES)


for figure in FIGURES:

    rule:
        name:
            f"figure_{figure}"
        input:
            **pipeline.inputs("figure", name=figure),
            code=lambda _, figure=figure: made_by.within(ROOT, made_by.figure(figure)),
        output:
            pdf=f"{pipeline.folder}/figures/{figure}.pdf",
            svg=report(
                f"{pipeline.folder}/figures/{figure}.svg",
                caption=f"../../{made_by.caption(figure)}",
                category=catalogue.FIGURES[figure].category,
                labels={"what": figure.replace("_", " "), "form": "figure"},
            ),
            png=f"{pipeline.folder}/figures/{figure}.png",
            csv=f"{pipeline.folder}/figures/{figure}.csv",
        log:
            f"{LOGS}/figure_{figure}.log",
        localrule: True
        conda:
            "../../envs/environment.yaml"
        params:
            figure=figure,
            folder=pipeline.folder,
        shell:
            'python "$SCRIPTS/figure.py" {params.figure} {params.folder} {output.pdf}' " 2> >(tee {log} >&2)"


for table in TABLES:

    rule:
        name:
            f"table_{table}"
        input:
            **pipeline.inputs("table", name=table),
            code=lambda _, table=table: made_by.within(ROOT, made_by.table(table)),
        output:
            report(
                f"{pipeline.folder}/tables/{table}.csv",
                caption=f"../../{made_by.caption(table)}",
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
            folder=pipeline.folder,
        shell:
            'python "$SCRIPTS/table.py" {params.table} {params.folder} {output} 2> >(tee {log} >&2)'


rule numbers:
    input:
        **pipeline.inputs("numbers"),
        code=lambda _: made_by.within(ROOT, made_by.numbers(FIGURES, TABLES)),
    output:
        pipeline.folder / "numbers.json",
    log:
        f"{LOGS}/numbers.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    params:
        folder=pipeline.folder,
    shell:
        'python "$SCRIPTS/paper_numbers.py" {params.folder} {output} {input.figure_data} {input.tables}'
        " 2> >(tee {log} >&2)"


rule interactive:
    input:
        **pipeline.inputs("page"),
        code=lambda _: made_by.within(ROOT, made_by.page()),
    output:
        report(
            f"{pipeline.folder}/interactive.html",
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
        folder=pipeline.folder,
    shell:
        'python "$SCRIPTS/interactive.py" {params.folder} {output} 2> >(tee {log} >&2)'


rule figures:
    input:
        rules.interactive.output,
        expand(f"{pipeline.folder}/figures/{{figure}}.{{suffix}}", figure=FIGURES, suffix=["pdf", "svg", "png", "csv"]),
        expand(f"{pipeline.folder}/tables/{{table}}.csv", table=TABLES),
