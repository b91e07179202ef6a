"""`payymo …`: one command a line, each calls one function.

A command imports what it runs when it runs: five processes start with the service, and what each
need not load is seconds saved.
"""

import typer

from payymo_api.cli import backtest, local, services, tenants, webhooks
from payymo_api.sandbox.commands import app as sandbox_app

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
for part in (services.app, local.app, tenants.app, backtest.app):
    app.add_typer(part)
app.add_typer(sandbox_app, name="sandbox")
app.add_typer(webhooks.app, name="webhooks")
