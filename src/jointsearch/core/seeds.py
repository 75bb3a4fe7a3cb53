"""Seeds: each random decision has its own, derived from its position and nothing else."""

from jointsearch.core.files import digest


def derive_seed(seed: int, study: str, purpose: str, *position: int | str) -> int:
    """Derive a seed below 2^53 from the experiment's seed, the study, a purpose and a position.

    Parameters
    ----------
    seed
        The seed of the experiment.
    study
        Name of the study, such as `search`.
    purpose
        What the numbers are for: `sample`, `train`, `split`, `bootstrap`.
    position
        Bracket, rung, slot or proposal id.
    """
    return int(digest([seed, study, purpose, *position])[:13], 16)
