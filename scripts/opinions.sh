#!/bin/sh
# Ask moto, dynalite and OpenStack Swift for a second opinion on what adapters for AWS do. Two to four minutes, most of
# them Swift's, which keeps every object in a file for real; so this is no part of ./test.sh. Arguments go to pytest.
set -eu
cd "$(dirname "$0")/.."
. ./scripts/environment.sh
prepare_environment requirements/runtime.txt requirements/build.txt requirements/aws.txt requirements/dev.txt
prepare_engines
prepare_dynalite
exec .venv/bin/python -m pytest -n 2 -m opinion tests/ports "$@"
