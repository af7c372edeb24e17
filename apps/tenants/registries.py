"""What other apps offer to tenancy."""

from dataclasses import dataclass

from django.utils.functional import Promise

from apps.core.registry import Registry


@dataclass(frozen=True, kw_only=True)
class KnownFlag:
    """A switch the code asks for. ``help`` says what a workspace gets when it is on. Off until somebody turns it on."""

    name: str
    title: str | Promise
    help: str | Promise


feature_flags: Registry[KnownFlag] = Registry(name="feature flags", entry_type=KnownFlag, key=lambda flag: flag.name)
