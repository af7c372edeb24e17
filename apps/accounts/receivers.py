"""Reacts to allauth: a new password ends every API session."""

from typing import Any

from allauth.account import signals as account_signals
from allauth.mfa import signals as mfa_signals
from django.dispatch import receiver

from apps.accounts.models import User
from apps.accounts.services.tokens import revoke_all_sessions


@receiver([account_signals.password_changed, account_signals.password_reset, account_signals.password_set])
def end_sessions_after_new_password(sender: Any, user: User, **kwargs: Any) -> None:
    """Whoever knew the old password is out."""
    revoke_all_sessions(user_id=user.pk, reason="password")


@receiver(mfa_signals.authenticator_removed)
def end_sessions_after_lost_factor(sender: Any, user: User, **kwargs: Any) -> None:
    """A second factor that is taken away counts like a new password."""
    revoke_all_sessions(user_id=user.pk, reason="second factor")
