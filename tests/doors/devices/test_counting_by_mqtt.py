"""Scanners count over MQTT: through a real broker in the shop, and through a rule of IoT Core, to the same stock."""

import contextlib
import io
import itertools
import os
import resource
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from zlib import crc32

import msgspec
import pytest
from broker import Authority, Mosquitto, publish
from engines import aws_client, deployed, ministack, queue_arn, wait_until

from bodega import schema
from bodega.cli.main import main
from bodega.domain.catalog.model import ProductInput, VariantInput
from bodega.domain.devices.model import DeviceInput
from bodega.errors import InvalidError, UnavailableError
from bodega.settings import Settings
from bodega.values.money import Money
from bodega.values.times import format_time
from bodega.wiring import open_shop
from bodega.worker import listening as listeners
from bodega.worker.listening import Broker, Listener


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    """Let listeners look sooner whether they are to stop, and come back sooner after they were sent away."""
    monkeypatch.setattr(listeners, "_LOOK_SECONDS", 0.02)
    monkeypatch.setattr(listeners, "_FIRST_PAUSE_SECONDS", 0.1)


@pytest.fixture
def shop(tmp_path):
    shop = stocked(Settings.for_directory(tmp_path / "shop"))
    yield shop
    shop.close()


@pytest.fixture
def broker(shop, tmp_path):
    folder = tmp_path / "broker"
    folder.mkdir()
    broker = Mosquitto(folder, acl=access_list(tmp_path / "shop"))
    broker.start()
    yield broker
    broker.stop()


def stocked(settings):
    """Return a shop that sells mugs, with a scanner at the till and one in the cellar."""
    shop = open_shop(settings)
    variants = [VariantInput(sku="MUG", price=Money(500, "GBP"))]
    shop.catalog.products.create(ProductInput(title="Mug", variants=variants))
    shop.devices.register("scanner-1", DeviceInput(location="main"))
    shop.devices.register("scanner-2", DeviceInput(location="cellar"))
    return shop


def access_list(folder):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        assert main(["device", "acl", "--data", str(folder)]) == 0
    return printed.getvalue()


def reading(count, *, sequence=1):
    document = {"sku": "MUG", "count": count, "counted_at": format_time(datetime.now(UTC)), "sequence": sequence}
    return msgspec.json.encode(document)


def listener_of(broker, shop, queue=None, name="bodega"):
    certificate, key = broker.authority.issue(name)
    return Listener(
        Broker(
            url=f"mqtts://127.0.0.1:{broker.port}",
            authorities=broker.authority.file,
            certificate=certificate,
            key=key,
        ),
        queue or shop.world.queue,
    )


@contextmanager
def listening(*args, **options):
    stop = threading.Event()
    listener = listener_of(*args, **options)
    thread = threading.Thread(target=listener.listen_until, args=(stop,), daemon=True)
    thread.start()
    try:
        assert listener.listening.wait(60)
        yield
    finally:
        stop.set()
        thread.join(60)
    assert not thread.is_alive()


def topic(location="main", device="scanner-1"):
    return f"{schema.COUNTS_TOPIC}/{location}/{device}"


def work(shop, *, until):
    """Work on counts until something is so."""

    def done():
        shop.counting.work_once()
        if not until():
            raise BlockingIOError

    wait_until(done)


def on_hand(shop, location="main"):
    level = shop.stock.find(sku="MUG", location=location)
    return None if level is None else level.on_hand


def test_what_a_scanner_counts_becomes_stock(shop, broker):
    with listening(broker, shop):
        publish(broker, (topic(), reading(7)), (topic(), reading(5, sequence=2)))
        work(shop, until=lambda: on_hand(shop) == 5)


def test_a_scanner_speaks_for_itself_and_its_own_location_only(shop, broker):
    """The broker drops the first three, and the shop would refuse them as well."""
    with listening(broker, shop):
        publish(
            broker,
            (topic("cellar"), reading(70)),
            (topic("cellar", "scanner-2"), reading(71)),
            (topic("main", "scanner-2"), reading(72)),
            (topic(), reading(7)),
        )
        work(shop, until=lambda: on_hand(shop) == 7)

    assert on_hand(shop, "cellar") is None
    assert shop.world.queue.depth("counts") == 0


def test_a_scanner_that_was_moved_is_refused_by_the_shop_before_the_broker_knows(shop, broker):
    shop.devices.change("scanner-1", {"location": "cellar"}, expected_version=None)
    with listening(broker, shop):
        publish(broker, (topic(), reading(7)))
        work(shop, until=lambda: shop.devices.get("scanner-1").seen_at is None and shop.world.queue.depth("counts"))

    assert on_hand(shop) is None


@pytest.fixture
def many_open_files():
    """More than select() can know of, as a server of many shoppers has them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 4096:
        pytest.skip("the system lets no process open so many files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 4096), hard))
    with contextlib.ExitStack() as opened:
        for _ in range(1100):
            opened.enter_context(Path(os.devnull).open("rb"))
        yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_process_of_many_open_files_hears_devices(shop, broker, many_open_files):
    with listening(broker, shop):
        publish(broker, (topic(), reading(7)))
        work(shop, until=lambda: on_hand(shop) == 7)


def test_what_was_published_while_nobody_listened_is_heard_afterwards(shop, broker):
    with listening(broker, shop):
        publish(broker, (topic(), reading(7)))
        work(shop, until=lambda: on_hand(shop) == 7)
    publish(broker, (topic(), reading(6, sequence=2)))
    broker.stop()
    broker.start()

    with listening(broker, shop):
        work(shop, until=lambda: on_hand(shop) == 6)


class RefusingOnce:
    """The shop's queue, which does not take the first message."""

    def __init__(self, queue, refusal):
        self._queue = queue
        self._refusal = refusal
        self.sends = 0

    def send(self, queue, bodies):
        self.sends += 1
        if self.sends == 1:
            raise self._refusal
        self._queue.send(queue, bodies)


