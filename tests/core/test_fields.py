from datetime import UTC, datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from payymo_api.core.fields import Instant

_INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)


def test_an_instant_is_read_as_utc() -> None:
    read = _INSTANT.validate_python("2026-11-23T10:30:00+01:00")

    assert (read, read.tzinfo) == (datetime(2026, 11, 23, 9, 30, tzinfo=UTC), UTC)


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+01:00"])
def test_an_instant_that_utc_has_no_year_for_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="years 1 to 9999"):
        _INSTANT.validate_python(text)
