"""No result is typed by hand: the digits in the running text of a Typst source, which a paper may not have.

Allowed are digits in code (`#n("spearman_1_3")`, sizes), mathematics, labels, references, addresses, raw text and
comments, and what `#lit[...]` marks as a constant of the method or of the literature. All others are found, also those
in content that is given to a function, such as a caption.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jointsearch.core.errors import UserError

CONSTANT = "lit"
"""The function that marks a number as no result."""

_SKIPPED = re.compile(
    r"""https?://\S+        # an address, in which // is no comment
      | //[^\n]*            # comment to the end of its line
      | /\*.*?\*/           # comment
      | (?P<fence>`{3,}|`).*?(?P=fence)   # raw text
      | \\u\{[0-9a-fA-F]+\} # a character by its number
      """,
    re.VERBOSE | re.DOTALL,
)
_STRING = re.compile(r'"(?:\\.|[^"\\])*"', re.DOTALL)
_MATH = re.compile(r"\$(?:\\.|[^$\\])*\$", re.DOTALL)
_LABEL = re.compile(r"<[\w.:-]+>|@[\w.:-]*\w")
_NAME = re.compile(r"[^\W\d][\w-]*")
_STATEMENTS = {"let", "set", "show", "import", "include", "context", "return"}
_BLOCKS = {"if", "for", "while"}
_CLOSING = {"(": ")", "{": "}"}


@dataclass(frozen=True)
class Typed:
    """A number typed into the text: its line, and its digits."""

    line: int
    text: str


def typed_numbers(source: str) -> list[Typed]:
    """Find the numbers that are typed into the running text of a Typst source."""
    reader = _Reader(source)
    reader.markup("")
    found = []
    for start, end in _runs(reader.digits):
        line = source.count("\n", 0, start) + 1
        found.append(Typed(line, source[start:end]))
    return found


def check(path: Path) -> None:
    """Refuse a source with a number typed into its text.

    Raises
    ------
    UserError
        If it has one: where, and what to write instead.
    """
    found = typed_numbers(path.read_text())
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise UserError(
            f"{path}:{found[0].line}: the number {found[0].text} is typed into the text{more}; quote a result as "
            f'#n("name") from numbers.json, mark a constant of the method or of the literature as #{CONSTANT}[...]'
        )


def _runs(places: list[int]) -> Iterator[tuple[int, int]]:
    """Neighbouring digits make one number, also with a point or comma between them."""
    start = end = None
    for place in places:
        if end is not None and place <= end + 1:
            end = place + 1
            continue
        if start is not None and end is not None:
            yield start, end
        start, end = place, place + 1
    if start is not None and end is not None:
        yield start, end


class _Reader:
    """Reads a source once, and collects the positions of digits in markup."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.position = 0
        self.digits: list[int] = []
        self.constants = 0

    def markup(self, closing: str) -> None:
        """Read content up to a closing bracket, or to the end."""
        depth = 0
        while self.position < len(self.source):
            if self._skip(_SKIPPED, _MATH, _LABEL):
                continue
            character = self.source[self.position]
            if character == "\\":
                # An escaped digit is a digit.
                self.position += 1
            elif character == "#":
                self.position += 1
                self._expression()
                continue
            elif character == "[":
                depth += 1
            elif character == "]" and closing and depth == 0:
                self.position += 1
                return
            elif character == "]":
                depth -= 1
            if self.position < len(self.source) and self.source[self.position].isdigit() and not self.constants:
                self.digits.append(self.position)
            self.position += 1

    def _expression(self) -> None:
        """Read the code after a `#`: a statement, a block, or a name with what is called on it."""
        found = _NAME.match(self.source, self.position)
        if found is None:
            self._part()
        elif found[0] in _STATEMENTS:
            self._code("\n;")
        elif found[0] in _BLOCKS:
            self._block()
        else:
            self.position = found.end()
            self._calls(found[0])

    def _block(self) -> None:
        """Read `if`, `for` or `while` with its body, and the body of its `else`."""
        while True:
            self._code("{[")
            self._part()
            rest = re.compile(r"\s*else\b").match(self.source, self.position)
            if rest is None:
                return
            self.position = rest.end()

    def _calls(self, name: str) -> None:
        while self.position < len(self.source):
            if self.source[self.position] in "([":
                constant = name == CONSTANT
                self.constants += constant
                self._part()
                self.constants -= constant
            elif (found := re.compile(r"\.([^\W\d][\w-]*)").match(self.source, self.position)) is not None:
                name, self.position = found[1], found.end()
            else:
                return

    def _part(self) -> None:
        """Read one bracket with its content, a string, or a single character."""
        if self.position >= len(self.source) or self._skip(_STRING):
            return
        opening = self.source[self.position]
        self.position += 1
        if opening == "[":
            self.markup("]")
        elif opening in _CLOSING:
            self._code(_CLOSING[opening])
            self.position += 1

    def _code(self, ends: str) -> None:
        """Read code up to, and without, one of the ends."""
        while self.position < len(self.source):
            if self._skip(_SKIPPED, _STRING, _MATH):
                continue
            character = self.source[self.position]
            if character in ends:
                return
            if (found := _NAME.match(self.source, self.position)) is not None:
                self.position = found.end()
                self._calls(found[0])
            elif character in "([{":
                self._part()
            else:
                self.position += 1

    def _skip(self, *patterns: re.Pattern[str]) -> bool:
        for pattern in patterns:
            if (found := pattern.match(self.source, self.position)) is not None:
                self.position = found.end()
                return True
        return False
