"""What everybody who takes letters does: a folder on a laptop, and mail servers with and without TLS."""

import ipaddress
import json
import smtplib
import ssl
import urllib.request
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from itertools import chain

import boto3
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from botocore.stub import Stubber
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from engines import REGION, aws_client, free_port, ministack

from bodega.adapters.aws.mail import SesMail
from bodega.adapters.local.keys import LocalKeys
from bodega.adapters.local.mail import KEPT, FolderMail
from bodega.adapters.smtp.mail import SmtpMail
from bodega.adapters.system.clock import SettableClock
from bodega.errors import NotFoundError, UnavailableError
from bodega.ports.mail import Letter, UndeliverableError

SENDER = "Bodega <shop@shop.example>"
LETTER = Letter(id="evt_1", to="ann@shop.example", subject="Käse & Brot", text="Hello Ann,\n\nhttp://x/?a=b\n.\nÜ\n")


class Handler:
    """Keeps what it was sent, and refuses whom it is told to."""

    def __init__(self):
        self.messages = []
        self.refuse = {}
        self.logins = []

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802 - aiosmtpd's name
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802
        self.messages.append((envelope.rcpt_tos, envelope.content))
        return "250 OK"

    def authenticate(self, _server, _session, _envelope, _mechanism, data):
        self.logins.append((data.login, data.password))
        # Not `handled`: otherwise aiosmtpd leaves the answer to us, and the client waits for one until it gives up.
        return AuthResult(success=data.password == b"pw@d", handled=False)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """Make a certificate of this machine for itself; return the server's context and one that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return server, ssl.create_default_context(cafile=str(folder / "cert.pem"))


class Post:
    """A way to send letters, and a look at those that arrived."""

    def __init__(self, mail, arrived):
        self.mail = mail
        self.arrived = arrived


@pytest.fixture
def clock():
    return SettableClock()


@pytest.fixture
def handler():
    return Handler()


def serving(handler, **options):
    controller = Controller(handler, hostname="127.0.0.1", port=free_port(), ready_timeout=60, **options)
    controller.start()
    yield controller.port
    controller.stop()


@pytest.fixture
def server(handler):
    yield from serving(handler)


@pytest.fixture
def tls_server(handler, certificate):
    yield from serving(handler, ssl_context=certificate[0], authenticator=handler.authenticate, auth_require_tls=False)


@pytest.fixture
def folder_mail(tmp_path, clock):
    return FolderMail(tmp_path / "mail", sender=SENDER, keys=LocalKeys(tmp_path / "keys"), clock=clock)


def opened(handler):
    messages = [message_from_bytes(content, policy=policy.default) for _, content in handler.messages]
    return [(str(m["To"]), str(m["Subject"]), m.get_content().replace("\r\n", "\n")) for m in messages]


@pytest.fixture(params=["folder", "ses", "smtp", "smtps"])
def post(request, clock, handler):
    if request.param == "ses":
        return post_by_ses(clock)
    if request.param == "folder":
        mail = request.getfixturevalue("folder_mail")
        return Post(mail, lambda: [(k.to, k.subject, k.text) for k in mail.letters()])
    if request.param == "smtp":
        port = request.getfixturevalue("server")
        return Post(SmtpMail.of_url(f"smtp://127.0.0.1:{port}", sender=SENDER, clock=clock), lambda: opened(handler))
    port, (_, trusting) = request.getfixturevalue("tls_server"), request.getfixturevalue("certificate")
    mail = SmtpMail(
        host="127.0.0.1",
        port=port,
        implicit_tls=True,
        username="shop",
        password="pw@d",
        sender=SENDER,
        clock=clock,
        tls=trusting,
    )
    return Post(mail, lambda: opened(handler))


def post_by_ses(clock):
    """Send by ministack's SES, which shows what it took and brings it to nobody."""
    client = aws_client("sesv2", ministack())
    client.create_email_identity(EmailIdentity="shop.example")
    before = len(taken_by_ses())

    def arrived():
        return [(one["To"][0], one["Subject"], one["BodyText"]) for one in taken_by_ses()[before:]]

    return Post(SesMail(client, sender=SENDER, clock=clock), arrived)


def taken_by_ses():
    with urllib.request.urlopen(f"{ministack()}/_ministack/ses/messages") as answer:  # noqa: S310 - loopback
        return list(chain.from_iterable(json.loads(answer.read())["messages"].values()))


def test_a_letter_arrives_as_it_was_written(post):
    post.mail.send(LETTER)

    assert post.arrived() == [(LETTER.to, LETTER.subject, LETTER.text)]


def test_an_address_in_any_letters_is_written_so_that_every_server_understands(post):
    post.mail.send(Letter(id="evt_2", to="ann@b\u00fccher.example", subject="x", text="y\n"))

    assert post.arrived()[0][0] == "ann@xn--bcher-kva.example"


