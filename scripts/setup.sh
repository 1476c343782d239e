# Sourced by every script here: finds Python, prepares .venv, and defines `command_of`.
# A caller sets nothing; it does `. "$(dirname -- "$0")/setup.sh"` and then `command_of NAME "$@"`.

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P) || exit 1

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    for candidate in ${PYTHON:+"$PYTHON"} python3 python3.14 python3.13 python3.12 python3.11 python; do
        if command -v "$candidate" >/dev/null 2>&1 && is_new_enough "$candidate"; then
            printf '%s\n' "$candidate"
            return 0
        fi
    done
    return 1
}

if ! python=$(find_python); then
    found=$(python3 --version 2>/dev/null || echo "no Python at all")
    echo "Boxoffice needs Python 3.11 or newer; this machine has ${found}." >&2
    echo "Install a newer one, or name it: PYTHON=/path/to/python3.12 $0" >&2
    exit 1
fi
"$python" "$root/scripts/bootstrap.py" || exit 1

# The caller's folder stays the current one, so that relative paths on the command line mean what they say.
command_of() {
    name=$1
    shift
    PYTHONPATH=$root exec "$root/.venv/bin/python" -m "scripts.commands.$name" "$@"
}
