#!/bin/sh
# Ask OpenStack Swift for a second opinion on objects: a store that many run for real, in four processes. A minute or two,
# so that this is no part of ./test.sh, which asks moto and dynalite. Arguments go to pytest.
set -eu
cd "$(dirname "$0")/.."
. ./scripts/environment.sh
prepare_environment requirements/runtime.txt requirements/build.txt requirements/aws.txt requirements/dev.txt
prepare_engines
exec .venv/bin/python -m pytest -n 2 -m opinion tests/ports "$@"
