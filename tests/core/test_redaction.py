"""Secrets are masked by name, by shape and by having been decrypted; ordinary text is left alone."""

import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.redaction import MASK, REMEMBERED, SecretText, redact, redact_text, remember_secret

SECRET = "Zq8vR2mK5tY7wB1nXcJ4"


@pytest.mark.parametrize(
    "name",
    [
        "authorization",
        "Authorization",
        "HTTP_AUTHORIZATION",
        "cookie",
        "set-cookie",
        "password",
        "new_password",
        "passwd",
        "api_key",
        "apiKey",
        "x-api-key",
        "secret",
        "client_secret",
        "access_token",
        "refresh_token",
        "token",
        "private_key",
        "encryption_keys",
        "credentials",
        "csrfmiddlewaretoken",
        "session_key",
        "sentry_dsn",
        "signing_key",
        "otp",
    ],
)
def test_fields_named_like_secrets_are_masked_at_any_depth(name):
    assert redact({"outer": [{name: SECRET}]}) == {"outer": [{name: MASK}]}


@pytest.mark.parametrize(
    "name", ["prompt_tokens", "completion_tokens", "tokens", "author", "description", "pinned", "keyboard"]
)
def test_fields_that_merely_sound_alike_are_kept(name):
    assert redact({name: 42}) == {name: 42}


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {SECRET}",
        f"basic {SECRET}=",
        f"sk-proj-{SECRET}",
        f"sk_live_{SECRET}",
        f"whsec_{SECRET}",
        f"ntn_{SECRET}",
        f"secret_{SECRET}",
        f"xoxb-{SECRET}",
        f"postgresql://user:{SECRET}@host/db",
        f"redis://:{SECRET}@host:6379/0",
        f"https://host/path?x=1&token={SECRET}&y=2",
        f"https://host/cb?code={SECRET}",
        f"eyJhbGciOiJIUzI1NiJ9.{SECRET}.{SECRET}",
        f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----",
        f"-----BEGIN RSA PRIVATE KEY-----\n{SECRET}",
    ],
)
def test_texts_shaped_like_secrets_are_masked(text):
    masked = redact_text(f"before {text} after")
    assert SECRET not in masked
    assert masked.startswith("before ")


def test_a_decrypted_value_is_masked_wherever_it_appears():
    remember_secret("plain-looking-value-of-a-customer")
    assert redact_text("sent plain-looking-value-of-a-customer to them") == f"sent {MASK} to them"
    assert redact([SecretText("short")]) == [MASK]
    assert redact({"note": SecretText("x")}) == {"note": MASK}


def test_the_memory_of_decrypted_values_is_bounded():
    remember_secret("the-very-first-value")
    for number in range(REMEMBERED):
        remember_secret(f"value-number-{number:06}")
    assert redact_text("the-very-first-value") == "the-very-first-value"
    assert redact_text("value-number-000255") == MASK


@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8)),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(st.text("abc", max_size=3), inner, max_size=3)
        ),
        max_leaves=20,
    )
)
def test_redaction_never_fails_on_plain_values(value):
    redact(value)


def test_foreign_objects_and_deep_nesting_become_text():
    nested: list = []
    for _ in range(50):
        nested = [nested]
    redact(nested)
    assert redact(Path("a/b")) == "a/b"
    assert redact(b"Bearer " + SECRET.encode()) == MASK
    assert isinstance(redact({"level": logging.INFO})["level"], int)
