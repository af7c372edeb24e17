"""A workspace's own prompts: written as a draft, published as versions that never change, used by name.

A step that names ``slug`` gets the current version, one that names ``slug@3`` version 3 whatever is current. Archived prompts are
no longer offered and cannot be published; whatever names one already goes on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Max, Q
from django.db.models.functions import Now
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from apps.ai.contracts import Message, PromptOption
from apps.ai.enums import PromptChangeKind
from apps.ai.errors import (
    PromptExists,
    PromptMoved,
    PromptUnchanged,
    TooManyPrompts,
    UnknownPrompt,
)
from apps.ai.models import Prompt, PromptChange, PromptVersion
from apps.ai.prompts import builtin, wording
from apps.core.errors import InvalidInput, NotFound

SLUG = re.compile(r"[a-z][a-z0-9-]{0,59}")
REFERENCE = re.compile(r"([a-z][a-z0-9-]{0,59})(?:@([1-9][0-9]{0,5}))?")
# Addresses of pages, and what the platform's own calls are labelled with.
RESERVED = frozenset({"new", "built-in", "judge", "assistant", "design", "measures"})
MOST = 500
LIMITS = {"title": 120, "description": 300, "note": 300}


def create_prompt(
    *, title: str, slug: str = "", description: str = "", system: str = "", user: str,
    variables: Iterable[Mapping[str, Any]] = (), user_id: int | None = None,
) -> Prompt:  # fmt: skip
    """A new prompt with a draft and no version yet; the name is made from the title when none is given.

    Raises ``InvalidInput`` with one field per mistake, ``PromptExists``, ``TooManyPrompts``.
    """
    slug = slug.strip() or slugify(title)[:60].strip("-")
    _require_texts(title=title, description=description)
    if not SLUG.fullmatch(slug) or slug in RESERVED:
        hint = _("Begin with a letter; small letters, digits and - only, for example friendly-reply.")
        raise InvalidInput(fields={"slug": hint})
    wording.check_wording(system=system, user=user)
    described = wording.describe(user, variables)
    if Prompt.objects.count() >= MOST:
        raise TooManyPrompts
    try:
        with transaction.atomic():
            return Prompt.objects.create(
                slug=slug, title=title.strip(), description=description.strip(), system=system.strip(), user=user.strip(),
                variables=described, created_by=user_id, updated_by=user_id,
            )  # fmt: skip
    except IntegrityError:
        raise PromptExists(fields={"slug": _("This name is taken.")}) from None


def save_draft(
    slug: str, *, title: str, description: str, system: str, user: str, variables: Iterable[Mapping[str, Any]],
    revision: int, user_id: int | None = None,
) -> Prompt:  # fmt: skip
    """Put another wording into the draft, if it still is at ``revision``; what is published stays as it is.

    Raises ``NotFound``, ``InvalidInput``, ``PromptMoved`` when somebody saved in between.
    """
    prompt = get_prompt(slug)
    _require_texts(title=title, description=description)
    wording.check_wording(system=system, user=user)
    kept = {
        "title": title.strip(), "description": description.strip(), "system": system.strip(), "user": user.strip(),
        "variables": wording.describe(user, variables),
    }  # fmt: skip
    if prompt.revision == revision and all(getattr(prompt, name) == value for name, value in kept.items()):
        return prompt
    moved = Prompt.objects.filter(pk=prompt.pk, revision=revision).update(
        **kept, revision=F("revision") + 1, updated_by=user_id, updated_at=Now()
    )
    if not moved:
        raise PromptMoved
    return get_prompt(slug)


def publish_prompt(slug: str, *, revision: int, note: str = "", user_id: int | None = None) -> PromptVersion:
    """Keep the draft as a version for good and make it the current one: steps that name the prompt use it from their next call.

    A wording that was published before becomes current again under its old number. Raises ``NotFound``, ``PromptMoved`` when the
    draft is not at ``revision`` any more, ``PromptUnchanged``, ``InvalidInput`` (note; an archived prompt).
    """
    _require_texts(note=note)
    with transaction.atomic():
        prompt = _locked(slug)
        if prompt.revision != revision:
            raise PromptMoved
        if prompt.archived_at is not None:
            raise InvalidInput(_("This prompt is archived. Bring it back before you publish it."))
        digest = hash_of(prompt)
        version = PromptVersion.objects.filter(prompt=prompt, content_hash=digest).first()
        if version is not None and version.pk == prompt.current_id:
            raise PromptUnchanged
        if version is None:
            last = PromptVersion.objects.filter(prompt=prompt).aggregate(last=Max("number"))["last"] or 0
            version = PromptVersion.objects.create(
                prompt=prompt, number=last + 1, system=prompt.system, user=prompt.user, variables=prompt.variables,
                content_hash=digest, note=note.strip(), created_by=user_id,
            )  # fmt: skip
        _make_current(prompt, version, kind=PromptChangeKind.PUBLISHED, user_id=user_id)
    return version


def use_version(slug: str, number: int, *, user_id: int | None = None) -> PromptVersion:
    """Make a version the current one again; nothing happens when it is. The draft stays as it is. Raises ``NotFound``."""
    with transaction.atomic():
        prompt = _locked(slug)
        version = get_version(prompt, number)
        if version.pk != prompt.current_id:
            _make_current(prompt, version, kind=PromptChangeKind.ROLLED_BACK, user_id=user_id)
    return version


def draft_from_version(slug: str, number: int, *, revision: int, user_id: int | None = None) -> Prompt:
    """Put a version's wording back into the draft. Raises as ``save_draft``."""
    prompt = get_prompt(slug)
    version = get_version(prompt, number)
    return save_draft(
        slug, title=prompt.title, description=prompt.description, system=version.system, user=version.user,
        variables=version.variables, revision=revision, user_id=user_id,
    )  # fmt: skip


