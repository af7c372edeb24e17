"""System checks name what is wrong with the environment and how to mend it."""

import base64

from apps.core import checks


def test_misspelt_variables_are_named_with_the_right_name(settings):
    settings.MISSPELT_VARIABLES = {"DATABASE_URI": "DATABASE_URL", "ECHOPILOT_X": ""}
    first, second = checks.check_environment_names()
    assert (first.id, "DATABASE_URL" in first.hint) == ("core.W001", True)
    assert "environment.py" in second.hint


def test_a_derived_key_is_warned_about_and_a_broken_ring_is_an_error(settings):
    settings.ENCRYPTION_KEYS = ""
    assert [one.id for one in checks.check_encryption_keys()] == ["core.W002"]
    settings.ENCRYPTION_KEYS = "k1:short"
    assert [one.id for one in checks.check_encryption_keys()] == ["core.E001"]
    settings.ENCRYPTION_KEYS = "k1:" + base64.b64encode(b"k" * 32).decode()
    assert checks.check_encryption_keys() == []


def test_a_broken_allow_list_is_an_error(settings):
    settings.OUTBOUND_ALLOW = ["just-a-name"]
    assert [one.id for one in checks.check_outbound_allowance()] == ["core.E002"]
    settings.OUTBOUND_ALLOW = ["127.0.0.1:9", "10.0.0.0/8"]
    assert checks.check_outbound_allowance() == []
