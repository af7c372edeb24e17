"""Pages about secrets: which there are and where they are used, adding, replacing, deleting. Never a value."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now as current_time
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.guards import held_permissions, permission_required
from apps.core.errors import NotFound, PlatformError
from apps.workflows.builder.people import names_of
from apps.workflows.secrets.forms import NewSecretForm, ReplaceSecretForm
from apps.workflows.services import secrets

LATEST_CHANGES = 30


def _may_manage(request: HttpRequest) -> bool:
    return "secrets.manage" in held_permissions(request)


@require_GET
@permission_required("secrets.view")
def secret_list(request: HttpRequest) -> HttpResponse:
    """Every secret by name, where it is used and when it last was; below, who did what."""
    rows = secrets.list_secrets()
    changes = secrets.list_secret_changes(limit=LATEST_CHANGES)
    context = {
        "secrets": rows,
        "changes": changes,
        "names": names_of([*(row.created_by for row in rows), *(one.user_id for one in changes)]),
        "may_manage": _may_manage(request),
        "now": current_time(),
    }
    return render(request, "workflows/secrets/secret_list.html", context)


@require_http_methods(["GET", "POST"])
@never_cache
@sensitive_post_parameters("value")
@permission_required("secrets.manage")
def secret_create(request: HttpRequest) -> HttpResponse:
    """Keep a value under a name."""
    form = NewSecretForm(request.POST or None, initial={"name": request.GET.get("name", "")[:60].replace("\x00", "")})
    if request.method == "POST" and form.is_valid():
        try:
            made = secrets.add_secret(**form.cleaned_data, user_id=request.user.pk)
            messages.success(request, _("%(name)s is kept. Steps can use it now.") % {"name": made.name})
            return redirect("secrets:secret_detail", made.id)
        except PlatformError as error:
            form.add_platform_error(error)
    return render(request, "workflows/secrets/secret_form.html", {"form": form}, status=400 if form.errors else 200)


@require_GET
@never_cache
@permission_required("secrets.view")
def secret_detail(request: HttpRequest, secret_id: UUID) -> HttpResponse:
    """One secret: who keeps it, where it is used, and the ways to replace or delete it."""
    return _detail(request, secret_id)


def _detail(
    request: HttpRequest, secret_id: UUID, *, form: ReplaceSecretForm | None = None, error: PlatformError | None = None
) -> HttpResponse:
    row = secrets.get_secret(secret_id)
    context: dict[str, Any] = {
        "secret": row,
        "form": form or ReplaceSecretForm(initial={"note": row.note}),
        "error": error,
        "names": names_of([row.created_by, row.replaced_by]),
        "may_manage": _may_manage(request),
        "now": current_time(),
    }
    status = error.status if error is not None else 400 if form is not None else 200
    return render(request, "workflows/secrets/secret_detail.html", context, status=status)


@require_POST
@never_cache
@sensitive_post_parameters("value")
@permission_required("secrets.manage")
def secret_replace(request: HttpRequest, secret_id: UUID) -> HttpResponse:
    """Put another value under the name."""
    form = ReplaceSecretForm(request.POST)
    if form.is_valid():
        try:
            row = secrets.replace_secret(secret_id, **form.cleaned_data, user_id=request.user.pk)
            messages.success(request, _("%(name)s has a new value. Calls from now on use it.") % {"name": row.name})
            return redirect("secrets:secret_detail", secret_id)
        except NotFound:
            raise
        except PlatformError as error:
            form.add_platform_error(error)
    return _detail(request, secret_id, form=form)


@require_POST
@permission_required("secrets.manage")
def secret_delete(request: HttpRequest, secret_id: UUID) -> HttpResponse:
    """Forget it; refused while a workflow needs it, with a list of those."""
    try:
        name = secrets.delete_secret(secret_id, user_id=request.user.pk)
    except PlatformError as error:
        return _detail(request, secret_id, error=error)
    if not name:
        raise NotFound
    messages.success(request, _("%(name)s is deleted.") % {"name": name})
    return redirect("secrets:secret_list")
