"""Request ids and the bound context of log lines."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.context import (
    WELL_FORMED_REQUEST_ID,
    accept_request_id,
    add_log_context,
    bind_log_context,
    current_request_id,
    log_context,
    new_request_id,
)


def test_blocks_nest_and_restore_what_was_bound_before():
    with bind_log_context(tenant="acme", run="1"):
        with bind_log_context(run="2", step="draft"):
            assert log_context() == {"tenant": "acme", "run": "2", "step": "draft"}
        assert log_context() == {"tenant": "acme", "run": "1"}
    assert "tenant" not in log_context()


def test_context_does_not_leak_into_other_threads_and_can_be_carried_over():
    seen = []

    def work(carried):
        with bind_log_context(**carried):
            seen.append(log_context())

    with bind_log_context(run="1"):
        for carried in ({}, log_context()):
            thread = threading.Thread(target=work, args=[carried])
            thread.start()
            thread.join()
    assert seen == [{}, {"run": "1"}]


def test_a_value_learnt_on_the_way_is_added():
    with bind_log_context(request_id="r" * 10, tenant=None):
        add_log_context(tenant="acme")
        assert log_context()["tenant"] == "acme"
        assert current_request_id() == "r" * 10
    assert current_request_id() == ""


@pytest.mark.parametrize("good", ["abcdefgh", "A1b2.c3-d4_e5", "0" * 64, "01J8ZQ4S0Q8Y6B2M3C4D5E6F7G"])
def test_a_well_formed_id_of_the_caller_is_kept(good):
    assert accept_request_id(good) == good


@given(st.text())
def test_anything_else_is_replaced(text):
    accepted = accept_request_id(text)
    assert WELL_FORMED_REQUEST_ID.fullmatch(accepted)
    if not WELL_FORMED_REQUEST_ID.fullmatch(text):
        assert accepted != text


@pytest.mark.parametrize(
    "bad", [None, "", "short", "a" * 65, "-leading", "new\nline-forged", "abcdefg\u00e9", "abcdefgh\n"]
)
def test_ids_that_could_forge_lines_or_headers_are_dropped(bad):
    assert accept_request_id(bad) != bad


def test_fresh_ids_differ():
    assert len({new_request_id() for _ in range(1000)}) == 1000
