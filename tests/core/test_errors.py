"""Coded errors: stable codes, translated messages, details that stay inside."""

from django.utils.translation import gettext_lazy as _

from apps.core import errors
from apps.core.errors import LimitReached, PlatformError, Unavailable


def families():
    return [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, PlatformError)]


def test_every_family_has_its_own_code_status_and_advice():
    codes = [kind.code for kind in families()]
    assert len(codes) == len(set(codes)) == 8
    for kind in families():
        assert 400 <= kind.status < 600
        assert len(str(kind.message)) > 20


def test_parameters_are_filled_in_and_details_stay_out_of_text_and_repr():
    error = LimitReached(_("%(what)s is used up."), detail="internal", fields={"what": "x"}, what="Storage")
    assert error.text == "Storage is used up."
    assert "internal" not in error.text + repr(error)
    assert str(error) == "internal"


def test_an_instance_does_not_change_its_class():
    LimitReached("other")
    assert str(LimitReached().text).startswith("A limit")
    assert Unavailable(retry_after=3).retry_after == 3
