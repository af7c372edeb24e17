"""Secrets at rest open only in their own place, with a key of the ring, unchanged."""

import base64
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core import crypto
from apps.core.errors import Misconfigured
from apps.core.redaction import SecretText

PLACE = "t_abc/connectors_connection/token/1"


def key_text(key_id):
    return f"{key_id}:{base64.b64encode(secrets.token_bytes(32)).decode()}"


@given(st.text(max_size=500))
def test_what_goes_in_comes_out(plain):
    assert crypto.decrypt(crypto.encrypt(plain, context=PLACE), context=PLACE) == plain


def test_the_same_text_never_gives_the_same_token():
    assert crypto.encrypt("x", context=PLACE) != crypto.encrypt("x", context=PLACE)


@pytest.mark.parametrize(
    "other",
    [
        "t_xyz/connectors_connection/token/1",
        "t_abc/connectors_other/token/1",
        "t_abc/connectors_connection/refresh/1",
        "t_abc/connectors_connection/token/2",
        "",
    ],
)
def test_a_token_moved_to_another_tenant_table_column_or_row_does_not_open(other):
    token = crypto.encrypt("secret", context=PLACE)
    with pytest.raises(crypto.DecryptionFailed):
        crypto.decrypt(token, context=other)


def test_every_single_changed_character_is_noticed():
    token = crypto.encrypt("secret", context=PLACE)
    for position in range(len(token)):
        changed = token[:position] + ("A" if token[position] != "A" else "B") + token[position + 1 :]
        with pytest.raises(crypto.DecryptionFailed):
            crypto.decrypt(changed, context=PLACE)


@pytest.mark.parametrize(
    "junk", ["", "v1", "v1:a", "v1:derived:", "v1:derived:AAAA", "v2:derived:" + "A" * 60, "v1:é:ü", "plain"]
)
def test_what_is_no_token_is_refused_with_a_code(junk):
    with pytest.raises(crypto.DecryptionFailed) as caught:
        crypto.decrypt(junk, context=PLACE)
    assert caught.value.code == "decryption_failed"


def test_a_new_key_encrypts_and_the_old_one_still_decrypts(settings):
    old, new = key_text("k1"), key_text("k2")
    settings.ENCRYPTION_KEYS = old
    token = crypto.encrypt("secret", context=PLACE)
    settings.ENCRYPTION_KEYS = f"{new},{old}"
    assert crypto.decrypt(token, context=PLACE) == "secret"
    assert crypto.key_id_of(crypto.encrypt("secret", context=PLACE)) == "k2"
    settings.ENCRYPTION_KEYS = new
    with pytest.raises(crypto.DecryptionFailed):
        crypto.decrypt(token, context=PLACE)


def test_a_key_under_a_foreign_id_does_not_open_a_token(settings):
    shared = base64.b64encode(b"k" * 32).decode()
    settings.ENCRYPTION_KEYS = f"k1:{shared},k2:{shared}"
    token = crypto.encrypt("secret", context=PLACE)
    with pytest.raises(crypto.DecryptionFailed):
        crypto.decrypt(token.replace(":k1:", ":k2:"), context=PLACE)


@pytest.mark.parametrize(
    "text",
    [
        "nokey",
        "k1:notbase64!",
        "k1:" + base64.b64encode(b"short").decode(),
        "bad id:" + "A" * 44,
        ":" + "A" * 44,
        " , ",
    ],
)
def test_a_keyring_that_cannot_be_read_is_named_without_its_keys(text):
    with pytest.raises(Misconfigured) as caught:
        crypto.parse_keyring(text)
    assert "ENCRYPTION_KEYS" in caught.value.text
    assert "AAAA" not in caught.value.text


def test_one_id_cannot_stand_for_two_keys():
    with pytest.raises(Misconfigured, match="twice"):
        crypto.parse_keyring(f"{key_text('k1')},{key_text('k1')}")


def test_decrypted_text_and_keyrings_do_not_print_themselves():
    plain = crypto.decrypt(crypto.encrypt("hunter2hunter2", context=PLACE), context=PLACE)
    assert isinstance(plain, SecretText)
    assert "hunter2" not in repr(plain) + repr([plain]) + repr(crypto.keyring())
    assert f"Bearer {plain}" == "Bearer hunter2hunter2"
