#!/bin/sh
# Check everything that CI checks: style, types, architecture, tests. Arguments go to pytest: ./test.sh -k search
set -eu
cd "$(dirname "$0")"
. ./scripts/environment.sh
prepare_environment requirements/runtime.txt requirements/build.txt requirements/aws.txt requirements/dev.txt
prepare_engines
prepare_infra
prepare_dynalite
prepare_servers
prepare_spark
.venv/bin/ruff format --check --quiet .
.venv/bin/ruff check --quiet .
.venv/bin/mypy
.venv/bin/lint-imports --no-logo
# Tests start some hundred processes, which would compile the whole shop each where the environment forbids to keep that.
unset PYTHONDONTWRITEBYTECODE
# Databases of tests sync, thousands of times, what nobody looks at afterwards: in memory, where it has the room.
if [ -w /dev/shm ] && [ "$(df -Pk /dev/shm | awk 'NR == 2 { print $4 }')" -gt 6000000 ]; then
    export TMPDIR=/dev/shm
fi
exec .venv/bin/python -m pytest -n 2 --dist worksteal -m "not slow and not aws" "$@"
