"""Pages about tests of a prompt: its cases, running them, what each gave."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now as current_time
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.guards import held_permissions, permission_required
from apps.ai.enums import TestRunState
from apps.ai.facade import known_models
from apps.ai.models import Prompt, PromptCase, PromptTestRun
from apps.ai.pages.filtering import names_of
from apps.ai.pages.prompts import MANAGE, VIEW
from apps.ai.prompts import library, testing
from apps.ai.prompts.forms import CaseForm, TestsForm
from apps.core.errors import PlatformError
from apps.live import facade as live

DRAFT = "draft"


@require_GET
@permission_required(VIEW)
def test_list(request: HttpRequest, slug: str) -> HttpResponse:
    """The cases, the form that runs them, and what earlier runs gave."""
    return _tests(request, library.get_prompt(slug))


test_list.__test__ = False  # type: ignore[attr-defined]


@require_http_methods(["GET", "POST"])
@permission_required(MANAGE)
def case_create(request: HttpRequest, slug: str) -> HttpResponse:
    """Another case."""
    return _case(request, library.get_prompt(slug), None)


@require_http_methods(["GET", "POST"])
@permission_required(MANAGE)
def case_edit(request: HttpRequest, slug: str, case_id: UUID) -> HttpResponse:
    """Change a case; results of earlier runs keep what it was."""
    prompt = library.get_prompt(slug)
    return _case(request, prompt, testing.get_case(prompt, case_id))


@require_POST
@permission_required(MANAGE)
def case_delete(request: HttpRequest, slug: str, case_id: UUID) -> HttpResponse:
    """Remove a case; the button names it."""
    prompt = library.get_prompt(slug)
    case = testing.get_case(prompt, case_id)
    testing.delete_case(case)
    messages.success(request, _("%(name)s is deleted.") % {"name": case.name})
    return redirect("prompts:test_list", slug)


@require_POST
@permission_required(MANAGE)
def run_start(request: HttpRequest, slug: str) -> HttpResponse:
    """Try all cases, and show how it goes."""
    prompt = library.get_prompt(slug)
    form = _tests_form(prompt, request.POST)
    if form.is_valid():
        told = form.cleaned_data
        try:
            version = None if told["wording"] == DRAFT else library.get_version(prompt, int(told["wording"]))
            run = testing.start_tests(prompt, version=version, model=told["model"], quality=told["quality"],
                                      user_id=request.user.pk)  # fmt: skip
            return redirect("prompts:run_detail", slug, run.pk)
        except PlatformError as error:
            form.add_platform_error(error)
    return _tests(request, prompt, form=form)


@require_GET
@permission_required(VIEW)
def run_detail(request: HttpRequest, slug: str, run_id: UUID) -> HttpResponse:
    """What each case gave, beside what it gave with the current version; live while cases are open."""
    position = live.position()
    prompt = library.get_prompt(slug)
    run = testing.get_run(prompt, run_id)
    other = _to_compare(prompt, run)
    earlier = {one.name: one for one in other.results.all()} if other else {}
    numbers = dict(prompt.versions.values_list("content_hash", "number"))
    context = {
        "prompt": prompt,
        "run": run,
        "number": numbers.get(run.content_hash),
        "other_number": numbers.get(other.content_hash) if other else None,
        "rows": [{"result": one, "earlier": earlier.get(one.name)} for one in run.results.order_by("position")],
        "done": run.cases - run.open,  # type: ignore[attr-defined]
        "is_live": run.state == TestRunState.RUNNING,
        "names": names_of([run.created_by]),
        "position": position,
        "fragment_url": request.get_full_path(),
        "may_manage": MANAGE in held_permissions(request),
        "now": current_time(),
    }
    is_fragment = request.headers.get("X-Fragment") == "1"
    return render(request, "ai/prompts/_run.html" if is_fragment else "ai/prompts/run_detail.html", context)


@require_POST
@permission_required(MANAGE)
def run_stop(request: HttpRequest, slug: str, run_id: UUID) -> HttpResponse:
    """Ask no more; what was found stays."""
    testing.stop_tests(library.get_prompt(slug), run_id)
    messages.success(request, _("The tests have stopped. What was found so far stays."))
    return redirect("prompts:run_detail", slug, run_id)


def _tests(request: HttpRequest, prompt: Prompt, *, form: TestsForm | None = None) -> HttpResponse:
    runs = testing.list_runs(prompt)
    numbers = dict(prompt.versions.values_list("content_hash", "number"))
    may_manage = MANAGE in held_permissions(request)
    cases = testing.list_cases(prompt)
    context = {
        "prompt": prompt,
        "tab": "tests",
        "cases": cases,
        "form": form or _tests_form(prompt),
        "runs": [{"run": run, "number": numbers.get(run.content_hash)} for run in runs],
        "running": next((run for run in runs if run.state == TestRunState.RUNNING), None),
        "highest_cost": testing.highest_cost(prompt) if may_manage and cases else None,
        "names": names_of(run.created_by for run in runs),
        "may_manage": may_manage,
        "now": current_time(),
    }
    status = 400 if form is not None and form.errors else 200
    return render(request, "ai/prompts/test_list.html", context, status=status)


def _case(request: HttpRequest, prompt: Prompt, case: PromptCase | None) -> HttpResponse:
    form = CaseForm(request.POST or None, variables=prompt.variables, case=case)
    if request.method == "POST" and form.is_valid():
        try:
            saved = testing.save_case(prompt, **form.case(), case=case)
            messages.success(request, _("%(name)s is saved.") % {"name": saved.name})
            return redirect("prompts:test_list", prompt.slug)
        except PlatformError as error:
            if "checks" in error.fields:
                form.add_error("json_schema", str(error.fields["checks"]))
            else:
                form.add_platform_error(error)
    context = {"prompt": prompt, "form": form, "case": case}
    return render(request, "ai/prompts/case_form.html", context, status=400 if form.errors else 200)


def _tests_form(prompt: Prompt, data: Any = None) -> TestsForm:
    wordings: list[tuple[str, Any]] = [(DRAFT, _("The draft"))]
    wordings += [
        (str(number), _("Version %(n)d") % {"n": number})
        for number in prompt.versions.order_by("-number").values_list("number", flat=True)[:50]
    ]
    return TestsForm(data, wordings=wordings, models=known_models())


def _to_compare(prompt: Prompt, run: PromptTestRun) -> PromptTestRun | None:
    """The newest finished run of the current version, unless this run tries that version itself."""
    if prompt.current is None or prompt.current.content_hash == run.content_hash:
        return None
    return testing.latest_by_wording(prompt).get(prompt.current.content_hash)
