"""What holds for every sampler, for those that take the libraries that are installed."""

import pytest
from sampler_properties import SamplerProperties

from jointsearch.samplers import registry

NAMES = [name for name in registry.REGISTRY if registry.settings_of(name).library and registry.installed(name)]


@pytest.mark.parametrize("name", NAMES)
class TestProperties(SamplerProperties):
    pass
