# A search: sample, train, promote, and let the next model see the results. Studies that are no searches only train.
STUDY = f"{study_jobs.folder}/{{study}}"
BRACKET = f"{STUDY}/bracket-{{bracket}}"
RUNG = f"{BRACKET}/rung-{{rung}}"
STUDY_LOGS = f"{LOGS}/{{study}}"
SEARCHES = "|".join(name for name, one in all_jobs.items() if one.planned.plan.is_search)


if study_jobs.config.search.warm_start is not None:

    rule warm_start:
        input:
            **study_jobs.inputs("warm_start"),
        output:
            f"{study_jobs.study_folder}/warm_start.json",
        log:
            f"{LOGS}/warm_start.log",
        priority: 1
        localrule: True
        conda:
            "../../envs/environment.yaml"
        # Not parameters of the result, as the experiment names the digest of the evaluations.
        resources:
            folder=study_jobs.config.search.warm_start.folder,
            losses=study_jobs.config.search.warm_start.flag,
        shell:
            'python "$SCRIPTS/warm_start.py" {input.experiment} {resources.folder:q} {output} --losses={resources.losses}'
            " 2> >(tee {log} >&2)"


rule history:
    input:
        unpack(lambda w: all_jobs[w.study].inputs("history", w.bracket)),
    output:
        f"{BRACKET}/history.json",
    log:
        f"{STUDY_LOGS}/bracket-{{bracket}}/history.log",
    wildcard_constraints:
        study=SEARCHES,
    priority: 1
    localrule: True
    conda:
        "../../envs/environment.yaml"
    shell:
        'python "$SCRIPTS/history.py" {input.experiment} {output} {input.seen} 2> >(tee {log} >&2)'


rule sample:
    input:
        unpack(lambda w: all_jobs[w.study].inputs("proposals", w.bracket)),
    output:
        f"{BRACKET}/rung-0/proposals.json",
    log:
        f"{STUDY_LOGS}/bracket-{{bracket}}/sample.log",
    benchmark:
        f"{STUDY_LOGS}/bracket-{{bracket}}/sample.tsv"
    wildcard_constraints:
        study=SEARCHES,
    priority: 1
    localrule: True
    conda:
        "../../envs/environment.yaml"
    shell:
        'python "$SCRIPTS/sample.py" {input.experiment} {input.history} {output} {input.pending} 2> >(tee {log} >&2)'


rule promote:
    input:
        unpack(lambda w: all_jobs[w.study].inputs("proposals", w.bracket, w.rung)),
    output:
        f"{RUNG}/proposals.json",
    log:
        f"{STUDY_LOGS}/bracket-{{bracket}}/promote-{{rung}}.log",
    wildcard_constraints:
        study=SEARCHES,
        rung=r"[1-9]\d*",
    priority: 1
    localrule: True
    conda:
        "../../envs/environment.yaml"
    shell:
        'python "$SCRIPTS/promote.py" {input.experiment} {output} {input.below} 2> >(tee {log} >&2)'


# Writes `slot-NN.json` for each slot as well. Those are not declared, so that finished trainings outlive a killed job: a
# slot that has a record is never trained again.
rule train:
    input:
        unpack(lambda w: all_jobs[w.study].inputs("evaluation", w.bracket, w.rung)),
    output:
        f"{RUNG}/batch-{{first}}-{{last}}.json",
    log:
        f"{STUDY_LOGS}/bracket-{{bracket}}/train-{{rung}}-{{first}}-{{last}}.log",
    benchmark:
        f"{STUDY_LOGS}/bracket-{{bracket}}/train-{{rung}}-{{first}}-{{last}}.tsv"
    priority: lambda w: all_jobs[w.study].priority(int(w.bracket), int(w.rung))
    conda:
        "../../envs/environment.yaml"
    threads: study_jobs.config.jobs.side_by_side
    # Where and how to train does not change the result, so these are resources: changing one re-runs nothing.
    resources:
        flags=study_jobs.training_flags,
        runtime=lambda w: all_jobs[w.study].time_limit(int(w.bracket), int(w.rung), int(w.last) - int(w.first) + 1),
    # A cluster asks with SIGTERM to save the training, a closing terminal with SIGHUP: the shell must not end before the
    # training has, nor what writes its log. SIGHUP is not ignored here, as the training could not receive it then.
    shell:
        "trap '' TERM; trap : HUP; echo \"# $(date -Is) on $(hostname)\" >> {log};"
        ' python "$SCRIPTS/train.py" {input.experiment} {input.proposals}'
        " {wildcards.first} {wildcards.last} {output} {input.data} --threads {threads} {resources.flags}"
        " >> {log} 2> >(trap '' HUP PIPE; tee -ai {log} >&2)"


rule observations:
    input:
        **study_jobs.inputs("observations"),
    output:
        table=study_jobs.table,
        incumbent=study_jobs.folder / "incumbent.json",
    log:
        f"{LOGS}/observations.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    params:
        folder=study_jobs.folder,
        study=study_jobs.planned.name,
    shell:
        'python "$SCRIPTS/observations.py" {params.folder} {params.study} {output.table} {output.incumbent} 2> >(tee {log} >&2)'


rule search:
    input:
        rules.observations.output,
