#!/usr/bin/env bash
# Writes down what the originals print, for the tests to compare with what the programs print: originals/print-all.sh [PYTHON]
# Left out are helpers, which draw no random numbers, and what trains for minutes, which takes arguments.
set -euo pipefail
cd "$(dirname "$0")"
for original in */*.py; do
  if grep -q manual_seed "$original" && ! grep -q argparse "$original"; then
    name=$(basename "$original" .py | tr _ -)
    "${1:-python3}" -W ignore "$original" >"../test/printed/$(dirname "$original").$name.txt"
  fi
done
