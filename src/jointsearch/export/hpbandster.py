"""The folder of an HpBandSter run, which HpBandSter itself, DeepCAVE and CAVE read.

`configs.json` and `results.json` hold one JSON array a line, as HpBandSter 0.7.4 logs them; `configspace.json`, which
HpBandSter does not write, holds the space.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jointsearch.errors import UserError
from jointsearch.records import Evaluation, Proposal, proposal_key, write_bytes

# Named in annotations only: the workflow reads such a folder without the import of ConfigSpace.
if TYPE_CHECKING:
    from jointsearch.space import Space

CONFIGS, RESULTS, SPACE = "configs.json", "results.json", "configspace.json"
FAILED: dict[str, Any] = {"loss": float("inf"), "info": {"state": "CRASHED"}}
"""A training that failed: HpBandSter counts it as infinitely bad, DeepCAVE as crashed."""


def write(folder: Path, space: Space, evaluations: Sequence[Evaluation]) -> None:
    """Write evaluations of one study as the folder of an HpBandSter run.

    Parameters
    ----------
    folder
        Made where missing; an earlier export in it is replaced.
    space
        The space of the search.
    evaluations
        In any order.

    Raises
    ------
    UserError
        If there is no evaluation, the folder holds a run of HpBandSter's own, or it cannot be written.
    """
    if not evaluations:
        raise UserError(f"{folder}: nothing to export, as no training has ended yet; wait for the first")
    if (folder / CONFIGS).exists() and not (folder / SPACE).exists():
        raise UserError(f"{folder}: holds a run of HpBandSter itself, not an export; name another folder")
    ordered = sorted(evaluations, key=lambda one: (one.bracket, one.rung, one.slot))
    write_bytes(folder / CONFIGS, _lines(_config(one, space) for one in _proposals(ordered)))
    write_bytes(folder / RESULTS, _lines(_result(one) for one in ordered))
    serialized = space.configuration_space.to_serialized_dict()
    write_bytes(folder / SPACE, json.dumps(serialized, indent=2).encode() + b"\n")


def _proposals(evaluations: Sequence[Evaluation]) -> list[Proposal]:
    """Order the proposals by id, but for the last: one that was trained at the most budgets.

    HpBandSter starts from earlier results with a model only for the budgets of the last configuration.
    """
    proposals = {one.proposal.id: one.proposal for one in evaluations}
    trained = Counter(one.proposal.id for one in evaluations)
    last = max(proposals, key=lambda name: (trained[name], proposal_key(name)))
    return [proposals[name] for name in sorted(proposals, key=lambda name: (name == last, proposal_key(name)))]


def _config(proposal: Proposal, space: Space) -> list[Any]:
    picked = {"model_based_pick": proposal.origin.kind == "model"}
    return [proposal_key(proposal.id), space.file.typed(proposal.values), picked]


def _result(one: Evaluation) -> list[Any]:
    started = min(stretch.started for stretch in (*one.observed.earlier, one.observed))
    times = {"submitted": started, "started": started, "finished": one.observed.finished}
    result = FAILED if one.loss is None else {"loss": one.loss, "info": {}}
    return [proposal_key(one.proposal.id), float(one.budget), times, result, None]


def _lines(items: Iterable[list[Any]]) -> bytes:
    return "".join(json.dumps(item) + "\n" for item in items).encode()
