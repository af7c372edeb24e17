"""For each package: what a person sets, what the model says, who decides, and everything that must then stand at the far sides.

``leaves`` is complete: a place it does not name must be empty. Texts in braces are addresses of the local servers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.workflows.templates.world import World

Json = Any
SLACK_CHANNEL = "C0ORDERS01"


@dataclass(frozen=True, kw_only=True)
class Bad:
    """One thing that is wrong. ``given``: a setting of the form at ``place``. ``brings``: what the trigger brings, refused with
    ``code`` at ``place``. ``breaks``: something is wrong at a far side, and the run fails with ``code``."""

    code: str = ""
    place: str = ""
    given: Mapping[str, Json] = field(default_factory=dict)
    brings: Json = None
    breaks: Callable[[World], None] | None = None


@dataclass(frozen=True, kw_only=True)
class Case:
    """One way through a package. ``brings`` None is the package's own sample; ``pages`` are published before it starts."""

    slug: str
    way: str = ""
    leaves: Mapping[str, Json]
    bad: Bad
    given: Mapping[str, Json] = field(default_factory=dict)
    brings: Json = None
    pages: Mapping[str, str] = field(default_factory=dict)
    says: Mapping[str, list[Json]] = field(default_factory=dict)
    score: int = 88
    decides: tuple[str, ...] = ()
    rests: bool = False
    plants: Callable[[World], None] | None = None

    def __str__(self) -> str:
        return f"{self.slug} {self.way}".strip()


def everybody(subject: str) -> list[Json]:
    """A mail to each member."""
    return [((f"{name}@acme.example",), subject) for name in ("member", "owner", "viewer")]


def task(title: str, body: str, priority: str = "normal") -> list[Json]:
    """One task."""
    return [(title, body, priority)]


def no_page(world: World) -> None:
    """The web pages are gone."""
    world.pages.pages.clear()


def refuse(service: str, status: int = 403) -> Callable[[World], None]:
    """A service says no to everything."""
    return lambda world: world.services[service].faults.append(
        {"kind": "status", "status": status, "times": 99, "body": {"message": "Resource not accessible"}}
    )


def no_mailbox(world: World) -> None:
    """The mail server does not know the address."""
    world.post.answers.append("550 no such mailbox")


def no_source(world: World) -> None:
    """Somebody deleted the database in Notion."""
    world.notion.store.sources.clear()


def speechless(world: World) -> None:
    """The model answers something that is not among the labels or misses what is needed."""
    world.model.mode({"json": {"nonsense": True}})
    world.model.rules = {}


def channel_talk(world: World) -> None:
    """Somebody wrote in the channel."""
    slack = world.services["slack"]
    slack.messages[SLACK_CHANNEL].append(
        {"ts": "1764000000.000100", "text": "Database down", "user": "U1", "thread_ts": None}
    )


def open_issue(world: World) -> None:
    """An issue is open."""
    world.services["github"]._issue("Crash on start", "It crashes.", [])


MAIL = {
    "From": "Ana <ana@example.com>", "To": "door@in.example", "Subject": "Invoice question", "MessageID": "m-1", "Headers": [],
    "TextBody": "Hello, I was charged twice for order 4711 last Tuesday. Please check. Ana",
}  # fmt: skip
NOBODY = Bad(code="invalid_input", place="from", brings={**MAIL, "From": "nobody"})
CLOCK = {"at": "08:00", "zone": "UTC"}
MISSING = Bad(code="invalid_run_input", brings={})
SHORT = Bad(place="p_at", given={"at": "25:99"})

