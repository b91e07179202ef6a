import errno
import io
import logging
from typing import BinaryIO, cast

import pytest
import structlog
from typing_extensions import Buffer, override

from payymo_api.core import log
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


class Full(io.BytesIO):
    """A file on a disk without room."""

    @override
    def write(self, line: Buffer) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_line_that_can_not_be_written_is_lost_in_silence() -> None:
    logger = structlog.BytesLogger(cast("BinaryIO", Lossy(Full())))

    logger.info(b"{}")


def test_a_requests_line_that_can_not_be_written_is_lost_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root = logging.getLogger()
    usual = root.level
    monkeypatch.setattr("sys.stderr", io.TextIOWrapper(Full()))
    root.setLevel(logging.INFO)

    log.request("a-request", status=200)

    root.setLevel(usual)
