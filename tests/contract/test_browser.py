"""Swagger UI in a real browser: from our own origin, with every operation."""

import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--virtual-time-budget=15000",
)


def test_swagger_ui_shows_every_resource(live_url: str, tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    assert browser, "make browser needs Chromium: apt-get install chromium"
    page = subprocess.run(  # noqa: S603  the browser, on our own page
        [browser, *FLAGS, f"--user-data-dir={tmp_path}", "--dump-dom", f"{live_url}/docs"],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout

    for shown in (
        "Payymo",
        "bank_connections",
        "transactions",
        "reconciliation",
        "/api/v1/invoices",
    ):
        assert shown in page
    assert "Failed to load" not in page
    assert "cdn" not in page
