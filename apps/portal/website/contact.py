"""Messages from visitors: kept first, mailed to the operator after that, so that a mail server's bad day loses none."""

import logging
from smtplib import SMTPException
from typing import Any

from django import forms
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from apps.core.throttle import knock
from apps.portal.models import ContactMessage
from apps.portal.website.legal import operator

logger = logging.getLogger(__name__)

PER_HOUR = 5
HOUR = 3600


class ContactForm(forms.Form):
    """Who, what about, and the text. ``website`` is invisible: only machines fill it in."""

    topic = forms.ChoiceField(label=_("What is it about?"), choices=ContactMessage.Topic.choices)
    email = forms.EmailField(label=_("Your e-mail address"), max_length=254, help_text=_("Only for the answer."))
    text = forms.CharField(
        label=_("Message"), min_length=10, max_length=4000, widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("Leave out passwords and other secrets."),
    )  # fmt: skip
    website = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].widget.attrs.update({"autocomplete": "email", "dir": "ltr"})


def accept_message(*, form: ContactForm, request: HttpRequest) -> bool:
    """Keep a valid message and mail it after commit; a machine's is thrown away unseen and answered the same.

    Raises ``TooOften`` for the sixth message from one address within an hour.
    """
    data = form.cleaned_data
    if data["website"]:
        return True
    knock(request, door="contact", times=PER_HOUR, seconds=HOUR)
    message = ContactMessage.objects.create(
        topic=data["topic"], email=data["email"], text=data["text"], language=get_language() or ""
    )
    transaction.on_commit(lambda: mail_message(message.pk))
    return True


def mail_message(message_id: int) -> None:
    """Send a kept message to the operator. A mail server that refuses is logged; the row stays in the back office, unmailed."""
    message = ContactMessage.objects.get(pk=message_id)
    to = next((fact["value"] for fact in operator() if fact["key"] == "email"), "") or settings.DEFAULT_FROM_EMAIL
    mail = EmailMessage(
        subject=f"EchoPilot: {message.get_topic_display()}", body=message.text, to=[to], reply_to=[message.email]
    )
    try:
        mail.send()
    except (OSError, SMTPException):
        logger.exception("a visitor's message could not be mailed", extra={"contact": message_id})
        return
    ContactMessage.objects.filter(pk=message_id).update(mailed_at=timezone.now())
