"""What every adapter of outgoing calls does, asked of real servers on loopback: only what it may, and not forever."""

import contextlib
import ipaddress
import socket
import threading
from pathlib import Path
from typing import Any

import pytest
from receivers import Authority, receiving, saying

from bodega.adapters.system.outgoing import HttpcoreOutgoing
from bodega.adapters.system.outgoing_guard import is_public, unwrapped
from bodega.ports.outgoing import MAX_ANSWER_BYTES, AddressRefusedError, CallFailedError, Outgoing
from bodega.values.web_address import parse_web_address

LOOPBACK = [ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128")]
PLENTY = 20.0


class Names:
    """A resolver whose answers a test decides, one after the other; the last one stays."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self.answers = {name.replace("_", "."): given for name, given in answers.items()}
        self.asked: list[str] = []

    def __call__(self, name: str) -> list[Any]:
        self.asked.append(name)
        if name not in self.answers:
            raise OSError("no such name")
        left = self.answers[name]
        return [ipaddress.ip_address(text) for text in (left.pop(0) if len(left) > 1 else left[0])]


@pytest.fixture(params=["httpcore"])
def make(request: Any) -> Any:
    """Make an adapter of outgoing calls that may call loopback."""

    def make_outgoing(names: Names | None = None, *, opened: Any = LOOPBACK, trust: Any = None) -> Outgoing:
        return HttpcoreOutgoing(opened=opened, resolve=names, trust=trust)

    return make_outgoing


def call(outgoing: Outgoing, url: str, *, body: bytes = b"{}", seconds: float = PLENTY, **headers: str) -> Any:
    return outgoing.post(parse_web_address(url), body, headers, timeout_seconds=seconds)


# -- an honest receiver


def test_a_post_arrives_as_it_was_sent_and_the_answer_comes_back(make: Any) -> None:
    with receiving(saying("202 Accepted", b"thanks", "X-Note: seen")) as receiver:
        answer = call(make(), f"http://127.0.0.1:{receiver.port}/hook?a=%20b", body=b'{"n":1}', **{"X-Id": "7"})

    head, _, body = receiver.requests[0].partition(b"\r\n\r\n")
    assert (answer.status, answer.body, answer.truncated) == (202, b"thanks", False)
    assert answer.headers["x-note"] == "seen"
    assert head.startswith(b"POST /hook?a=%20b HTTP/1.1\r\n")
    assert f"host: 127.0.0.1:{receiver.port}".encode() in head.lower()
    assert b"x-id: 7" in head.lower()
    assert body == b'{"n":1}'


def test_an_answer_of_refusal_is_an_answer(make: Any) -> None:
    with receiving(saying("503 Busy", b"later")) as receiver:
        answer = call(make(), f"http://127.0.0.1:{receiver.port}/")

    assert (answer.status, answer.body) == (503, b"later")


def test_a_name_is_looked_up_once_and_its_other_address_is_tried(make: Any) -> None:
    names = Names(shop_test=[["127.0.0.2", "127.0.0.1"]])
    with receiving(saying("200 OK")) as receiver:  # it listens at the second address only
        answer = call(make(names), f"http://shop.test:{receiver.port}/")

    assert answer.status == 200
    assert names.asked == ["shop.test"]
    assert f"host: shop.test:{receiver.port}".encode() in receiver.requests[0].lower()


def test_ipv6_is_called_too(make: Any) -> None:
    with receiving(saying("200 OK"), host="::1") as receiver:
        assert call(make(), f"http://[::1]:{receiver.port}/").status == 200


# -- safe connections


def test_the_certificate_is_verified_for_the_name_and_the_name_is_sent(make: Any, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    names = Names(shop_test=[["127.0.0.1"]])
    with receiving(saying("200 OK"), tls=authority.server("shop.test")) as receiver:
        answer = call(make(names, trust=authority.trust()), f"https://shop.test:{receiver.port}/")

    assert answer.status == 200
    assert receiver.names == ["shop.test"]


@pytest.mark.parametrize("flaw", ["another name", "expired", "unknown authority", "no TLS at all"])
def test_a_receiver_that_cannot_prove_its_name_is_told_nothing(make: Any, tmp_path: Path, flaw: str) -> None:
    authority = Authority(tmp_path)
    stranger = Authority(tmp_path)
    server = authority.server(
        "other.test" if flaw == "another name" else "shop.test", days=-1 if flaw == "expired" else 1
    )
    trust = (stranger if flaw == "unknown authority" else authority).trust()
    outgoing = make(Names(shop_test=[["127.0.0.1"]]), trust=trust)

    with receiving(saying("200 OK"), tls=None if flaw == "no TLS at all" else server) as receiver:
        with pytest.raises(CallFailedError) as refusal:
            call(outgoing, f"https://shop.test:{receiver.port}/", body=b"secret")

        assert refusal.value.reason == "tls"
        assert not any(b"secret" in request for request in receiver.requests)


# -- addresses that are not called


@pytest.mark.parametrize(
    "url",
    [
        "https://169.254.169.254/latest/meta-data/",
        "https://[fd00:ec2::254]/",
        "https://168.63.129.16/",
        "https://127.0.0.1/",
        "https://127.1.2.3:8443/",
        "https://0.0.0.0/",
        "https://10.0.0.8/",
        "https://172.16.0.1/",
        "https://192.168.1.1/",
        "https://100.100.100.200/",
        "https://192.0.0.192/",
        "https://198.18.0.1/",
        "https://224.0.0.1/",
        "https://240.0.0.1/",
        "https://255.255.255.255/",
        "https://[::]/",
        "https://[::1]/",
        "https://[fe80::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:a9fe:a9fe]/",
        "https://[::127.0.0.1]/",
        "https://[64:ff9b::169.254.169.254]/",
        "https://[2002:7f00:1::]/",
        "https://[2001:0:7f00:1::]/",
        "https://[ff02::1]/",
        "https://localhost/",
        "https://LOCALHOST./",
        "https://a.localhost/",
        "https://\uff11\uff12\uff17.0.0.1/",
        "https://127\u30020\u30020\u30021/",
        "https://shop.example:22/",
        "https://shop.example:25/",
        "https://shop.example:6667/",
        "http://shop.example/",
        "http://93.184.216.34/",
    ],
)
def test_what_is_forbidden_by_its_looks_is_refused_before_anything_is_looked_up(make: Any, url: str) -> None:
    names = Names(shop_example=[["93.184.216.34"]])
    outgoing = make(names, opened=())

    with pytest.raises(AddressRefusedError):
        outgoing.check(parse_web_address(url))
    with pytest.raises(AddressRefusedError):
        call(outgoing, url)
    assert names.asked == []


@pytest.mark.parametrize(
    "found",
    [
        ["127.0.0.1"],
        ["169.254.169.254"],
        ["::1"],
        ["::ffff:10.0.0.1"],
        ["93.184.216.34", "10.0.0.1"],
        ["10.0.0.1", "93.184.216.34"],
        ["2606:2800:220:1::1", "fd00::1"],
    ],
    ids=" ".join,
)
def test_a_name_is_refused_if_any_of_its_addresses_is_not_public(make: Any, found: list[str]) -> None:
    outgoing = make(Names(shop_test=[found]), opened=())

    outgoing.check(parse_web_address("https://shop.test/"))  # a name looks like any other
    with pytest.raises(AddressRefusedError):
        call(outgoing, "https://shop.test/")


def test_a_name_that_changes_its_mind_is_held_to_its_first_answer(make: Any) -> None:
    with receiving(saying("200 OK")) as allowed, receiving(saying("200 OK"), host="127.0.0.2") as inner:
        names = Names(shop_test=[["127.0.0.1"], ["127.0.0.2"]])
        outgoing = make(names, opened=[ipaddress.ip_network("127.0.0.1/32")])

        assert call(outgoing, f"http://shop.test:{allowed.port}/").status == 200
        with pytest.raises(AddressRefusedError):
            call(outgoing, f"http://shop.test:{inner.port}/")

    assert len(names.asked) == 2  # once a call: nobody asked again between the check and the connection
    assert inner.connections == 0


def test_the_clear_is_only_for_networks_that_were_opened(make: Any) -> None:
    outgoing = make(Names(shop_test=[["93.184.216.34"]]))

    with pytest.raises(AddressRefusedError, match="https"):
        call(outgoing, "http://shop.test/")


def test_a_redirect_is_an_answer_and_nobody_goes_there(make: Any) -> None:
    with receiving(saying("200 OK")) as inner:
        target = f"Location: http://127.0.0.1:{inner.port}/inner"
        with receiving(saying("307 Temporary Redirect", b"", target)) as receiver:
            answer = call(make(), f"http://127.0.0.1:{receiver.port}/")

    assert answer.status == 307
    assert inner.connections == 0


def test_proxies_of_the_environment_are_not_used(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving(saying("200 OK")) as proxy, receiving(saying("204 No Content")) as receiver:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        monkeypatch.delenv("no_proxy", raising=False)

        assert call(make(), f"http://127.0.0.1:{receiver.port}/").status == 204
    assert proxy.connections == 0


def test_which_addresses_are_public() -> None:
    public = ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "2a00:1450:4001::1"]
    private = ["169.254.169.254", "100.64.0.1", "192.88.99.1", "2001:db8::1", "3fff::1", "fc00::1", "100::1", "::2"]

    assert all(is_public(ipaddress.ip_address(text)) for text in public)
    assert not any(is_public(unwrapped(ipaddress.ip_address(text))) for text in private)
    assert is_public(unwrapped(ipaddress.ip_address("::ffff:8.8.8.8")))


# -- receivers that waste time and space


def drip(data: bytes) -> Any:
    """Send a byte now and then: each arrives in time, and all of them never."""

    def talk(connection: socket.socket, _request: bytes) -> None:
        pause = threading.Event()
        for byte in data:
            connection.sendall(bytes([byte]))
            if pause.wait(0.05):
                return

    return talk


def silence(connection: socket.socket, _request: bytes) -> None:
    with contextlib.suppress(OSError):
        connection.recv(1)  # until the other side hangs up


@pytest.mark.parametrize(
    "talk", [silence, drip(b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 5000)], ids=["silent", "a byte at a time"]
)
def test_a_receiver_that_never_finishes_its_head_runs_out_of_time(make: Any, talk: Any) -> None:
    with receiving(talk) as receiver, pytest.raises(CallFailedError) as failure:
        call(make(), f"http://127.0.0.1:{receiver.port}/", seconds=0.4)

    assert failure.value.reason == "timeout"


def test_a_body_that_never_ends_does_not_undo_the_status(make: Any) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"

    def talk(connection: socket.socket, request: bytes) -> None:
        connection.sendall(head + b"begin")
        silence(connection, request)

    def answered(seconds: float) -> Any:
        with receiving(talk) as receiver, contextlib.suppress(CallFailedError):
            return call(make(), f"http://127.0.0.1:{receiver.port}/", seconds=seconds)

    answer = answered(0.5) or answered(PLENTY)  # on a busy machine even the beginning may take a while

    assert (answer.status, answer.body, answer.truncated) == (200, b"begin", True)


def test_of_an_answer_of_a_gigabyte_only_the_beginning_is_taken(make: Any) -> None:
    sent = []

    def talk(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
        chunk = b"x" * 65536
        for _ in range(1024**3 // len(chunk)):
            connection.sendall(chunk)
            sent.append(len(chunk))

    with receiving(talk) as receiver:
        answer = call(make(), f"http://127.0.0.1:{receiver.port}/")

    assert answer.truncated
    assert answer.body == b"x" * MAX_ANSWER_BYTES
    assert sum(sent) < 64 * 1024**2  # what fits into buffers on the way


def test_a_head_without_end_is_cut_off(make: Any) -> None:
    def talk(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        for number in range(1_000_000):
            connection.sendall(b"X-%d: %s\r\n" % (number, b"y" * 100))

    with receiving(talk) as receiver, pytest.raises(CallFailedError) as failure:
        call(make(), f"http://127.0.0.1:{receiver.port}/")

    assert failure.value.reason == "protocol"


def test_a_receiver_that_takes_no_bytes_runs_out_of_time(make: Any) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=1) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(CallFailedError) as failure:
            call(make(), f"http://127.0.0.1:{port}/", body=b"x" * 64 * 1024**2, seconds=0.5)

    assert failure.value.reason == "timeout"


def test_a_resolver_that_hangs_runs_out_of_time(make: Any) -> None:
    hung = threading.Event()

    def never(_name: str) -> list[Any]:
        hung.wait(PLENTY)
        return []

    with pytest.raises(CallFailedError) as failure:
        call(make(never), "https://shop.test/", seconds=0.3)

    hung.set()
    assert failure.value.reason == "timeout"


@pytest.mark.parametrize(
    "answer",
    [b"", b"SSH-2.0-OpenSSH_9.6\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\x00" * 100, b"HTTP/1.1 200 OK\r\nbroken\r\n\r\n"],
    ids=["nothing", "ssh", "no number", "zeros", "broken header"],
)
def test_what_is_not_http_is_a_failure(make: Any, answer: bytes) -> None:
    talk = lambda connection, _request: connection.sendall(answer)  # noqa: E731  # a line is all it says
    with receiving(talk) as receiver, pytest.raises(CallFailedError) as failure:
        call(make(), f"http://127.0.0.1:{receiver.port}/")

    assert failure.value.reason == "protocol"


def test_nobody_there_and_no_such_name_are_told_apart(make: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(CallFailedError) as nobody:
        call(make(), f"http://127.0.0.1:{port}/")
    with pytest.raises(CallFailedError) as nameless:
        call(make(Names()), "https://shop.test/")

    assert (nobody.value.reason, nameless.value.reason) == ("connect", "resolve")
