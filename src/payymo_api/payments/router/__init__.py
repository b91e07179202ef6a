from payymo_api.payments.router.webhooks import router as webhooks

__all__ = ["webhooks"]
