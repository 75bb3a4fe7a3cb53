from jointsearch.samplers import registry

# Needs the environment of envs/peers.txt, or one of its libraries; in any other, there is nothing to collect.
LIBRARIES = {name for name in registry.REGISTRY if registry.REGISTRY[name].library}
INSTALLED = {name for name in LIBRARIES if registry.installed(name)}
if not INSTALLED:
    collect_ignore_glob = ["test_*.py"]
