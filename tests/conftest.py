"""What all tests share: the same examples in each run, on a busy machine too."""

from importlib.util import find_spec

# The environments of other people's libraries have no Hypothesis, and tests there need none.
if find_spec("hypothesis") is not None:
    from hypothesis import settings

    # No deadlines, and no random choice of examples.
    settings.load_profile("ci")
