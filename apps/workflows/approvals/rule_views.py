"""Pages of owners' rules: what needs no decision, and why. Owners change them; whoever decides about approvals may read them."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.guards import held_permissions, permission_required
from apps.core.errors import InvalidInput, NotFound, PlatformError
from apps.workflows.approvals import days, rulebook, rules
from apps.workflows.approvals.rule_forms import RuleForm

SHOWN = 10


@require_GET
@permission_required("approvals.decide")
def rule_list(request: HttpRequest) -> HttpResponse:
    """Every rule in words, and which would spare people what they approved lately."""
    is_owner = rules.OWNERS in held_permissions(request)
    context = {
        "rules": rulebook.overview(),
        "offers": rulebook.offers() if is_owner else [],
        "is_owner": is_owner,
        "days": rulebook.LATELY.days,
    }
    return render(request, "workflows/approvals/rule_list.html", context)


@require_http_methods(["GET", "POST"])
@permission_required("owners.manage")
def rule_create(request: HttpRequest) -> HttpResponse:
    """A GET shows the form and what the rule would have let pass; only a POST makes it."""
    if request.method != "POST":
        filled = {name: request.GET[name] for name in RuleForm.base_fields if name in request.GET}
        form = RuleForm(filled) if "look" in request.GET else RuleForm(initial={**RuleForm.usual(), **filled})
        return _form(request, form)
    form = RuleForm(request.POST)
    if not form.is_valid():
        return _form(request, form, status=400)
    try:
        made = rules.make_rule(
            user_id=request.user.pk or 0,
            reason=form.cleaned_data["reason"],
            expires_at=days.end_of_day(form.cleaned_data["until"], zone=days.zone_of(request.user.pk or 0)),
            **form.rule(),
        )
    except InvalidInput as error:
        for place, text in (error.fields or {}).items():
            form.add_error(RuleForm.PLACES.get(place, place), str(text))
        return _form(request, form, status=400)
    messages.success(request, _("In force from now on: %(rule)s") % {"rule": rulebook.sentence_of(made)})
    return redirect("workflows:rule_list")


def _form(request: HttpRequest, form: RuleForm, *, status: int = 200) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "shown": SHOWN, "looked_at": rulebook.LOOKED_AT}
    if form.is_bound and not {"kind", "types", "values", "amount", "currency"} & set(form.errors):
        context["preview"] = rulebook.preview(**form.rule())
    return render(request, "workflows/approvals/rule_form.html", context, status=status)


@require_POST
@permission_required("owners.manage")
def rule_end(request: HttpRequest, rule_id: UUID) -> HttpResponse:
    """End a rule now; what it let pass would wait again."""
    row = next((one for one in rules.list_rules() if one.pk == rule_id), None)
    if row is None:
        raise NotFound
    rules.end_rule(user_id=request.user.pk or 0, rule_id=rule_id)
    undo = reverse("workflows:rule_renew", args=[rule_id])
    said = _("Ended. People decide again: %(rule)s")
    messages.success(request, said % {"rule": rulebook.sentence_of(row)}, extra_tags=f"undo:{undo}")
    return redirect("workflows:rule_list")


@require_POST
@permission_required("owners.manage")
def rule_renew(request: HttpRequest, rule_id: UUID) -> HttpResponse:
    """Take the end back: the same rule is made anew."""
    try:
        row = rules.renew_rule(user_id=request.user.pk or 0, rule_id=rule_id)
        messages.success(request, _("In force again: %(rule)s") % {"rule": rulebook.sentence_of(row)})
    except NotFound:
        raise
    except PlatformError as error:
        messages.error(request, error.text)
    return redirect("workflows:rule_list")
