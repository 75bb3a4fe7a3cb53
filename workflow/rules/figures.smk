# The figures and tables, each made of the records of studies that are over, as their table of evaluations says, and the
# numbers in them. Their code is an input: a figure follows it, as a training must not.
FIGURES = catalogue.made_of(pipelines, catalogue.FIGURES)
TABLES = catalogue.made_of(pipelines, catalogue.TABLES)
CODE = sorted(str(path) for part in ("plotting", "analysis") for path in ROOT.glob(f"src/jointsearch/{part}/**/*.py"))
PAGE = sorted(str(path) for path in ROOT.glob("src/jointsearch/plotting/page/*"))


for figure, studies in FIGURES.items():

    rule:
        name:
            figure
        input:
            experiment=FROZEN,
            plan=ancient(PLAN),
            studies=[pipelines[name].table for name in studies],
            code=[ROOT / "scripts/figure.py", *CODE],
        output:
            pdf=f"{pipeline.folder}/figures/{figure}.pdf",
            svg=report(
                f"{pipeline.folder}/figures/{figure}.svg",
                caption=f"../report/{figure.replace('_', '-')}.rst",
                category=catalogue.CATEGORIES[figure],
                labels={"what": figure.replace("_", " "), "form": "figure"},
            ),
            png=f"{pipeline.folder}/figures/{figure}.png",
            csv=f"{pipeline.folder}/figures/{figure}.csv",
        log:
            f"{LOGS}/{figure}.log",
        localrule: True
        conda:
            "../../envs/environment.yaml"
        params:
            figure=figure,
            folder=pipeline.folder,
        shell:
            'python "$SCRIPTS"/figure.py {params.figure} {params.folder} {output.pdf}' " 2> >(tee {log} >&2)"


for table, studies in TABLES.items():

    rule:
        name:
            f"table_{table}"
        input:
            experiment=FROZEN,
            plan=ancient(PLAN),
            studies=[pipelines[name].table for name in studies],
            code=[ROOT / "scripts/table.py", *CODE],
        output:
            report(
                f"{pipeline.folder}/tables/{table}.csv",
                caption=f"../report/{table.replace('_', '-')}.rst",
                category=catalogue.CATEGORIES[table],
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
            'python "$SCRIPTS"/table.py {params.table} {params.folder} {output} 2> >(tee {log} >&2)'


rule numbers:
    input:
        experiment=FROZEN,
        plan=PLAN,
        studies=[one.table for one in pipelines.values()],
        data=[f"{pipeline.folder}/figures/{figure}.csv" for figure in FIGURES],
        tables=[f"{pipeline.folder}/tables/{table}.csv" for table in TABLES],
        code=[ROOT / "scripts/paper_numbers.py", *CODE],
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
        'python "$SCRIPTS"/paper_numbers.py {params.folder} {output} {input.data} {input.tables}' " 2> >(tee {log} >&2)"


rule interactive:
    input:
        experiment=FROZEN,
        plan=PLAN,
        studies=[one.table for one in pipelines.values()],
        code=[ROOT / "scripts/interactive.py", *CODE, *PAGE],
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
        'python "$SCRIPTS"/interactive.py {params.folder} {output} 2> >(tee {log} >&2)'


rule figures:
    input:
        rules.interactive.output,
        expand(f"{pipeline.folder}/figures/{{figure}}.{{suffix}}", figure=FIGURES, suffix=["pdf", "svg", "png", "csv"]),
        expand(f"{pipeline.folder}/tables/{{table}}.csv", table=TABLES),
