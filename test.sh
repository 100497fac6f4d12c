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
exec .venv/bin/python -m pytest -n 2 -m "not slow and not aws" "$@"
