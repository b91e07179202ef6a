"""For whoever writes the program that gets a tenant's events."""

from contextlib import suppress
from typing import Annotated, Any

import typer
from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from payymo_api.cli.running import AsJson, fail, show

app = typer.Typer(no_args_is_help=True, help="Try a tenant's events on your own machine.")
BaseUrl = Annotated[str, typer.Option(help="Where the service is.")]
_HERE = "http://127.0.0.1:8000"


class Access(BaseSettings):
    """The key is read from the environment alone: a command line is seen by everybody."""

    model_config = SettingsConfigDict(env_prefix="PAYYMO_", frozen=True, extra="ignore")

    api_key: SecretStr


@app.command()
def listen(
    forward: Annotated[str, typer.Option(help="Your program: http://localhost:3000/hooks.")],
    events: Annotated[str, typer.Option(help="Types: transaction.*,invoice.paid.")] = "*",
    after: Annotated[
        int | None, typer.Option(min=0, help="Begin behind this sequence number, not now.")
    ] = None,
    base_url: BaseUrl = _HERE,
    *,
    allow_any: Annotated[
        bool, typer.Option("--allow-any", help="Forward to other machines, too.")
    ] = False,
) -> None:
    """Forward a tenant's events to a program on this machine, signed; PAYYMO_API_KEY says whose."""
    from payymo_api.cli.webhooks.addresses import is_here, is_web
    from payymo_api.cli.webhooks.listening import Listener, Refused

    if not is_web(forward):
        fail("--forward: give an http or https URL")
    if not (allow_any or is_here(forward)):
        fail("--forward: this URL leads away from this machine; --allow-any sends events there")
    with _service(base_url) as api, suppress(KeyboardInterrupt):
        listener = Listener(api, forward, events, after, say=typer.echo)
        try:
            listener.run()
        except Refused as refused:
            fail(str(refused))


@app.command()
def trigger(
    event_type: Annotated[str, typer.Argument(help="What happens: transaction.created.")],
    base_url: BaseUrl = _HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """Make a test event happen for the tenant whose key PAYYMO_API_KEY is."""
    import httpx

    from payymo_api.cli.webhooks.listening import why

    with _service(base_url) as api:
        try:
            answer = api.post("/events/trigger", json={"event_type": event_type})
        except httpx.TransportError as error:
            fail(f"--base-url: no service answers at {base_url}: {error}")
    if answer.is_error:
        fail(why(answer))
    show(answer.json(), as_json=as_json)


def _service(base_url: str) -> Any:  # noqa: ANN401  loaded when it is needed
    import httpx

    from payymo_api.cli.webhooks.addresses import is_here, is_private
    from payymo_api.edge.caller import is_key

    try:
        key = Access().api_key.get_secret_value()
    except ValidationError:
        fail("PAYYMO_API_KEY: put your API key there")
    if not is_key(key):
        fail("PAYYMO_API_KEY: this is no API key, or a letter of it is wrong")
    if not is_private(base_url):
        fail("--base-url: give an https URL; http is for this machine only")
    return httpx.Client(
        base_url=f"{base_url.rstrip('/')}/api/v1",
        headers={"X-API-Key": key},
        timeout=httpx.Timeout(10, read=45),  # three heartbeats
        trust_env=not is_here(base_url),
    )
