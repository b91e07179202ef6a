"""Reconciliation over HTTP: a module per resource."""

from payymo_api.reconciliation.router.learned import router as learned
from payymo_api.reconciliation.router.matching import router as matching
from payymo_api.reconciliation.router.suggestions import router as suggestions
from payymo_api.reconciliation.router.trace import router as trace

__all__ = ["learned", "matching", "suggestions", "trace"]