CASES = (
    Case(
        slug="absence-request", decides=("owner",),
        leaves={"told": [("Ana is away", "From 2027-07-01 to 2027-07-14")]}, bad=MISSING,
    ),
    Case(
        slug="applicant-summary",
        says={"Do not judge the person": ["Python: six years. Leading: two teams."],
              "available_from": [{"experience": "Six years of Python", "skills": ["Python"], "available_from": "May"}]},
        leaves={"tasks": task("Application: Engineer", "Python: six years. Leading: two teams.")}, bad=MISSING,
    ),
    Case(
        slug="approve-purchase", given={"limit": 500}, decides=("owner", "member"),
        leaves={"tasks": task("Order: Two monitors", "Approved. Amount 640. New colleagues")},
        bad=Bad(code="invalid_run_input", place="inputs.amount",
                brings={"what": "Two monitors", "amount": "much", "why": "New colleagues"}),
    ),
    Case(
        slug="blog-post-from-notes", decides=("member",),
        says={"Write a blog post": ["Four days, same service."]},
        leaves={"tasks": task("Publish a blog post", "Four days, same service.")}, bad=MISSING,
    ),
    Case(
        slug="blog-post-from-notes", way="written better", decides=("owner",),
        says={"Improve this post": ["Four days, the same service, by the numbers."], "Write a blog post": ["Four days."]},
        score=40,
        leaves={"tasks": task("Publish a blog post", "Four days, the same service, by the numbers.")}, bad=MISSING,
    ),
    Case(
        slug="competitor-watch", given={"pages": ["{web}/prices", "{web}/other"], **CLOCK},
        pages={"/prices": "Pro 20 EUR", "/other": "Pro 30 EUR"},
        says={"Compare these offers": ["| Pro | 20 EUR |"],
              "claims": [{"prices": ["Pro 20 EUR"], "claims": []}, {"prices": ["Pro 30 EUR"], "claims": []}]},
        leaves={"told": [("Competitors this week", "| Pro | 20 EUR |")], "mailed": everybody("Competitors this week")},
        bad=Bad(code="remote_not_found", breaks=no_page),
    ),
    Case(
        slug="complaint-to-issue", given={"repository": "octo/hello"}, brings=MAIL, decides=("owner",),
        says={'"defect", "something else"': [{"label": "defect", "reason": "Charged twice."}],
              "expected": [{"title": "Charged twice", "steps": "Order 4711", "expected": "One charge"}]},
        leaves={"github": [("Customer: Charged twice", 'Steps: Order 4711\n\nExpected: One charge\n\nOriginal: Invoice question',
                            ["from-customer"])]},
        bad=NOBODY,
    ),
    Case(
        slug="daily-briefing", given={"first": "{web}/a", "second": "{web}/b", **CLOCK}, pages={"/a": "Sales up.", "/b": "Two bugs."},
        says={"Write a briefing": ["Sales are up; two bugs need a decision."]},
        leaves={"told": [("Briefing", "Sales are up; two bugs need a decision.")], "mailed": everybody("Briefing")},
        bad=Bad(code="remote_not_found", breaks=no_page),
    ),
    Case(
        slug="data-request", given={"text": "We received your request."}, brings=MAIL, decides=("owner",),
        says={'"copy of data", "deletion"': [{"label": "copy of data", "reason": ""}]},
        leaves={"tasks": task("Data request: copy of data", f"From ana@example.com:\n\n{MAIL['TextBody']}", "high"),
                "sent": [(("ana@example.com",), "We received your request", "We received your request.")]},
        bad=NOBODY,
    ),
    Case(
        slug="expense-check", given={"rules": "Meals up to 30 a day."},
        says={'"allowed", "doubtful"': [{"label": "doubtful", "reason": "Above 30."}]}, decides=("owner",),
        leaves={}, bad=MISSING,
    ),
    Case(
        slug="failed-build", given={"channel": SLACK_CHANNEL, "repository": "octo/hello"}, decides=("owner", "owner"),
        says={"likely cause": ["A package is missing: yaml."]},
        leaves={"slack": [(SLACK_CHANNEL, "Build 1204 failed. A package is missing: yaml.")],
                "github": [("Build 1204 failed", "A package is missing: yaml.", ["build"])]},
        bad=Bad(code="invalid_run_input", place="inputs.log", brings={"build": "1204"}),
    ),
    Case(
        slug="file-incoming-documents",
        says={'"contract", "invoice"': [{"label": "contract", "reason": "A lease."}],
              "three sentences": ["A lease between A and B."]},
        leaves={"drive": [("contract - Lease.txt", "A lease between A and B.\n\n---\nLease between A and B from May 1, 900 EUR.")]},
        bad=Bad(code="credentials_refused", breaks=refuse("drive", 401)),
    ),
    Case(
        slug="health-check", given={"url": "{web}/health", "channel": SLACK_CHANNEL, **CLOCK}, decides=("owner",),
        leaves={"slack": [(SLACK_CHANNEL, "No answer: 127.0.0.1 answered 404: nothing is found at this address.")]},
        bad=SHORT,
    ),
    Case(
        slug="incident-timeline", given={"channel": SLACK_CHANNEL}, plants=channel_talk,
        says={"timeline of this incident": ["10:02 database down."]},
        leaves={"slack": [(SLACK_CHANNEL, "Database down")], "tasks": task("Review an incident", "10:02 database down.")},
        bad=Bad(place="p_channel", given={"channel": ""}),
    ),
    Case(
        slug="invoice-intake", given={"limit": 1000, "database": "{notion}"}, decides=("owner",),
        says={"supplier": [{"supplier": "Papier AG", "number": "77", "total": 1240.0, "currency": "EUR", "due": "2027-01-31"}]},
        leaves={"notion": ["Papier AG 1240.0"]},
        bad=Bad(code="remote_not_found", breaks=no_source),
    ),
    Case(
        slug="issue-digest", given={"repository": "octo/hello", **CLOCK}, plants=open_issue,
        says={"Group these issues": ["First: crash on start."]},
        leaves={"github": [("Crash on start", "It crashes.", [])], "told": [("Open issues this week", "First: crash on start.")],
                "mailed": everybody("Open issues this week")},
        bad=Bad(place="p_repository", given={"repository": ""}),
    ),
    Case(
        slug="lead-from-form", decides=("owner",),
        says={'"good fit", "unclear"': [{"label": "good fit", "reason": "40 seats, by March."}]},
        leaves={"hubspot": [{"email": "bo@example.com", "firstname": "Bo"}],
                "told": [("A good lead came in", "Bo <bo@example.com>\nWe need 40 seats by March.\n\nWhy: 40 seats, by March.")],
                "mailed": everybody("A good lead came in")},
        bad=Bad(code="invalid_run_input", place="inputs.email", brings={"name": "Bo", "message": "Hi"}),
    ),
    Case(
        slug="lost-deal-reasons", given={"base": "appTest1", "table": "Tasks", "reference": "Reference"},
        says={'"price", "timing"': [{"label": "price", "reason": "Twice the price."}]},
        leaves={"airtable": [{"Deal": "Acme 40 seats", "Reason": "price", "Notes": "Twice the price."}]},
        bad=Bad(code="connector_access_missing", breaks=refuse("airtable", 403)),
    ),
    Case(
        slug="meeting-brief", brings={"company": "Acme", "website": "{web}/acme"}, pages={"/acme": "Acme makes anvils."},
        says={"sales meeting": ["Acme makes anvils for smiths."]},
        leaves={"told": [("Brief: Acme", "Acme makes anvils for smiths.")]},
        bad=Bad(code="remote_not_found", breaks=no_page),
    ),
    Case(
        slug="minutes-to-tasks",
        says={"actions": [{"actions": [{"what": "Send the offer", "who": "Bo"}, {"what": "Book the room", "who": ""}]}]},
        leaves={"tasks": [("Send the offer", "From the meeting. Meant for: Bo", "normal"),
                          ("Book the room", "From the meeting. Meant for:", "normal")],
                "told": [("Action items are in the queue", "2 tasks from the meeting")]},
        bad=MISSING,
    ),
    Case(
        slug="newsletter-from-feed", given={"feed": "{web}/feed", "to": ["list@example.com"], "subject": "This week", **CLOCK},
        pages={"/feed": "<item>New office in Lahore</item>"}, decides=("owner", "owner"),
        says={"short newsletter": ["Hello! We opened an office in Lahore."]},
        leaves={"sent": [(("list@example.com",), "This week", "Hello! We opened an office in Lahore.")]},
        bad=Bad(place="p_feed", given={"feed": "not an address"}),
    ),
    Case(
        slug="onboarding-checklist", given={"items": ["Laptop", "Accounts"]},
        leaves={"tasks": [(f"{what}: Ana", "For Ana, first day 2027-02-01.", "normal") for what in ("Laptop", "Accounts")],
                "told": [("Ana starts on 2027-02-01", "2 tasks are prepared.")]},
        bad=MISSING,
    ),
    Case(
        slug="payment-reminder", decides=("owner",),
        says={"polite payment reminder": ["Dear Bo, invoice 77 over 1,240.00 EUR."]},
        leaves={"sent": [(("bo@example.com",), "Invoice 77", "Dear Bo, invoice 77 over 1,240.00 EUR.")]},
        bad=Bad(code="invalid_run_input", place="inputs.email",
                brings={"number": "77", "amount": "1", "due": "2026-10-31", "name": "Bo", "email": "nobody"}),
    ),
    Case(
        slug="policy-check", given={"rules": ["No promises of results", "No names of customers"]}, decides=("owner",),
        says={'"kept", "broken"': [{"label": "broken", "reason": "Guarantees sales."}, {"label": "kept", "reason": ""}]},
        leaves={}, bad=MISSING,
    ),
    Case(
        slug="quote-follow-up", decides=("owner",), rests=True,
        says={"follow-up to a quote": ["Dear Bo, a week ago we sent you a quote."]},
        leaves={"sent": [(("bo@example.com",), "Your quote Q-17", "Dear Bo, a week ago we sent you a quote.")]},
        bad=Bad(code="invalid_run_input", place="inputs.email",
                brings={"quote": "Q-17", "name": "Bo", "email": "nobody", "about": "40 seats"}),
    ),
    Case(
        slug="refund-request", brings={"payment": "pi_1", "reason": "It broke on day two."}, decides=("owner",),
        says={'"refund", "partly"': [{"label": "refund", "reason": "Day two."}]},
        leaves={"stripe": [(5000, "succeeded")],
                "told": [("A refund request was handled", "pi_1: refund. Day two.")]},
        bad=Bad(code="invalid_run_input", place="inputs.payment", brings={"payment": "no payment", "reason": "Broke."}),
    ),
    Case(
        slug="release-notes", given={"channel": SLACK_CHANNEL}, decides=("owner", "owner"),
        says={"release notes": ["New: dark mode. Mended: sign-in."]},
        leaves={"slack": [(SLACK_CHANNEL, "*2.4*\nNew: dark mode. Mended: sign-in.")]}, bad=MISSING,
    ),
    Case(
        slug="reply-with-approval", given={"knowledge": "Refunds within 14 days."}, brings=MAIL, decides=("owner",),
        says={"Answer this customer": ["Dear Ana, thank you for telling us."]},
        leaves={"sent": [(("ana@example.com",), "Re: Invoice question", "Dear Ana, thank you for telling us.")]}, bad=NOBODY,
    ),
    Case(
        slug="research-brief", brings={"question": "How many use it?", "sources": ["{web}/a", "{web}/b"]},
        pages={"/a": "Forty teams use it.", "/b": "Nobody counted."},
        says={"Note every fact": ["Forty teams use it.", "Nobody counted."], "from these notes only": ["Forty teams use it ({web}/a)."]},
        leaves={}, bad=Bad(code="remote_not_found", breaks=no_page),
    ),
    Case(
        slug="satisfaction-follow-up", given={"subject": "How did it go?"}, rests=True, decides=("owner",),
        says={"how the order went": ["Dear Ana, how did your order go?"]},
        leaves={"sent": [(("ana@example.com",), "How did it go?", "Dear Ana, how did your order go?")]},
        bad=Bad(code="invalid_run_input", place="inputs.email", brings={"order": "4711", "name": "Ana"}),
    ),
    Case(
        slug="social-posts-from-article", given={"networks": ["LinkedIn", "Mastodon"], "channel": SLACK_CHANNEL},
        brings={"url": "{web}/article"}, pages={"/article": "Our new report shows much."}, decides=("owner",),
        says={"one post for": ["New report out: much.", "A report is out."]},
        leaves={"slack": [(SLACK_CHANNEL, "Posts for {web}/article\nLinkedIn: New report out: much.\n\nMastodon: A report is out.")]},
        bad=Bad(code="remote_not_found", breaks=no_page),
    ),
    Case(
        slug="survey-themes", given={"themes": ["price", "support"]},
        says={'"price", "support"': [{"label": "price", "reason": ""}, {"label": "support", "reason": ""}],
              "Count each theme": ["price: 1, support: 1"]},
        leaves={}, bad=Bad(code="invalid_run_input", place="inputs", brings={"answers": []}),
    ),
    Case(
        slug="translate-and-check", says={"Translate into Spanish": ["La tienda está cerrada el lunes."]},
        leaves={"told": [("A translation is done", "Score 88 of 100\n\nLa tienda está cerrada el lunes.")]}, bad=MISSING,
    ),
    Case(
        slug="triage-incoming-mail", brings=MAIL,
        says={'"urgent", "question"': [{"label": "urgent", "reason": "Charged twice."}]},
        leaves={"tasks": task("Mail: Invoice question", f"From ana@example.com, sorted as urgent:\n\n{MAIL['TextBody']}"),
                "told": [("An urgent mail came in", "Invoice question from ana@example.com")],
                "mailed": everybody("An urgent mail came in")},
        bad=NOBODY,
    ),
    Case(
        slug="vendor-review", brings={"vendor": "Cloudy", "policy": "{web}/privacy"}, pages={"/privacy": "Data in Ireland."},
        says={"data protection officer": ["1. When is data deleted?"],
              "subprocessors": [{"where": "Ireland", "subprocessors": [], "deletion": "", "certificates": []}]},
        leaves={"tasks": task("Vendor review: Cloudy", "1. When is data deleted?")},
        bad=Bad(code="remote_not_found", breaks=no_page),
    ),
    Case(
        slug="watch-a-page", given={"url": "{web}/tender", "question": "Is the tender open?", **CLOCK},
        pages={"/tender": "The tender is open until May."},
        says={'"yes", "no"': [{"label": "yes", "reason": "Open until May."}]},
        leaves={"told": [("The page says what you look for", "Open until May.")],
                "mailed": everybody("The page says what you look for")},
        bad=Bad(code="remote_not_found", breaks=no_page),
    ),
)  # fmt: skip