def archive_prompt(slug: str) -> Prompt:
    """Offer it no longer; whatever names it goes on working. Raises ``NotFound``."""
    Prompt.objects.filter(pk=get_prompt(slug).pk, archived_at=None).update(archived_at=Now())
    return get_prompt(slug)


def restore_prompt(slug: str) -> Prompt:
    """Offer it again. Raises ``NotFound``."""
    Prompt.objects.filter(pk=get_prompt(slug).pk).update(archived_at=None)
    return get_prompt(slug)


def list_prompts(*, archived: bool = False, search: str = "") -> list[Prompt]:
    """The workspace's prompts by title, with their current versions. One query; there are at most 500."""
    rows = Prompt.objects.select_related("current").filter(archived_at__isnull=not archived)
    if search:
        wanted = search.replace("\x00", "")[:100]
        rows = rows.filter(Q(title__icontains=wanted) | Q(slug__icontains=wanted) | Q(description__icontains=wanted))
    return list(rows.order_by("title", "slug"))


def get_prompt(slug: str) -> Prompt:
    """One prompt with its current version. Raises ``NotFound``."""
    found = Prompt.objects.select_related("current").filter(slug=slug).first() if SLUG.fullmatch(slug) else None
    if found is None:
        raise NotFound(detail=f"prompt {slug[:80]!r}")
    return found


def get_version(prompt: Prompt, number: int) -> PromptVersion:
    """One version. Raises ``NotFound``."""
    found = PromptVersion.objects.filter(prompt=prompt, number=number).first() if number < 2**31 else None
    if found is None:
        raise NotFound(detail=f"{prompt.slug}@{number}")
    return found


def hash_of(wording_of: Prompt | PromptVersion) -> str:
    """The content hash of a draft or version."""
    return wording.content_hash(system=wording_of.system, user=wording_of.user, variables=wording_of.variables)


