"""The pages of the public site, their addresses in every announced language, and what search engines are told about them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.core.policy import Access, Policy, declares
from apps.i18n.facade import Language, announced_languages, find_language

Page = Callable[..., HttpResponse]
MONTH, WEEK, DAY = "monthly", "weekly", "daily"


@dataclass(frozen=True, kw_only=True)
class SitePage:
    """One kind of page: ``name`` is its address's name, ``title`` and ``description`` what a result list shows."""

    name: str
    title: Promise
    description: Promise
    priority: str = "0.5"
    changes: str = MONTH
    in_menu: bool = False
    menu_label: Promise | None = None


PAGES: dict[str, SitePage] = {
    page.name: page
    for page in (
        SitePage(
            name="landing",
            title=_("EchoPilot: requests in, checked work out"),
            description=_(
                "An AI model answers your requests from Notion, a form or an API. A quality gate scores each answer, people"
                " decide the doubtful ones, and every cent is on record."
            ),
            priority="1.0",
            changes=WEEK,
        ),
        SitePage(
            name="product",
            title=_("How EchoPilot works"),
            menu_label=_("How it works"),
            description=_(
                "One task from request to result: answered, scored, revised, decided by a person, delivered."
            ),
            priority="0.8",
            in_menu=True,
        ),
        SitePage(
            name="solutions",
            title=_("What teams use it for"),
            menu_label=_("Solutions"),
            description=_("Client texts, operations in Notion, research and comparison, data from text."),
            priority="0.7",
        ),
        SitePage(
            name="integrations",
            title=_("Integrations"),
            description=_("Every service EchoPilot connects to, what a step may do there and what can start work."),
            priority="0.7",
            changes=WEEK,
        ),
        SitePage(
            name="pricing",
            title=_("Plans and prices"),
            menu_label=_("Prices"),
            description=_("Four plans with plain limits: tasks, people, model spend and storage, in five currencies."),
            priority="0.9",
            in_menu=True,
        ),
        SitePage(
            name="docs",
            title=_("Documentation"),
            menu_label=_("Documentation"),
            description=_(
                "First steps, a guide to building workflows with pictures, and a reference that is always up to date."
            ),
            priority="0.8",
            changes=WEEK,
            in_menu=True,
        ),
        SitePage(
            name="status",
            title=_("System status"),
            menu_label=_("Status"),
            description=_("What works at this moment, measured when you open the page."),
            changes=DAY,
            in_menu=True,
        ),
        SitePage(
            name="changelog",
            title=_("What is new"),
            description=_("What changed in EchoPilot, newest first."),
            changes=WEEK,
        ),
        SitePage(
            name="security",
            title=_("Security"),
            description=_(
                "How data of different customers is kept apart, how secrets are kept, how to report a weakness."
            ),
        ),
        SitePage(
            name="accessibility",
            title=_("Accessibility"),
            description=_(
                "What works with keyboard, screen reader and large text, what does not yet, and how to tell us."
            ),
        ),
        SitePage(
            name="contact",
            title=_("Contact"),
            description=_("Write to the people who run this installation of EchoPilot."),
        ),
        SitePage(
            name="legal",
            title=_("Legal"),
            description=_(
                "Terms, privacy and the other papers, with what still has to be filled in before they bind anybody."
            ),
            priority="0.3",
        ),
    )
}


class SiteLanguage:
    """Path converter: the code of a language the product knows; anything else leads elsewhere."""

    regex = "[a-z]{2}(?:-[a-z]{2,4})?"

    def to_python(self, value: str) -> str:
        """Raises ``ValueError`` for other codes."""
        if find_language(value) is None:
            raise ValueError(value)
        return value

    def to_url(self, value: str) -> str:
        """The code as it is."""
        return value


class EntryName:
    """Path converter: the name of an entry of the manual, which is a name of the code such as ``ai.generate``."""

    regex = r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,99}"

    def to_python(self, value: str) -> str:
        """The name as it stands."""
        return value

    def to_url(self, value: str) -> str:
        """The name as it stands."""
        return value


