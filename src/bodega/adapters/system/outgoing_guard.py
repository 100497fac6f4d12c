"""Decide which addresses of the Internet may be called on a stranger's word."""

import ipaddress
from collections.abc import Sequence
from typing import TypeAlias

from bodega.ports.outgoing import AddressRefusedError
from bodega.values.web_address import IpAddress, WebAddress

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

# Public by their number, yet served by the machine's own host: Azure's metadata and DNS.
_HOSTS_OWN = frozenset({ipaddress.ip_address("168.63.129.16")})
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
# Wrappers of IPv4 addresses (6to4, Teredo), which some gateways unwrap, and what the standard library of some versions
# of Python takes for public: protocol assignments and documentation.
_REFUSED = tuple(
    ipaddress.ip_network(text)
    for text in ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
_LOWEST_FREE_PORT = 1024
_WEB_PORTS = frozenset({80, 443})
# Ports at and above 1024 that browsers refuse for what else listens there (https://fetch.spec.whatwg.org/#port-blocking).
_BAD_PORTS = frozenset(
    {1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6679, 6697, 10080, *range(6665, 6670)}
)


class OutgoingGuard:
    """The rules, with the networks that a setting opens although they are not public."""

    def __init__(self, opened: Sequence[Network] = ()) -> None:
        self._opened = tuple(opened)

    def check(self, address: WebAddress) -> None:
        """Raise AddressRefusedError for what is forbidden by its looks."""
        if address.port not in _WEB_PORTS and (address.port < _LOWEST_FREE_PORT or address.port in _BAD_PORTS):
            raise AddressRefusedError(f"port {address.port} is not called: use 443, 80, or one above 1023")
        if address.host == "localhost" or address.host.endswith(".localhost"):
            self.admit(address, [ipaddress.ip_address("127.0.0.1")])
        elif address.ip is not None:
            self.admit(address, [address.ip])
        elif address.scheme == "http" and not self._opened:
            raise AddressRefusedError("use https: what is sent in the clear can be read and changed on its way")

    def admit(self, address: WebAddress, found: Sequence[IpAddress]) -> None:
        """Raise AddressRefusedError unless every one of the host's addresses may be called in this scheme."""
        for ip in found:
            plain = unwrapped(ip)
            if any(plain in network for network in self._opened):
                continue
            if not is_public(plain):
                raise AddressRefusedError(f"{address.host} is at {ip}, which is not a public address")
            if address.scheme == "http":
                raise AddressRefusedError("use https: what is sent in the clear can be read and changed on its way")


def unwrapped(ip: IpAddress) -> IpAddress:
    """Return the IPv4 address that an IPv6 one stands for, in the spellings that systems connect to as such.

    Mapped (::ffff:0:0/96), compatible (::/96, RFC 4291 section 2.5.5.1), and NAT64 (64:ff9b::/96, RFC 6052).
    """
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    number = int(ip)
    prefix, embedded = number >> 32, number & 0xFFFF_FFFF
    if prefix in {0xFFFF, 0x64FF9B << 64} or (prefix == 0 and embedded > 1):
        return ipaddress.IPv4Address(embedded)
    return ip


def is_public(ip: IpAddress) -> bool:
    """Tell whether an address is one that anybody on the Internet could be reached at."""
    if ip in _HOSTS_OWN or not ip.is_global or ip.is_multicast or ip.is_reserved:
        return False
    if any(ip in network for network in _REFUSED):
        return False
    return isinstance(ip, ipaddress.IPv4Address) or ip in _GLOBAL_UNICAST
