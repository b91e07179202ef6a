"""Check digits of structured payment references.

======  ==================================  =====================================================
scheme  reference                           rule and its source
======  ==================================  =====================================================
rf      RF, 2 check digits, 1 to 21 letters ISO 11649: 1 mod 97 (ISO/IEC 7064, MOD 97-10)
        or digits
ogm     10 digits, 2 check digits           Febelfin, structured communication (OGM/VCS): the ten
                                            mod 97, and 97 instead of 0
fi      4 to 20 digits                      Finance Finland, national reference (viitenumero):
                                            weights 7, 3, 1 from the right, up to the next ten
se_ocr  2 to 25 digits                      Bankgirot, OCR: modulus 10 (Luhn, ISO/IEC 7812-1)
kid10   2 to 25 digits                      Nets, OCR giro, KID: modulus 10, the same
kid11   2 to 25 digits, the last of which   Nets, OCR giro, KID: modulus 11, weights 2 to 7 from
        may be "-"                          the right, "-" for 10
qrr     27 digits, in the older ISR also 16 SIX, Swiss QR-bill, annex B: modulo 10, recursive
======  ==================================  =====================================================

Each notices every single wrong digit. None tells whether anybody has issued the reference.
"""

from collections.abc import Callable, Container, Sequence
from itertools import cycle
from typing import Literal

from payymo_api.invoicing.rules import is_rf_reference, key

Scheme = Literal["rf", "ogm", "fi", "se_ocr", "kid10", "kid11", "qrr"]

_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
"""The digit sum of twice the digit."""
_CARRIED = (0, 9, 4, 6, 8, 2, 7, 1, 3, 5)
_KID_DASH = 10


def schemes_of(reference: str) -> frozenset[Scheme]:
    """Return the schemes whose rules the reference keeps; separators don't count."""
    compact = key(reference)
    if is_rf_reference(compact):
        return frozenset({"rf"})
    if not (compact.isascii() and compact.isdigit() and compact.strip("0")):
        return frozenset()
    digits = [int(each) for each in compact]
    found = {scheme for scheme in _RULES if _keeps(scheme, digits)}
    if reference.rstrip().endswith("-") and _keeps("kid11", [*digits, _KID_DASH]):
        found.add("kid11")
    return frozenset(found)


def strong(reference: str) -> bool:
    """Tell whether it keeps a scheme that less than 2 % of all numbers keep by chance.

    Those are the two mod 97, and Luhn where the last digit but one tells the length, as Bankgirot
    has it for OCR numbers of variable length. Each is kept by 1 % (12 digits have both chances).
    """
    found = schemes_of(reference)
    return bool(found & {"rf", "ogm"}) or ("se_ocr" in found and _tells_its_length(key(reference)))


def _keeps(scheme: Scheme, digits: Sequence[int]) -> bool:
    lengths, rule = _RULES[scheme]
    return len(digits) in lengths and rule(digits)


def _tells_its_length(digits: str) -> bool:
    return int(digits[-2]) == len(digits) % 10


def _keeps_ogm(digits: Sequence[int]) -> bool:
    number, check = divmod(int("".join(map(str, digits))), 100)
    return check == (number % 97 or 97)


def _keeps_finnish(digits: Sequence[int]) -> bool:
    return _weighed(digits, (7, 3, 1)) % 10 == 0


def _keeps_luhn(digits: Sequence[int]) -> bool:
    return (sum(digits[::-2]) + sum(_DOUBLED[each] for each in digits[-2::-2])) % 10 == 0


def _keeps_mod_11(digits: Sequence[int]) -> bool:
    return _weighed(digits, (2, 3, 4, 5, 6, 7)) % 11 == 0


def _keeps_recursive(digits: Sequence[int]) -> bool:
    carry = 0
    for each in digits[:-1]:
        carry = _CARRIED[(carry + each) % 10]
    return (carry + digits[-1]) % 10 == 0


def _weighed(digits: Sequence[int], weights: Sequence[int]) -> int:
    """Return the check digit plus the others, weighed from the right."""
    others = zip(reversed(digits[:-1]), cycle(weights), strict=False)
    return digits[-1] + sum(digit * weight for digit, weight in others)


_RULES: dict[Scheme, tuple[Container[int], Callable[[Sequence[int]], bool]]] = {
    "ogm": ((12,), _keeps_ogm),
    "fi": (range(4, 21), _keeps_finnish),
    "se_ocr": (range(2, 26), _keeps_luhn),
    "kid10": (range(2, 26), _keeps_luhn),
    "kid11": (range(2, 26), _keeps_mod_11),
    "qrr": ((16, 27), _keeps_recursive),
}
