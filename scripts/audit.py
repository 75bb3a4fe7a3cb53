"""Where does a result come from, and is it true?

  verify   check whole experiments, or single files, evaluations and numbers (the default)
  show     print what something was made of, as a tree
  why      the same, for a number of the paper: why paper:best_test_error
  diff     say in what two evaluations, or two experiments, differ
  root     print the digest over all files of an experiment

A target is a results folder (results/demo), a file in one, an evaluation (11-0-1@0), a configuration (11-0-1) or a
number (paper:best_test_error). Without one it is the only experiment in results/.

Exit codes: 0 verified, 1 mismatch, 2 wrong usage, 3 evidence is missing, 4 verified, but made with uncommitted code or
in an unpinned environment. Those of the others than verify: 0, or 1 to 3 if they could not answer.
"""

import argparse
import json
import sys
from pathlib import Path

from jointsearch.audit import audit, difference, lineage, manifest, page
from jointsearch.audit.ancestry import files_behind
from jointsearch.audit.audit import Audit, Target
from jointsearch.audit.evidence import BrokenEvidenceError, Evidence, MissingEvidenceError
from jointsearch.audit.findings import LEVELS, Findings, as_json, as_text
from jointsearch.core import cli, layout
from jointsearch.core.errors import UserError
from jointsearch.core.files import write_bytes

CODES = {BrokenEvidenceError: 1, MissingEvidenceError: 3}
VERBS = ("verify", "show", "why", "diff", "root")


def main() -> None:
    verb, words = _split(sys.argv[1:])
    arguments = _parser().parse_intermixed_args(words)
    try:
        targets = [Target.read(text, arguments.experiment) for text in arguments.targets]
        targets = targets or [Target(arguments.experiment or audit.only_experiment(Path("results")))]
        code = {"verify": _verify, "show": _show, "why": _show, "diff": _diff, "root": _root}[verb](arguments, targets)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(next((code for kind, code in CODES.items() if isinstance(error, kind)), 2))
    sys.stdout.flush()
    sys.exit(code)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.usage = "%(prog)s [verify | show | why | diff | root] [TARGET ...] [options]"
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="what to look at")
    parser.add_argument("--experiment", type=Path, metavar="FOLDER", help="the experiment that ids and numbers are of")
    parser.add_argument(
        "--level", choices=LEVELS, default="derive", help="how deep: hashes; what follows; trainings (default: derive)"
    )
    parser.add_argument("--json", action="store_true", help="print for machines")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page as well")
    parser.add_argument("--signers", type=Path, metavar="FILE", help="who may sign: allowed signers of ssh-keygen")
    retrain = parser.add_argument_group("retrain")
    retrain.add_argument("--sample", type=cli.positive(int), default=3, metavar="K", help="how many (default 3)")
    retrain.add_argument("--seed", type=int, default=0, help="which ones")
    retrain.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    retrain.add_argument("--data-root", type=Path, default=Path("data"), help="folder of the images")
    retrain.add_argument("--cache", type=Path, default=Path(".cache"), help="folder of decoded images")
    retrain.add_argument(
        "--tolerance",
        type=cli.positive(float),
        default=0.05,
        help="largest difference of an error on another processor (default 0.05)",
    )
    return parser


def _split(words: list[str]) -> tuple[str, list[str]]:
    """Take the verb, wherever it stands, out of the command line."""
    verb = next((word for word in words if word in VERBS), None)
    if verb is None:
        return "verify", words
    place = words.index(verb)
    return verb, words[:place] + words[place + 1 :]


def _verify(arguments: argparse.Namespace, targets: list[Target]) -> int:
    audits: list[Audit] = []
    told: list[dict[str, object]] = []
    code = 0
    for folder in dict.fromkeys(target.folder for target in targets):
        names = [target.name for target in targets if target.folder == folder]
        done = _audit(arguments, folder, [name for name in names if name is not None])
        chosen = _about(done, names)
        audits.append(done)
        told.append(_summary(done, chosen))
        code = max(code, chosen.verdict.exit_code, key=(0, 4, 3, 1).index)
        if not arguments.json:
            print(f"{folder}: root {done.root or 'unknown, there is no manifest'}")
            print(as_text(chosen))
            print(f"verdict: {chosen.verdict.words}")
    if arguments.json:
        print(json.dumps(told, indent=1))
    if arguments.html:
        write_bytes(arguments.html, page.render(audits))
    return code


def _audit(arguments: argparse.Namespace, folder: Path, names: list[str]) -> Audit:
    done = audit.run(folder, arguments.level, arguments.signers)
    if arguments.level == "retrain":
        from jointsearch.audit.retrain import How

        how = How(arguments.device, arguments.data_root, arguments.cache, arguments.tolerance)
        audit.retrain(done, names, arguments.sample, arguments.seed, how)
    return done


def _about(done: Audit, names: list[str | None]) -> Findings:
    """Findings on what targets rest on; what is said of no file is kept."""
    chosen: set[str] = set()
    for name in names:
        files = files_behind(done.evidence, name) if name is not None else None
        if files is None:
            return done.findings
        chosen |= files
    there = set(layout.files(done.evidence.path))
    return done.findings.about(chosen | {one.subject for one in done.findings if one.subject not in there})


def _summary(done: Audit, chosen: Findings) -> dict[str, object]:
    return {
        "experiment": done.evidence.experiment.name,
        "root": done.root,
        "verdict": chosen.verdict.words,
        "exit_code": chosen.verdict.exit_code,
        "findings": as_json(chosen),
    }


def _show(arguments: argparse.Namespace, targets: list[Target]) -> int:
    trees = []
    for target in targets:
        done = audit.run(target.folder, "hash")
        marks = {file: verdict.words for file, verdict in done.findings.verdicts().items()}
        trees.append((lineage.find(done.evidence, target.name or manifest.NAME), marks))
    if arguments.json:
        print(json.dumps([tree.as_json(marks) for tree, marks in trees], indent=1))
    else:
        print("\n".join(line for tree, marks in trees for line in tree.lines(marks)))
    return 0


def _diff(arguments: argparse.Namespace, targets: list[Target]) -> int:
    if len(arguments.targets) != 2 or (targets[0].name is None) != (targets[1].name is None):
        raise UserError("diff: takes two evaluations, or two results folders")
    one, other = (Evidence.read(target.folder) for target in targets)
    if targets[0].name is None:
        found = difference.of_experiments(one, other)
    else:
        found = difference.of_evaluations((one, targets[0].name), (other, targets[1].name))
    if arguments.json:
        print(json.dumps(found, indent=1))
        return 0
    for aspect, lines in found.items():
        print(f"{aspect}:")
        print("\n".join(f"  {line}" for line in lines))
    if not found:
        print("no difference")
    return 0


def _root(arguments: argparse.Namespace, targets: list[Target]) -> int:
    roots = {str(target.folder): manifest.root(target.folder) for target in targets}
    print(json.dumps(roots, indent=1) if arguments.json else "\n".join(f"{root}  {at}" for at, root in roots.items()))
    return 0


if __name__ == "__main__":
    cli.run(main)