def render(reference: str, values: Mapping[str, Any]) -> tuple[tuple[Message, ...], str]:
    """Messages of an own prompt and ``slug@number`` of the version they are from. One query. Raises ``UnknownPrompt``."""
    named = REFERENCE.fullmatch(reference)
    slug, number = (named.group(1), named.group(2)) if named else ("", None)
    which = Q(number=int(number)) if number else Q(prompt__current_id=F("pk"))
    version = PromptVersion.objects.filter(which, prompt__slug=slug).first() if slug else None
    if version is None:
        raise UnknownPrompt(slug=reference[:80], fields={"prompt": _("Not published, or no such version.")})
    missing = wording.missing_values(wording.variables_of(version.variables), values)
    if missing:
        raise UnknownPrompt(slug=reference[:80], fields=dict.fromkeys(missing, _("This variable needs a value.")))
    return messages(version.system, version.user, values), f"{slug}@{version.number}"


def messages(system: str, user: str, values: Mapping[str, Any]) -> tuple[Message, ...]:
    """What a model is told. A person wrote it, so nothing of it counts as the platform's own word."""
    request = Message(role="user", content=wording.fill(user, values))
    return (Message(role="system", content=system), request) if system else (request,)


def find_options(references: Iterable[str]) -> dict[str, PromptOption]:
    """What is known of prompts by the names steps use, pinned or not, own or built in; unknown ones are left out.

    Two queries at most. A pinned reference has the variables of that version.
    """
    named = set(references)
    options = {one: builtin.option(one) for one in named if builtin.is_builtin(one)}
    wanted = {one: match for one in named if (match := REFERENCE.fullmatch(one))}
    if not wanted:
        return options
    prompts = {
        row.slug: row
        for row in Prompt.objects.select_related("current").filter(slug__in={match[1] for match in wanted.values()})
    }
    pins = {(match[1], int(match[2])) for match in wanted.values() if match[2]}
    versions = {
        (row.prompt.slug, row.number): row
        for row in PromptVersion.objects.select_related("prompt").filter(
            prompt__slug__in={slug for slug, _number in pins}, number__in={number for _slug, number in pins}
        )
    } if pins else {}  # fmt: skip
    for reference, match in wanted.items():
        if match[1] not in prompts:
            continue
        prompt = prompts[match[1]]
        version = versions.get((match[1], int(match[2]))) if match[2] else prompt.current
        if match[2] is None or version is not None:
            options[reference] = _option(prompt, version)
    return options


def list_options() -> list[PromptOption]:
    """What a step may name: the workspace's published prompts, then the built-in ones. One query."""
    own = [_option(prompt, prompt.current) for prompt in list_prompts() if prompt.current is not None]
    return [*own, *(builtin.option(slug) for slug in builtin.offered())]


def _option(prompt: Prompt, version: PromptVersion | None) -> PromptOption:
    stored = version.variables if version else prompt.variables
    return PromptOption(
        slug=prompt.slug, title=prompt.title, description=prompt.description, version=version.number if version else None,
        variables=wording.variables_of(stored), archived=prompt.archived_at is not None,
    )  # fmt: skip


def _locked(slug: str) -> Prompt:
    found = Prompt.objects.select_for_update(of=("self",)).filter(slug=slug).first() if SLUG.fullmatch(slug) else None
    if found is None:
        raise NotFound(detail=f"prompt {slug[:80]!r}")
    return found


def _make_current(prompt: Prompt, version: PromptVersion, *, kind: PromptChangeKind, user_id: int | None) -> None:
    prompt.current = version
    prompt.save(update_fields=["current", "updated_at"])
    PromptChange.objects.create(prompt=prompt, version=version, kind=kind, user_id=user_id)


def _require_texts(**texts: str) -> None:
    wrong: dict[str, Any] = {}
    for name, text in texts.items():
        if len(text.strip()) > LIMITS[name] or "\x00" in text:
            wrong[name] = _("At most %(most)s characters.") % {"most": LIMITS[name]}
    if not texts.get("title", "-").strip():
        wrong["title"] = _("Give it a title.")
    if wrong:
        raise InvalidInput(fields=wrong)
