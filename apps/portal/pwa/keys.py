"""The platform's own key pair for notifications, made at its first need and kept encrypted in the public plane."""

from django.db import IntegrityError, transaction

from apps.portal.models import PlatformKey
from apps.portal.pwa.encryption import load_private, new_private_key, pack, point_of

PURPOSE = "push"


def push_key() -> PlatformKey:
    """The pair. Two processes that need it at once end with the same one."""
    found = PlatformKey.objects.filter(purpose=PURPOSE).first()
    if found is not None:
        return found
    private = new_private_key()
    public = pack(point_of(load_private(private)))
    try:
        with transaction.atomic():
            return PlatformKey.objects.create(purpose=PURPOSE, public_key=public, private_key=private)
    except IntegrityError:
        return PlatformKey.objects.get(purpose=PURPOSE)
