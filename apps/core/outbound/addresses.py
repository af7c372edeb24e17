"""Which addresses may be called: rules for the written form, then for every address behind the name.

Sources: IANA special-purpose address registries (RFC 6890 and updates), the deny list of Smokescreen, WHATWG URL "ends in a
number". Addresses that wrap another one (mapped, compatible, NAT64, 6to4, Teredo, ISATAP) are refused whatever they wrap.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from apps.core.outbound.errors import OutboundFailed, OutboundRefused, OutboundTimedOut

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[[str, int], list[str]]

LONGEST_URL = 2048
LONGEST_HOST = 253
DEFAULT_PORTS = {"http": 80, "https": 443}
FORBIDDEN_V4 = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "168.63.129.16/32",  # a cloud provider's host agent on a public address
    )
)
GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
FORBIDDEN_V6 = tuple(
    ipaddress.IPv6Network(network)
    for network in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3ffe::/16", "3fff::/20")
)
ISATAP = (b"\x00\x00\x5e\xfe", b"\x02\x00\x5e\xfe")
HOST_LABEL = re.compile(r"^(?!-)[a-z0-9_-]{1,63}(?<!-)$")
NUMBER_LABEL = re.compile(r"^(0x[0-9a-f]*|[0-9]+)$")
FORBIDDEN_CHARACTERS = re.compile(r"[\x00-\x20\x7f-\xa0\\^`{|}<>\"\u2000-\u200f\u2028-\u202f\u2060\u3000\ufeff]")

_resolving = ThreadPoolExecutor(max_workers=16, thread_name_prefix="resolve")


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where a request goes: host in lower-case ASCII without brackets, and the port."""

    scheme: str
    host: str
    port: int


@dataclass(frozen=True)
class Allowance:
    """The parsed allow-list: exact ``host:port`` pairs, and networks reachable on any port."""

    endpoints: frozenset[tuple[str, int]]
    networks: tuple[IPNetwork, ...]

    def covers_host(self, target: Target) -> bool:
        """Whether the operator vouches for this host and port by name or literal."""
        return (target.host, target.port) in self.endpoints

    def covers_address(self, address: IPAddress, port: int) -> bool:
        """Whether the operator vouches for this address."""
        return (str(address), port) in self.endpoints or any(
            address in network for network in self.networks if network.version == address.version
        )


def check_url(url: object, *, user_given: bool = True, resolver: Resolver | None = None) -> None:
    """Refuse an address that a call to it would refuse, before it is stored. Resolves the name, connects to nothing.

    The name may lead elsewhere later; the client checks again when it connects. Raises ``OutboundRefused`` with
    ``fields["url"]``, or ``OutboundFailed`` when the name does not resolve.
    """
    target = parse_target(url, user_given=user_given)
    checked_addresses(target, user_given=user_given, resolver=resolver)


def parse_target(url: object, *, user_given: bool = True) -> Target:
    """Check the written form of an address. Raises ``OutboundRefused``."""
    text = url if isinstance(url, str) else str(url)
    if not text or len(text) > LONGEST_URL:
        raise _refused(_("The address is empty or too long."))
    if FORBIDDEN_CHARACTERS.search(text):
        raise _refused(_("The address contains spaces, control characters or backslashes."))
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _refused(_("The address is not well formed.")) from None
    if parts.scheme not in DEFAULT_PORTS:
        raise _refused(_("Only http and https addresses can be called."))
    if "@" in parts.netloc:
        raise _refused(_("The address must not contain a user name or password."))
    return make_target(parts.scheme, host, port, user_given=user_given)


def make_target(scheme: str, host: str, port: int | None, *, user_given: bool = True) -> Target:
    """Check scheme, host and port as a client is about to use them. Raises ``OutboundRefused``."""
    if scheme not in DEFAULT_PORTS:
        raise _refused(_("Only http and https addresses can be called."))
    target = Target(scheme=scheme, host=normal_host(host), port=DEFAULT_PORTS[scheme] if port is None else port)
    if target.port in settings.OUTBOUND_PORTS:
        return target
    allowance = current_allowance(user_given=user_given)
    literal = _literal(target.host)
    if allowance.covers_host(target) or (literal and allowance.covers_address(literal, target.port)):
        return target
    raise _refused(_("Only the ports 80 and 443 can be called."))


