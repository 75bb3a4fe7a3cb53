from types import SimpleNamespace

import pytest
from snakemake.cli import get_argument_parser
from snakemake.scheduling.job_scheduler import JobRateLimiter
from snakemake.settings.types import MaxJobsPerTimespan

from jointsearch.workflow.listener import look_only_when_needed

DEFAULT = get_argument_parser(profiles=[]).get_default("max_jobs_per_timespan")


@pytest.mark.parametrize(("limit", "kept"), [(DEFAULT, False), ("100/1m", True), ("1/1s", True)])
def test_only_the_limit_of_jobs_that_snakemake_comes_with_is_lifted(limit, kept):
    scheduler = SimpleNamespace(job_rate_limiter=JobRateLimiter(MaxJobsPerTimespan.parse_choice(limit)))
    look_only_when_needed(scheduler)
    assert (scheduler.job_rate_limiter is not None) == kept
