"""`payymo sandbox …`: serve the providers' stand-ins, and make things happen in them."""

from typing import Annotated

import typer

app = typer.Typer(invoke_without_command=True)
_HOST, _PORT = "127.0.0.1", 8001


@app.callback()
def serve(
    context: typer.Context,
    port: Annotated[int, typer.Option(help="Port to listen on.")] = _PORT,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = _HOST,
) -> None:
    """Simulate the providers over HTTP (development)."""
    from payymo_api.sandbox.app import serve as run

    if context.invoked_subcommand is None:
        run(host, port)


@app.command()
def trigger(
    event: Annotated[str, typer.Argument(help="A type of event of Stripe's: charge.refunded.")],
    url: Annotated[str, typer.Option(help="Where the sandbox is.")] = f"http://{_HOST}:{_PORT}",
    account: Annotated[str | None, typer.Option(help="A connected account's id.")] = None,
) -> None:
    """Make an event of Stripe's happen in a running sandbox, with what belongs to it."""
    import httpx

    asked = {"event": event} | ({"account": account} if account else {})
    try:
        answer = httpx.post(f"{url}/sandbox/stripe/trigger", json=asked, trust_env=False)
    except httpx.TransportError as error:
        typer.echo(f"payymo: --url: no sandbox answers at {url}: {error}", err=True)
        raise typer.Exit(2) from None
    if answer.is_error:
        typer.echo(f"payymo: {answer.json()['error']}", err=True)
        raise typer.Exit(2)
    told = answer.json()
    typer.echo(f"{told['id']} {told['type']} {told['data']['object'].get('id', '')}")
