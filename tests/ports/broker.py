"""A broker for devices on this machine, and the authority that vouches for it and for them."""

import contextlib
import ipaddress
import os
import shutil
import socket
import subprocess
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from engines import free_port, missing, wait_until


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
        program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin") or missing("mosquitto")
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [program, "-c", self.folder / "mosquitto.conf"], cwd=self.folder, stdout=log, stderr=log
            )
        wait_until(lambda: socket.create_connection(("127.0.0.1", self.port), timeout=2).close())

    def stop(self):
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)


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
