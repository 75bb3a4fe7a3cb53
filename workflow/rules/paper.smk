# The paper, and its parts for a venue's LaTeX template. Both are made from the same facts, by one program.


rule paper:
    input:
        **study_jobs.inputs("paper"),
        code=lambda _: code_inputs.within(ROOT, code_inputs.paper(FIGURES)),
    output:
        pdf=report(
            study_jobs.folder / "paper.pdf",
            caption="../report/paper.rst",
            category="Paper",
            labels={"what": "the paper", "form": "PDF"},
        ),
        html=report(
            study_jobs.folder / "paper.html",
            caption="../report/paper.rst",
            category="Paper",
            labels={"what": "the paper, each number with its trainings", "form": "page"},
        ),
    log:
        f"{LOGS}/paper.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    params:
        folder=study_jobs.folder,
    shell:
        'python "$SCRIPTS/paper.py" {params.folder} {output.pdf} {output.html} 2> >(tee {log} >&2)'


rule latex:
    input:
        **study_jobs.inputs("latex"),
        code=lambda _: code_inputs.within(ROOT, code_inputs.latex(FIGURES)),
    output:
        directory(study_jobs.folder / "latex"),
    log:
        f"{LOGS}/latex.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    params:
        folder=study_jobs.folder,
    shell:
        'python "$SCRIPTS/latex.py" {params.folder} {output} 2> >(tee {log} >&2)'
