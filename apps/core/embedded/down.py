"""`make down`: ends the launcher of this checkout, its processes and its servers, also after it was killed."""

from apps.core.embedded.launcher import stop_installation
from apps.core.embedded.places import Places

if __name__ == "__main__":
    print(stop_installation(Places.of_this_process()))  # noqa: T201
