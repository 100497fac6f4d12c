"""Hear what devices publish to the shop's own broker, and put it where IoT Core puts it on AWS: on the queue.

MQTT at quality of service 1: the broker keeps a message until it is acknowledged, which it is once the queue has it
durably. Killed in between, it comes twice. The session outlives the connection, so that nothing is missed meanwhile.
"""

import logging
import selectors
import ssl
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from bodega.domain.devices.model import MAX_READING_BYTES, Heard
from bodega.domain.flows.counting import QUEUE
from bodega.errors import UnavailableError
from bodega.ports.queue import Queue
from bodega.schema import COUNTS_TOPIC

CLIENT_ID = "bodega-counts"
_PORTS = {"mqtt": 1883, "mqtts": 8883}
_KEEPALIVE_SECONDS = 30
_LOOK_SECONDS = 0.5
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0
_log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode


class Broker(msgspec.Struct, frozen=True, kw_only=True):
    """Where the broker is, whom to believe that it is the broker, and what to show it."""

    url: str
    authorities: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


class Listener:
    """One connection to a broker. Only one of a shop may listen: a second with its name would be let in instead."""

    def __init__(self, broker: Broker, queue: Queue) -> None:
        """Read the certificates now; UnavailableError that names the file which cannot be used."""
        self._broker = broker
        self._queue = queue
        self._tls = _tls(broker) if urlsplit(broker.url).scheme == "mqtts" else None
        self._refusal = ""
        self.listening = threading.Event()
        """Set while the broker hands us what is published."""

    def listen_until(self, stop: threading.Event) -> None:
        """Listen, and connect again after a while whenever that ends, until told to stop."""
        pause = _FIRST_PAUSE_SECONDS
        while not stop.is_set():
            try:
                self._session(stop)
            except Exception as exc:  # noqa: BLE001  # the broker's fault or the queue's: what was not acknowledged comes again
                self._refusal = repr(exc)
            if stop.is_set():
                return
            pause = _FIRST_PAUSE_SECONDS if self.listening.is_set() else min(pause * 2, _LONGEST_PAUSE_SECONDS)
            self.listening.clear()
            _log.warning("not connected to the broker; trying again", extra={"reason": self._refusal, "in_s": pause})
            stop.wait(pause)

    # -- inside

    def _session(self, stop: threading.Event) -> None:
        """Listen until the connection ends or we are told to stop."""
        self._refusal = "the connection ended"
        client = self._client()
        address = urlsplit(self._broker.url)
        client.connect(address.hostname or "", address.port or _PORTS[address.scheme], keepalive=_KEEPALIVE_SECONDS)
        state = turn(client, _LOOK_SECONDS)
        while state == MQTTErrorCode.MQTT_ERR_SUCCESS and not stop.is_set():
            state = turn(client, _LOOK_SECONDS)
        client.disconnect()

    def _client(self) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=CLIENT_ID,
            clean_session=False,
            protocol=MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        if self._tls is not None:
            client.tls_set_context(self._tls)
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_disconnect = self._disconnected
        client.on_message = self._heard
        return client

    def _connected(
        self, client: Client, _data: Any, _flags: ConnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self._refusal = f"the broker refuses us: {reason}"
            return
        client.subscribe(f"{COUNTS_TOPIC}/+/+", qos=1)

    def _subscribed(
        self, client: Client, _data: Any, _mid: int, reasons: list[ReasonCode], _properties: Properties | None
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            self._refusal = f"the broker does not let us listen to {COUNTS_TOPIC}: see `bodega device acl`"
            client.disconnect()
            return
        self.listening.set()
        _log.info("listening to devices")

    def _disconnected(
        self, _client: Client, _data: Any, _flags: DisconnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if reason.is_failure and self._refusal == "the connection ended":
            self._refusal = f"the connection ended: {reason}"

    def _heard(self, client: Client, _data: Any, message: MQTTMessage) -> None:
        """Put a message on the queue, and let the broker forget it then.

        If the queue cannot take it now the connection ends, and the broker brings it again with the next. What no queue
        could ever take is given up, or it would come again for ever and hold up what is behind it.
        """
        try:
            location, device = message.topic.rsplit("/", 2)[1:]
            # What is longer than any reading is refused by whoever reads it, and need not be kept whole for that.
            payload = bytes(message.payload[: MAX_READING_BYTES + 1])
            self._queue.send(QUEUE, [_encode(Heard(device=device, location=location, payload=payload))])
        except ValueError:  # InvalidError is one, and so is a topic that is no text
            _log.exception("a message of a device was given up")
        client.ack(message.mid, message.qos)


def turn(client: Client, seconds: float) -> MQTTErrorCode:
    """Send and read what is there, after waiting for it so long at most; what went wrong, if anything did.

    Like `Client.loop`, which waits with select(): that knows no file beyond the 1,024th that a process has open, and
    the client, told so, connects again and again without a word.
    """
    connection = client.socket()
    if connection is None:
        return MQTTErrorCode.MQTT_ERR_NO_CONN
    with selectors.DefaultSelector() as selector:
        write = selectors.EVENT_WRITE if client.want_write() else 0
        selector.register(connection, selectors.EVENT_READ | write)
        # What TLS has taken in already makes no socket readable.
        decrypted = isinstance(connection, ssl.SSLSocket) and connection.pending()
        ready = selectors.EVENT_READ if decrypted else sum(events for _, events in selector.select(seconds))
    state = MQTTErrorCode.MQTT_ERR_SUCCESS
    if ready & selectors.EVENT_READ:
        state = client.loop_read()
    if state == MQTTErrorCode.MQTT_ERR_SUCCESS and ready & selectors.EVENT_WRITE:
        state = client.loop_write()
    return client.loop_misc() if state == MQTTErrorCode.MQTT_ERR_SUCCESS else state


def _tls(broker: Broker) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=broker.authorities)
        if broker.certificate is not None:
            context.load_cert_chain(broker.certificate, broker.key)
    except OSError as exc:  # ssl's errors are such, too
        files = ", ".join(str(file) for file in (broker.authorities, broker.certificate, broker.key) if file)
        raise UnavailableError(
            f"the certificates for the broker cannot be used ({exc.strerror or exc}): {files}"
        ) from exc
    return context
