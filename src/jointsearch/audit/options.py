"""The command line of an audit."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from jointsearch.audit.findings import LEVELS
from jointsearch.audit.retrain import RetrainOptions
from jointsearch.core import cli

VERBS = ("verify", "show", "why", "diff", "root")


def read(description: str, words: Sequence[str]) -> tuple[str, argparse.Namespace]:
    """Read the verb, in any position, and the arguments."""
    words = list(words)
    verb = next((word for word in words if word in VERBS), None)
    if verb is not None:
        words.remove(verb)
    return verb or "verify", _parser(description).parse_intermixed_args(words)


def retraining(arguments: argparse.Namespace) -> RetrainOptions | None:
    """Which trainings are to be repeated, and how; None at the other levels."""
    if arguments.level != "retrain":
        return None
    return RetrainOptions(
        device=arguments.device,
        data_root=arguments.data_root,
        cache_root=arguments.cache,
        tolerance=arguments.tolerance,
        number=arguments.sample,
        seed=arguments.seed,
    )


def _parser(description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.usage = f"%(prog)s [{' | '.join(VERBS)}] [TARGET ...] [options]"
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="what to check, or to show")
    parser.add_argument("--experiment", type=Path, metavar="FOLDER", help="the experiment of ids and numbers")
    parser.add_argument(
        "--level",
        choices=LEVELS,
        default="derive",
        help="depth: digests; what follows from them; repeated trainings (default: derive)",
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
