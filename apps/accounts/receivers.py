"""Reacts to sign-in: a new password ends every API session, signing out ends a stay of staff in a workspace."""

from typing import Any

from allauth.account import signals as account_signals
from allauth.mfa import signals as mfa_signals
from django.contrib.auth.signals import user_logged_out
from django.dispatch import receiver

from apps.accounts.enums import AccessEnd
from apps.accounts.models import User
from apps.accounts.services.staff_access import end_accesses_of
from apps.accounts.services.tokens import revoke_all_sessions


@receiver([account_signals.password_changed, account_signals.password_reset, account_signals.password_set])
def end_sessions_after_new_password(sender: Any, user: User, **kwargs: Any) -> None:
    """Whoever knew the old password is out."""
    revoke_all_sessions(user_id=user.pk, reason="password")


@receiver(mfa_signals.authenticator_removed)
def end_sessions_after_lost_factor(sender: Any, user: User, **kwargs: Any) -> None:
    """A second factor that is taken away counts like a new password."""
    revoke_all_sessions(user_id=user.pk, reason="second factor")


@receiver(user_logged_out)
def end_stay_of_staff_who_sign_out(sender: Any, request: Any, user: User | None, **kwargs: Any) -> None:
    """Whether they sign out inside the workspace or outside."""
    person = getattr(request, "staff", None) or user
    if person is not None and person.pk is not None:
        end_accesses_of(staff_id=person.pk, why=AccessEnd.SIGNED_OUT)
