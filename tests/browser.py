"""Chromium without a window, driven by its DevTools protocol: what a payer sees and does."""

import asyncio
import json
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--remote-debugging-port=0",
)
_PATIENCE = 60.0


class Browser:
    """One page, of the width of a phone."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = count(1)
        self.complaints: list[str] = []
        """What the page's console showed as an error: the Content-Security-Policy's, too."""

    async def open(self, url: str) -> None:
        await self._call("Page.navigate", url=url)

    async def run(self, script: str) -> Any:  # noqa: ANN401  whatever the script gives
        """Evaluate in the page; None while the page is changing."""
        told = await self._call("Runtime.evaluate", expression=script, returnByValue=True)
        return told.get("result", {}).get("value")

    async def until(self, script: str) -> Any:  # noqa: ANN401  what came true
        """Wait until the script gives something that is true."""
        end = time.monotonic() + _PATIENCE
        while not (found := await self.run(script)):
            shown = await self.run("`${location.href}: ${document.body?.innerText}`")
            assert time.monotonic() < end, f"{script} never came true; {shown}"
            await asyncio.sleep(0.05)
        return found

    async def fill(self, name: str, text: str) -> None:
        """Type into the field, as a keyboard does."""
        field = await self._shown(f"[name={name}]")
        await self.run(f"{field}.focus(); {field}.select()")
        await self._call("Input.insertText", text=text)

    async def choose(self, name: str, value: str) -> None:
        choice = await self._shown(f"[name={name}]")
        await self.run(f"{choice}.value = {value!r}; {choice}.dispatchEvent(new Event('change'))")

    async def click(self, selector: str) -> None:
        button = await self._shown(selector)
        await self.run(f"{button}.click()")

    async def _shown(self, selector: str) -> str:
        """Wait until it is there and may be used; return how a script calls it."""
        found = f"document.querySelector({json.dumps(selector)})"
        await self.until(f"!!{found}?.checkVisibility() && !{found}.disabled")
        return found

    async def _call(self, method: str, **params: object) -> dict[str, Any]:
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": params})
        async with asyncio.timeout(_PATIENCE):
            while (told := await self._socket.receive_json()).get("id") != number:
                self._hear(told)
        return dict(told.get("result", {}))

    def _hear(self, told: dict[str, Any]) -> None:
        if told["method"] == "Log.entryAdded" and told["params"]["entry"]["level"] == "error":
            self.complaints.append(told["params"]["entry"]["text"])

    async def prepare(self) -> None:
        for domain in ("Page", "Runtime", "Log"):
            await self._call(f"{domain}.enable")
        phone = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
        await self._call("Emulation.setDeviceMetricsOverride", **phone)


@asynccontextmanager
async def open_browser(profile: Path) -> AsyncIterator[Browser]:
    """A browser that knows no cookies yet; gone at the end."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    assert chromium, "make browser needs Chromium: apt-get install chromium"
    nothing = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        chromium, *FLAGS, f"--user-data-dir={profile}", stdout=nothing, stderr=nothing
    )
    try:
        async with aiohttp.ClientSession() as session:
            address = await _address(session, profile / "DevToolsActivePort")
            async with session.ws_connect(address, max_msg_size=0) as socket:
                browser = Browser(socket)
                await browser.prepare()
                yield browser
    finally:
        process.terminate()
        await process.wait()


async def _address(session: aiohttp.ClientSession, told: Path) -> str:
    """Where the first page listens: the browser writes its port into its profile."""
    async with asyncio.timeout(_PATIENCE):
        while not told.exists() or not told.read_text().strip():  # noqa: ASYNC110, ASYNC240  a file of another process tells nobody
            await asyncio.sleep(0.05)
        port = told.read_text().split()[0]  # noqa: ASYNC240  a short file
        while True:
            async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                pages = [each for each in await answer.json() if each["type"] == "page"]
            if pages:
                return str(pages[0]["webSocketDebuggerUrl"])
            await asyncio.sleep(0.05)
