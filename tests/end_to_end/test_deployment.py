"""The workflow as a module of one's own, as `snakedeploy` writes it, from and in folders of any name."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from end_to_end.conftest import CONFIG, Workspace
from end_to_end.deployed import MODULE, NAME, Deployed, deploy, draw
from end_to_end.test_executor import pretend_pbs
from jointsearch.core import config, layout, lock
from jointsearch.workflow import driver
from jointsearch.workflow.study_jobs import StudyJobs

IMAGES = "'pictures' & \"more\" $ 5"
SUMMED_UP = ("plan.json", "observations.csv", "incumbent.json")
"""What is made before the outcomes."""


@pytest.fixture(scope="module")
def mine(tmp_path_factory) -> Deployed:
    """A search that ran to its end, all of it in folders of such names. What changes it copies it first."""
    mine = deploy(tmp_path_factory.mktemp("deployed") / NAME)
    draw(mine.folder.parent / IMAGES)
    mine.configure(
        data={"name": "image_folder"}, data_root=f"../{IMAGES}", cache_root=f"{mine.folder.parent.parent}/cache & $ 5"
    )
    (mine.folder / "printed").write_text(mine.snakemake("--cores", "2"))
    return mine


@pytest.fixture
def plain(tmp_path) -> Deployed:
    return deploy(tmp_path / "a folder")


def test_it_searches_and_writes_its_paper_by_default_and_shows_progress(mine):
    assert len(mine.slots()) == 1
    assert (mine.results / "manifest.sha256").exists()
    assert (mine.results / "paper.pdf").read_bytes().startswith(b"%PDF")
    assert "1/1 evaluations (2 steps 1/1)" in mine.printed()
    assert "results in results/small" in mine.printed()
    assert "2 classes: blau & rot, grün; " in mine.printed()
    assert list((mine.folder.parent.parent / "cache & $ 5").iterdir())
    assert "Nothing to be done" in mine.snakemake("-n")


def test_the_driver_makes_the_same_of_its_records(mine, tmp_path, monkeypatch):
    """To the byte, but for the commit of the code: here there is one, in the clone there is none."""
    monkeypatch.chdir(mine.folder)
    here = Path(shutil.copytree(mine.results, tmp_path / "small"))
    made = [name for name in layout.files(here) if not layout.lasts(name) and name not in SUMMED_UP]
    assert {"config.yaml", "figures/learning_curves.png", "tables/studies.csv", "paper.pdf"} <= set(made)
    for name in made:
        (here / name).unlink()
    driver.finish(StudyJobs.all_from_config(config.read(Path("config/config.yaml")), tmp_path))
    assert layout.files(here) == layout.files(mine.results)
    differ = {name for name in made if (here / name).read_bytes() != (mine.results / name).read_bytes()}
    assert differ <= {"paper.pdf", "paper.html", "ro-crate-metadata.json"}


def test_its_results_are_audited_there(mine):
    printed = mine.snakemake("audit")
    assert "verdict: verified" in printed
    assert "evaluations (" not in printed


def test_its_report_has_our_style_by_the_copied_profile(mine):
    mine.snakemake("--report", "report.html")
    style = (mine.folder / "profiles/default/report.css").read_text()
    assert style.strip().splitlines()[-2].strip() in (mine.folder / "report.html").read_text()


def test_two_runs_do_not_share_a_results_folder(plain):
    with lock.take(plain.results):
        printed = plain.snakemake("search", succeeds=False)
        assert "results/small: another run works here (process " in printed
        assert "Traceback" not in printed
        assert not plain.slots()


def test_both_snakefiles_of_a_clone_have_the_same_default_target(plain):
    plain.configure()
    (plain.folder / "config/config.yaml").replace(plain.clone / "config.yaml")
    clone = Workspace(plain.clone)
    told = [clone.snakemake("-n", "-s", name) for name in ("Snakefile", "workflow/Snakefile")]
    assert {text.partition("Job stats:")[2].partition("Reasons")[0] for text in told} == {
        told[0].partition("Job stats:")[2].partition("Reasons")[0]
    }
    assert "\nmanifest " in told[1]


def test_rules_may_be_renamed_and_changed_and_the_folder_be_another(plain):
    plain.write(MODULE.replace("* from jointsearch", "* from jointsearch as our_*") + CHANGED)
    other = Deployed(plain.folder.with_name("an other"))
    for file in ("config/config.yaml", "space.yaml"):
        (other.folder / file).parent.mkdir(parents=True, exist_ok=True)
        (plain.folder / file).rename(other.folder / file)
    snakefile = str(plain.folder / "workflow/Snakefile")
    told = plain.snakemake("--directory", str(other.folder), "-s", snakefile, "--cores", "1", "our_search")
    assert "1/1 evaluations" in told
    assert len(other.slots()) == 1
    assert "our_all " in other.snakemake("-n", "-s", snakefile)


def test_the_default_target_of_the_workflow_around_stays(plain):
    own = 'rule all:\n    output:\n        touch("mine.txt"),\n\n\n'
    plain.write(
        MODULE.replace("* from jointsearch", "* from jointsearch as our_*").replace(
            "module jointsearch", f"{own}module jointsearch"
        )
    )
    plain.snakemake("--cores", "1")
    assert (plain.folder / "mine.txt").exists() and not (plain.results / "experiment.json").exists()


CHANGED = """
use rule train from jointsearch as our_train with:
    priority: 5
