"""What the text says of the code that made figures and tables."""

from jointsearch.core import code
from jointsearch.core.code import Version
from jointsearch.core.git import Repository
from jointsearch.paper import made
from jointsearch.results import code_inputs


def test_the_commit_of_figures_and_tables_is_the_last_one_of_all_code_that_shows_them(monkeypatch) -> None:
    asked: list[str] = []

    def ask(self: Repository, *command: str) -> bytes:
        asked.extend(command)
        return b"0123456789abcdef0123"

    monkeypatch.setattr(code, "version", lambda: Version("f" * 40))
    monkeypatch.setattr(Repository, "ask", ask)
    assert made.last_commit() == "0123456789abcdef0123"[: made.SHORT]
    files = asked[asked.index("--") + 1 :]
    assert "src/jointsearch/paper/tables.py" in files and set(code_inputs.numbers()) <= set(files)
