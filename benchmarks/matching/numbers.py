"""Account numbers, document numbers and structured references, with valid check digits."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from random import Random

from benchmarks.matching.chance import digits, one_of
from benchmarks.matching.values import Customer

_BBAN = {
    "DE": 18, "AT": 16, "CH": 17, "NL": 10, "BE": 12, "GB": 14, "IE": 14, "FR": 23, "ES": 20,
    "PT": 21, "DK": 14, "NO": 11, "SE": 20, "PL": 24, "CZ": 20, "IT": 22,
}  # fmt: skip
_BANK = {
    "NL": ("BUNQ", "TRIO", "ASNB", "SNSB"), "GB": ("LLOY", "TSBS", "CPBK", "HBUK"),
    "IE": ("BOFI", "AIBK"), "IT": ("X", "K", "W"),
}  # fmt: skip
_MOD10 = (0, 9, 4, 6, 8, 2, 7, 1, 3, 5)
_BASE36 = {chr(code): code - 55 for code in range(65, 91)}


def iban(rng: Random, country: str) -> str:
    bank = one_of(rng, *_BANK.get(country, ("",)))
    bban = bank + digits(rng, _BBAN[country])
    return f"{country}{_mod97(bban + country):02d}{bban}"


def _mod97(text: str) -> int:
    number = "".join(str(_BASE36.get(each, each)) for each in text) + "00"
    return 98 - int(number) % 97


def iso11649(base: str) -> str:
    return f"RF{_mod97(base + 'RF'):02d}{base}"


def luhn(base: str) -> str:
    total = 0
    for place, each in enumerate(reversed(base)):
        doubled = int(each) * (2 - place % 2)
        total += doubled // 10 + doubled % 10
    return base + str(-total % 10)


def luhn_with_length(base: str) -> str:
    """Return a Swedish OCR number whose last but one digit is its length."""
    return luhn(base + str((len(base) + 2) % 10))


def belgian(base: str) -> str:
    return f"{base:0>10}{int(base) % 97 or 97:02d}"


def finnish(base: str) -> str:
    total = sum(int(d) * w for d, w in zip(reversed(base), _cycle((7, 3, 1)), strict=False))
    return base + str(-total % 10)


def kid11(base: str) -> str | None:
    """Return a Norwegian KID by modulus 11; none where the check digit would be a dash."""
    ring = _cycle((2, 3, 4, 5, 6, 7))
    rest = -sum(int(d) * w for d, w in zip(reversed(base), ring, strict=False)) % 11
    return None if rest == 10 else base + str(rest)  # noqa: PLR2004  the modulus less one


def swiss(base: str) -> str:
    carry = 0
    for each in f"{base:0>26}":
        carry = _MOD10[(carry + int(each)) % 10]
    return f"{base:0>26}{-carry % 10}"


def _cycle(weights: Iterable[int]) -> list[int]:
    return list(weights) * 30


REFERENCES: dict[str, Callable[[str], str | None]] = {
    "rf": iso11649,
    "ogm": belgian,
    "fi": finnish,
    "ocr": luhn_with_length,
    "luhn": luhn,
    "kid11": kid11,
    "qrr": swiss,
}
NATIONAL = {"BE": "ogm", "SE": "ocr", "NO": "kid11", "CH": "qrr", "DK": "luhn"}


@dataclass(slots=True)
class Numbering:
    """How a tenant numbers documents and the references that go with them."""

    form: str
    scheme: str | None
    series: str
    sequence: int

    @classmethod
    def drawn(cls, rng: Random, country: str) -> "Numbering":
        own = NATIONAL.get(country, "rf")
        scheme = one_of(rng, own, own, one_of(rng, "rf", "luhn", "qrr"), None, None)
        return cls(rng.choice(FORMS), scheme, digits(rng, 3), rng.randrange(1000, 5000))

    def take(self, customer: Customer, on: date) -> tuple[str, str | None]:
        """Return the next number and its structured reference."""
        self.sequence += 1
        customer.last_number += 1
        number = self.form.format(
            y=on.year, yy=on.year % 100, m=on.month, s=self.sequence, c=customer.number,
            k=customer.last_number, l=luhn(str(self.sequence)),
        )  # fmt: skip
        if self.scheme is None:
            return number, None
        return number, REFERENCES[self.scheme](f"{self.series}{self.sequence:06d}")


FORMS = (
    "{y}{s:05d}",
    "{yy}/{s:04d}",
    "FT {y}A/{s}",
    "FV/{s}/{m:02d}/{y}",
    "{s}",
    "{c}-{k:03d}",
    "K{s:05d}.{yy}",
    "BL{l}",
    "{y}-{m:02d}-{s}",
    "F{yy}{m:02d}{s:04d}",
    "AB-{s}",
    "{s:06d}/{yy}",
)
