"""A broker for devices on this machine, and the authority that vouches for it and for them."""

import contextlib
import ipaddress
import os
import shutil
import socket
import ssl
import subprocess
import time
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from engines import free_port, missing, wait_until
from paho.mqtt.client import Client, error_string
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from bodega.worker.listening import turn


class Mosquitto:
    """A broker of Debian's that lets in who has a certificate of its authority, as `docs/how-to/devices.md` says."""

    def __init__(self, folder, acl):
        self.authority = Authority(folder)
        self.folder = folder
        self.port = free_port()
        certificate, key = self.authority.issue("127.0.0.1")
        (folder / "acl").write_text(acl)
        (folder / "mosquitto.conf").write_text(
            f"user root\nlistener {self.port} 127.0.0.1\n"
            f"cafile {self.authority.file}\ncertfile {certificate}\nkeyfile {key}\n"
            "require_certificate true\nuse_identity_as_username true\nallow_anonymous false\n"
            f"acl_file {folder}/acl\nmessage_size_limit 4096\nmax_queued_messages 10000\n"
            f"persistence true\npersistence_location {folder}/\n"
        )
        self._process = None

    def start(self):
        program = program_of_mosquitto() or missing("mosquitto")
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [program, "-c", self.folder / "mosquitto.conf"], cwd=self.folder, stdout=log, stderr=log
            )
        wait_until(lambda: socket.create_connection(("127.0.0.1", self.port), timeout=2).close())

    def settings(self):
        """Return what a shop is told that listens here."""
        certificate, key = self.authority.issue("bodega")
        return {
            "BODEGA_MQTT_URL": f"mqtts://127.0.0.1:{self.port}",
            "BODEGA_MQTT_AUTHORITIES": str(self.authority.file),
            "BODEGA_MQTT_CERTIFICATE": str(certificate),
            "BODEGA_MQTT_KEY": str(key),
        }

    def stop(self):
        if self._process is not None:
            self._process.terminate()
            self._process.wait(60)


ACL_OF_ONE_PLACE = """user bodega
topic read bodega/counts/#
pattern write bodega/counts/main/%u
"""


@contextlib.contextmanager
def open_broker(folder):
    """Yield a running broker of devices at one place, None where the program is not installed."""
    if not program_of_mosquitto():
        yield None
        return
    folder.mkdir()
    broker = Mosquitto(folder, acl=ACL_OF_ONE_PLACE)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


def program_of_mosquitto():
    return shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")


class Authority:
    """Makes certificates in a folder, and vouches for them."""

    def __init__(self, folder):
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Bodega's tests")])
        self.file = folder / "authority.pem"
        own = self._certificate(self._name, self._key.public_key())
        own = own.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self.file.write_bytes(own.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def issue(self, name):
        """Return the files of a new certificate for a name, and of its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        made = self._certificate(subject, key.public_key())
        with contextlib.suppress(ValueError):
            address = x509.IPAddress(ipaddress.ip_address(name))
            made = made.add_extension(x509.SubjectAlternativeName([address]), critical=False)
        files = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        files[0].write_bytes(made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        files[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return files

    def _certificate(self, subject, key):
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
        )


def publish(broker, *messages, device="scanner-1", authority=None):
    """Connect with a device's certificate and publish messages, each acknowledged before the next."""
    certificate, key = (authority or broker.authority).issue(device)
    client = Client(CallbackAPIVersion.VERSION2, client_id=device)
    tls = ssl.create_default_context(cafile=broker.authority.file)
    tls.load_cert_chain(certificate, key)
    client.tls_set_context(tls)
    answers = []
    client.on_connect = lambda _client, _data, _flags, reason, _properties: answers.append(reason)
    client.connect("127.0.0.1", broker.port)
    try:
        _turn_until(client, lambda: answers)
        if answers[0].is_failure:
            raise ConnectionRefusedError(str(answers[0]))
        for topic, payload in messages:
            _turn_until(client, client.publish(topic, payload, qos=1).is_published)
    finally:
        client.disconnect()


def _turn_until(client, is_so):
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline, "the broker did not answer within 60 s"
        state = turn(client, 1)
        if state != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise ConnectionRefusedError(error_string(state))
