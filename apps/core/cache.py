"""The cache of django-redis, forgetting everything while its server is away."""

from typing import Any

from django_redis.cache import RedisCache


class ForgetfulCache(RedisCache):  # type: ignore[misc]
    """With ``IGNORE_EXCEPTIONS`` a lost server means an empty cache: reads find nothing, adding succeeds, counts are 0.

    django-redis answers a lost ``add`` with None, which allauth reads as a lock held by somebody else: nobody could sign in.
    Guessing is then held back by the cost of checking a password only; readiness reports the lost server meanwhile.
    """

    def add(self, *args: Any, **kwargs: Any) -> bool:
        """Whether the key was new; nothing is known of any key while the server is away."""
        return super().add(*args, **kwargs) is not False

    def incr(self, *args: Any, **kwargs: Any) -> int:
        """The new count; 0 while the server is away. Raises ``ValueError`` for a key that is not there."""
        return int(super().incr(*args, **kwargs) or 0)
