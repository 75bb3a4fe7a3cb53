#!/bin/sh
# Run a script from outside of the environment: with the Python that PYTHON names, else the environment's own, else the
# first of the usual names that is new enough and can make virtual environments. So another `python3` changes nothing.
cd "$(dirname "$0")/.." || exit
probe='
import sys
if sys.version_info < (3, 11):
    sys.exit("is Python " + sys.version.split()[0])
try:
    if sys.argv[1] != ".venv/bin/python":
        import ensurepip, venv
except ImportError:
    sys.exit("has no venv (on Debian: apt-get install python3-venv)")
'
if [ -n "$PYTHON" ]; then
    names=PYTHON
else
    names=".venv/bin/python python3 python3.11 python3.12 python3.13 python"
fi
found=
for name in $names; do
    [ "$name" = PYTHON ] && name=$PYTHON # may hold spaces
    said=$("$name" -Es -c "$probe" "$name" 2>&1)
    case $? in
        0) exec "$name" -Es "$@" ;;
        # There is none of this name, or it does not start on this machine.
        126 | 127) [ -z "$PYTHON" ] || found="; $name cannot be started" ;;
        *) found="$found; $name $(echo "$said" | tail -n 1)" ;;
    esac
done
echo "error: Python 3.11 or newer is needed$found: name one, make env PYTHON=/path/to/python3.12" >&2
exit 1
