"""Settings of real worker processes in fault tests and benchmarks: the suite's, with short leases and the double's steps."""

import json
import os

from echopilot.settings.test import *  # noqa: F403
from echopilot.settings.test import INSTALLED_APPS as _APPS

INSTALLED_APPS = [*_APPS[:-1], "tests.workflows.provider_app.ProviderConfig", _APPS[-1]]
DISPATCH = json.loads(os.environ.get("TEST_DISPATCH", "{}"))
WORKFLOWS = json.loads(os.environ.get("TEST_WORKFLOWS", "{}"))