def test_what_the_queue_could_not_take_stays_with_the_broker_and_comes_again(shop, broker):
    queue = RefusingOnce(shop.world.queue, UnavailableError("no space left on device"))
    with listening(broker, shop, queue):
        publish(broker, (topic(), reading(7)))
        work(shop, until=lambda: on_hand(shop) == 7)

    assert queue.sends == 2


def test_what_no_queue_could_ever_take_does_not_hold_up_what_is_behind_it(shop, broker):
    queue = RefusingOnce(shop.world.queue, InvalidError("too large"))
    with listening(broker, shop, queue):
        publish(broker, (topic(), reading(7)), (topic(), reading(6, sequence=2)))
        work(shop, until=lambda: on_hand(shop) == 6)

    assert queue.sends == 2


def test_whom_the_authority_does_not_know_is_not_let_in(shop, broker, tmp_path):
    (tmp_path / "strangers").mkdir()

    with pytest.raises(OSError):  # noqa: PT011  # the kind depends on when the broker hangs up
        publish(broker, (topic(), reading(7)), authority=Authority(tmp_path / "strangers"))


def test_a_listener_that_may_not_listen_says_so_and_tries_again(shop, caplog):
    """Mosquitto lets everybody subscribe and hands on what they may read; other brokers refuse it, as this one does."""
    stop = threading.Event()

    def refuse(connection):
        connection.recv(100)
        connection.sendall(b"\x20\x02\x00\x00")  # CONNACK: welcome
        asked = connection.recv(100)
        connection.sendall(b"\x90\x03" + asked[2:4] + b"\x80")  # SUBACK: no

    with socket.create_server(("127.0.0.1", 0)) as server:
        broker = Broker(url=f"mqtt://127.0.0.1:{server.getsockname()[1]}")
        thread = threading.Thread(target=Listener(broker, shop.world.queue).listen_until, args=(stop,), daemon=True)
        thread.start()
        for _ in range(2):
            connection, _ = server.accept()
            with connection:
                refuse(connection)
        stop.set()
        thread.join(60)

    assert "bodega device acl" in caplog.records[0].reason


def test_certificates_that_cannot_be_used_are_named(shop, tmp_path):
    (tmp_path / "junk").write_text("junk")
    for file in (tmp_path / "none", tmp_path / "junk"):
        with pytest.raises(UnavailableError, match=file.name):
            Listener(Broker(url="mqtts://127.0.0.1", authorities=file), shop.world.queue)


def test_a_worker_that_is_told_of_a_broker_listens_to_it(shop, broker, tmp_path):
    certificate, key = broker.authority.issue("bodega")
    environment = {
        **os.environ,
        "BODEGA_MQTT_URL": f"mqtts://127.0.0.1:{broker.port}",
        "BODEGA_MQTT_AUTHORITIES": str(broker.authority.file),
        "BODEGA_MQTT_CERTIFICATE": str(certificate),
        "BODEGA_MQTT_KEY": str(key),
    }
    command = [sys.executable, "-m", "bodega.cli.main", "worker", "--data", str(tmp_path / "shop")]
    worker = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL)
    try:
        numbers = itertools.count(1)

        def counted():
            """Count until it is heard: what was said before anybody listened is nobody's."""
            publish(broker, (topic(), reading(7, sequence=next(numbers))))
            if on_hand(shop) != 7:
                raise BlockingIOError

        wait_until(counted)
    finally:
        worker.terminate()
        assert worker.wait(60) == 0


def test_a_rule_of_iot_core_hands_the_same_message_to_the_same_handler(tmp_path, monkeypatch):
    stage = f"d{crc32(str(tmp_path).encode()):08x}"
    environment = deployed(ministack(), stage)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, environment.pop(name))
    queue = f"bodega-{stage}-counts"
    action = {
        "queueUrl": aws_client("sqs", ministack()).get_queue_url(QueueName=queue)["QueueUrl"],
        "roleArn": "arn:aws:iam::000000000000:role/devices",
        "useBase64": False,
    }
    rule = {
        "sql": schema.counts_rule(schema.COUNTS_TOPIC),
        "awsIotSqlVersion": "2016-03-23",
        "actions": [{"sqs": action}],
    }
    aws_client("iot", ministack()).create_topic_rule(ruleName=f"{stage}_counts", topicRulePayload=rule)
    assert queue_arn(ministack(), queue).endswith(queue)
    shop = stocked(Settings.from_env(environment | {"BODEGA_DATA_DIR": str(tmp_path / "here")}))
    things = aws_client("iot-data", ministack())

    for payload in (reading(7), reading(7), b"\xff\xfe nonsense"):
        things.publish(topic=topic(), qos=1, payload=payload)
    things.publish(topic=topic("cellar"), qos=1, payload=reading(70))
    work(shop, until=lambda: on_hand(shop) == 7 and shop.world.queue.depth("counts") == 2)

    assert on_hand(shop, "cellar") is None
    shop.close()
