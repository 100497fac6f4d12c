"""What a machine of a fleet does when it starts, tried in a folder: its script, and the server's log.

This machine is not Amazon Linux: programs that only the other has are stood in for by ones that note their call.
"""

import json
import os
import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from engines import free_port
from processes import clean_environment, wait_until
from synthesis import flat

ERRORS = {"ERROR", "CRITICAL"}


@pytest.fixture(scope="module")
def script(fleet):
    """Return the start script as CloudFormation has it, with names in braces for what it fills in."""
    [template] = fleet.properties("AWS::EC2::LaunchTemplate")
    return template["LaunchTemplateData"]["UserData"]["Fn::Base64"]["Fn::Sub"][0]


def filled(script, folder, **values):
    """Return the script as CloudFormation leaves it, about a folder instead of the machine's own."""
    told = re.sub(r"\$\{([A-Z_]+)\}", lambda name: values.get(name[1], f"@{name[1]}"), script)
    return re.sub(r"(?<![\w.])/(etc|opt|var)/(?=\w)", rf"{folder}/\1/", told)


def between(script, begin, end):
    return script[script.index(begin) : script.index(end)]


def test_what_a_machine_is_told_is_nothing_to_its_shell(script, tmp_path):
    hostile = """BODEGA_MAIL_FROM="$(touch pwned) `touch pwned` $HOME 'x' \\\\ ; touch pwned\""""
    told = filled(script, tmp_path, SETTINGS=hostile)
    (tmp_path / "etc" / "bodega").mkdir(parents=True)

    assert subprocess.run(["bash", "-n"], input=told, text=True, check=False).returncode == 0
    written = between(told, "umask", f"cat >{tmp_path}/etc/systemd")
    subprocess.run(["bash", "-eu"], input=f"token=t\n{written}", text=True, check=True, cwd=tmp_path)

    environment = tmp_path / "etc" / "bodega" / "environment"
    lines = environment.read_text().splitlines()
    assert lines[-1] == hostile
    assert "BODEGA_REDIS_URL=rediss://:t@@CACHE" in lines
    assert "BODEGA_LOG_FORMAT=json" in lines
    assert not (tmp_path / "pwned").exists()
    assert environment.stat().st_mode & 0o077 == 0


AGENT = "opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl"
NOTES = """#!/bin/bash
echo "$(basename "$0") $*" >>"{calls}"
exit {code}
"""
# The group comes with the agent's package.
INSTALL = """#!/bin/bash
exec /usr/bin/install "${@/--group=cwagent/--group=$(id --group)}"
"""


