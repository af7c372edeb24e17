"""Money is exact: sums come out, floats never get in, currencies never mix."""

from decimal import ROUND_HALF_UP, ROUND_UP, Decimal

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from apps.core.money import MICROS, Currency, InvalidMoney, Money, micros_of

amounts = st.integers(min_value=-(10**15), max_value=10**15)
currencies = st.sampled_from(list(Currency))
weights = st.lists(
    st.one_of(
        st.integers(min_value=0, max_value=10**9),
        st.decimals(min_value=0, max_value=10**6, places=6, allow_nan=False, allow_infinity=False),
    ),
    min_size=1,
    max_size=30,
).filter(lambda values: sum(values) > 0)


@given(amounts, currencies, weights)
def test_parts_of_an_allocation_sum_exactly_to_the_whole(amount, currency, shares):
    whole = Money(amount, currency)
    assert Money.total(whole.allocate(shares), currency=currency) == whole


@given(amounts, weights)
def test_no_part_is_a_whole_minor_unit_away_from_its_exact_share(amount, shares):
    total = sum(Decimal(share) for share in shares)
    for part, share in zip(Money(amount, Currency.USD).allocate(shares), shares, strict=True):
        assert abs(Decimal(part.amount_minor) * total - Decimal(amount) * Decimal(share)) < total


@given(amounts, weights)
def test_a_weight_of_zero_gets_nothing(amount, shares):
    parts = Money(amount, Currency.EUR).allocate([*shares, 0])
    assert parts[-1].amount_minor == 0


@given(amounts, weights)
def test_allocating_a_negative_amount_mirrors_the_positive_one(amount, shares):
    plus, minus = Money(amount, Currency.GBP), Money(-amount, Currency.GBP)
    assert [-part for part in plus.allocate(shares)] == minus.allocate(shares)


@given(amounts, amounts, currencies)
def test_addition_undoes_subtraction(first, second, currency):
    one, two = Money(first, currency), Money(second, currency)
    assert one + two - two == one
    assert (one < two) == (first < second)
    assert one - one == Money.zero(currency)


@given(amounts, currencies)
def test_the_decimal_leads_back_to_the_same_money(amount, currency):
    money = Money(amount, currency)
    assert Money.of(money.decimal, currency) == money
    assert Money.of(str(money.decimal), currency) == money


@given(st.floats())
def test_no_float_is_ever_accepted(number):
    for attempt in (
        lambda: Money.of(number, Currency.USD),
        lambda: Money(number, Currency.USD),
        lambda: Money.of("1", Currency.USD) * number,
        lambda: Money.of("1", Currency.USD).allocate([number, 1]),
        lambda: Money.from_micros(number),
        lambda: micros_of(number),
    ):
        with pytest.raises(InvalidMoney):
            attempt()


@pytest.mark.parametrize(
    "text", ["", " ", "1,5", "abc", "NaN", "Infinity", "-inf", "1e40", "0x10", "1.234", "٣.١٤١", "1" * 31]
)
def test_text_that_is_no_plain_amount_is_refused_with_a_code(text):
    with pytest.raises(InvalidMoney) as caught:
        Money.of(text, "USD")
    assert caught.value.code == "invalid_money"
    assert caught.value.status == 400


@pytest.mark.parametrize("wrong", [True, None, b"1", [1], object()])
def test_values_of_other_types_are_refused(wrong):
    with pytest.raises(InvalidMoney):
        Money.of(wrong, "USD")


def test_finer_amounts_need_a_named_rounding():
    assert Money.of("1.005", "USD", rounding=ROUND_HALF_UP) == Money(101, Currency.USD)
    assert Money.of("-1.001", "USD", rounding=ROUND_UP) == Money(-101, Currency.USD)


def test_currencies_do_not_mix_and_unknown_ones_are_refused():
    with pytest.raises(InvalidMoney):
        Money.of("1", "USD") + Money.of("1", "EUR")
    with pytest.raises(InvalidMoney):
        assert Money.of("1", "USD") < Money.of("2", "EUR")
    with pytest.raises(InvalidMoney):
        Money.of("1", "XXX")
    assert Money.of("1", "USD") != Money.of("1", "EUR")


@pytest.mark.parametrize("shares", [[], [0, 0], [1, -1], [Decimal("NaN")]])
def test_weights_without_meaning_are_refused(shares):
    with pytest.raises(InvalidMoney):
        Money.of("1", "USD").allocate(shares)


@given(st.integers(min_value=-(10**18), max_value=10**18))
def test_micros_keep_every_unit(micros):
    assert micros_of(Decimal(micros) / MICROS) == micros
    assert abs(Money.from_micros(micros).amount_minor * 10_000 - micros) <= 5_000


@pytest.mark.parametrize(
    ("amount", "currency", "locale", "text"),
    [
        ("1234.50", "USD", "en", "$1,234.50"),
        ("1234567.00", "INR", "en_IN", "₹12,34,567.00"),
        ("1234.50", "EUR", "es", "1.234,50\xa0€"),
        ("0", "GBP", "en", "£0.00"),
        ("-0.01", "GBP", "en", "-£0.01"),
        ("99.99", "PKR", "en", "PKR99.99"),
    ],
)
def test_amounts_are_written_as_people_of_the_locale_write_them(amount, currency, locale, text):
    assert Money.of(amount, currency).format(locale) == text


def test_urdu_shows_the_digits_and_paisa():
    text = Money.of("1234.50", "PKR").format("ur")
    assert "1,234.50" in text
    assert "Rs" in text


def test_str_follows_the_active_language():
    with translation.override("es"):
        assert str(Money.of("1.50", "EUR")) == "1,50\xa0€"


def test_zero_is_false_and_negative_is_true():
    assert not Money.zero("USD")
    assert Money(-1, Currency.USD)
    assert repr(Money(-1, Currency.USD)) == "Money(-0.01 USD)"
