"""Mail in plain text and HTML from one pair of templates, in the recipient's language."""

from collections.abc import Mapping

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation

from apps.accounts.models import User


def send_mail(*, template: str, to: str, context: Mapping[str, object]) -> None:
    """Send ``accounts/mail/<template>_{subject.txt,body.txt}`` to one address.

    The language is the recipient's own when known. Raises ``OSError`` when the mail server refuses.
    """
    language = User.objects.filter(email__iexact=to).values_list("language", flat=True).first()
    with translation.override(language or translation.get_language()):
        subject = " ".join(render_to_string(f"accounts/mail/{template}_subject.txt", dict(context)).split())
        body = render_to_string(f"accounts/mail/{template}_body.txt", dict(context))
    EmailMultiAlternatives(subject=subject, body=body, to=[to]).send()
