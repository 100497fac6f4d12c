#!/bin/sh
# Set up what is missing, then serve the shop: ./start.sh [--port 8000] [--data DIR] [--empty] [--workers N]
set -eu
cd "$(dirname "$0")"
. ./scripts/environment.sh
prepare_environment requirements/runtime.txt requirements/build.txt
exec .venv/bin/python -m bodega.cli.main up "$@"