"""


@pytest.mark.parametrize(
    ("snakefile", "arguments", "seed"),
    [
        (MODULE, (), 7),
        (MODULE, ("--config", "seed=8"), 8),
        (MODULE, ("--configfile", "other.yaml"), 9),
        (MODULE.replace('"config/config.yaml"', '"other.yaml"'), (), 9),
        (MODULE.replace("# declare", 'config["seed"] = 10\n# declare'), (), 10),
        (MODULE.replace('"config/config.yaml"', '"parts.yaml"').replace(" config\n", ' config["joint"]\n'), (), 11),
        ("module j:\n    snakefile: SNAKEFILE\nuse rule * from j\n", (), 7),
    ],
    ids=["given", "set", "named", "other", "changed", "part", "none given"],
)
def test_it_runs_the_configuration_that_it_was_given(plain, snakefile, arguments, seed):
    plain.configure(seed=7)
    settings = yaml.safe_load((plain.folder / "config/config.yaml").read_text())
    (plain.folder / "other.yaml").write_text(yaml.safe_dump(settings | {"seed": 9}))
    (plain.folder / "parts.yaml").write_text(yaml.safe_dump({"joint": settings | {"seed": 11}, "other": {"seed": 1}}))
    plain.write(snakefile)
    printed = plain.snakemake("-n", "results/small/experiment.json", "--printshellcmds", "--quiet", "host", *arguments)
    assert f'"seed":{seed},' in printed


@pytest.mark.parametrize(
    ("snakefile", "reason"),
    [
        (
            'configfile: "other.yaml"\nmodule j:\n    snakefile: SNAKEFILE\nuse rule * from j\n',
            "other.yaml: this workflow cannot see",
        ),
        ("include: SNAKEFILE\n", "Snakefile: this workflow cannot see"),
        ('configfile: "other.yaml"\ninclude: SNAKEFILE\n', "other.yaml: this workflow cannot see"),
        (MODULE.replace("    config:", '    prefix: "sub"\n    config:'), "prefix: and replace_prefix: of a module"),
        (MODULE.replace('"config/config.yaml"', '"twice.yaml"'), "the key 'seed' appears twice"),
        (MODULE.replace('"config/config.yaml"', '"bad.yaml"'), "bad.yaml: sead: unknown key; did you mean 'seed'?"),
    ],
)
def test_what_is_not_clear_is_refused_with_a_line(plain, snakefile, reason):
    good = (plain.folder / "config/config.yaml").read_text()
    for name, added in (("other", ""), ("twice", "seed: 1\nseed: 2\n"), ("bad", "sead: 1\n")):
        (plain.folder / f"{name}.yaml").write_text(good + added)
    plain.write(snakefile)
    printed = plain.snakemake("search", succeeds=False)
    assert reason in printed
    assert "Traceback" not in printed
    assert not plain.results.exists()


def test_a_number_without_a_point_is_one_in_a_module_too(plain):
    plain.configure(search={"sampler_settings": {"prior_weight": "HERE"}})
    file = plain.folder / "config/config.yaml"
    file.write_text(file.read_text().replace("HERE", "1e-3"))
    assert "1e-3" not in plain.snakemake("-n", succeeds=False)


def test_a_workflow_that_is_no_folder_is_refused_with_what_to_write(plain, tmp_path, monkeypatch):
    """Snakemake fetches single files of it; git is told that GitHub is a folder here."""
    upstream = tmp_path / "upstream"
    upstream.mkdir()
    for name in ("workflow", "Snakefile"):
        (plain.clone / name).rename(upstream / name)
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@example.org"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "all"], ["tag", "v1"]):
        subprocess.run([*git, *command], cwd=upstream, check=True)
    (tmp_path / "gitconfig").write_text(
        f'[url "file://{upstream}"]\n\tinsteadOf = https://github.com/someone/jointsearch\n'
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    plain.write(MODULE.replace("SNAKEFILE", 'github("someone/jointsearch", path="workflow/Snakefile", tag="v1")'))
    printed = plain.snakemake("-n", succeeds=False)
    assert 'clone the repository, run `make env` in it, and write `snakefile: "CLONE/workflow/Snakefile"`' in printed
    assert "Traceback" not in printed


@pytest.mark.parametrize("name", ["a:b", "a{b}"])
def test_a_clone_in_a_folder_that_cannot_work_is_refused_at_start(tmp_path, name):
    printed = deploy(tmp_path / name).snakemake("-n", succeeds=False)
    assert "rename the folder" in printed
    assert "Traceback" not in printed


def test_its_trainings_go_to_a_cluster_from_such_a_folder_and_take_the_same_course(finished, tmp_path, monkeypatch):
    mine = deploy(tmp_path / "a b 'c' & ü (d)")
    mine.configure(budget=CONFIG["budget"], search=CONFIG["search"])
    pbs = pretend_pbs(tmp_path, monkeypatch)
    promoted = "search/bracket-000/rung-1/proposals.json"
    generic = ("--profile", "profiles/generic", "--seconds-between-status-checks", "1")
    mine.snakemake(f"results/small/{promoted}", *generic)
    assert mine.derivable() == finished.derivable()[:9]
    assert (mine.results / promoted).read_bytes() == (finished.results / promoted).read_bytes()
    assert {item.observed.job for item in mine.evaluations()} == {path.stem for path in pbs.glob("*.status")}
    assert all("ngpus=1:mem=8000mb -l walltime=" in path.read_text() for path in pbs.glob("*.arguments"))
