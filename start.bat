@echo off
rem Set up what is missing, then serve the shop: start.bat [--port 8000] [--data DIR] [--empty] [--workers N]
setlocal
cd /d "%~dp0"
if not defined PYTHON set PYTHON=py -3
%PYTHON% -c "import sys; sys.exit(sys.version_info < (3, 11))" 2>nul || (
    echo Bodega needs Python 3.11 or newer: install it, or set PYTHON to its path
    exit /b 1
)
if not exist .venv\installed (
    echo Making a virtual environment in .venv and installing pinned dependencies
    %PYTHON% -m venv .venv || exit /b 1
    .venv\Scripts\python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements\runtime.txt -r requirements\build.txt || exit /b 1
    .venv\Scripts\python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable . || exit /b 1
    echo done > .venv\installed
)
.venv\Scripts\python -m bodega.cli.main up %*
