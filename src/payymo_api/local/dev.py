"""`payymo dev`: everything up with a demo tenant, until Ctrl-C."""

import json
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import httpx
from rich.console import Console

from payymo_api.local.stack import PAYYMO, Stack, running_stack

_TENANT = "demo-tenant.json"
_A_READ = "/api/v1/invoices"


def dev(folder: Path, *, command: Sequence[str] = PAYYMO) -> None:
    """Run until Ctrl-C or SIGTERM. CannotStart says what failed."""
    console = Console(highlight=False)
    with ended_by_signals(), running_stack(folder, command=command, step=console.print) as stack:
        key = demo_key(stack)
        console.print(f"API key:      {key}", f"Swagger UI:   {stack.base_url}/docs", sep="\n")
        console.print(
            f"Sandbox:      {stack.sandbox_url}", f"Logs:         {folder}/logs", sep="\n"
        )
        console.print("Ctrl-C stops everything; the data stays.")
        _wait_for_ctrl_c()
        console.print("Stopping")


def demo_key(stack: Stack) -> str:
    """Return the demo tenant's API key; made once, and again if the database forgot it."""
    kept = stack.home.kept(_TENANT)
    if kept and not _is_refused(stack, kept["key"]):
        return kept["key"]
    tenant = json.loads(stack.run("tenant", "create", "--name", "Demo", "--json"))
    created = json.loads(stack.run("key", "create", "--tenant", tenant["id"], "--json"))
    stack.home.keep(_TENANT, {"tenant": tenant["id"], "key": created["key"]})
    return str(created["key"])


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let SIGTERM stop everything in order, as Ctrl-C does; a shell's `&` had switched that off."""
    terminate = signal.signal(signal.SIGTERM, _exit)
    interrupt = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, terminate)
        signal.signal(signal.SIGINT, interrupt)


def _exit(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _is_refused(stack: Stack, key: str) -> bool:
    url = f"{stack.base_url}{_A_READ}"
    answer = httpx.get(url, headers={"X-API-Key": key}, trust_env=False)
    return answer.status_code == httpx.codes.UNAUTHORIZED


def _wait_for_ctrl_c() -> None:
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        return
