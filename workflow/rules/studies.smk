# The studies beside the search: other proposals, other spaces; trained, and where they are searches made, by its rules.
others = [one for one in pipelines.values() if one is not pipeline]
manual = [one for one in others if one.planned.kind == "manual"]
NAMES = {
    kind: "|".join(one.planned.name for one in others if one.planned.kind == kind) or "none"
    for kind in ("random", "manual", "retraining")
}


rule study_settings:
    input:
        FROZEN,
        keeps=lambda w: pipelines[w.study].keeps,
    output:
        f"{STUDY}/experiment.json",
    log:
        f"{OF_STUDY}/experiment.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    params:
        settings=lambda w: pipelines[w.study].experiment.model_dump_json(exclude_defaults=True),
        kept=lambda w: pipelines[w.study].planned.kept,
    shell:
        'python "$SCRIPTS"/freeze.py {params.settings:q} {output} {input.keeps} {params.kept} 2> >(tee {log} >&2)'


rule propose_random:
    input:
        experiment=f"{STUDY}/experiment.json",
        below=lambda w: pipelines[w.study].continued(int(w.bracket), int(w.rung)),
    output:
        f"{RUNG}/proposals.json",
    log:
        f"{OF_STUDY}/bracket-{{bracket}}/propose-{{rung}}.log",
    wildcard_constraints:
        study=NAMES["random"],
    localrule: True
    conda:
        "../../envs/environment.yaml"
    params:
        number=lambda w: pipelines[w.study].planned.brackets[0].sizes[0],
    shell:
        'python "$SCRIPTS"/propose.py {input.experiment} {output} random {params.number} 2> >(tee {log} >&2)'


rule propose_manual:
    input:
        f"{STUDY}/experiment.json",
    output:
        f"{RUNG}/proposals.json",
    log:
        f"{OF_STUDY}/bracket-{{bracket}}/propose-{{rung}}.log",
    wildcard_constraints:
        study=NAMES["manual"],
    localrule: True
    conda:
        "../../envs/environment.yaml"
    params:
        seeds=settings.studies.manual and settings.studies.manual.seeds,
        names=settings.studies.manual and settings.studies.manual.architectures,
    shell:
        'python "$SCRIPTS"/propose.py {input} {output} manual {params.seeds} {params.names} 2> >(tee {log} >&2)'


rule propose_retraining:
    input:
        experiment=f"{STUDY}/experiment.json",
        search=FROZEN,
        found=pipeline.table,
        manual=[one.frozen for one in manual],
        trained=[one.table for one in manual],
    output:
        f"{RUNG}/proposals.json",
    log:
        f"{OF_STUDY}/bracket-{{bracket}}/propose-{{rung}}.log",
    wildcard_constraints:
        study=NAMES["retraining"],
    localrule: True
    conda:
        "../../envs/environment.yaml"
    params:
        seeds=settings.studies.retraining and settings.studies.retraining.seeds,
        brackets=pipeline.length,
    shell:
        'python "$SCRIPTS"/propose.py {input.experiment} {output} retraining {params.seeds} {params.brackets}'
        " {input.search} {input.manual} 2> >(tee {log} >&2)"


rule study_observations:
    input:
        experiment=f"{STUDY}/experiment.json",
        batches=lambda w: pipelines[w.study].all_batches,
    output:
        table=f"{STUDY}/observations.csv",
        incumbent=f"{STUDY}/incumbent.json",
    log:
        f"{OF_STUDY}/observations.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    params:
        study=lambda w: pipelines[w.study].study,
        brackets=lambda w: 1 + pipelines[w.study].brackets[-1].index,
    shell:
        'python "$SCRIPTS"/observations.py {input.experiment} {params.study} {params.brackets} {output}'
        " 2> >(tee {log} >&2)"


rule studies:
    input:
        [one.table for one in others],
