"""A web process does not look through what it loaded at its start again."""

import subprocess
import sys

FULL_COLLECTION = """
import gc
from echopilot.wsgi import application
gc.unfreeze() if {thawed} else None
print(len(gc.get_objects()))
"""


def objects_looked_through(*, thawed: bool) -> int:
    script = FULL_COLLECTION.format(thawed=thawed)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)
    return int(done.stdout.split()[-1])


def test_a_full_collection_of_the_web_process_visits_little_of_what_was_loaded():
    assert objects_looked_through(thawed=False) < objects_looked_through(thawed=True) / 20
