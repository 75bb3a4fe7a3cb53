from jointsearch.samplers import registry

# DEHB is only in the environment of envs/peers.txt; where a library is missing, nothing is collected of its sampler.
LIBRARIES = {name for name in registry.REGISTRY if registry.settings_of(name).library}
collect_ignore = [f"test_{name}.py" for name in LIBRARIES if not registry.installed(name)]
