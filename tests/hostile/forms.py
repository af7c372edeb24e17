"""Forms of addresses that lead inside: those of ``tests.core.hostile_urls`` and what a patient person adds to them.

``{port}`` is the canary's port, which counts as an ordinary one, so that the address alone decides.
"""

import base64
import ipaddress
from dataclasses import dataclass

from tests.core.hostile_urls import hostile_urls

STATUSES = (300, 301, 302, 303, 305, 307, 308)
TARGETS = (
    "http://127.0.0.1:{port}/in", "http://[::1]:{port}/in", "http://localhost:{port}/in", "//127.0.0.2:{port}/in",
    "http://2130706433:{port}/in", "file:///etc/passwd", "gopher://127.0.0.1:{port}/_x", "ftp://127.0.0.1:{port}/x",
    "http://spoofed.example:{port}/", "http://169.254.169.254/latest/meta-data/",
)  # fmt: skip
ENCODED_HOSTS = (
    "%6c%6f%63alhost", "127.0.0.1%23", "127.0.0.1%3f", "127.0.0.1%40example.com", "%00127.0.0.1", "127.0.0.1%09",
    "127.0.0.1%20", "%5b::1%5d", "127%E3%80%820%E3%80%820%E3%80%821", "0x7f%2e1",
)  # fmt: skip
UNICODE_HOSTS = (
    "\uff11\uff12\uff17\uff0e\uff10\uff0e\uff10\uff0e\uff11", "127\uff610\uff610\uff611", "\U0001d7cf\U0001d7d0\U0001d7d5.0.0.1",
    "\u0661\u0662\u0667.0.0.1", "\u06f1\u06f2\u06f7.0.0.1", "\u0967\u0968\u096d.0.0.1", "\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3",
    "\u2113ocalhost", "loc\u200balhost", "loc\u200dalhost", "\u202elocalhost", "lo\u0441alhost", "localhost\u3002", "localhost\uff0e",
    "\U0001d5c5\U0001d5c8\U0001d5bc\U0001d5ba\U0001d5c5\U0001d5c1\U0001d5c8\U0001d5cc\U0001d5cd", "127.0.0.1\u00ad", "127.0.0.\u2474",
)  # fmt: skip
ODD_SHAPES = (
    "http://127.0.0.1:{port}/\r\nX-Injected: 1", "http://127.0.0.1:{port}/%0d%0aX-Injected:%201", "http://\t127.0.0.1:{port}/",
    "http://127.0.0.1\n:{port}/", "ht\ttp://127.0.0.1:{port}/", "\x01http://127.0.0.1:{port}/", "http://127.0.0.1:{port}\x00@example.com/",
    "http:\\\\127.0.0.1:{port}/", "http:/\\127.0.0.1:{port}/", "http:\\/127.0.0.1:{port}/", "http://example.com\\.127.0.0.1:{port}/",
    "http://example.com;@127.0.0.1:{port}/", "http://example.com:pw@[::1]:{port}/", "http://example.com%40127.0.0.1:{port}/",
    "http://127.0.0.1:{port}%2f@example.com/", "http://[::1]%0a:{port}/", "http://[::ffff:127.0.0.1%25lo]:{port}/",
    "http://[v1.127.0.0.1]:{port}/", "http://[::1]@example.com:{port}/", "http://[[::1]]:{port}/", "http://[::1]]:{port}/",
    "http://0x7f.0.0.1.:{port}/", "http://127.0.0.1..:{port}/", "http://%31%32%37%2e%30%2e%30%2e%31:{port}/",
    "http://{long}.127.0.0.1:{port}/", "http://{long}@127.0.0.1:{port}/", "http://127.0.0.1:{port}/{long}", "http://127.0.0.1:{port}?{long}",
    "http://127.0.0.1:{port}#{long}", "http://127.0.0.1:000000{port}/", "http://127.0.0.1:{port}.0/", "http://127.0.0.1: {port}/",
    "http://127.0.0.1:\uff18\uff10/", "feed:http://127.0.0.1:{port}/", "view-source:http://127.0.0.1:{port}/", "url:http://127.0.0.1:{port}/",
    "netdoc:///etc/passwd", "jar:file:///etc/passwd!/", "php://filter/resource=/etc/passwd", "expect://id", "blob:http://127.0.0.1:{port}/",
    "smb://127.0.0.1:{port}/x", "ssh://127.0.0.1:{port}/", "redis://127.0.0.1:{port}/0", "smtp://127.0.0.1:{port}/", "ldaps://127.0.0.1:{port}/",
    "FILE:///etc/passwd", "file:/etc/passwd", "file://localhost/etc/passwd", "http+unix://%2fvar%2frun%2fx.sock/", "https+http://127.0.0.1:{port}/",
)  # fmt: skip


