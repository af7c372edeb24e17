"""Pages about prompts: the library, a draft, publishing it, its versions and what came of them."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import now as current_time
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.guards import held_permissions, permission_required
from apps.ai.errors import PromptMoved, PromptUnchanged
from apps.ai.models import Prompt, PromptVersion
from apps.ai.pages.filtering import names_of
from apps.ai.prompts import builtin, library, results, testing, wording
from apps.ai.prompts.forms import PromptForm, PublishForm
from apps.ai.prompts.results import Results
from apps.ai.registries import PromptUse, prompt_users
from apps.core.differences import word_diff
from apps.core.errors import NotAllowed, NotFound, PlatformError

VIEW, MANAGE = "workflows.view", "prompts.manage"
LATEST_CHANGES = 30


@require_GET
@permission_required(VIEW)
def prompt_list(request: HttpRequest) -> HttpResponse:
    """The workspace's prompts with what came of them, then the built-in ones."""
    archived = request.GET.get("show") == "archived"
    search = request.GET.get("q", "")[:100]
    prompts = library.list_prompts(archived=archived, search=search)
    labels: dict[str, list[str]] = {}
    rows = PromptVersion.objects.filter(prompt__in=prompts).values_list("prompt__slug", "number")
    for slug, number in rows:
        labels.setdefault(slug, []).append(f"{slug}@{number}")
    for slug in builtin.offered():
        labels[slug] = builtin.labels(slug)
    found = results.results_of([label for all_of_one in labels.values() for label in all_of_one])
    uses = uses_of([prompt.slug for prompt in prompts])

    def total(slug: str) -> Results:
        return results.together((found[label] for label in labels.get(slug, ()) if label in found), label=slug)

    context = {
        "lines": [{"prompt": prompt, "results": total(prompt.slug), "uses": uses.get(prompt.slug, ()),
                   "versions": len(labels.get(prompt.slug, ()))} for prompt in prompts],
        "built_in": [] if archived or search else
                    [{"option": builtin.option(slug), "results": total(slug)} for slug in builtin.offered()],
        "archived": archived,
        "search": search,
        "days": results.DAYS,
        "may_manage": MANAGE in held_permissions(request),
        "now": current_time(),
    }  # fmt: skip
    return render(request, "ai/prompts/prompt_list.html", context)


@require_http_methods(["GET", "POST"])
@permission_required(MANAGE)
def prompt_create(request: HttpRequest) -> HttpResponse:
    """A new prompt, empty or begun with the wording of another one."""
    form = PromptForm(request.POST or None, initial=_copied(request.GET.get("from", "")))
    if request.method == "POST" and form.is_valid():
        try:
            made = library.create_prompt(**form.wording(), slug=form.cleaned_data["slug"], user_id=request.user.pk)
            messages.success(
                request, _("%(title)s is saved as a draft. Try it, then publish it.") % {"title": made.title}
            )
            return redirect("prompts:prompt_detail", made.slug)
        except PlatformError as error:
            form.add_platform_error(error)
    return render(request, "ai/prompts/prompt_form.html", {"form": form}, status=400 if form.errors else 200)


@require_GET
@permission_required(VIEW)
def builtin_detail(request: HttpRequest, name: str) -> HttpResponse:
    """A prompt of the product: both its wordings and what came of it."""
    if name not in builtin.offered():
        raise NotFound(detail=f"built-in prompt {name[:80]!r}")
    found = results.results_of(builtin.labels(name))
    context = {
        "option": builtin.option(name),
        "wordings": builtin.wordings(name),
        "found": sorted(found.values(), key=lambda one: one.label),
        "days": results.DAYS,
        "may_manage": MANAGE in held_permissions(request),
        "now": current_time(),
    }
    return render(request, "ai/prompts/builtin_detail.html", context)


@require_http_methods(["GET", "POST"])
@permission_required(VIEW)
def prompt_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """The draft to work on, and beside it what is published, tried and used."""
    prompt = library.get_prompt(slug)
    may_manage = MANAGE in held_permissions(request)
    form, theirs = None, None
    if may_manage:
        form = PromptForm(request.POST or None, prompt=prompt, variables=prompt.variables, initial=_typed(prompt))
    if request.method == "POST":
        if form is None:
            raise NotAllowed
        if form.is_valid():
            try:
                saved = library.save_draft(slug, **form.wording(), revision=form.cleaned_data["revision"] or 0,
                                           user_id=request.user.pk)  # fmt: skip
                messages.success(request, _("The draft is saved. Workflows keep using what is published."))
                return redirect(
                    "prompts:prompt_publish" if "publish" in request.POST else "prompts:prompt_detail", saved.slug
                )
            except PromptMoved as error:
                prompt = library.get_prompt(slug)
                theirs = word_diff(form.cleaned_data["user"], prompt.user)
                form.add_error(None, error.text)
                form.data = _at(request, prompt)
            except PlatformError as error:
                form.add_platform_error(error)
    return render(request, "ai/prompts/prompt_detail.html", _detail(prompt, form=form) | {"theirs": theirs},
                  status=400 if form is not None and form.errors else 200)  # fmt: skip


