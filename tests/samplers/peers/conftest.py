from jointsearch.samplers import registry

# The environment of envs/peers.txt has all libraries; in another, nothing is collected of those that are not there.
LIBRARIES = {name for name in registry.REGISTRY if registry.settings_of(name).library}
INSTALLED = {name for name in LIBRARIES if registry.installed(name)}
collect_ignore = [f"test_{name}.py" for name in LIBRARIES - INSTALLED]
if not INSTALLED:
    collect_ignore.append("test_properties.py")