@dataclass(frozen=True)
class Form:
    """One form: ``sort`` is "address", "redirect" or "rebinding"; only redirects may reach the far side's own server."""

    sort: str
    url: str

    @property
    def host(self) -> str:
        """What stands where the host stands, for callers that ask for a host."""
        rest = self.url.partition("://")[2] or self.url
        return rest.split("/")[0].rpartition(":")[0] or rest


def packed(url: str) -> str:
    """A redirect's target as one segment of a path."""
    return base64.urlsafe_b64encode(url.encode("utf-8", "surrogatepass")).decode().rstrip("=")


def all_forms(*, port: int, outer: str) -> list[Form]:
    """Every form for a canary on ``port`` and a far side at ``outer`` (``http://127.0.0.3:port``)."""
    urls = [*hostile_urls(port), *_computed(port)]
    urls += [f"http://{host}:{port}/" for host in (*ENCODED_HOSTS, *UNICODE_HOSTS)]
    urls += [shape.replace("{port}", str(port)).replace("{long}", "a" * 3000) for shape in ODD_SHAPES]
    forms = [Form("address", url) for url in dict.fromkeys(urls)]
    for target in TARGETS:
        where = packed(target.replace("{port}", str(port)))
        forms += [Form("redirect", f"{outer}/go/{status}/{where}") for status in STATUSES]
        forms += [Form("redirect", f"{outer}/{way}/1/{where}") for way in ("refresh", "chain", "link")]
    forms += [Form("rebinding", f"http://{name}:{port}/x") for name in REBINDING]
    return forms


# name -> the addresses of the first, the second, ... look-up; the last one stays.
REBINDING = {
    "rebind-loopback.example": [["127.0.0.3"], ["127.0.0.1"]],
    "rebind-six.example": [["127.0.0.3"], ["::1"]],
    "rebind-late.example": [["127.0.0.3"], ["127.0.0.3"], ["127.0.0.1"]],
    "rebind-mixed.example": [["127.0.0.3"], ["127.0.0.3", "127.0.0.1"]],
    "rebind-public.example": [["93.184.216.34"], ["127.0.0.1"]],
    "rebind-private.example": [["93.184.216.34"], ["10.0.0.1"]],
    "rebind-metadata.example": [["127.0.0.3"], ["169.254.169.254"]],
    "rebind-empty.example": [[], ["127.0.0.1"]],
}


def _computed(port: int) -> list[str]:
    """Number systems mixed octet by octet, and addresses wrapped in others."""
    found = []
    for address in ("127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1"):
        a, b, c, d = (int(part) for part in address.split("."))
        value = int(ipaddress.IPv4Address(address))
        found += [
            f"{a:#x}.{b:#o}.{c}.{d}".replace("0o", "0"), f"{a}.{b}.{c * 256 + d}", f"{a}.{b * 65536 + c * 256 + d}", f"{value:#x}",
            f"{value:#o}".replace("0o", "0"), str(value + 2**32), f"0x{a:04x}.{b}.{c}.{d}", f"{a:#05o}.{b}.{c}.{d}".replace("0o", "0"),
            f"[::ffff:{address}]", f"[::{address}]", f"[64:ff9b::{address}]", f"[2002:{value >> 16:x}:{value & 0xFFFF:x}::1]",
            f"[2001:0:{value >> 16:x}:{value & 0xFFFF:x}::]", f"[fe80::5efe:{address}]", f"[::ffff:0:{address}]", f"{address}.",
        ]  # fmt: skip
    return [f"http://{host}:{port}/" for host in found]
