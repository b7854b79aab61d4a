# Sourced by tools/test, tools/demo and .ci/run: makes the virtual environment and installs the checkout into it.
#
#   graphflow_environment EXTRAS     installs `-e .[EXTRAS]`; sets $python to the environment's interpreter
#
# GRAPHFLOW_VENV names the environment (default: .venv in the repository), GRAPHFLOW_PYTHON the interpreter it
# is made from (default: python3). An environment whose stamp matches setup.cfg is used as it is.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=${GRAPHFLOW_VENV:-$root/.venv}

_fail() { printf 'graphflow: %s\n' "$*" >&2; exit 1; }

_make_venv() {
    local base=${GRAPHFLOW_PYTHON:-python3}
    command -v "$base" >/dev/null || _fail "no '$base' found; install Python 3.10 or newer, or set GRAPHFLOW_PYTHON"
    "$base" -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
        _fail "$("$base" --version 2>&1) is too old: GraphFlow needs Python 3.10 or newer; set GRAPHFLOW_PYTHON to one"
    "$base" -c 'import venv, ensurepip' 2>/dev/null ||
        _fail "$base lacks the modules 'venv' and 'ensurepip' (on Debian and Ubuntu: apt install python3-venv)"
    "$base" -m venv --clear "$venv" || _fail "could not make a virtual environment in $venv"
}

_install() {
    local attempt
    for attempt in 1 2 3; do
        "$python" -m pip install --quiet --disable-pip-version-check --editable "$root[$1]" && return
        [ "$attempt" = 3 ] || { printf 'graphflow: pip failed; once more in %ss\n' $((attempt * 5)) >&2; sleep $((attempt * 5)); }
    done
    _fail "pip could not install graphflow[$1]; its messages are above"
}

graphflow_environment() {
    python=$venv/bin/python
    if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
        [ ! -e "$venv" ] || [ -f "$venv/pyvenv.cfg" ] || _fail "$venv exists and is no virtual environment"
        printf 'graphflow: making a virtual environment in %s\n' "$venv" >&2
        _make_venv
    fi
    # One stamp per set of extras: what the packages are asked for, and for which checkout.
    local stamp=$venv/graphflow-$1.stamp want
    want=$("$python" -c 'import hashlib, sys
for p in sys.argv[2:]: sys.argv[1] += hashlib.sha256(open(p, "rb").read()).hexdigest()
print(sys.argv[1])' "$root " "$root/setup.cfg" "$root/pyproject.toml") || _fail "could not read $root/setup.cfg"
    if [ "$(cat "$stamp" 2>/dev/null)" != "$want" ]; then
        printf 'graphflow: installing graphflow[%s] and what it needs\n' "$1" >&2
        _install "$1"
        printf '%s\n' "$want" >"$stamp"
    fi
}
