"""The whole service on this machine."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from payymo_api.cli.running import AsJson, fail

app = typer.Typer()
DataFolder = Annotated[Path, typer.Option(help="Where the data stays.")]


@app.command()
def dev(folder: DataFolder = Path(".payymo")) -> None:
    """Keep everything up on embedded servers, with a demo tenant, until Ctrl-C (development)."""
    from payymo_api.local.dev import dev as run

    _locally(lambda: run(folder))


@app.command()
def demo(folder: DataFolder = Path(".payymo/demo"), *, as_json: AsJson = False) -> None:
    """Run the main job from end to end on embedded servers, and print what happened."""
    from payymo_api.local.demo import demo as run

    _locally(lambda: run(folder, as_json=as_json))


def _locally(run: Callable[[], None]) -> None:
    from payymo_api.local.errors import CannotStart

    try:
        run()
    except CannotStart as error:
        fail(str(error))
