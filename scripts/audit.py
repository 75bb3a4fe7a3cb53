"""Where does a result come from, and is it true?

  verify   check whole experiments, or single files, evaluations and numbers (the default)
  show     print what something was made of, as a tree
  why      the same, for a number of the paper: why paper:best_test_error
  diff     say in what two evaluations, or two experiments, differ
  root     print the digest over all files of an experiment

A target is a results folder (results/demo), a file in one, an evaluation (11-0-1@0), a configuration (11-0-1) or a
number (paper:best_test_error). Without one it is the only experiment in results/.

Exit codes: 0 verified, 1 mismatch, 2 wrong usage, 3 evidence is missing, 4 verified, but made with uncommitted code or
in an unpinned environment.
"""

import argparse
import json
import sys
from pathlib import Path

from jointsearch import cli
from jointsearch.errors import UserError
from jointsearch.provenance import audit, difference, lineage, manifest, page
from jointsearch.provenance.audit import Audit, Target
from jointsearch.provenance.evidence import BrokenExperimentError, Evidence
from jointsearch.provenance.findings import LEVELS, Findings, as_json, as_text
from jointsearch.records import write_bytes

VERBS = ("verify", "show", "why", "diff", "root")


def main() -> None:
    arguments = _parser().parse_args(_with_verb(sys.argv[1:]))
    try:
        targets = [Target.read(text, arguments.experiment) for text in arguments.targets]
        targets = targets or [Target(arguments.experiment or audit.only_experiment(Path("results")))]
        code = {"verify": _verify, "show": _show, "why": _show, "diff": _diff, "root": _root}[arguments.what](
            arguments, targets
        )
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1 if isinstance(error, BrokenExperimentError) else 2)
    sys.stdout.flush()
    sys.exit(code)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=VERBS, help="what to do")
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
        help="largest difference of the validation error on another processor (default 0.05)",
    )
    return parser


def _with_verb(words: list[str]) -> list[str]:
    return words if words[:1] and (words[0] in VERBS or words[0] in ("-h", "--help")) else ["verify", *words]


def _verify(arguments: argparse.Namespace, targets: list[Target]) -> int:
    audits, code = {}, 0
    for folder in dict.fromkeys(target.folder for target in targets):
        names = [target.name for target in targets if target.folder == folder and target.name is not None]
        audits[folder] = _audit(arguments, folder, names)
    for folder, done in audits.items():
        chosen = _about(done, [target.name for target in targets if target.folder == folder])
        code = max(code, chosen.verdict.exit_code, key=(0, 4, 3, 1).index)
        if arguments.json:
            print(json.dumps(_summary(done, chosen), indent=1))
        else:
            print(f"{folder}: root {done.root or 'unknown, there is no manifest'}")
            print(as_text(chosen))
            print(f"verdict: {chosen.verdict.words}")
    if arguments.html:
        write_bytes(arguments.html, page.render(list(audits.values())))
    return code


def _audit(arguments: argparse.Namespace, folder: Path, names: list[str]) -> Audit:
    done = audit.run(folder, arguments.level, arguments.signers)
    if arguments.level == "retrain":
        from jointsearch.provenance.retrain import How

        places = [place for name in names if (place := lineage.place_of(done.evidence, name)) is not None]
        how = How(arguments.device, arguments.data_root, arguments.cache, arguments.tolerance)
        audit.retrain(done, places, arguments.sample, arguments.seed, how)
    return done


def _about(done: Audit, names: list[str | None]) -> Findings:
    chosen: set[str] = set()
    for name in names:
        files = audit.behind(done.evidence, name) if name is not None else None
        if files is None:
            return done.findings
        chosen |= files
    return done.findings.about(chosen)


def _summary(done: Audit, chosen: Findings) -> dict[str, object]:
    return {
        "experiment": done.evidence.experiment.name,
        "root": done.root,
        "verdict": chosen.verdict.words,
        "exit_code": chosen.verdict.exit_code,
        "findings": as_json(chosen),
    }


def _show(arguments: argparse.Namespace, targets: list[Target]) -> int:
    for target in targets:
        done = audit.run(target.folder, "hash")
        marks = {file: verdict.words for file, verdict in done.findings.verdicts().items()}
        node = lineage.find(done.evidence, target.name or manifest.NAME)
        if arguments.json:
            print(json.dumps(node.as_json(marks), indent=1))
        else:
            print("\n".join(node.lines(marks)))
    return 0


def _diff(arguments: argparse.Namespace, targets: list[Target]) -> int:
    if len(targets) != 2:
        raise UserError(f"diff: takes two targets, not {len(targets)}")
    both = [Evidence.read(target.folder) for target in targets]
    if targets[0].name is None or targets[1].name is None:
        found = difference.of_experiments(*both)
    else:
        found = difference.of_evaluations(*((one, target.name) for one, target in zip(both, targets, strict=True)))
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
    for target in targets:
        print(f"{manifest.root(target.folder)}  {target.folder}")
    return 0


if __name__ == "__main__":
    cli.run(main)
