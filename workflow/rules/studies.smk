# The studies beside the search: other proposals, other spaces. The rules of the search train them, and run those that are
# searches.
others = [one for one in all_jobs.values() if one is not study_jobs]
NO_SEARCHES = "|".join(one.planned.name for one in others if not one.planned.plan.is_search) or "none"


rule study_settings:
    input:
        unpack(lambda w: all_jobs[w.study].inputs("settings")),
    output:
        f"{STUDY}/experiment.json",
    log:
        f"{STUDY_LOGS}/experiment.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    params:
        settings=lambda w: all_jobs[w.study].experiment.model_dump_json(exclude_defaults=True),
        kept=lambda w: all_jobs[w.study].planned.plan.keeps,
    shell:
        'python "$SCRIPTS/freeze.py" {params.settings:q} {output} --found {input.keeps} --keep {params.kept} '
        "2> >(tee {log} >&2)"


rule propose:
    input:
        unpack(lambda w: all_jobs[w.study].inputs("proposals", w.bracket, w.rung)),
    output:
        f"{RUNG}/proposals.json",
    log:
        f"{STUDY_LOGS}/bracket-{{bracket}}/propose-{{rung}}.log",
    wildcard_constraints:
        study=NO_SEARCHES,
    localrule: True
    conda:
        "../../envs/environment.yaml"
    params:
        folder=study_jobs.folder,
    shell:
        'python "$SCRIPTS/propose.py" {params.folder} {output} 2> >(tee {log} >&2)'


rule study_observations:
    input:
        unpack(lambda w: all_jobs[w.study].inputs("observations")),
    output:
        table=f"{STUDY}/observations.csv",
        incumbent=f"{STUDY}/incumbent.json",
    log:
        f"{STUDY_LOGS}/observations.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    params:
        folder=study_jobs.folder,
    shell:
        'python "$SCRIPTS/observations.py" {params.folder} {wildcards.study} {output} 2> >(tee {log} >&2)'


rule studies:
    input:
        [one.table for one in others],
