"""Which commit the code is of, and whether it is as committed: with real repositories, set as users set them."""

import getpass
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from results_folder import settings, write_search

from jointsearch.audit import audit
from jointsearch.audit.findings import Finding, Verdict
from jointsearch.core import code
from jointsearch.core.environment import Environment
from jointsearch.core.files import digest, file_digest
from jointsearch.core.git import Repository
from jointsearch.training import environment

MODULE = "src/jointsearch/training/loop.py"
PROJECT = code.ROOT
VARIABLES = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
AUTHOR = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "protocol.file.allow=always"]


def git(folder: Path, *arguments: str, **around: str) -> str:
    command = ["git", *AUTHOR, *arguments]
    environment = VARIABLES | {"GIT_CONFIG_GLOBAL": os.devnull} | around
    return subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def write_code(folder: Path) -> Path:
    """A project of the same make, with a module or two."""
    training = [f"src/jointsearch/{name.replace('.', '/')}.py" for name in code.TRAINING]
    for path in (MODULE, *training, "scripts/train.py", "envs/requirements.txt", "Snakefile"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        text = "from jointsearch.training import loop\n" if path in training else "# as committed\n"
        (folder / path).write_text(f"# {path}\n{text}")
    for name in (".gitattributes", ".git_archival.txt", ".gitignore"):
        shutil.copy(PROJECT / name, folder)
    return folder


def use(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run the code that lies in a folder."""
    monkeypatch.setattr(code, "ROOT", folder)
    monkeypatch.setattr(code, "PACKAGE", folder / "src/jointsearch")
    return folder


@pytest.fixture
def clone(tmp_path, monkeypatch) -> Path:
    folder = write_code(tmp_path / "clone")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "all")
    return use(folder, monkeypatch)


def head(folder: Path) -> str:
    return git(folder, "rev-parse", "HEAD").strip()


def test_what_is_not_committed_has_a_digest_and_other_files_do_not_count(clone):
    clean = code.version()
    assert clean == code.Version(head(clone))
    (clone / "config.yaml").write_text("of my own")
    for left in (
        "src/jointsearch/__pycache__/a.pyc",
        "src/.loop.py.swp",
        "scripts/train.py~",
        "src/a.egg-info/SOURCES",
    ):
        (clone / left).parent.mkdir(exist_ok=True)
        (clone / left).write_text("left by a tool")
    assert code.version() == clean
    (clone / MODULE).write_text("changed")
    changed = code.version()
    (clone / "src/jointsearch/new.py").write_text("added")
    added = code.version()
    (clone / "scripts/train.py").unlink()
    removed = code.version()
    assert len({one.diff for one in (clean, changed, added, removed)}) == 4
    assert {one.commit for one in (changed, added, removed)} == {clean.commit}


def test_a_link_to_code_elsewhere_is_not_the_code_of_the_commit(clone, tmp_path):
    (clone / "src").rename(tmp_path / "src")
    (clone / "src").symlink_to(tmp_path / "src")
    git(clone, "add", ".")
    git(clone, "commit", "-q", "-m", "a link")
    assert code.version() == code.Version(None)
    (clone / "src").unlink()
    (tmp_path / "src").rename(clone / "src")
    (clone / "src/jointsearch/training").rename(tmp_path / "training")
    (clone / "src/jointsearch/training").symlink_to(tmp_path / "training")
    git(clone, "add", ".")
    git(clone, "commit", "-q", "-m", "a link inside")
    assert code.version().diff is not None


def test_code_that_was_only_touched_is_as_committed(clone):
    os.utime(clone / MODULE, (0, 0))
    (clone / MODULE).chmod(0o755)
    assert code.version() == code.Version(head(clone))


CONFIGURED = {
    "external": "[diff]\n\texternal = difft-that-is-not-installed\n",
    "pager": "[core]\n\tpager = false\n[color]\n\tui = always\n",
    "monitor": "[core]\n\tfsmonitor = true\n\tignoreStat = true\n\ttrustctime = false\n\tcheckStat = minimal\n",
    "line ends": "[core]\n\tautocrlf = true\n\teol = crlf\n",
    "excludes": "[core]\n\texcludesFile = EXCLUDES\n",
    "alias": "[alias]\n\tls-tree = !true\n\trev-parse = !echo 0000\n",
    "broken": "[core\n",
}


@pytest.mark.parametrize("setting", CONFIGURED)
@pytest.mark.parametrize("change", ["changed", "added", "none"])
def test_no_setting_of_a_user_hides_a_change_or_makes_one(clone, tmp_path, monkeypatch, setting, change):
    commit = head(clone)
    (tmp_path / "home").mkdir()
    (tmp_path / "excludes").write_text("*.py\n")
    text = CONFIGURED[setting].replace("EXCLUDES", str(tmp_path / "excludes"))
    (tmp_path / "home/.gitconfig").write_text(text)
    if setting != "broken":
        with (clone / ".git/config").open("a") as config:
            config.write(text)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "home/.gitconfig"))
    if change != "none":
        (clone / (MODULE if change == "changed" else "src/jointsearch/new.py")).write_text("changed")
    found = code.version()
    assert (found.commit, found.diff is None) == (commit, change == "none")


@pytest.mark.parametrize("index", ["broken", "missing", "unreadable", "assumed unchanged", "left out"])
def test_the_index_has_no_say(clone, index):
    (clone / MODULE).write_text("changed")
    file = clone / ".git/index"
    if index == "broken":
        file.write_bytes(b"no index")
    elif index == "missing":
        file.unlink()
    elif index == "unreadable":
        file.unlink()
        file.mkdir()
    else:
        flag = "--assume-unchanged" if index == "assumed unchanged" else "--skip-worktree"
        git(clone, "update-index", flag, MODULE)
    found = code.version()
    assert found.commit is not None and found.diff is not None


@pytest.fixture
def foreign(tmp_path) -> Path:
    """A repository of something else."""
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / ".gitignore").write_text("*\n")
    git(folder, "init", "-q")
    git(folder, "add", "--force", ".")
    git(folder, "commit", "-q", "-m", "dotfiles")
    return folder


def test_the_commit_of_a_repository_around_the_code_is_not_its_own(foreign, monkeypatch):
    use(write_code(foreign), monkeypatch)
    assert code.version() == code.Version(None)
    unpacked = use(write_code(foreign / "unpacked"), monkeypatch)
    assert code.version() == code.Version(None)
    (unpacked / ".git").mkdir()
    found = code.version()
    assert found.commit is None and found.unknown is not None


def test_variables_of_another_repository_have_no_say(foreign, clone, monkeypatch):
    """As hooks, `git rebase --exec` and editors leave them."""
    own = head(clone)
    monkeypatch.setenv("GIT_DIR", str(foreign / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(foreign))
    monkeypatch.setenv("GIT_INDEX_FILE", str(foreign / ".git/index"))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(foreign / ".git/objects"))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(clone.parent))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", "true")
    assert code.version() == code.Version(own)


def test_a_clone_of_somebody_else_has_its_commit(clone, tmp_path, monkeypatch):
    """By a git that takes every folder for somebody else's; without our ways it refuses."""
    own, real = head(clone), shutil.which("git")
    shim = tmp_path / "bin/git"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nGIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec {real} "$@"\n')
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{shim.parent}{os.pathsep}{os.environ['PATH']}")
    refused = subprocess.run(["git", "-C", clone, "rev-parse", "HEAD"], capture_output=True, text=True, env=VARIABLES)
    assert refused.returncode == 0 or "dubious ownership" in refused.stderr or "unsafe repository" in refused.stderr
    monkeypatch.delenv("HOME", raising=False)
    assert code.version() == code.Version(own)


def test_worktrees_shallow_and_partial_clones_submodules_and_links_have_their_commit(clone, tmp_path, monkeypatch):
    own, address = head(clone), clone.as_uri()
    git(clone, "config", "uploadpack.allowFilter", "true")
    git(clone, "worktree", "add", "-q", str(tmp_path / "worktree"))
    git(tmp_path, "clone", "-q", "--depth", "1", address, "shallow")
    git(tmp_path, "clone", "-q", "--filter=blob:none", address, "partial")
    git(tmp_path, "init", "-q", "outer")
    git(tmp_path / "outer", "submodule", "--quiet", "add", address, "module")
    (tmp_path / "link").symlink_to(clone)
    for place in ("worktree", "shallow", "partial", "outer/module", "link"):
        folder = use(tmp_path / place, monkeypatch)
        assert code.version() == code.Version(own), place
        (folder / MODULE).write_text("changed")
        assert code.version().diff is not None, place


def test_a_repository_of_sha256_has_its_commit(tmp_path, monkeypatch):
    folder = use(write_code(tmp_path / "clone"), monkeypatch)
    git(folder, "init", "-q", "--object-format=sha256")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "all")
    assert code.version() == code.Version(head(folder))


FAILURES = ["no git", "no commit yet", "head", "objects", "configuration", "moved"]


@pytest.fixture(params=FAILURES)
def failing(request, clone, tmp_path, monkeypatch) -> Path:
    """A clone of which git cannot tell anything, each for another reason."""
    if request.param == "no git":
        monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    elif request.param == "no commit yet":
        git(clone, "checkout", "-q", "--orphan", "new")
    elif request.param == "head":
        (clone / ".git/HEAD").write_bytes(b"\xff\n")
    elif request.param == "objects":
        tree = git(clone, "rev-parse", "HEAD:src/jointsearch").strip()
        (clone / ".git/objects" / tree[:2] / tree[2:]).unlink()
    elif request.param == "configuration":
        (clone / ".git/config").write_text("[core\n")
    else:
        shutil.rmtree(clone / ".git")
        (clone / ".git").write_text(f"gitdir: {Path.home()}/of-{getpass.getuser()}/.git/worktrees/clone\n")
    return clone


def test_a_git_that_fails_is_told_and_never_taken_for_clean(failing):
    found = code.version()
    assert (found.commit, found.diff) == (None, None)
    assert found.unknown is not None and found.unknown.startswith("git ")
    assert not any(secret in found.unknown for secret in ("/", f"of-{getpass.getuser()}"))


def unpack(clone: Path, folder: Path) -> Path:
    """Unpack what `git archive` packs, which code hosts do for releases."""
    folder.mkdir()
    git(clone, "archive", "--output", str(folder / "archive.tar"), "HEAD")
    subprocess.run(["tar", "-xf", "archive.tar"], cwd=folder, check=True)
    (folder / "archive.tar").unlink()
    return folder


def test_an_archive_has_its_commit_and_is_held_to_its_files(clone, tmp_path, monkeypatch):
    own, clean = head(clone), code.training_code()
    folder = use(unpack(clone, tmp_path / "release"), monkeypatch)
    assert code.version() == code.Version(own, "archive")
    assert code.training_code() == clean
    (folder / "config.yaml").write_text("of my own")
    (folder / "src/jointsearch/__pycache__").mkdir()
    (folder / "src/jointsearch/__pycache__/loop.pyc").write_text("")
    assert code.version() == code.Version(own, "archive")
    (folder / MODULE).write_text("changed")
    changed = code.version()
    assert (changed.commit, changed.by) == (own, "archive") and changed.diff is not None
    shutil.rmtree(folder)
    folder = unpack(clone, folder)
    (folder / "src/jointsearch/new.py").write_text("added")
    assert code.version().diff not in (None, changed.diff)


def test_an_archive_inside_another_repository_has_its_own_commit(clone, foreign, monkeypatch):
    own = head(clone)
    use(unpack(clone, foreign / "release"), monkeypatch)
    assert code.version() == code.Version(own, "archive")
    (foreign / ".git").rename(foreign / "release/.git")
    assert code.version() == code.Version(own, "archive")


@pytest.mark.parametrize("text", ["commit: $Format:%H$\ntime: $Format:%ct$\n", "", "commit: \ntime: \n", "time: 1\n"])
def test_a_place_holder_is_no_commit(tmp_path, monkeypatch, text):
    """As in code that was copied out of a clone."""
    folder = use(write_code(tmp_path / "copy"), monkeypatch)
    assert code.version() == code.Version(None)
    (folder / ".git_archival.txt").write_text(text)
    assert code.version() == code.Version(None)


def test_clones_have_the_same_bytes_whatever_the_line_ends_of_their_system(clone, tmp_path, monkeypatch):
    here, lock = code.training_code(), file_digest(clone / "envs/requirements.txt")
    own = head(clone)
    git(tmp_path, "-c", "core.autocrlf=true", "-c", "core.eol=crlf", "clone", "-q", str(clone), "windows")
    windows = use(tmp_path / "windows", monkeypatch)
    assert code.training_code() == here
    assert file_digest(windows / "envs/requirements.txt") == lock
    assert code.version() == code.Version(own)


def test_no_file_of_the_project_is_changed_by_its_own_line_end_rules(tmp_path):
    if not (PROJECT / ".git").exists():
        pytest.skip("no clone")
    lines = git(PROJECT, "ls-files", "--eol").splitlines()
    assert not [line for line in lines if "i/crlf" in line or "i/mixed" in line]
    assert not [line for line in lines if line.startswith("i/-text") and "attr/-text" not in line]


@pytest.fixture
def recorded(clone) -> Environment:
    """What a training in the clone would record."""
    return Environment(
        commit=head(clone),
        diff=None,
        code=code.training_code(),
        lock=None,
        packages={},
        unpinned=(),
        python="3.11",
        torch={},
        system="Linux",
        cpu="any",
        cores=1,
        threads=1,
        gpu=None,
        driver=None,
        flags={},
    )


def findings_on(found: Environment, folder: Path) -> dict[str, Finding]:
    """What an audit says of a process that trained, by check."""
    write_search(folder, settings(2), 1)
    file = f"environments/{environment.keep(found, folder)}.json"
    return {one.check: one for one in audit.run(folder, "hash").findings if one.subject == file}


def test_a_commit_is_held_to_the_digests_of_the_code(recorded, tmp_path):
    assert findings_on(recorded, tmp_path / "good")["commit"].verdict is Verdict.VERIFIED
    other = recorded.model_copy(update={"code": recorded.code | {"training/loop.py": "0" * 64}})
    found = findings_on(other, tmp_path / "bad")["commit"]
    assert found.verdict is Verdict.MISMATCH and "training/loop.py is not that of commit" in found.message
    changed = other.model_copy(update={"diff": "0" * 64})
    assert "commit" not in findings_on(changed, tmp_path / "changed")


def test_a_repository_has_a_commit_by_eight_of_its_digits(clone):
    commit = head(clone)
    names = (commit, commit[:8], commit[:7], "".join("1" if digit == "0" else "0" for digit in commit[:8]))
    assert [Repository(clone).has(name) for name in names] == [True, True, False, False]


@pytest.mark.parametrize("commit", ["0" * 40, "HEAD", "--help", "master"])
def test_a_commit_that_is_not_here_is_not_checked(recorded, tmp_path, commit):
    found = findings_on(recorded.model_copy(update={"commit": commit}), tmp_path / "results")["commit"]
    assert found.verdict is Verdict.NOT_CHECKED and "is not here" in found.message


def test_a_commit_by_an_archive_is_said_to_be_and_held_to_the_code_of_that_archive(
    recorded, clone, tmp_path, monkeypatch
):
    archived = recorded.model_copy(update={"commit_by": "archive", "lock": file_digest(code.LOCK)})
    other = archived.model_copy(update={"code": recorded.code | {"training/loop.py": "0" * 64}})
    changed = archived.model_copy(update={"diff": "0" * 64})
    use(unpack(clone, tmp_path / "release"), monkeypatch)
    found = findings_on(archived, tmp_path / "good")
    assert found["committed"].verdict is found["commit"].verdict is Verdict.VERIFIED
    assert "is named by the archive" in found["committed"].message
    assert findings_on(other, tmp_path / "bad")["commit"].verdict is Verdict.MISMATCH
    found = findings_on(changed, tmp_path / "changed")
    assert found["committed"].verdict is Verdict.UNPINNED
    assert "after the archive of commit" in found["committed"].message


def test_a_git_that_failed_is_told_by_the_audit(recorded, tmp_path):
    failed = recorded.model_copy(update={"commit": None, "commit_unknown": "git cannot be run: No such file"})
    found = findings_on(failed, tmp_path / "results")["committed"]
    assert found.verdict is Verdict.UNPINNED
    assert "the commit of the code is unknown: git cannot be run: No such file" in found.message


def test_records_in_which_git_told_have_no_word_of_it(recorded):
    assert not {"commit_by", "commit_unknown"} & set(recorded.model_dump())
    assert digest(recorded.model_copy(update={"commit_by": "archive"})) != digest(recorded)
