#!/usr/bin/env bash
# Makes .venv with the pinned packages, and nothing where it is current. What follows, Python does: `vpclab setup`.
set -euo pipefail
cd -P "$(dirname "$0")/.."
readonly VENV=.venv STAMP=.venv/.vpclab-stamp

say() { printf '%s\n' "$*" >&2; }
die() { say "vpclab: $*"; exit 1; }

# Installs Debian packages where we may; else says what to type.
debian() {
  local purpose=$1; shift
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "$*: missing ($purpose); installing with apt-get, as we are root"
    export DEBIAN_FRONTEND=noninteractive
    apt-get install -y -q --no-install-recommends "$@" >/dev/null 2>&1 && return
    apt-get update -q >/dev/null 2>&1 || true
    apt-get install -y -q --no-install-recommends "$@" >/dev/null || die "apt-get could not install $*"
  else
    die "$* is missing ($purpose). Type: sudo apt-get install -y $*"
  fi
}

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
  local candidate
  for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
    if command -v "$candidate" >/dev/null && new_enough "$candidate"; then command -v "$candidate"; return; fi
  done
  return 1
}

python=$(find_python) || {
  debian "the project is written in Python" python3 python3-venv
  python=$(find_python) || die "no Python 3.11 or newer on PATH. Install one, and name it with PYTHON=/path/to/python3"
}

wanted=$(cat requirements.txt pyproject.toml | sha256sum | cut -d' ' -f1)

# Its programs begin with the path of its Python: one that was moved, or whose Python went, has to be made anew.
usable() {
  "$VENV/bin/python" -c 'import sys' && new_enough "$VENV/bin/python" && head -n 3 "$VENV/bin/pip" | grep -qF "$PWD/$VENV/"
} 2>/dev/null

if usable; then
  if [ -f "$STAMP" ] && [ "$(cat "$STAMP")" = "$wanted" ]; then exit 0; fi
else
  if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    debian "Python's own venv and ensurepip" \
      "python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
  fi
  say "virtual environment: making $PWD/$VENV with $python ($("$python" -V))"
  rm -rf "$VENV"
  "$python" -m venv "$VENV"
fi
rm -f "$STAMP"
say "Python packages: installing what requirements.txt pins ($(grep -cE '^[a-z].*==' requirements.txt) and what they need)"
"$VENV/bin/python" -m pip install --quiet --disable-pip-version-check -r requirements.txt
"$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --editable .
printf '%s\n' "$wanted" > "$STAMP"
say "virtual environment: ready"