@pytest.mark.parametrize(
    "change",
    [
        {"to": "nobody"},
        {"to": "a@x.example\nBcc: all@x.example"},
        {"to": "a@x.example, b@x.example"},
        {"subject": "x\nBcc: all@x.example"},
        {"text": "x" * 100_001},
    ],
    ids=["no-address", "header-in-address", "two", "header-in-subject", "endless"],
)
def test_what_could_not_be_a_letter_is_undeliverable(post, change):
    fields = {"id": "evt_3", "to": "ann@shop.example", "subject": "x", "text": "y"} | change

    with pytest.raises(UndeliverableError):
        post.mail.send(Letter(**fields))

    assert post.arrived() == []


# -- a folder


def test_a_folder_shows_nothing_of_its_letters_and_opens_them_for_the_shop(folder_mail, tmp_path):
    folder_mail.send(LETTER)

    (file,) = (tmp_path / "mail").iterdir()
    assert b"ann" not in file.read_bytes()
    assert folder_mail.get("evt_1").text == LETTER.text
    for bad in ("evt_2", "../keys", "..", "", "a/b", ".evt_1"):
        with pytest.raises(NotFoundError):
            folder_mail.get(bad)


def test_a_folder_keeps_a_letter_once_and_the_newest_only(folder_mail, monkeypatch):
    monkeypatch.setattr("bodega.adapters.local.mail.KEPT", 3)
    for number in (1, 1, 2, 3, 4):
        folder_mail.send(Letter(id=f"evt_{number}", to=LETTER.to, subject=str(number), text="x"))

    assert [kept.subject for kept in folder_mail.letters()] == ["2", "3", "4"]
    assert KEPT > 3


# -- a mail server


def test_a_letter_has_what_servers_want_to_know(server, handler, clock):
    SmtpMail.of_url(f"smtp://127.0.0.1:{server}", sender=SENDER, clock=clock).send(LETTER)

    message = message_from_bytes(handler.messages[0][1], policy=policy.default)
    assert message["From"] == SENDER
    assert message["Message-ID"] == "<evt_1@shop.example>"
    assert message["Date"].datetime == clock.now()
    assert message["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize(
    ("answer", "kind"), [("550 no such user", UndeliverableError), ("451 come back later", UnavailableError)]
)
def test_a_no_for_good_and_a_no_for_now_are_told_apart(server, handler, clock, answer, kind):
    handler.refuse[LETTER.to] = answer

    with pytest.raises(kind):
        SmtpMail.of_url(f"smtp://127.0.0.1:{server}", sender=SENDER, clock=clock).send(LETTER)

    assert handler.messages == []


def test_a_server_that_is_not_there_is_unavailable(server, clock):
    mail = SmtpMail.of_url("smtp://127.0.0.1:1", sender=SENDER, clock=clock)

    with pytest.raises(UnavailableError):
        mail.send(LETTER)


def test_a_server_without_tls_gets_nothing_unless_it_is_this_machine(server, handler, clock, monkeypatch):
    monkeypatch.setattr("bodega.adapters.smtp.mail._is_loopback", lambda _host: False)

    with pytest.raises(UnavailableError):
        SmtpMail.of_url(f"smtp://127.0.0.1:{server}", sender=SENDER, clock=clock).send(LETTER)

    assert handler.messages == []


def test_a_certificate_that_nobody_trusts_is_not_trusted(tls_server, handler, clock):
    with pytest.raises(UnavailableError):
        SmtpMail.of_url(f"smtps://shop:pw%40d@127.0.0.1:{tls_server}", sender=SENDER, clock=clock).send(LETTER)

    assert handler.messages == handler.logins == []


def test_a_wrong_password_of_ours_is_no_fault_of_the_letter(tls_server, certificate, handler, clock):
    mail = SmtpMail(
        host="127.0.0.1",
        port=tls_server,
        implicit_tls=True,
        username="shop",
        password="wrong",
        sender=SENDER,
        clock=clock,
        tls=certificate[1],
    )

    with pytest.raises(UnavailableError) as refusal:
        mail.send(LETTER)
    assert isinstance(refusal.value.__cause__, smtplib.SMTPAuthenticationError)
    assert handler.logins


# -- SES


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        ("MessageRejected", "Email address is not verified. The following identities failed: x", UnavailableError),
        ("MessageRejected", "Message contains a virus", UndeliverableError),
        ("BadRequestException", "Illegal address", UndeliverableError),
        ("MailFromDomainNotVerifiedException", "", UnavailableError),
        ("SendingPausedException", "", UnavailableError),
        ("TooManyRequestsException", "", UnavailableError),
        ("AccessDeniedException", "not authorized to perform: ses:SendEmail", UnavailableError),
        ("ExpiredTokenException", "", UnavailableError),
        ("InternalFailure", "", UnavailableError),
    ],
)
def test_what_ses_says_is_about_the_letter_or_about_us(clock, code, message, kind):
    client = boto3.client("sesv2", region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test")
    with Stubber(client) as stub:
        stub.add_client_error("send_email", service_error_code=code, service_message=message)

        with pytest.raises(kind) as refusal:
            SesMail(client, sender=SENDER, clock=clock).send(LETTER)

    assert "ann" not in str(refusal.value)
