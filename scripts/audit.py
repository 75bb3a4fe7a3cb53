"""Where does a result come from, and is it true?

  verify   check whole experiments, or single files, evaluations and numbers (the default)
  show     print what a result was computed from, as a tree
  why      the same, for a number of the paper: why paper:best_test_error
  diff     list how two evaluations, or two experiments, differ
  root     print the digest over all files of an experiment

A target is a results folder (results/demo), a file in one, an evaluation (11-0-1@0), a configuration (11-0-1) or a
number (paper:best_test_error). The default is the only experiment in results/.

Exit codes of verify: 0 verified, 1 mismatch, 2 wrong usage, 3 evidence is missing, 4 verified, but made with
uncommitted code or in an unpinned environment. show and why: 1 or 3 also if a file in the tree is wrong or missing.
Otherwise 0, or 1 to 3 if they could not answer.
"""

import argparse
import sys
from pathlib import Path

from jointsearch.audit import answers, options
from jointsearch.audit.audit import Target, only_experiment
from jointsearch.audit.evidence import BrokenEvidenceError, MissingEvidenceError
from jointsearch.core import cli
from jointsearch.core.errors import UserError
from jointsearch.core.files import write_bytes

CODES = {BrokenEvidenceError: 1, MissingEvidenceError: 3}


def main() -> None:
    verb, arguments = options.read(__doc__ or "", sys.argv[1:])
    try:
        targets = [Target.read(text, arguments.experiment) for text in arguments.targets]
        answer = _answer(verb, arguments, targets or [Target(arguments.experiment or only_experiment(Path("results")))])
        print(answer.printed(arguments.json), flush=True)
        if arguments.html and answer.page is not None:
            write_bytes(arguments.html, answer.page())
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(next((code for kind, code in CODES.items() if isinstance(error, kind)), 2))
    sys.exit(answer.code)


def _answer(verb: str, arguments: argparse.Namespace, targets: list[Target]) -> answers.Answer:
    if verb == "verify":
        return answers.verify(targets, arguments.level, arguments.signers, options.retraining(arguments))
    return {"show": answers.show, "why": answers.why, "diff": answers.diff, "root": answers.root}[verb](targets)


if __name__ == "__main__":
    cli.run(main)
