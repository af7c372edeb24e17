"""Money without surprises: whole minor units, one currency per sum, no binary fractions anywhere.

Prices of model calls are far below a cent; they are counted in integer micro-units of the US dollar (``MICROS`` per dollar)
and become ``Money`` only where an invoice or a page needs it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation, localcontext
from functools import total_ordering

from babel.numbers import format_currency
from django.db.models import TextChoices
from django.utils.translation import get_language, to_locale
from django.utils.translation import gettext_lazy as _

from apps.core.errors import InvalidInput

MICROS = 1_000_000
# ISO 4217 minor units. CLDR prints rupees of Pakistan without fractions, the currency still has 100 paisa.
MINOR_DIGITS = 2
PRECISION = 60


class Currency(TextChoices):
    """Currencies the platform books and shows (ISO 4217 codes); each has two decimal digits."""

    USD = "USD", _("US dollar")
    EUR = "EUR", _("Euro")
    GBP = "GBP", _("Pound sterling")
    INR = "INR", _("Indian rupee")
    PKR = "PKR", _("Pakistani rupee")


class InvalidMoney(InvalidInput):
    """An amount that is not a plain decimal number, or a sum over different currencies."""

    code = "invalid_money"
    message = _("This is not a valid amount of money. Use a plain decimal number with at most two decimal digits.")


@total_ordering
@dataclass(frozen=True, order=False)
class Money:
    """An exact amount: ``amount_minor`` whole minor units (cents, pence, paisa) of one ``currency``; may be negative."""

    amount_minor: int
    currency: Currency

    def __post_init__(self) -> None:
        if type(self.amount_minor) is not int:
            raise InvalidMoney(detail=f"amount_minor must be int, not {type(self.amount_minor).__name__}")
        object.__setattr__(self, "currency", _currency(self.currency))

    @classmethod
    def of(cls, amount: Decimal | str | int, currency: Currency | str, *, rounding: str | None = None) -> Money:
        """Money from a decimal amount of the major unit: ``Money.of("12.34", "EUR")``.

        More than two decimal digits are refused unless ``rounding`` names a rounding of the ``decimal`` module. Floats are
        never accepted: 0.1 + 0.2 is not 0.3. Raises ``InvalidMoney``.
        """
        exact = _decimal(amount).scaleb(MINOR_DIGITS)
        with localcontext(prec=PRECISION):
            whole = exact.to_integral_value(rounding=rounding or ROUND_HALF_EVEN)
            if rounding is None and whole != exact:
                raise InvalidMoney(detail=f"more than {MINOR_DIGITS} decimal digits: {amount!r}")
        return cls(int(whole), _currency(currency))

    @classmethod
    def zero(cls, currency: Currency | str) -> Money:
        """Nothing, in that currency."""
        return cls(0, _currency(currency))

    @classmethod
    def from_micros(cls, micros: int, *, rounding: str = ROUND_HALF_EVEN) -> Money:
        """US dollars from integer micro-units, rounded to the cent (half to even unless said otherwise)."""
        if type(micros) is not int:
            raise InvalidMoney(detail=f"micros must be int, not {type(micros).__name__}")
        with localcontext(prec=PRECISION):
            return cls.of(Decimal(micros) / MICROS, Currency.USD, rounding=rounding)

    @classmethod
    def total(cls, amounts: Iterable[Money], *, currency: Currency | str) -> Money:
        """Sum of amounts that all have ``currency``; zero when there are none."""
        result = cls.zero(currency)
        for amount in amounts:
            result += amount
        return result

    @property
    def decimal(self) -> Decimal:
        """The amount in major units with exactly two decimal digits."""
        return Decimal(self.amount_minor).scaleb(-MINOR_DIGITS)

    def allocate(self, weights: Sequence[int | Decimal]) -> list[Money]:
        """Split by weights so that the parts sum exactly to the whole (largest remainder; ties go to the earlier part).

        No part differs from its exact share by a whole minor unit or more; a weight of zero gets nothing. Negative amounts
        split like positive ones with the sign turned. Raises ``InvalidMoney`` for no, negative or only zero weights.
        """
        shares = [_decimal(weight) for weight in weights]
        with localcontext(prec=PRECISION + sum(len(share.as_tuple().digits) for share in shares)):
            total = sum(shares, Decimal(0))
            if not shares or min(shares) < 0 or total == 0:
                raise InvalidMoney(detail="weights must be zero or more with a sum above zero")
            whole = abs(self.amount_minor)
            exact = [whole * share / total for share in shares]
            parts = [int(part) for part in exact]
            by_remainder = sorted(range(len(parts)), key=lambda index: (parts[index] - exact[index], index))
        for index in by_remainder[: whole - sum(parts)]:
            parts[index] += 1
        sign = -1 if self.amount_minor < 0 else 1
        return [Money(sign * part, self.currency) for part in parts]

    def format(self, locale: str | None = None) -> str:
        """Text for people, by the rules of ``locale`` (default: the active language), always with two decimal digits."""
        chosen = locale or to_locale(get_language() or "en")
        return str(format_currency(self.decimal, self.currency.value, locale=chosen, currency_digits=False))

    def __str__(self) -> str:
        return self.format()

    def __repr__(self) -> str:
        return f"Money({self.decimal} {self.currency.value})"

    def __add__(self, other: Money) -> Money:
        return Money(self.amount_minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount_minor - self._same(other), self.currency)

    def __mul__(self, factor: int) -> Money:
        if type(factor) is not int:
            raise InvalidMoney(detail=f"money is multiplied by int only, not {type(factor).__name__}; see allocate()")
        return Money(self.amount_minor * factor, self.currency)

    __rmul__ = __mul__

    def __neg__(self) -> Money:
        return Money(-self.amount_minor, self.currency)

    def __abs__(self) -> Money:
        return Money(abs(self.amount_minor), self.currency)

    def __bool__(self) -> bool:
        return self.amount_minor != 0

    def __lt__(self, other: Money) -> bool:
        return self.amount_minor < self._same(other)

    def _same(self, other: Money) -> int:
        if not isinstance(other, Money):
            raise InvalidMoney(detail=f"expected Money, not {type(other).__name__}")
        if other.currency != self.currency:
            raise InvalidMoney(detail=f"{self.currency.value} and {other.currency.value} do not add up")
        return other.amount_minor


def micros_of(amount: Decimal | str | int) -> int:
    """Integer micro-units of a US dollar amount. Rounds half to even below a micro. Raises ``InvalidMoney``."""
    with localcontext(prec=PRECISION):
        return int((_decimal(amount) * MICROS).to_integral_value(rounding=ROUND_HALF_EVEN))


def _decimal(value: Decimal | str | int) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, Decimal | str | int):
        raise InvalidMoney(detail=f"expected Decimal, str or int, not {type(value).__name__}")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise InvalidMoney(detail=f"not a decimal number: {value!r}") from None
    if not number.is_finite() or number.adjusted() > PRECISION // 2 or len(number.as_tuple().digits) > PRECISION // 2:
        raise InvalidMoney(detail="not finite, or too many digits")
    return number


def _currency(value: Currency | str) -> Currency:
    try:
        return Currency(value)
    except ValueError:
        raise InvalidMoney(detail=f"unknown currency {value!r}; known: {', '.join(Currency.values)}") from None
