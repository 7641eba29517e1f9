#!/usr/bin/env bash
# The explorer's tests drive headless Chromium: install it where we may; elsewhere those tests skip and say so.
set -eu
if command -v chromium >/dev/null && command -v chromedriver >/dev/null; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing Chromium for the explorer's tests ..."
  log=.venv/apt.log
  { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q chromium chromium-driver; } >"$log" 2>&1 ||
    { tail -n 5 "$log"; echo "Chromium could not be installed: the explorer's browser tests will skip." >&2; }
else
  echo "No Chromium here: the explorer's browser tests will skip (apt-get install chromium chromium-driver)."
fi