@pytest.fixture
def machine(script, tmp_path):
    """Return what runs the script's first part in a folder, with the agent's start ending in a given way."""

    def start(*, agent_fails=False):
        programs = tmp_path / "programs"
        for path, code in (
            (programs / "dnf", 0),
            (programs / "systemctl", 0),
            (tmp_path / AGENT, int(agent_fails)),
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(NOTES.format(calls=tmp_path / "calls", code=code))
            path.chmod(0o755)
        (programs / "install").write_text(INSTALL)
        (programs / "install").chmod(0o755)
        (tmp_path / "etc" / "logrotate.d").mkdir(parents=True)
        told = filled(script, tmp_path, LOGS="/bodega/large/machines", REGION="eu-west-1", PYTHON="3.12")
        run = subprocess.run(
            ["bash"],
            input=told[: told.index("aws s3 cp")],
            text=True,
            capture_output=True,
            check=False,
            env=os.environ | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"},
        )
        return run, (tmp_path / "calls").read_text().splitlines()

    return start


def test_a_machine_has_its_logs_sent_on_before_it_does_anything_that_may_fail(machine, tmp_path):
    run, calls = machine()

    assert run.returncode == 0, run.stdout
    installed, timer, agent = calls
    assert {"python3.12", "amazon-cloudwatch-agent", "logrotate"} <= set(installed.split())
    assert timer == "systemctl enable --now logrotate.timer"
    config = agent.rpartition("file:")[2]
    told = json.loads(Path(config).read_text())
    assert told["agent"] == {"region": "eu-west-1", "run_as_user": "cwagent"}
    files = {one["file_path"]: one for one in told["logs"]["logs_collected"]["files"]["collect_list"]}
    assert set(files) == {f"{tmp_path}/var/log/bodega/{name}.log" for name in ("shop", "start")}
    for path, one in files.items():
        assert Path(path).stat().st_mode & 0o777 == 0o640
        assert one["log_group_name"] == "/bodega/large/machines"
        assert one["log_stream_name"] == f"{{instance_id}}/{Path(path).stem}"


def test_a_shop_opens_though_its_logs_cannot_be_sent_on_and_says_so(machine, tmp_path):
    run, _ = machine(agent_fails=True)

    assert run.returncode == 0
    said = tmp_path / "var" / "log" / "bodega" / "start.log"
    wait_until(lambda: "logs stay on this machine" in said.read_text(), what="the line in the log")


def test_the_shop_writes_to_the_log_that_is_sent_on(script):
    unit = between(script, "[Unit]", "[Install]")

    assert "StandardOutput=append:/var/log/bodega/shop.log\n" in unit
    assert "StandardError" not in unit  # follows the other
    assert "After=network-online.target amazon-cloudwatch-agent.service\n" in unit
    assert "--log-config /opt/bodega/server-log.json" in unit


@contextmanager
def served(script, folder, **settings):
    """Serve as the unit does, from this repository, and yield the address and the log."""
    written = between(filled(script, folder), "# The server's own lines", "aws s3 cp")
    (folder / "opt" / "bodega").mkdir(parents=True)
    subprocess.run(["bash", "-eu"], input=written, text=True, check=True)
    unit = re.search(r"ExecStart=\S+ (-m granian .*)", filled(script, folder, PORT=str(free_port())))[1]
    port = unit.split("--port ")[1].split()[0]
    words = unit.replace("$(nproc)", "1").replace("--host 0.0.0.0", "--host 127.0.0.1").split()
    log = folder / "shop.log"
    with log.open("ab") as file:
        process = subprocess.Popen(
            [sys.executable, *words],
            env=clean_environment(BODEGA_LOG_FORMAT="json", BODEGA_DATA_DIR=str(folder / "shop"), **settings),
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        yield f"http://127.0.0.1:{port}", log
    finally:
        process.terminate()
        process.wait()


def test_whatever_the_server_and_the_shop_say_is_a_line_that_programs_read(script, tmp_path):
    with served(script, tmp_path, BODEGA_ACCESS_LOG="true") as (address, log):
        wait_until(lambda: b"Started worker" in log.read_bytes(), what="the server")
        with httpx.Client() as client:
            assert client.get(f"{address}/v1/store/products", params={"limit": "%00\n{"}).status_code == 422

    said = [json.loads(line) for line in log.read_text().splitlines()]
    assert {"bodega.asgi", "_granian", "bodega.access"} <= {one["logger"] for one in said}
    assert [one for one in said if one["level"] in ERRORS] == []


def test_a_shop_that_cannot_open_is_counted_among_the_errors(script, fleet, tmp_path):
    with served(script, tmp_path, BODEGA_CURRENCY="nonsense") as (_, log):
        wait_until(lambda: b"Unexpected exit" in log.read_bytes(), what="the server's line")
        lines = log.read_text().splitlines()

    filters = {one["FilterName"]: one for one in fleet.properties("AWS::Logs::MetricFilter")}
    raised = filters["machines-errors-raised"]["FilterPattern"].strip('"')
    assert any(raised in line for line in lines)
    levels = {json.loads(line)["level"] for line in lines if line.startswith("{")}
    patterns = filters["machines-errors-logged"]["FilterPattern"]
    assert levels & ERRORS
    assert all(f'$.level = "{level}"' in patterns for level in ERRORS)


def test_errors_of_machines_are_counted_and_somebody_is_told(fleet):
    counted = {
        (one["MetricTransformations"][0]["MetricNamespace"], one["MetricTransformations"][0]["MetricName"])
        for one in fleet.properties("AWS::Logs::MetricFilter")
    }
    alarms = {one["AlarmName"]: one for one in fleet.properties("AWS::CloudWatch::Alarm")}
    alarm = alarms["bodega-large-machines-errors"]

    assert counted == {(alarm["Namespace"], alarm["MetricName"])}
    assert (alarm["Threshold"], alarm["Statistic"]) == (0, "Sum")
    assert alarm["AlarmActions"]


def test_machines_may_write_to_their_own_log_and_no_other(fleet):
    [(name, group)] = [
        (name, group)
        for _, name, group, _ in fleet.resources("AWS::Logs::LogGroup")
        if group["LogGroupName"] == "/bodega/large/machines"
    ]
    mine = [
        statement
        for role, statement in fleet.statements
        if role.startswith("Role") and "logs:" in flat(statement["Action"])
    ]

    assert group["RetentionInDays"] == 30
    assert [set(one["Action"]) for one in mine] == [{"logs:CreateLogStream", "logs:PutLogEvents"}]
    assert mine[0]["Resource"] == {"Fn::GetAtt": [name, "Arn"]}
