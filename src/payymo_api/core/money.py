"""Money as whole minor units: 12.30 EUR is Money(1230, "EUR"). Never a float."""

from dataclasses import dataclass
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Self

from typing_extensions import override

MAX_DIGITS = 15
"""Significant digits an amount may have: what a double carries exactly, and far below a bigint."""

_EXACT = Context(prec=28, traps=[Inexact, InvalidOperation])

# ISO 4217, list one: minor units where they are not two.
_EXPONENTS = {
    **dict.fromkeys(
        "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0
    ),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}
# ISO 4217, list one: the currencies of countries, without funds, metals and test codes.
_TWO = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD "
    "CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ "
    "GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL "
    "MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR "
    "PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT "
    "TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG HRK"
)
CURRENCIES: dict[str, int] = {**dict.fromkeys(_TWO.split(), 2), **_EXPONENTS}
"""Currency code -> decimals."""


class InvalidAmount(ValueError):
    """The text is no amount of this currency; the message says why."""


@dataclass(frozen=True, slots=True)
class Money:
    """`minor` units (cents, pence, whole yen) of an ISO 4217 currency."""

    minor: int
    currency: str

    @classmethod
    def of(cls, amount: Decimal | str, currency: str) -> Self:
        """Read a decimal amount exactly; InvalidAmount if it has too many decimals or digits."""
        return cls(minor_units(amount, currency), currency)

    def decimal(self) -> Decimal:
        return Decimal(self.minor).scaleb(-decimals(self.currency))

    @override
    def __str__(self) -> str:
        return decimal_text(self.minor, self.currency)


def decimals(currency: str) -> int:
    """Return how many decimals ISO 4217 gives the currency; InvalidAmount if there is none such."""
    try:
        return CURRENCIES[currency]
    except KeyError:
        raise InvalidAmount(f"{currency!r} is not an ISO 4217 currency") from None


def minor_units(amount: Decimal | str, currency: str) -> int:
    """Return the minor units of a decimal amount; InvalidAmount instead of rounding."""
    try:
        value = Decimal(amount)
    except InvalidOperation:
        raise InvalidAmount(f"{amount!r} is not a decimal number") from None
    if not value.is_finite():
        raise InvalidAmount("an amount is a finite number")
    places = decimals(currency)
    if value.adjusted() >= MAX_DIGITS:
        raise InvalidAmount(f"an amount has at most {MAX_DIGITS} digits")
    try:
        scaled = value.scaleb(places, _EXACT)
        minor = int(scaled.to_integral_exact(context=_EXACT))
    except Inexact:
        raise InvalidAmount(f"{currency} has {places} decimals") from None
    if abs(minor) >= 10**MAX_DIGITS:
        raise InvalidAmount(f"an amount has at most {MAX_DIGITS} digits")
    return minor


def decimal_text(minor: int, currency: str) -> str:
    """Return the amount with exactly the currency's decimals: 10050, GBP -> "100.50"."""
    places = decimals(currency)
    digits = f"{abs(minor):0{places + 1}d}"
    sign = "-" if minor < 0 else ""
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"