@require_http_methods(["GET", "POST"])
@permission_required(MANAGE)
def prompt_publish(request: HttpRequest, slug: str) -> HttpResponse:
    """What publishing would change, what the tests say of it, and the button."""
    prompt = library.get_prompt(slug)
    form = PublishForm(request.POST or None, initial={"revision": prompt.revision})
    if request.method == "POST" and form.is_valid():
        try:
            made = library.publish_prompt(slug, **form.cleaned_data, user_id=request.user.pk)
            text = _("Version %(n)d is published. Steps that name the prompt use it from now on.")
            messages.success(request, text % {"n": made.number})
            return redirect("prompts:prompt_detail", slug)
        except PromptUnchanged as error:
            messages.info(request, error.text)
            return redirect("prompts:prompt_detail", slug)
        except PlatformError as error:
            form.add_platform_error(error)
            form.data = _at(request, prompt)
    context = _detail(prompt) | {"form": form, "diff": _diff(prompt.current, prompt) if prompt.current else None}
    return render(request, "ai/prompts/prompt_publish.html", context, status=400 if form.errors else 200)


@require_POST
@permission_required(MANAGE)
def prompt_archive(request: HttpRequest, slug: str) -> HttpResponse:
    """Offer it no longer, with a way back."""
    prompt = library.archive_prompt(slug)
    undo = reverse("prompts:prompt_restore", args=[slug])
    messages.success(request, _("%(title)s is archived. What names it goes on working.") % {"title": prompt.title},
                     extra_tags=f"undo:{undo}")  # fmt: skip
    return redirect("prompts:prompt_list")


@require_POST
@permission_required(MANAGE)
def prompt_restore(request: HttpRequest, slug: str) -> HttpResponse:
    """Offer it again."""
    prompt = library.restore_prompt(slug)
    messages.success(request, _("%(title)s is back.") % {"title": prompt.title})
    return redirect("prompts:prompt_detail", slug)


@require_GET
@permission_required(VIEW)
def version_list(request: HttpRequest, slug: str) -> HttpResponse:
    """Every version with its results and tests, and which was current when."""
    prompt = library.get_prompt(slug)
    versions = list(prompt.versions.order_by("-number"))
    found = results.results_of(f"{slug}@{version.number}" for version in versions)
    tests = testing.latest_by_wording(prompt)
    changes = list(prompt.changes.select_related("version").order_by("-at", "-pk")[:LATEST_CHANGES])
    context = {
        "prompt": prompt,
        "tab": "versions",
        "lines": [{"version": version, "current": version.pk == prompt.current_id, "tests": tests.get(version.content_hash),
                   "results": found.get(f"{slug}@{version.number}", Results(label=slug))} for version in versions],
        "changes": changes,
        "names": names_of([*(one.created_by for one in versions), *(one.user_id for one in changes)]),
        "days": results.DAYS,
        "may_manage": MANAGE in held_permissions(request),
        "now": current_time(),
    }  # fmt: skip
    return render(request, "ai/prompts/version_list.html", context)


@require_GET
@permission_required(VIEW)
def version_compare(request: HttpRequest, slug: str) -> HttpResponse:
    """Two versions word by word, with the results of each beside the other."""
    prompt = library.get_prompt(slug)
    numbers = list(prompt.versions.order_by("number").values_list("number", flat=True))
    old, new = (_asked_number(request, name, numbers) for name in ("old", "new"))
    context: dict[str, Any] = {"prompt": prompt, "numbers": numbers, "old": old, "new": new}
    if old is not None and new is not None:
        before, after = library.get_version(prompt, old), library.get_version(prompt, new)
        found = results.results_of([f"{slug}@{old}", f"{slug}@{new}"])
        tests = testing.latest_by_wording(prompt)
        context |= {
            "diff": _diff(before, after),
            "sides": [{"version": one, "tests": tests.get(one.content_hash),
                       "results": found.get(f"{slug}@{one.number}", Results(label=slug))} for one in (before, after)],
            "days": results.DAYS,
        }  # fmt: skip
    return render(request, "ai/prompts/version_compare.html", context)


