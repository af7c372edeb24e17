"""Test clients that talk to one host, as browsers do."""

from typing import Any

from django.http import HttpResponse
from django.test import Client

from tests import transactions


class HostClient(Client):
    """A client of one host name. Requests begin outside any tenant's context, whatever the test has entered."""

    def __init__(self, *, host: str, **defaults: Any) -> None:
        super().__init__(SERVER_NAME=host, **defaults)
        self.host = host

    def request(self, **request: Any) -> HttpResponse:
        """One request, with the test's own context set aside meanwhile."""
        with transactions.outside():
            return super().request(**request)
