"""What holds for every sampler, for those that take the libraries that are installed."""

import pytest
from sampler_properties import SamplerProperties

from jointsearch import samplers

NAMES = [name for name, settings in samplers.REGISTRY.items() if settings.library and samplers.installed(name)]


@pytest.mark.parametrize("name", NAMES)
class TestProperties(SamplerProperties):
    pass
