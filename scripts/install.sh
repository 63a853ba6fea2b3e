#!/bin/sh
# Install $2, which is . or .[dev], editable, into the virtual environment $1.
# PYTHON chooses the interpreter; otherwise the first one that is 3.11 or later.
set -eu
venv=$1
what=$2

fail() {
    printf '%s\n' "$@" >&2
    exit 1
}

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        is_new_enough "$PYTHON" || fail "PYTHON=$PYTHON is not a Python 3.11 or later."
        echo "$PYTHON"
        return
    fi
    for candidate in python3 python3.14 python3.13 python3.12 python3.11 python3.15; do
        if is_new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    fail "hoptrail needs Python 3.11 or later, and $(python3 --version 2>/dev/null || echo 'no Python 3') is what is here." \
        "On Debian 12, Ubuntu 24.04 or later:  sudo apt-get install python3 python3-venv" \
        "With another one elsewhere:           make install PYTHON=/path/to/python3.12"
}

has_venv() {
    "$1" -c 'import venv, ensurepip' >/dev/null 2>&1
}

# Debian keeps venv in a package of its own, named for the version.
install_venv_module() {
    version=$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    remedy="sudo apt-get install python$version-venv"
    command -v apt-get >/dev/null 2>&1 ||
        fail "$1 lacks the modules venv and ensurepip; install them from where it came, or set PYTHON."
    if [ "$(id -u)" = 0 ]; then
        sudo=
    elif sudo -n true 2>/dev/null; then
        sudo="sudo -n"
    else
        fail "$1 lacks the modules venv and ensurepip. Run:  $remedy"
    fi
    echo "installing the package python$version-venv"
    $sudo env DEBIAN_FRONTEND=noninteractive sh -c "
        apt-get -q -o DPkg::Lock::Timeout=120 update
        apt-get -q -y -o DPkg::Lock::Timeout=120 install --no-install-recommends python$version-venv
    " >"$venv.apt.log" 2>&1 || {
        cat "$venv.apt.log" >&2
        fail "$1 lacks the modules venv and ensurepip, and they could not be installed. Run:  $remedy"
    }
    rm -f "$venv.apt.log"
}

if ! { [ -x "$venv/bin/python" ] && is_new_enough "$venv/bin/python" && "$venv/bin/python" -m pip --version >/dev/null 2>&1; }; then
    python=$(find_python)
    has_venv "$python" || install_venv_module "$python"
    echo "making $venv with $("$python" --version)"
    rm -rf "$venv"
    "$python" -m venv "$venv"
fi
echo "installing $what into $venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    --constraint constraints.txt --editable "$what"
