"""The official Standard Webhooks libraries, of PyPI and of npm."""

import base64
import json
import subprocess
import sysconfig
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

_NODE = Path(__file__).parent / "node"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a receiver has in hand."""

    secret: str
    headers: Mapping[str, str]
    body: bytes


def by_python(deliveries: Sequence[Delivery]) -> list[bool]:
    return [_accepted(each) for each in deliveries]


def _accepted(delivery: Delivery) -> bool:
    try:
        Webhook(delivery.secret).verify(delivery.body, dict(delivery.headers))
    except WebhookVerificationError:
        return False
    return True


def by_node(deliveries: Sequence[Delivery]) -> list[bool]:
    assert (_NODE / "node_modules/standardwebhooks").exists(), "make .venv/node-sdk installs it"
    asked = [
        {
            "secret": each.secret,
            "headers": dict(each.headers),
            "body": base64.b64encode(each.body).decode(),
        }
        for each in deliveries
    ]
    ran = subprocess.run(  # noqa: S603  our own script
        [Path(sysconfig.get_path("scripts")) / "node", _NODE / "verify.mjs"],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    verdicts: list[bool] = json.loads(ran.stdout)
    return verdicts


LIBRARIES: Mapping[str, Callable[[Sequence[Delivery]], list[bool]]] = {
    "python": by_python,
    "npm": by_node,
}
