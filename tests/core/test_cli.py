import argparse
import errno
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from jointsearch.core import cli

ROOT = Path(__file__).parents[2]
SCRIPT = """
import subprocess
import sys
from pathlib import Path
from jointsearch.core import cli

def main():
    [path] = Path("data").iterdir()
    print(path.name, path.read_text(), sys.argv[1], "└── ±")
    Path("written").write_text(path.name)
    command = [sys.executable, "-c", "import sys; print('child', sys.flags.utf8_mode)"]
    subprocess.run(command, check=True, stdout=sys.stderr)

cli.run(main)
"""
TEXT = "größe 猫"
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def run(script: Path, **variables: str) -> subprocess.CompletedProcess[bytes]:
    (script.parents[1] / "data").mkdir(parents=True)
    (script.parents[1] / "data" / TEXT).write_text(TEXT, encoding="utf-8")
    script.parent.mkdir()
    script.write_text(SCRIPT, encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHONIO"))}
    return subprocess.run(
        [sys.executable, script, TEXT],
        cwd=script.parents[1],
        env={**kept, "PYTHONPATH": str(ROOT / "src"), **variables},
        capture_output=True,
    )


@pytest.fixture(scope="module")
def locales(tmp_path_factory) -> Path:
    """A folder with a German locale that is not UTF-8."""
    folder = tmp_path_factory.mktemp("locales")
    try:
        made = subprocess.run(["localedef", "-i", "de_DE", "-f", "ISO-8859-1", folder / "de_DE.ISO-8859-1"])
    except FileNotFoundError:
        pytest.skip("no localedef")
    if made.returncode:
        pytest.skip("no German locale to compile")
    return folder


def check(done: subprocess.CompletedProcess[bytes], folder: Path, utf8: int) -> None:
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.decode() == f"{TEXT} {TEXT} {TEXT} └── ±\n"
    assert (folder / "written").read_bytes() == TEXT.encode()
    assert done.stderr.decode() == f"child {utf8}\n"


@pytest.mark.parametrize(
    ("variables", "utf8"),
    [(ASCII, 1), ({"LC_ALL": "C"}, 1), ({"LC_ALL": "C.UTF-8"}, 0)],
    ids=["ascii", "c", "utf-8"],
)
def test_scripts_read_and_write_utf8_in_any_locale(tmp_path, variables, utf8) -> None:
    check(run(tmp_path / "scripts" / "one.py", **variables), tmp_path, utf8)


def test_scripts_read_and_write_utf8_in_a_latin_locale(tmp_path, locales) -> None:
    done = run(tmp_path / "scripts" / "one.py", LOCPATH=str(locales), LC_ALL="de_DE.ISO-8859-1")
    check(done, tmp_path, 1)


def test_what_a_terminal_cannot_show_is_printed_escaped(tmp_path) -> None:
    done = run(tmp_path / "scripts" / "one.py", LC_ALL="C.UTF-8", PYTHONIOENCODING="latin-1")
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.decode("latin-1").endswith(r"größe \u732b \u2514\u2500\u2500 ±" + "\n")


def test_a_program_that_only_uses_the_library_is_not_started_again(tmp_path) -> None:
    done = run(tmp_path / "mine" / "notebook.py", **ASCII)
    assert b"child 0" in done.stderr or b"UnicodeDecodeError" in done.stderr


@pytest.mark.parametrize(
    ("kind", "text", "what"),
    [(int, "x", "a whole number"), (int, "1.5", "a whole number"), (int, "0", "a whole number")]
    + [(float, text, "a number") for text in ("x", "0", "-1", "nan", "inf")],
)
def test_an_argument_that_is_no_number_above_zero_is_named(kind, text, what):
    with pytest.raises(argparse.ArgumentTypeError, match=re.escape(f"must be {what} above 0 (got {text})")):
        cli.positive(kind)(text)
    assert cli.positive(kind)("2") == 2


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.EACCES, "results/demo: Permission denied; give access, then start again"),
        (errno.ENOSPC, "results/demo: No space left on device; make room, then start again"),
    ],
)
def test_a_full_disk_is_one_line_and_what_code_of_ones_own_raises_keeps_its_traceback(number, message):
    error = OSError(number, os.strerror(number), "results/demo")

    def fails() -> None:
        raise error

    with pytest.raises(SystemExit, match=f"^error: {message}$"):
        cli.run(fails)
    error.add_note("raised by mine.train:evaluate")
    with pytest.raises(OSError, match=os.strerror(number)):
        cli.run(fails)


def test_ctrl_c_ends_quietly(capsys):
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as ended:
        cli.run(interrupted)
    assert ended.value.code == 130 and capsys.readouterr().err == ""
