# The search: sample, train, promote, and let the next model see what came of it.
FROZEN = rules.experiment.output[0]
RUNG = f"{pipeline.study}/bracket-{{bracket}}/rung-{{rung}}"


rule history:
    input:
        experiment=FROZEN,
        previous=lambda w: pipeline.previous_history(int(w.bracket)),
        batches=lambda w: pipeline.becomes_visible(int(w.bracket)),
    output:
        f"{pipeline.study}/bracket-{{bracket}}/history.json",
    priority: 1
    localrule: True
    shell:
        "{PYTHON} scripts/history.py {input.experiment} {pipeline.study} {wildcards.bracket} {input.batches}"


rule sample:
    input:
        experiment=FROZEN,
        history=rules.history.output,
    output:
        f"{pipeline.study}/bracket-{{bracket}}/rung-0/proposals.json",
    priority: 1
    localrule: True
    shell:
        "{PYTHON} scripts/sample.py {input.experiment} {pipeline.study} {wildcards.bracket}"


rule promote:
    input:
        experiment=FROZEN,
        batches=lambda w: pipeline.batches(int(w.bracket), int(w.rung) - 1),
    output:
        f"{RUNG}/proposals.json",
    wildcard_constraints:
        rung=r"[1-9]\d*",
    priority: 1
    localrule: True
    shell:
        "{PYTHON} scripts/promote.py {input.experiment} {pipeline.study} {wildcards.bracket} {wildcards.rung}"
        " {input.batches}"


# Writes `slot-NN.json` for each slot as well. Those are not declared, so that whatever was trained outlives a killed
# job: a record that is there is never trained again.
rule train:
    input:
        experiment=FROZEN,
        proposals=f"{RUNG}/proposals.json",
    output:
        f"{RUNG}/batch-{{first}}-{{last}}.json",
    priority: lambda w: pipeline.priority(int(w.bracket), int(w.rung))
    threads: 1
    shell:
        "{PYTHON} scripts/train.py {input.experiment} {input.proposals} {wildcards.first} {wildcards.last} {output}"
        " --data-root {pipeline.config.data_root:q} --device {pipeline.config.jobs.device} --threads {threads}"


rule observations:
    input:
        experiment=FROZEN,
        batches=pipeline.all_batches,
    output:
        table=pipeline.folder / "observations.csv",
        incumbent=pipeline.folder / "incumbent.json",
    localrule: True
    shell:
        "{PYTHON} scripts/observations.py {input.experiment} {pipeline.study} {pipeline.length}"
        " {output.table} {output.incumbent}"


rule search:
    input:
        rules.observations.output,
