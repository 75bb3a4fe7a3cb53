"""Seeds: each random decision has its own, derived from where it stands and nothing else."""

from jointsearch.core.files import digest


def derive(seed: int, study: str, purpose: str, *place: int | str) -> int:
    """Derive a seed below 2^53 from the experiment's seed, the study, a purpose and a place.

    Parameters
    ----------
    seed
        The seed of the experiment.
    study
        Name of the study, such as `search`.
    purpose
        What the numbers are for: `sample`, `train`, `split`, `bootstrap`.
    place
        Where: bracket, rung, slot or proposal id.
    """
    return int(digest([seed, study, purpose, *place])[:13], 16)
