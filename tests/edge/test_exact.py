from decimal import Decimal

import pytest

from payymo_api.core.errors import MalformedRequest
from payymo_api.edge import exact


def test_numbers_keep_every_digit_both_ways() -> None:
    text = b'{"a":90071992547409.937,"b":100.50,"c":0.10,"d":12}'

    assert exact.dump_plain(exact.parse(text)) == text
    assert exact.parse(b"90071992547409.937") == Decimal("90071992547409.937")


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"NaN", b'{"a":Infinity}', b'{"a":1,"a":2}', b"\xff", b"[" * 100_000],
)
def test_what_is_not_json_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedRequest):
        exact.parse(body)
