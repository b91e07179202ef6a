"""`python -m payymo_api` is `payymo`."""

from payymo_api.cli import app

app()