def checked_addresses(
    target: Target, *, user_given: bool = True, resolver: Resolver | None = None, timeout: float = 10
) -> list[str]:
    """Resolve once and check every address; any forbidden one refuses them all. Raises ``OutboundRefused``/``Failed``."""
    allowance = current_allowance(user_given=user_given)
    literal = _literal(target.host)
    found = [str(literal)] if literal else _resolve(target, resolver or resolve, timeout)
    addresses = [ipaddress.ip_address(address.partition("%")[0]) for address in found]
    if not addresses:
        raise OutboundFailed(detail=f"{target.host} has no address")
    if not allowance.covers_host(target):
        for address in addresses:
            reason = forbidden(address)
            if reason and not allowance.covers_address(address, target.port):
                raise _refused(
                    _("This address leads into a private or reserved network."),
                    detail=f"{target.host} -> {address}: {reason}",
                )
    return [str(address) for address in addresses]


def forbidden(address: IPAddress) -> str:
    """Why an address may not be called, or an empty text."""
    if isinstance(address, ipaddress.IPv4Address):
        inside = next((network for network in FORBIDDEN_V4 if address in network), None)
        return f"in {inside}" if inside else ("" if address.is_global else "not global")
    if address not in GLOBAL_V6:
        return "not a global unicast address"
    if address.packed[8:12] in ISATAP:
        return "ISATAP"
    within = next((network for network in FORBIDDEN_V6 if address in network), None)
    return f"in {within}" if within else ("" if address.is_global else "not global")


def resolve(host: str, port: int) -> list[str]:
    """Every address of a name, by the system's resolver. Raises ``OSError``."""
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(answer[4][0]) for answer in answers))


def current_allowance(*, user_given: bool) -> Allowance:
    """The allow-list in force: OUTBOUND_ALLOW, and the operator's own addresses for calls no user chose."""
    entries = [*settings.OUTBOUND_ALLOW, *(() if user_given else settings.OUTBOUND_ALLOW_OPERATOR)]
    return parse_allowance(tuple(entries))


@lru_cache(maxsize=32)
def parse_allowance(entries: tuple[str, ...]) -> Allowance:
    """Read ``host:port``, ``[v6]:port`` and network entries. Raises ``ValueError`` naming the entry that is neither."""
    endpoints, networks = set(), []
    for entry in filter(None, (entry.strip() for entry in entries)):
        if "/" in entry:
            networks.append(ipaddress.ip_network(entry, strict=False))
            continue
        host, separator, port = entry.rpartition(":")
        if not separator or not port.isascii() or not port.isdigit() or not host:
            raise ValueError(f"OUTBOUND_ALLOW: {entry!r} is neither host:port nor a network such as 10.0.0.0/8")
        endpoints.add((host.strip("[]").lower(), int(port)))
    return Allowance(frozenset(endpoints), tuple(networks))


def normal_host(host: str) -> str:
    """Lower-case ASCII host without final dot. A v6 literal loses its brackets; IPv4 look-alikes are refused."""
    host = host.strip("[]").lower() if host.startswith("[") else host.lower()
    if ":" in host:
        try:
            return str(ipaddress.IPv6Address(host)) if "%" not in host else _never()
        except ValueError:
            raise _refused(_("The address is not well formed.")) from None
    host = host.removesuffix(".")
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            raise _refused(_("The host name is not valid.")) from None
    labels = host.split(".")
    if len(host) > LONGEST_HOST or not all(HOST_LABEL.fullmatch(label) for label in labels):
        raise _refused(_("The host name is not valid."))
    if NUMBER_LABEL.fullmatch(labels[-1]):
        try:
            return str(ipaddress.IPv4Address(host))
        except ValueError:
            raise _refused(_("Write the host as a name or as four decimal numbers.")) from None
    return host


def _never() -> str:
    raise ValueError("zone ids name an interface of this machine")


def _literal(host: str) -> IPAddress | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _resolve(target: Target, resolver: Resolver, timeout: float) -> list[str]:
    try:
        return _resolving.submit(resolver, target.host, target.port).result(timeout=timeout)
    except FutureTimeout:
        raise OutboundTimedOut(detail=f"{target.host} did not resolve in {timeout:.1f} s") from None
    except (OSError, UnicodeError) as error:
        raise OutboundFailed(detail=f"{target.host} did not resolve: {error}") from error


def _refused(reason: object, *, detail: str = "") -> OutboundRefused:
    return OutboundRefused(fields={"url": reason}, detail=detail or str(reason))  # type: ignore[dict-item]
