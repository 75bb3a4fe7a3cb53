"""What git knows of a working copy.

Asked by commands that read objects only, of the repository at its root and of no other: neither the index, nor the
settings of a user or a machine, nor variables of the system have a say.
"""

import os
import re
import subprocess
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

SECONDS = 60
"""After which git is given up, as on a file system that does not answer."""
SETTINGS = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}


class GitError(Exception):
    """Git is not here, or cannot answer; the text says why, and names no folder."""


@dataclass(frozen=True)
class Repository:
    """The repository whose working copy has a root.

    Git is told where it is. So it looks for none in the folders above, and does not mind whose files they are: the code
    of this clone runs already, and what is asked here starts no program that the repository names.
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
        """Whether it holds a commit, given by its full name."""
        if not self.exists or not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", commit):
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
        """Give the content of files, by the names of it."""
        answer, found = self.ask("cat-file", "--batch", given="\n".join(blobs).encode()), []
        for _ in blobs:
            about, _, answer = answer.partition(b"\n")
            try:
                size = int(about.split()[2])
            except (IndexError, ValueError):
                raise GitError("git cat-file failed: an object is missing") from None
            found.append(answer[:size])
            answer = answer[size + 1 :]
        return found

    def ask(self, *command: str, given: bytes = b"") -> bytes:
        """Run a command of git in the root; what it printed.

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
                input=given,
                capture_output=True,
                timeout=SECONDS,
            )
        except subprocess.TimeoutExpired:
            raise GitError(f"git {command[0]} took more than {SECONDS} s") from None
        except OSError as error:
            raise GitError(f"git cannot be run: {error.strerror or error}") from None
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            # Folders are nobody's business: what follows the first one is left out.
            reason = re.sub(r"\S*/.*", "...", said[-1]) if said else f"exit code {done.returncode}"
            raise GitError(f"git {command[0]} failed: {reason}")
        return done.stdout
