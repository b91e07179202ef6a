"""A tenant of a running service, made by the commands that an operator has."""

import json
import time

from payymo_api.local.client import PATIENCE
from payymo_api.local.errors import CannotStart
from payymo_api.local.stack import Stack


def new_tenant(stack: Stack) -> str:
    """Return the key of a tenant that has nothing yet."""
    tenant = _operate(stack, "tenant", "create", "--name", "Harbour Studio Ltd", "--json")
    return _operate(stack, "key", "create", "--tenant", tenant["id"], "--json")["key"]


def _operate(stack: Stack, *command: str) -> dict[str, str]:
    """Run a command as an operator does: once more if the database was away."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            found: dict[str, str] = json.loads(stack.run(*command))
        except CannotStart as error:
            if "PAYYMO_DATABASE_URL" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(0.5)
        else:
            return found
