from jointsearch import samplers

# Needs the environment of envs/peers.txt, or one of its libraries; in any other, there is nothing to collect.
LIBRARIES = {name for name in samplers.REGISTRY if samplers.REGISTRY[name].library}
INSTALLED = {name for name in LIBRARIES if samplers.installed(name)}
if not INSTALLED:
    collect_ignore_glob = ["test_*.py"]
