"""The legal papers, from one source of facts. None binds anybody until its facts are filled in and a lawyer has released it.

``data/operator.json`` holds who runs the installation and which papers are released; empty facts are shown as missing.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.core.errors import NotFound

OPERATOR = Path(__file__).parent / "data" / "operator.json"
FACTS: dict[str, str | Promise] = {
    "company": _("Company"),
    "address": _("Address"),
    "register": _("Register and number"),
    "tax_number": _("Tax number"),
    "email": _("E-mail"),
    "data_protection_contact": _("Contact for data protection"),
    "governing_law": _("Governing law"),
}


@dataclass(frozen=True, kw_only=True)
class Paper:
    """One paper: what it will say, section by section. ``version`` and ``released_on`` are empty while it is a draft."""

    slug: str
    title: str | Promise
    summary: str | Promise
    sections: tuple[tuple[str | Promise, str | Promise], ...]
    needs: tuple[str, ...] = ("company", "address", "email")
    version: str = ""
    released_on: str = ""

    @property
    def is_binding(self) -> bool:
        """Released, with every fact it names known."""
        facts = operator()
        return bool(self.version) and all(fact["value"] for fact in facts if fact["key"] in self.needs)

    @property
    def missing(self) -> list[str | Promise]:
        """Facts it needs and nobody has filled in."""
        return [fact["name"] for fact in operator() if fact["key"] in self.needs and not fact["value"]]


def operator() -> list[dict[str, Any]]:
    """Who runs this installation: key, name and value of each fact; the value is empty where nobody has said it."""
    known = _data().get("operator", {})
    return [{"key": key, "name": name, "value": str(known.get(key) or "")} for key, name in FACTS.items()]


def list_papers() -> list[Paper]:
    """All papers, in order, with the release the data names."""
    released = _data().get("papers", {})
    return [
        Paper(**{**vars(paper), **{key: released[paper.slug].get(key, "") for key in ("version", "released_on")}})
        if paper.slug in released
        else paper
        for paper in _PAPERS
    ]


def get_paper(slug: str) -> Paper:
    """One of them. Raises ``NotFound``."""
    found = next((paper for paper in list_papers() if paper.slug == slug), None)
    if found is None:
        raise NotFound(detail=f"no paper {slug!r}")
    return found


@lru_cache(maxsize=1)
def _data() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(OPERATOR.read_text(encoding="utf-8"))
    return data


_PAPERS = (
    Paper(
        slug="terms",
        title=_("Terms of service"),
        summary=_("What you may expect from us and we from you."),
        needs=("company", "address", "email", "governing_law"),
        sections=(
            (_("What you get"), _("Use of this installation within the limits of the plan you choose, as the documentation describes it.")),
            (_("What stays yours"), _("What you send in and what comes back. We use it to do the work you asked for, and for nothing else.")),
            (_("What machines write"), _("Answers come from AI models and can be wrong. The quality gate lowers the risk; the decision to use an answer is yours.")),
            (_("Ending it"), _("You can delete a workspace at any time. For 30 days you can take that back; after that its data are removed.")),
        ),
    ),
    Paper(
        slug="privacy",
        title=_("Privacy notice"),
        summary=_("Which personal data are processed, what for, and for how long."),
        needs=("company", "address", "email", "data_protection_contact"),
        sections=(
            (_("Your account"), _("E-mail address, name, language, time zone, and when you signed in from which browser; kept as long as the account exists.")),
            (_("Your work"), _("Tasks, answers, decisions and files, kept in your workspace until you delete it.")),
            (_("Visits"), _("This site sets no tracking cookies and calls no other site. Error reports from browsers carry no personal data.")),
            (_("Others who process data"), _("Only the services your workspace connects, and the AI model provider of this installation, with the text of the task.")),
            (_("Your rights"), _("Access, correction, deletion, a copy to take along. Workspace owners find the export in their settings.")),
        ),
    ),
    Paper(
        slug="cookies",
        title=_("Cookies"),
        summary=_("The few this site sets, all of them necessary or asked for."),
        sections=(
            (_("Sign-in"), _("One cookie that keeps you signed in, and one that protects forms against forgery.")),
            (_("Choices"), _("Language, light or dark, and row height, when you choose them.")),
            (_("No others"), _("No advertising, no analytics of third parties, so there is nothing to agree to.")),
        ),
    ),
    Paper(
        slug="data-processing",
        title=_("Data processing agreement"),
        summary=_("For customers who let us process personal data on their behalf."),
        needs=("company", "address", "email", "data_protection_contact", "governing_law"),
        sections=(
            (_("Subject"), _("Answering of tasks and running of workflows with the data a customer sends in or connects.")),
            (_("Measures"), _("Separate database schemas per customer, encrypted credentials, recorded access by staff. The security page lists them.")),
            (_("Sub-processors"), _("Listed on a page of their own; customers hear of changes before they take effect.")),
        ),
    ),
    Paper(
        slug="sub-processors",
        title=_("Sub-processors"),
        summary=_("Companies that process data for this installation."),
        sections=(
            (_("AI models"), _("The provider configured by the operator of this installation. Without one, a small model answers on our own machine.")),
            (_("Services you connect"), _("For example Notion: only when your workspace connects it, with the rights you give.")),
        ),
    ),
    Paper(
        slug="acceptable-use",
        title=_("Acceptable use"),
        summary=_("What the service may not be used for."),
        sections=(
            (_("Nothing unlawful"), _("No fraud, no harassment, no infringement of others' rights, no malicious software.")),
            (_("No harm to others here"), _("No attempts to reach other customers' data or to use more than the plan's share of the machines.")),
        ),
    ),
    Paper(
        slug="refunds",
        title=_("Payment and refunds"),
        summary=_("How paying works once billing opens."),
        sections=(
            (_("Today"), _("Nothing is charged: billing has not opened. Limits of the plans apply already.")),
            (_("Later"), _("Prices, taxes, notice periods and refunds will stand here before anybody is asked to pay.")),
        ),
    ),
)  # fmt: skip
