"""`make down`: ends the launcher of this checkout, its processes and its servers, also after it was killed.

``--remove`` (`make clean`) also removes data kept outside the checkout because PostgreSQL's account could not enter it.
"""

import sys

from apps.core.embedded.launcher import stop_installation
from apps.core.embedded.places import ROOT, Places, remove_shelters

if __name__ == "__main__":
    places = Places.of_this_process()
    for installation in (places, places.beside("smoke")):
        print(stop_installation(installation))  # noqa: T201
    if "--remove" in sys.argv[1:]:
        for folder in (*remove_shelters(under=ROOT), *remove_shelters(under=places.var)):
            print(f"Removed {folder}.")  # noqa: T201
