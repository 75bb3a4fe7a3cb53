"""The findings of an audit: one for each thing that was checked, in the same few words."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Literal

from jointsearch.core.errors import UserError

Level = Literal["hash", "derive", "retrain"]
LEVELS: tuple[Level, ...] = ("hash", "derive", "retrain")


class Verdict(Enum):
    """The verdict on a file, from good to bad; the numbers are exit codes."""

    NOT_CHECKED = "not checked", 0
    VERIFIED = "verified", 0
    UNPINNED = "verified, with uncommitted code or an unpinned environment", 4
    CANNOT_BE_CHECKED = "cannot be checked", 3
    MISMATCH = "mismatch", 1

    @property
    def words(self) -> str:
        """For people."""
        return self.value[0]

    @property
    def exit_code(self) -> int:
        """Of a program if nothing worse was found."""
        return self.value[1]


_WORSE = tuple(Verdict)


@dataclass(frozen=True)
class Finding:
    """What was found.

    Attributes
    ----------
    level
        How deep the check was.
    check
        What was checked: `manifest`, `proposals`, `promotion` ...
    subject
        The file, relative to the results folder.
    verdict, message
        The outcome; the message says what is wrong or missing, or what was done.
    """

    level: Level
    check: str
    subject: str
    verdict: Verdict
    message: str = ""


class Findings:
    """Findings on one experiment, in the order they were made."""

    def __init__(self) -> None:
        self._all: list[Finding] = []

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._all)

    def add(
        self, level: Level, check: str, subject: str, verdict: Verdict = Verdict.VERIFIED, message: str = ""
    ) -> None:
        """Add one."""
        self._all.append(Finding(level, check, subject, verdict, message))

    def expect(self, holds: bool, level: Level, check: str, subject: str, message: str | Callable[[], str]) -> None:
        """Add one that is verified if something holds, and else a mismatch, with a message."""
        if holds:
            self.add(level, check, subject)
        else:
            self.add(level, check, subject, Verdict.MISMATCH, message if isinstance(message, str) else message())

    @contextmanager
    def distrust(self, level: Level, check: str, subject: str) -> Iterator[None]:
        """Add one for whatever fails when something is recomputed from records that may be wrong."""
        try:
            yield
        except UserError as error:
            self.add(level, check, subject, Verdict.CANNOT_BE_CHECKED, str(error))
        except Exception as error:
            message = f"cannot be recomputed from these records ({type(error).__name__}: {error})"
            self.add(level, check, subject, Verdict.MISMATCH, message)

    def excuse(self, explained: Callable[[Finding], bool], message: str) -> None:
        """Turn mismatches that something explains into what cannot be checked, with another message."""
        for i, one in enumerate(self._all):
            if one.verdict is Verdict.MISMATCH and explained(one):
                self._all[i] = replace(one, verdict=Verdict.CANNOT_BE_CHECKED, message=message)

    def about(self, subjects: set[str]) -> "Findings":
        """Those on some files only."""
        chosen = Findings()
        chosen._all = [one for one in self._all if one.subject in subjects]
        return chosen

    @property
    def verdict(self) -> Verdict:
        """The worst of all that was checked."""
        return max((one.verdict for one in self._all), key=_WORSE.index, default=Verdict.NOT_CHECKED)

    @property
    def problems(self) -> list[Finding]:
        """Those that are worse than verified or not checked, worst first."""
        found = [one for one in self._all if one.verdict.exit_code]
        return sorted(found, key=lambda one: -_WORSE.index(one.verdict))

    @property
    def notes(self) -> list[Finding]:
        """Those that are not worse, but have a message."""
        return [one for one in self._all if not one.verdict.exit_code and one.message]

    def counts(self) -> dict[tuple[Level, str], Counter[Verdict]]:
        """How many of each verdict, by level and check."""
        counted: dict[tuple[Level, str], Counter[Verdict]] = {}
        for one in self._all:
            counted.setdefault((one.level, one.check), Counter())[one.verdict] += 1
        return counted

    def verdicts(self) -> dict[str, Verdict]:
        """The worst verdict on each file."""
        worst: dict[str, Verdict] = {}
        for one in self._all:
            worst[one.subject] = max(worst.get(one.subject, one.verdict), one.verdict, key=_WORSE.index)
        return worst


def as_text(findings: Findings, most: int = 20) -> str:
    """Write findings for a terminal: counts, then what is wrong."""
    lines = [
        f"{level:<8} {check:<14} " + ", ".join(f"{number:,} {verdict.words}" for verdict, number in counted.items())
        for (level, check), counted in findings.counts().items()
    ]
    alike: dict[tuple[Verdict, Level, str, str], list[str]] = {}
    for one in (*findings.problems, *findings.notes):
        alike.setdefault((one.verdict, one.level, one.check, one.message), []).append(one.subject)
    for (verdict, level, check, message), subjects in list(alike.items())[:most]:
        rest = f" and {len(subjects) - 1:,} more" if subjects[1:] else ""
        lines.append(f"{verdict.words}: {subjects[0]}{rest}: {message} ({level}, {check})")
    if len(alike) > most:
        lines.append(f"... and {len(alike) - most} more; --json or --html have all")
    return "\n".join(lines)


def as_json(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Write findings for machines."""
    return [
        {
            "level": one.level,
            "check": one.check,
            "subject": one.subject,
            "verdict": one.verdict.words,
            "message": one.message,
        }
        for one in findings
    ]
