"""Asks the domain name system for TXT records."""

import dns.exception
import dns.resolver

from apps.core.errors import Unavailable

SECONDS = 5.0


def resolve_txt(name: str) -> list[str]:
    """Texts of the TXT records at ``name`` (RFC 1035, 3.3.14), empty when there are none.

    Raises ``Unavailable`` when no name server answers within five seconds.
    """
    try:
        answer = dns.resolver.resolve(name, "TXT", lifetime=SECONDS, search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except dns.exception.DNSException as error:
        raise Unavailable(detail=f"TXT {name}: {type(error).__name__}") from error
    return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]
