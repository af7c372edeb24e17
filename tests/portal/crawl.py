"""Finds the pages of a running installation as a reader would: by following links, one page for each address pattern."""

import os
import re
from collections import deque
from html import unescape
from urllib.parse import urlsplit

import django
from django.apps import apps
from django.urls import Resolver404, resolve
from playwright.sync_api import BrowserContext

# By the browser itself, which knows where the installation's names lead.
READ = """async address => {
  const answer = await fetch(address, { headers: { Accept: "text/html" } });
  return answer.ok && (answer.headers.get("content-type") || "").includes("text/html") ? answer.text() : "";
}"""
LINK = re.compile(r'<a\b[^>]*?\bhref="([^"]+)"')
TENANT_PAGES = "echopilot.urls_tenant"
PLATFORM_PAGES = "echopilot.urls_public"
# Staff look after these with stock pages; signing out would end the walk.
LEFT_OUT = ("/admin/", "/accounts/logout/", "/media/", "/static/")


def crawl(context: BrowserContext, starts: list[str], *, urlconf: str = TENANT_PAGES) -> list[str]:
    """Addresses of HTML pages reachable from ``starts``, the first met of each address pattern, in the order they were met."""
    if not apps.ready:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "echopilot.settings.dev")
        django.setup()
    waiting: deque[str] = deque(starts)
    patterns: set[str | None] = {None}
    found: list[str] = []
    page = context.new_page()
    page.goto(starts[0])
    while waiting:
        path = waiting.popleft()
        pattern = pattern_of(path, urlconf)
        if pattern in patterns:
            continue
        patterns.add(pattern)
        html = page.evaluate(READ, path)
        if html:
            found.append(path)
            waiting += links_of(html, base=path)
    page.close()
    return found


def pattern_of(path: str, urlconf: str) -> str | None:
    """The pattern an address belongs to; None for addresses that are none of the product's pages."""
    plain = urlsplit(path).path
    if plain.startswith(LEFT_OUT):
        return None
    try:
        return resolve(plain, urlconf=urlconf).route
    except Resolver404:
        return None


def links_of(html: str, *, base: str) -> list[str]:
    """Addresses on the same host that a page links to. Those with a query come last: the plain page is looked at first."""
    host = urlsplit(base).netloc
    links = [unescape(link).partition("#")[0] for link in LINK.findall(html)]
    if host:
        origin = f"{urlsplit(base).scheme}://{host}"
        links = [f"{origin}{link}" if link.startswith("/") else link for link in links]
    same = [link for link in links if (link.startswith("/") and not host) or (host and urlsplit(link).netloc == host)]
    return sorted(dict.fromkeys(same), key=lambda link: "?" in link)
