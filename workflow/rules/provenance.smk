# Provenance: the configuration that reproduces the results, a digest of every file, and the audit.
rule configuration:
    input:
        **study_jobs.inputs("configuration"),
    output:
        config=report(
            study_jobs.folder / "config.yaml",
            caption="../report/configuration.rst",
            category="Configuration",
            labels={"what": "configuration", "form": "YAML"},
        ),
        space=study_jobs.folder / "space.yaml",
    log:
        f"{LOGS}/configuration.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    params:
        # A plan that has grown changes what the configuration has to say.
        plan=digest(study_jobs.graph.plan),
        studies=settings.studies.model_dump_json(),
        flags=study_jobs.configuration_flags,
    shell:
        'python "$SCRIPTS/configuration.py" {input.experiment} {params.studies:q} {output} {params.flags}'
        " 2> >(tee {log} >&2)"


# A Provenance Run Crate: the same in RO-Crate's terms, for other people's tools.
rule crate:
    input:
        **study_jobs.inputs("crate"),
    output:
        crate=study_jobs.folder / "ro-crate-metadata.json",
        workflow=study_jobs.folder / "workflow.smk",
    log:
        f"{LOGS}/crate.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    shell:
        'python "$SCRIPTS/crate.py" {input.experiment} {output.crate} 2> >(tee {log} >&2)'


# Reads the manifest that was there before, so that no record that it names is replaced silently.
rule manifest:
    input:
        **study_jobs.inputs("manifest"),
    output:
        manifest=update(study_jobs.folder / "manifest.sha256"),
        code=update(study_jobs.folder / "code.sha256"),
    log:
        f"{LOGS}/manifest.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    shell:
        'python "$SCRIPTS/manifest.py" {output.manifest} 2> >(tee {log} >&2)'


# Has no inputs: it checks the results that exist, and makes none. Uncommitted code is reported, and does not fail the rule.
rule audit:
    log:
        f"{LOGS}/audit.log",
    localrule: True
    conda:
        "../../envs/environment.yaml"
    params:
        folder=study_jobs.folder,
    shell:
        'python "$SCRIPTS/audit.py" verify {params.folder} 2> >(tee {log} >&2) || [ $? = 4 ]'
