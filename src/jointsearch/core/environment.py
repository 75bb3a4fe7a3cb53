"""Records of what a training was made with: code, environment, data."""

import hashlib
from typing import Annotated, Literal, Self

from pydantic import Field

from jointsearch.core.fields import Digest, Precision, Record, is_empty, is_none


class Conditions(Record):
    """Code, environment and data of a training process: what decides the bits and is known before a training.

    An objective of one's own names neither torch nor images: what it used is known to its code alone.
    """

    code: Digest
    lock: Digest | None
    python: str
    torch: str | None = Field(None, exclude_if=is_none)
    data: Digest | None = Field(None, exclude_if=is_none)
    split: Digest | None = Field(None, exclude_if=is_none)
    device_type: Literal["cpu", "cuda"]
    threads: Annotated[int, Field(ge=1)]


class MadeWith(Conditions):
    """Code, environment and data that an evaluation was made with, and how it computed.

    `precision` is the type of the activations; `compiled` says whether the network was. Of an objective of one's own
    both are left out.
    """

    precision: Precision | None = Field(None, exclude_if=is_none)
    compiled: bool | None = Field(None, exclude_if=is_none)

    @classmethod
    def of(cls, conditions: Conditions, precision: Precision | None = None, compiled: bool | None = None) -> Self:
        """Complete what was known before the training."""
        return cls(
            code=conditions.code,
            lock=conditions.lock,
            python=conditions.python,
            torch=conditions.torch,
            data=conditions.data,
            split=conditions.split,
            device_type=conditions.device_type,
            threads=conditions.threads,
            precision=precision,
            compiled=compiled,
        )


class Environment(Record):
    """`environments/<digest>.json`: the environment of a training process, named by its own digest.

    It names no user, host or folder.

    Attributes
    ----------
    commit, diff
        Commit of the working copy; SHA-256 of what differs from it, files that git does not know included. The first
        is null if there is none or git cannot determine it, the second if nothing differs.
    commit_by, commit_unknown
        The source of the commit: git, or the archive that the code was unpacked from; why git could not determine it.
        Both are left out if git did.
    code, own
        SHA-256 of each module of the training code, by its path in the package; and of each module of one's own,
        such as that of a network, by its path in its folder. The latter are left out if there are none.
    lock
        SHA-256 of the lock file, a copy of which is beside the record as `<lock>.txt`.
    packages, unpinned
        Versions of the installed packages, of those found twice the imported one; packages of which the lock file names
        another version, or that are imported from outside the environment.
    python, torch, system
        Interpreter and its compiler; torch and the libraries in it, left out for an objective of one's own, whatever
        that imports; kernel, architecture and C library.
    cpu, cores, threads
        Model of the processor, its cores, and how many threads trained.
    gpu, driver
        Model of the GPU and version of its driver; null on a CPU.
    flags
        Settings of torch and environment variables that decide the bits it computes.
    """

    commit: str | None
    diff: Digest | None
    code: dict[str, Digest]
    lock: Digest | None
    packages: dict[str, str]
    unpinned: tuple[str, ...]
    python: str
    torch: dict[str, str | None] | None = Field(None, exclude_if=is_none)
    system: str
    cpu: str
    cores: Annotated[int, Field(ge=1)]
    threads: Annotated[int, Field(ge=1)]
    gpu: str | None
    driver: str | None
    flags: dict[str, bool | str | None]
    own: dict[str, Digest] = Field({}, exclude_if=is_empty)
    commit_by: Literal["git", "archive"] = Field("git", exclude_if=lambda value: value == "git")
    commit_unknown: str | None = Field(None, exclude_if=is_none)

    @property
    def code_digest(self) -> Digest:
        """SHA-256 over the names and digests of the training code, modules of one's own included."""
        modules = [*sorted(self.code.items()), *sorted(self.own.items())]
        lines = "".join(f"{name}\0{one}\n" for name, one in modules)
        return hashlib.sha256(lines.encode()).hexdigest()

    def other_code(self, code: dict[str, Digest], own: dict[str, Digest]) -> list[str]:
        """Modules of one's own, and of the training code, that differ from others, given as in an environment."""
        pairs = ((self.own, own), (self.code, code))
        return [
            name for mine, theirs in pairs for name in sorted({*mine, *theirs}) if mine.get(name) != theirs.get(name)
        ]
