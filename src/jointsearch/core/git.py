"""The commit of a working copy, as git knows it.

Only commands that read objects are used, on the repository at its root and no other: neither the index, nor the
settings of a user or a machine, nor environment variables have an influence.
"""

import os
import re
import subprocess
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

SECONDS = 60
"""Time limit of a git command, such as on a file system that does not answer."""
SETTINGS = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}


class GitError(Exception):
    """Git is missing, or cannot answer; the text says why, and names no folder."""


@dataclass(frozen=True)
class Repository:
    """The repository whose working copy has a root.

    Git gets its path, so that it searches no folders above and does not check who owns the files: the code of this
    clone runs already, and these commands start no program that the repository names.
    """

    root: Path

    @property
    def exists(self) -> bool:
        """Whether there is one; `.git` is a file in a worktree and in a submodule."""
        return os.path.lexists(self.root / ".git")

    def head(self) -> str:
        """Name the commit that is checked out."""
        return self.ask("rev-parse", "--verify", "HEAD^{commit}").decode().strip()

    def has(self, commit: str) -> bool:
        """Whether it holds a commit, given by its name, or by eight or more of the first digits."""
        if not self.exists or not re.fullmatch(r"[0-9a-f]{8,64}", commit):
            return False
        try:
            self.ask("cat-file", "-e", f"{commit}^{{commit}}")
        except GitError:
            return False
        return True

    def blobs(self, commit: str, paths: Collection[str]) -> dict[str, str]:
        """Name the content of each file of a commit under some paths, by its path from the root."""
        listed = self.ask("ls-tree", "-r", "-z", "--full-tree", commit, "--", *paths)
        entries = [entry.partition(b"\t") for entry in listed.split(b"\0") if entry]
        return {os.fsdecode(path): about.split()[2].decode() for about, _, path in entries}

    def contents(self, blobs: Sequence[str]) -> list[bytes]:
        """Read the content of blobs, by their names."""
        answer, found = self.ask("cat-file", "--batch", stdin="\n".join(blobs).encode()), []
        for _ in blobs:
            about, _, answer = answer.partition(b"\n")
            try:
                size = int(about.split()[2])
            except (IndexError, ValueError):
                raise GitError("git cat-file failed: an object is missing") from None
            found.append(answer[:size])
            answer = answer[size + 1 :]
        return found

    def ask(self, *command: str, stdin: bytes = b"") -> bytes:
        """Run a git command in the root and return what it printed.

        Raises
        ------
        GitError
            If it fails.
        """
        around = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | SETTINGS
        try:
            done = subprocess.run(
                ["git", "--git-dir=.git", "--work-tree=.", *command],
                cwd=self.root,
                env=around,
                input=stdin,
                capture_output=True,
                timeout=SECONDS,
            )
        except subprocess.TimeoutExpired:
            raise GitError(f"git {command[0]} took more than {SECONDS} s") from None
        except OSError as error:
            raise GitError(f"git cannot be run: {error.strerror or error}") from None
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            # Paths are private: everything from the first one on is left out.
            reason = re.sub(r"\S*/.*", "...", said[-1]) if said else f"exit code {done.returncode}"
            raise GitError(f"git {command[0]} failed: {reason}")
        return done.stdout
