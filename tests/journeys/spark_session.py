"""Run the training job on a Spark of this machine: one session for all of a test, since starting it takes seconds."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

_REPOSITORY = Path(__file__).resolve().parents[2]
_PYTHON = _REPOSITORY / ".venv-spark" / "bin" / "python"
# Nobody waits for a test's second run: a compiler that is quick beats one whose code is.
_SETTINGS = {
    "spark.master": "local[2]",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.driver.memory": "1g",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
}
_JOBS = """
import json, sys
from bodega.spark.job import main
print(json.dumps([main(arguments) for arguments in json.loads(sys.argv[1])]))
"""


def run_jobs(folder, *jobs):
    """Run the job with each of the arguments, and return their exit codes and all that was printed."""
    if not _PYTHON.exists() or not shutil.which("java"):
        (pytest.fail if os.environ.get("CI") else pytest.skip)("Spark needs Java 17; with that ./test.sh installs it")
    settings = " ".join(f"--conf '{name}={value}'" for name, value in _SETTINGS.items())
    environment = {
        **os.environ,
        "PYTHONPATH": str(_REPOSITORY / "src"),
        "PYSPARK_PYTHON": str(_PYTHON),
        "PYSPARK_SUBMIT_ARGS": f"{settings} pyspark-shell",
        "SPARK_LOCAL_DIRS": str(folder),
    }
    command = [_PYTHON, "-c", _JOBS, json.dumps(jobs)]
    run = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=900, check=False)
    assert run.returncode == 0, run.stderr[-4000:]
    *printed, codes = run.stdout.splitlines()
    return json.loads(codes), "\n".join(printed), run.stderr
