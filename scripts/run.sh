#!/usr/bin/env bash
# Runs the exporter on this machine's own counters, or, where there are none, on the simulated source, and says so.
set -euo pipefail
binary=$1
shift

say_simulated() {
    cat >&2 <<TEXT
========================================================================
  SIMULATED: $1
  The numbers come from a model and measure nothing.
========================================================================
TEXT
}

counters=(/sys/class/powercap/intel-rapl*/energy_uj)
if [ ! -e "${counters[0]}" ]; then
    say_simulated "this machine shows no RAPL counters under /sys/class/powercap."
    exec "$binary" --source simulated "$@"
fi
if [ -r "${counters[0]}" ]; then
    exec "$binary" "$@"
fi
if command -v sudo >/dev/null; then
    echo "The energy counters are readable by root only: running with sudo." >&2
    exec sudo "$binary" "$@"
fi
say_simulated "the RAPL counters are readable by root only, and there is no sudo."
exec "$binary" --source simulated "$@"
