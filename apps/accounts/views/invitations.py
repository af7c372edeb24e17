"""Pages of invitations: accept one, take one back."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.enums import Role
from apps.accounts.guards import permission_required
from apps.accounts.services.invitations import accept_invitation, find_invitation, revoke_invitation
from apps.accounts.views.members import ROLE_TEXTS
from apps.core.errors import NotFound
from apps.core.policy import public


@public(reason="The token in the address is the proof; joining needs a sign-in with the invited address.")
@require_http_methods(["GET", "POST"])
@never_cache
def invitation_accept(request: HttpRequest, token: str) -> HttpResponse:
    """Show an invitation, with the way on for new people, for members of the platform, and for the wrong person; POST joins.

    Unknown, used, revoked and expired ones give the same answer.
    """
    if request.tenant is not None:
        raise NotFound
    invitation = find_invitation(token=token)
    if request.method == "POST" and request.user.is_authenticated:
        accept_invitation(token=token, person=request.user)
        return redirect("tenants:workspace_open", slug=invitation.tenant.slug)
    inviter = invitation.invited_by
    context = {
        "invitation": invitation,
        "inviter": (inviter.name or inviter.email) if inviter is not None else invitation.tenant.name,
        "role_text": ROLE_TEXTS[Role(invitation.role)],
        "state": _state(request, invitation.email),
        "next": request.path,
        "query": urlencode({"next": request.path, "email": invitation.email}),
    }
    return render(request, "accounts/invitation.html", context)


@permission_required("members.manage")
@require_POST
def invitation_revoke(request: HttpRequest, invitation_id: int) -> HttpResponse:
    """Make an invitation useless."""
    revoke_invitation(invitation_id=invitation_id, actor=request.user)
    messages.success(request, _("The invitation was taken back."))
    return redirect("accounts:member_list")


def _state(request: HttpRequest, email: str) -> str:
    if not request.user.is_authenticated:
        return "visitor"
    return "fits" if request.user.email.lower() == email.lower() else "other"
