"""Budgets: what is capped, how much of it is gone, and changing that with a way back."""

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts import facade as accounts
from apps.accounts.guards import held_permissions, permission_required
from apps.ai import selectors, services
from apps.ai.contracts import BudgetView
from apps.ai.enums import BudgetAction, Period, Scope
from apps.ai.forms import MICROS, BudgetForm
from apps.ai.gateway.route import known_models
from apps.ai.models import Budget
from apps.ai.pages.filtering import names_of
from apps.ai.usage.money import percent_of
from apps.ai.usage.reading import recent_workflows
from apps.core.errors import Conflict, NotFound, PlatformError
from apps.tenants.facade import current_tenant

UNDO_S = 3600
SALT = "ai.budget.undo"


@require_GET
@permission_required("costs.view")
def budget_list(request: HttpRequest) -> HttpResponse:
    """Every cap with what is spent and set aside in the running period."""
    views = selectors.list_budgets()
    people = names_of(int(one.subject) for one in views if one.scope == Scope.USER and one.subject.isdecimal())
    plan_ids = selectors.plan_budget_ids()
    context = {
        "lines": [_line(view, people, is_plan=view.id in plan_ids) for view in views],
        "may_manage": "budgets.manage" in held_permissions(request),
    }
    return render(request, "ai/budget_list.html", context)


@require_http_methods(["GET", "POST"])
@permission_required("budgets.manage")
def budget_create(request: HttpRequest) -> HttpResponse:
    """A new cap; the same scope, subject and period a second time changes the cap that is there."""
    people = _people()
    form = BudgetForm(request.POST or None, people=people, initial=_suggested(request))
    return _take(request, form, known=None, people=people)


@require_http_methods(["GET", "POST"])
@permission_required("budgets.manage")
def budget_edit(request: HttpRequest, budget_id: int) -> HttpResponse:
    """Change cap and action; whom it binds stays, since counting goes on where it was."""
    known = _get(budget_id)
    people = _people()
    initial = {"scope": known.scope, "subject": known.subject, "period": known.period, "action": known.action,
               "cap": _dollars(known.cap_micros or 0)}  # fmt: skip
    form = BudgetForm(request.POST or None, people=people, initial=initial, locked=True)
    return _take(request, form, known=known, people=people)


@require_POST
@permission_required("budgets.manage")
def budget_disable(request: HttpRequest, budget_id: int) -> HttpResponse:
    """Take a cap away; the notice carries the way back."""
    known = _get(budget_id)
    keep = signing.dumps({"id": known.pk, "cap": known.cap_micros, "action": known.action,
                          "tenant": current_tenant().id}, salt=SALT)  # fmt: skip
    services.set_budget(scope=known.scope, subject=known.subject, period=known.period, cap_micros=None,
                        action=known.action)  # fmt: skip
    undo = reverse("costs:budget_restore", args=[keep])
    messages.success(request, _("The budget no longer binds anybody."), extra_tags=f"undo:{undo}")
    return redirect("costs:budget_list")


@require_POST
@permission_required("budgets.manage")
def budget_restore(request: HttpRequest, kept: str) -> HttpResponse:
    """Put a cap back that was just taken away."""
    try:
        values = signing.loads(kept, salt=SALT, max_age=UNDO_S)
    except signing.SignatureExpired:
        raise Conflict(_("It is too late to undo this. Set the budget again.")) from None
    except signing.BadSignature:
        raise NotFound from None
    if values["tenant"] != current_tenant().id:
        raise NotFound
    known = Budget.objects.filter(pk=values["id"], is_plan=False).first()
    if known is None:
        raise NotFound
    services.set_budget(scope=known.scope, subject=known.subject, period=known.period, cap_micros=values["cap"],
                        action=values["action"])  # fmt: skip
    messages.success(request, _("The budget binds again."))
    return redirect("costs:budget_list")


def _take(request: HttpRequest, form: BudgetForm, *, known: Budget | None, people: dict[str, int]) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            services.set_budget(scope=data["scope"], subject=data["subject"], period=data["period"],
                                cap_micros=form.cap_micros(), action=data["action"])  # fmt: skip
            messages.success(request, _("The budget is set and binds from the next call on."))
            return redirect("costs:budget_list")
        except PlatformError as error:
            form.add_platform_error(error)
    suggestions = sorted({"*", *people, *known_models(), *recent_workflows()})
    context = {"form": form, "known": known, "suggestions": suggestions}
    return render(request, "ai/budget_form.html", context, status=400 if form.errors else 200)


def _get(budget_id: int) -> Budget:
    """A cap a person set. Raises ``NotFound``; the plan's own row is changed with the plan."""
    found = Budget.objects.filter(pk=budget_id, is_plan=False, cap_micros__isnull=False).first()
    if found is None:
        raise NotFound(detail=f"budget {budget_id}")
    return found


def _people() -> dict[str, int]:
    members = accounts.list_members(tenant_id=current_tenant().id)
    return {member.user.email.lower(): member.user_id for member in members}


def _suggested(request: HttpRequest) -> dict[str, Any]:
    """Prefilled by links from the usage page."""
    scope = request.GET.get("scope", "")
    return {
        "scope": scope if scope in Scope.values else Scope.TENANT,
        "subject": request.GET.get("subject", "")[:200],
    }


def _line(view: BudgetView, people: dict[int, str], *, is_plan: bool) -> dict[str, Any]:
    used = view.spent_micros + view.reserved_micros
    subject = view.subject
    if view.scope == Scope.USER and subject.isdecimal():
        subject = people.get(int(subject), subject)
    return {
        "view": view, "is_plan": is_plan, "subject": subject, "used": used, "percent": percent_of(used, view.cap_micros),
        "scope": dict(Scope.choices).get(view.scope, view.scope), "period": dict(Period.choices).get(view.period, ""),
        "action": dict(BudgetAction.choices).get(view.action, ""),
        "is_rule": view.subject == "*", "left": None if view.cap_micros is None else max(0, view.cap_micros - used),
    }  # fmt: skip


def _dollars(micros: int) -> Decimal:
    return (Decimal(micros) / MICROS).normalize()