@require_GET
@permission_required(VIEW)
def version_detail(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """One wording for good: its text, its results, its tests."""
    prompt = library.get_prompt(slug)
    version = library.get_version(prompt, number)
    label = f"{slug}@{number}"
    references = {label, slug} if version.pk == prompt.current_id else {label}
    context = {
        "prompt": prompt,
        "version": version,
        "is_current": version.pk == prompt.current_id,
        "results": results.results_of([label]).get(label, Results(label=label)),
        "tests": testing.latest_by_wording(prompt).get(version.content_hash),
        "uses": [use for use in uses_of([slug]).get(slug, ()) if use.reference in references],
        "names": names_of([version.created_by]),
        "days": results.DAYS,
        "may_manage": MANAGE in held_permissions(request),
        "now": current_time(),
    }  # fmt: skip
    return render(request, "ai/prompts/version_detail.html", context)


@require_POST
@permission_required(MANAGE)
def version_use(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Make it the current version again, with a way back."""
    before = library.get_prompt(slug).current
    version = library.use_version(slug, number, user_id=request.user.pk)
    undo = reverse("prompts:version_use", args=[slug, before.number]) if before and before.pk != version.pk else ""
    text = _("Version %(n)d is the current one. Steps that name the prompt use it from now on.") % {"n": number}
    messages.success(request, text, extra_tags=f"undo:{undo}" if undo else "")
    return redirect("prompts:version_list", slug)


@require_POST
@permission_required(MANAGE)
def version_edit(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Take a version's wording into the draft."""
    prompt = library.get_prompt(slug)
    library.draft_from_version(slug, number, revision=prompt.revision, user_id=request.user.pk)
    messages.success(request, _("The draft says what version %(n)d says.") % {"n": number})
    return redirect("prompts:prompt_detail", slug)


def uses_of(slugs: list[str]) -> dict[str, list[PromptUse]]:
    """Where prompts are named, by slug."""
    uses: dict[str, list[PromptUse]] = {}
    for users in prompt_users if slugs else ():
        for slug, found in users.uses(slugs).items():
            uses.setdefault(slug, []).extend(found)
    return uses


def _detail(prompt: Prompt, *, form: PromptForm | None = None) -> dict[str, Any]:
    tests = testing.latest_by_wording(prompt)
    digest = library.hash_of(prompt)
    current = prompt.current
    label = f"{prompt.slug}@{current.number}" if current else ""
    return {
        "prompt": prompt,
        "tab": "draft",
        "form": form,
        "variables": wording.variables_of(prompt.variables),
        "changed": current is None or current.content_hash != digest,
        "cases": len(testing.list_cases(prompt)),
        "draft_tests": tests.get(digest),
        "current_tests": tests.get(current.content_hash) if current else None,
        "results": results.results_of([label]).get(label, Results(label=label)) if label else None,
        "uses": uses_of([prompt.slug]).get(prompt.slug, ()),
        "names": names_of([prompt.updated_by]),
        "days": results.DAYS,
        "may_manage": form is not None,
        "now": current_time(),
    }


def _diff(old: Prompt | PromptVersion, new: Prompt | PromptVersion) -> dict[str, Any]:
    def names(one: Prompt | PromptVersion, *, optional: bool) -> set[str]:
        return {found["name"] for found in one.variables if found["optional"] == optional}

    before, after = ({found["name"] for found in one.variables} for one in (old, new))
    return {
        "system": word_diff(old.system, new.system) if old.system != new.system else None,
        "user": word_diff(old.user, new.user) if old.user != new.user else None,
        "added": sorted((after - before) - names(new, optional=True)),
        "added_optional": sorted((after - before) & names(new, optional=True)),
        "removed": sorted(before - after),
        "now_needed": sorted(names(old, optional=True) & names(new, optional=False)),
        "now_optional": sorted(names(old, optional=False) & names(new, optional=True)),
    }


def _at(request: HttpRequest, prompt: Prompt) -> QueryDict:
    """What was sent, but for the draft as it is now: sent again, it is what the person wants."""
    data = request.POST.copy()
    data["revision"] = str(prompt.revision)
    return data


def _typed(prompt: Prompt) -> dict[str, Any]:
    return {name: getattr(prompt, name) for name in ("title", "description", "system", "user", "revision")}


def _copied(source: str) -> dict[str, Any]:
    """The beginning of a new prompt: a built-in one's longer wording, or another own one's draft."""
    if source in builtin.offered():
        found = builtin.wordings(source)["large"]
        system = found["system"].replace("{{language_line}}", "").strip()
        return {"title": builtin.option(source).title, "system": system, "user": found["user"].strip()}
    if not source:
        return {}
    prompt = library.get_prompt(source)
    return _typed(prompt) | {"title": _("%(title)s (copy)") % {"title": prompt.title}, "revision": None}


def _asked_number(request: HttpRequest, name: str, numbers: list[int]) -> int | None:
    asked = request.GET.get(name, "")
    return int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 8 and int(asked) in numbers else None
