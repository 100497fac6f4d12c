"""Start real `bodega` processes on free loopback ports, and end every one of them whatever a test did."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil

REPOSITORY = Path(__file__).parents[2]
SECONDS = 60.0


def wait_until(is_so, *, seconds=SECONDS, what="what was awaited", every=0.02):
    """Poll until the function returns something true, and return that: soon at first, then every so many seconds."""
    deadline = time.monotonic() + seconds
    pause = 0.02
    while True:
        found = is_so()
        if found:
            return found
        assert time.monotonic() < deadline, f"{what} did not come within {seconds} s"
        time.sleep(pause)
        pause = min(2 * pause, every)


def clean_environment(**more):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BODEGA_")}
    return kept | {"PYTHONPATH": str(REPOSITORY / "src"), "PYTHONUNBUFFERED": "1"} | more


def bodega(*words, **environment):
    """Run a `bodega` command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "bodega.cli.main", *map(str, words)],
        env=clean_environment(**environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )


class Up:
    """A running `bodega up` in a process group of its own, and what it printed."""

    def __init__(self, output, *words, **environment):
        self._output = output
        with output.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bodega.cli.main", "up", *map(str, words)],
                env=clean_environment(**environment),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.seen = {psutil.Process(self.process.pid)}
        self.client = httpx.Client(timeout=SECONDS)

    @property
    def text(self):
        return self._output.read_text(encoding="utf-8", errors="replace")

    def wait_for_text(self, text, *, times=1, seconds=SECONDS):
        def is_so():
            if self.text.count(text) >= times:
                return True
            assert self.process.poll() is None, f"ended before it printed {text!r}:\n{self.text}"
            return False

        wait_until(is_so, seconds=seconds, what=repr(text))
        return self

    def opened(self):
        """Wait until the shop says its address, and let the client talk to it."""
        self.wait_for_text("The shop is open: ")
        address = next(line for line in self.text.splitlines() if "The shop is open: " in line).split(": ", 1)[1]
        self.client.base_url = httpx.URL(address.strip())
        return self

    @property
    def port(self):
        return self.client.base_url.port

    def sign_in(self, token):
        self.client.headers["authorization"] = f"Bearer {token}"
        return self

    @property
    def printed_key(self):
        lines = [line for line in self.text.splitlines() if "API key" in line]
        assert len(lines) == 1, self.text
        return lines[0].rsplit(" ", 1)[1]

    def family(self):
        """Return all processes that descend from this one, itself left out; remember them for the end."""
        try:
            found = psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            found = []
        self.seen.update(found)
        return found

    def workers(self):
        return [child for child in self.family() if "worker" in _words(child)]

    def servers(self):
        return [child for child in self.family() if "up" in _words(child) or "spawn_main" in "".join(_words(child))]

    def interrupt(self):
        """Do what Ctrl-C does: tell the whole group."""
        self.family()
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(SECONDS)

    def terminate(self):
        """Tell the first process alone, as service managers do."""
        self.family()
        self.process.terminate()
        return self.process.wait(SECONDS)

    def kill(self):
        """End the first process with no chance to tidy up."""
        self.family()
        self.process.kill()
        self.process.wait(SECONDS)

    def kill_all(self):
        """End every process at the same moment with no chance to tidy up."""
        self.family()
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(SECONDS)
        self.end()

    def left_over(self):
        """Return processes of this shop that are still there."""
        return [one for one in self.seen if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]

    def end(self):
        self.client.close()
        self.family()
        for one in self.left_over():
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        self.process.wait(SECONDS)


@contextlib.contextmanager
def starting(folder, **settings):
    """Yield a function that starts a shop with these words, by default on `folder/data`; end them all afterwards.

    `settings` are environment variables of every shop that is started.
    """
    started = []

    def begin(*words, port=0, data=None, **environment):
        output = folder / f"output-{len(started)}.txt"
        started.append(Up(output, "--data", data or folder / "data", "--port", port, *words, **settings, **environment))
        return started[-1]

    try:
        yield begin
    finally:
        for one in started:
            one.end()


def _words(process):
    try:
        return process.cmdline()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return []
