# The paper, and its parts for a venue's LaTeX template. Both are made from the same facts, by one program.
SETTINGS = settings.model_dump_json()


rule paper:
    input:
        **pipeline.inputs("paper"),
        code=lambda _: made_by.within(ROOT, made_by.paper(FIGURES)),
    output:
        report(
            pipeline.folder / "paper.pdf",
            caption="../report/paper.rst",
            category="Paper",
            labels={"what": "the paper", "form": "PDF"},
        ),
    log:
        f"{LOGS}/paper.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    params:
        config=SETTINGS,
        folder=pipeline.folder,
    shell:
        'echo {params.config:q} | python "$SCRIPTS/paper.py" /dev/stdin {params.folder} {output} 2> >(tee {log} >&2)'


rule latex:
    input:
        **pipeline.inputs("latex"),
        code=lambda _: made_by.within(ROOT, made_by.latex(FIGURES)),
    output:
        directory(pipeline.folder / "latex"),
    log:
        f"{LOGS}/latex.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    params:
        config=SETTINGS,
        folder=pipeline.folder,
    shell:
        'echo {params.config:q} | python "$SCRIPTS/latex.py" /dev/stdin {params.folder} {output} 2> >(tee {log} >&2)'
