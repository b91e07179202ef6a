import errno
import io
from typing import BinaryIO, cast

import pytest
import structlog
from typing_extensions import Buffer, override

from payymo_api.core.log import Lossy, redact


@pytest.mark.parametrize(
    "secret",
    [
        "pym_live_4f6c1c1a9b8e4e0ab1f0c3d2e1f0a9b8aaaaaa",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "sk_live_51abcdefgh",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    ],
)
def test_a_secret_is_cut_out_of_any_text(secret: str) -> None:
    line = redact(None, "", {"event": f"called with {secret}!", "deep": {"list": [secret]}})

    assert secret not in str(line)
    assert "called with" in str(line["event"])


def test_a_secret_name_is_enough() -> None:
    line = redact(None, "", {"secret_key": "abc", "headers": {"X-API-Key": "abc"}, "name": "abc"})

    assert line == {
        "secret_key": "[redacted]",
        "headers": {"X-API-Key": "[redacted]"},
        "name": "abc",
    }


def test_a_url_loses_its_password_only() -> None:
    line = redact(None, "", {"event": "postgresql://user:pass@host/name"})

    assert line["event"] == "postgresql://[redacted]@host/name"


def test_a_line_that_can_not_be_written_is_lost_in_silence() -> None:
    class Full(io.BytesIO):
        @override
        def write(self, line: Buffer) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    logger = structlog.BytesLogger(cast("BinaryIO", Lossy(Full())))

    logger.info(b"{}")
