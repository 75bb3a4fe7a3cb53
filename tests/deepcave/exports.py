"""What should DeepCAVE find? Writes exports of searches and beside each what is in it; runs in `.venv`."""

import json
import sys
from pathlib import Path

import numpy as np
from searches import SPACES, search_in

from jointsearch.analysis.correlation import correlations
from jointsearch.analysis.observations import table
from jointsearch.core.evaluation import Evaluation
from jointsearch.search import hpbandster
from jointsearch.space.space import Space


def main() -> None:
    for name, file in SPACES.items():
        for failing in (0, 0.2):
            folder = Path(sys.argv[1]) / f"{name}-{failing}"
            space = Space(file)
            evaluations = search_in(space, brackets=48, failing=failing)
            hpbandster.write(folder, space, evaluations)
            (folder / "expected.json").write_text(json.dumps(expected(evaluations)))


def expected(evaluations: list[Evaluation]) -> dict:
    pairs = correlations(table(evaluations, []), np.random.default_rng(0)).dropna(subset=["spearman"])
    return {
        "budgets": sorted({one.budget for one in evaluations}),
        "trials": [[one.proposal.values, one.budget, one.loss] for one in evaluations],
        "correlations": pairs[["lower_budget", "higher_budget", "spearman"]].to_numpy().tolist(),
    }


if __name__ == "__main__":
    main()
