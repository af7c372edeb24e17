"""Outgoing webhooks in the portal: endpoints, what was sent and what came back, sending again."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.guards import held_permissions, permission_required
from apps.connectors.webhooks_out import endpoints, looking
from apps.connectors.webhooks_out.registries import event_types
from apps.core.errors import PlatformError
from apps.core.forms import AccessibleForm

REPLAY_DAYS = 30


class EndpointForm(AccessibleForm):
    """Where to tell what."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120, widget=forms.TextInput(attrs={"dir": "auto"}))
    url = forms.CharField(
        label=gettext_lazy("Address"), max_length=2048, help_text=gettext_lazy("A public https address that answers with 2xx."),
        widget=forms.URLInput(attrs={"dir": "ltr", "spellcheck": "false", "placeholder": "https://"}),
    )  # fmt: skip
    types = forms.MultipleChoiceField(label=gettext_lazy("Events"), widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [(entry.type, entry.title) for entry in event_types if entry.type != endpoints.TEST_EVENT]
        self.fields["types"].choices = [("*", _("All events, also those to come")), *sorted(known)]  # type: ignore[attr-defined]


@require_GET
@permission_required("connections.view")
def webhook_list(request: HttpRequest) -> HttpResponse:
    """Every endpoint and how it is doing."""
    context = {"endpoints": looking.list_endpoints(), "may_manage": _may_manage(request), "now": timezone.now()}
    return render(request, "connectors/webhooks/webhook_list.html", context)


@require_http_methods(["GET", "POST"])
@never_cache
@permission_required("connections.manage")
def webhook_create(request: HttpRequest) -> HttpResponse:
    """Create an endpoint; its secret is shown on the answer only."""
    form = EndpointForm(request.POST or None, initial={"types": ["*"]})
    if request.method == "POST" and form.is_valid():
        try:
            endpoint, secret = endpoints.create_endpoint(**form.cleaned_data, user_id=request.user.pk)
            return _detail(request, endpoint.pk, secret=secret)
        except PlatformError as error:
            form.add_platform_error(error)
    context = {"form": form, "endpoint": None}
    return render(request, "connectors/webhooks/webhook_form.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@permission_required("connections.manage")
def webhook_change(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """Change name, address or events."""
    endpoint = endpoints.require(endpoint_id)
    known = {"name": endpoint.name, "url": endpoint.url, "types": endpoint.types}
    form = EndpointForm(request.POST or None, initial=known)
    if request.method == "POST" and form.is_valid():
        try:
            endpoints.change_endpoint(endpoint_id=endpoint_id, **form.cleaned_data)
            messages.success(request, _("Saved."))
            return redirect("webhooks:webhook_detail", endpoint_id)
        except PlatformError as error:
            form.add_platform_error(error)
    context = {"form": form, "endpoint": endpoint}
    return render(request, "connectors/webhooks/webhook_form.html", context, status=400 if form.errors else 200)


@require_GET
@permission_required("connections.view")
def webhook_detail(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """One endpoint: its state, what was sent lately and what came back."""
    return _detail(request, endpoint_id)


def _detail(request: HttpRequest, endpoint_id: UUID, *, secret: str = "") -> HttpResponse:
    endpoint = endpoints.require(endpoint_id)
    context = {
        "endpoint": endpoint, "deliveries": looking.list_deliveries(endpoint_id), "counts": looking.counts(endpoint_id),
        "secret": secret, "may_manage": _may_manage(request), "now": timezone.now(), "all_events": "*" in endpoint.types,
    }  # fmt: skip
    return render(request, "connectors/webhooks/webhook_detail.html", context)


def _may_manage(request: HttpRequest) -> bool:
    return "connections.manage" in held_permissions(request)


@require_POST
@permission_required("connections.manage")
def webhook_test(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """Send a test event now and say what came of it."""
    try:
        sent = endpoints.send_test(endpoint_id=endpoint_id)
        if sent.state == "delivered":
            messages.success(
                request, _("The receiver answered %(status)d in %(n)d ms.") % {"status": sent.status, "n": sent.took_ms}
            )
        else:
            messages.error(request, sent.problem or _("The receiver answered %(status)d.") % {"status": sent.status})
    except PlatformError as error:
        messages.error(request, error.text)
    return redirect("webhooks:webhook_detail", endpoint_id)


@require_POST
@permission_required("connections.manage")
def webhook_pause(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """Pause; the notice carries the way back."""
    endpoint = endpoints.pause(endpoint_id=endpoint_id)
    messages.success(request, _("%(name)s is paused. What is to be sent waits.") % {"name": endpoint.name},
                     extra_tags=f"undo:{reverse('webhooks:webhook_resume', args=[endpoint_id])}")  # fmt: skip
    return redirect("webhooks:webhook_detail", endpoint_id)


@require_POST
@permission_required("connections.manage")
def webhook_resume(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """Go on with the oldest event that waits."""
    endpoint = endpoints.resume(endpoint_id=endpoint_id)
    messages.success(request, _("%(name)s is working again.") % {"name": endpoint.name})
    return redirect("webhooks:webhook_detail", endpoint_id)


@require_POST
@never_cache
@permission_required("connections.manage")
def webhook_rotate(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """A new secret, shown on this answer only."""
    return _detail(request, endpoint_id, secret=endpoints.rotate_secret(endpoint_id=endpoint_id))


@require_POST
@permission_required("connections.manage")
def webhook_remove(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """Forget the endpoint and what waits for it."""
    name = endpoints.remove(endpoint_id=endpoint_id)
    messages.success(request, _("%(name)s is removed.") % {"name": name})
    return redirect("webhooks:webhook_list")


@require_POST
@permission_required("connections.manage")
def webhook_replay_failed(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """Send everything that was given up in the last month again."""
    count = endpoints.replay_failed(endpoint_id=endpoint_id, since=timezone.now() - timedelta(days=REPLAY_DAYS))
    messages.success(
        request, ngettext("%(n)d event is sent again.", "%(n)d events are sent again.", count) % {"n": count}
    )
    return redirect("webhooks:webhook_detail", endpoint_id)


@require_POST
@permission_required("connections.manage")
def delivery_replay(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Send one event again, under its own id."""
    delivery = endpoints.replay(delivery_id=delivery_id)
    messages.success(request, _("The event is sent again."))
    return redirect("webhooks:webhook_detail", delivery.endpoint_id)