def site_view(*, reason: str) -> Callable[[Page], Page]:
    """A public page under a language: speaks that language; one that is not announced yet leads to English for now."""

    def decorate(view: Page) -> Page:
        @wraps(view)
        def shown(request: HttpRequest, language: str, **values: Any) -> HttpResponse:
            known = find_language(language)
            if known is None:
                raise Http404
            if not known.is_announced:
                match = request.resolver_match
                assert match is not None
                moved: HttpResponse = redirect(f"site:{match.url_name}", language=settings.LANGUAGE_CODE, **values)
                return moved
            with translation.override(language):
                request.LANGUAGE_CODE = language
                response: HttpResponse = view(request, **values)
            response.headers["Content-Language"] = language
            return response

        return declares(Policy(access=Access.PUBLIC, detail=reason))(shown)

    return decorate


def render_page(
    request: HttpRequest, name: str, context: Mapping[str, Any] | None = None, *, status: int = 200,
    title: str = "", description: str = "", **values: str,
) -> HttpResponse:  # fmt: skip
    """Render ``website/<name>.html`` with the frame's facts; ``values`` are further parts of the address."""
    page = PAGES[name]
    view = request.resolver_match.url_name if request.resolver_match else name
    head = Head(request, page=page, view=view or name, title=title, description=description, values=values)
    return render(request, f"website/{view}.html", {"site": head, **(context or {})}, status=status)


class Head:
    """What the frame of a public page shows and what its head tells search engines and other sites."""

    def __init__(
        self,
        request: HttpRequest,
        *,
        page: SitePage,
        view: str,
        title: str,
        description: str,
        values: Mapping[str, str],
    ) -> None:
        self._request, self._view, self._values = request, view, dict(values)
        self.page = page
        self.language = find_language(translation.get_language() or "en")
        self.title = title or str(page.title)
        self.description = description or str(page.description)

    @property
    def canonical(self) -> str:
        """This page's one address in its language."""
        return absolute(self._request, self._path(self._code))

    @property
    def languages(self) -> list[tuple[Language, str]]:
        """The same page in every announced language."""
        return [(language, self._path(language.code)) for language in announced_languages()]

    @property
    def alternates(self) -> list[tuple[str, str]]:
        """``hreflang`` and address of each, with ``x-default`` for everybody else."""
        return alternates(self._request, self._view, **self._values)

    @property
    def menu(self) -> list[dict[str, Any]]:
        """Entries of the top menu."""
        return [self._entry(page) for page in PAGES.values() if page.in_menu]

    @property
    def footer(self) -> list[dict[str, Any]]:
        """The rest."""
        return [self._entry(page) for page in PAGES.values() if not page.in_menu and page.name != "landing"]

    @property
    def home(self) -> str:
        """The landing page in this language."""
        return reverse("site:landing", args=[self._code])

    @property
    def preview(self) -> str:
        """The picture other sites show beside a link."""
        from django.templatetags.static import static

        return absolute(self._request, static("website/preview.png"))

    @property
    def _code(self) -> str:
        return self.language.code if self.language else settings.LANGUAGE_CODE

    def _entry(self, page: SitePage) -> dict[str, Any]:
        return {
            "label": page.menu_label or page.title,
            "url": reverse(f"site:{page.name}", args=[self._code]),
            "is_current": page.name == self.page.name,
        }

    def _path(self, code: str) -> str:
        return reverse(f"site:{self._view}", kwargs={"language": code, **self._values})


def alternates(request: HttpRequest, view: str, **values: str) -> list[tuple[str, str]]:
    """Absolute addresses of a page in every announced language, and ``x-default`` (English)."""
    found = [
        (language.code, absolute(request, reverse(f"site:{view}", kwargs={"language": language.code, **values})))
        for language in announced_languages()
    ]
    return [*found, ("x-default", found[0][1])]


def absolute(request: HttpRequest, path: str) -> str:
    """An address of the platform's own host, whatever alias of it was asked for; addresses elsewhere stay as they are."""
    if path.startswith(("http://", "https://")):
        return path
    port = request.get_port()
    suffix = "" if port in {"80", "443"} else f":{port}"
    return f"{request.scheme}://{settings.BASE_DOMAIN}{suffix}{path}"
