"""What holds for every sampler, for those that take the libraries that are installed."""

import pytest
from sampler_properties import SamplerProperties

from jointsearch.samplers import registry

NAMES = [name for name, settings in registry.REGISTRY.items() if settings.library and registry.installed(name)]


@pytest.mark.parametrize("name", NAMES)
class TestProperties(SamplerProperties):
    pass
