"""Every setting, read once at assembly from PAYYMO_* variables; nothing below reads them."""

from functools import cached_property
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


def _is_proxy(value: SecretStr) -> SecretStr:
    """Check the form only; the message does not repeat what may hold a password."""
    try:
        url = urlsplit(value.get_secret_value())
        is_proxy = url.scheme == "http" and url.hostname and url.port and url.path in ("", "/")
    except ValueError:
        is_proxy = False
    if not is_proxy:
        raise ValueError("must be http://host:port or http://user:password@host:port")
    return value


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="PAYYMO_", frozen=True, extra="ignore")

    database_url: Annotated[
        str,
        Field(
            pattern="^postgres(ql)?://",
            repr=False,
            description="PostgreSQL 15 or newer, as postgresql://user@host/name.",
        ),
    ]
    redis_url: Annotated[
        str,
        Field(
            pattern="^(rediss?|unix)://",
            repr=False,
            description="Redis 6.2 or newer, as redis://host:6379/0.",
        ),
    ]
    encryption_keys: Annotated[
        SecretStr,
        Field(
            description="`<id>:<32 bytes in base64>`, several separated by commas; "
            "the first encrypts, all decrypt."
        ),
    ]
    api_key_pepper: Annotated[
        SecretStr, Field(min_length=32, description="Secret that API keys are hashed with.")
    ]
    public_url: Annotated[
        str, Field(description="Where clients reach this service; error pages and callbacks.")
    ] = "http://127.0.0.1:8000"
    host: Annotated[str, Field(description="Address that `payymo api` listens on.")] = "127.0.0.1"
    port: Annotated[int, Field(description="Port that `payymo api` listens on.")] = 8000
    environment: Annotated[
        Literal["live", "test"], Field(description="Stands in every key: pym_live_ or pym_test_.")
    ] = "live"
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Field(description="Least level logged.")
    ] = "info"
    database_pool: Annotated[
        int, Field(ge=2, le=200, description="PostgreSQL connections of one process.")
    ] = 10
    requests_at_once: Annotated[
        int, Field(ge=1, description="Requests that one process works on; more get 503 at once.")
    ] = 100
    streams_at_once: Annotated[
        int, Field(ge=1, description="Event streams that one process keeps open; more get 503.")
    ] = 100
    database_wait_seconds: Annotated[
        float, Field(gt=0, description="A request waits this long for a connection, then 503.")
    ] = 5.0
    database_statement_cache: Annotated[
        bool, Field(description="Turn off behind PgBouncer before 1.21 in transaction mode.")
    ] = True
    trusted_proxies: Annotated[
        str, Field(description="CIDRs, separated by commas, whose X-Forwarded-For is believed.")
    ] = ""
    metrics_token: Annotated[
        SecretStr | None, Field(description="Bearer token for /metrics; without it no /metrics.")
    ] = None
    worker_metrics_port: Annotated[
        int | None, Field(ge=1, le=65535, description="A worker's /metrics port, on PAYYMO_HOST.")
    ] = None
    gocardless_url: Annotated[
        str, Field(description="GoCardless Bank Account Data; the sandbox in development.")
    ] = "https://bankaccountdata.gocardless.com"
    gocardless_secret_id: Annotated[
        SecretStr | None, Field(description="User secret id of GoCardless Bank Account Data.")
    ] = None
    gocardless_secret_key: Annotated[
        SecretStr | None, Field(description="User secret key of GoCardless Bank Account Data.")
    ] = None
    stripe_url: Annotated[str, Field(description="Stripe's API; the sandbox in development.")] = (
        "https://api.stripe.com"
    )
    stripe_connect_url: Annotated[
        str, Field(description="Stripe Connect's OAuth pages; the sandbox in development.")
    ] = "https://connect.stripe.com"
    stripe_secret_key: Annotated[
        SecretStr | None, Field(description="Our platform's secret key at Stripe, for Connect.")
    ] = None
    stripe_client_id: Annotated[
        str | None, Field(description="Our platform's client id for Connect: ca_…")
    ] = None
    stripe_publishable_key: Annotated[
        str | None, Field(description="Our platform's publishable key, for Stripe Elements.")
    ] = None
    stripe_webhook_secrets: Annotated[
        SecretStr | None,
        Field(description="Secrets of our webhook endpoints at Stripe, separated by commas."),
    ] = None
    webhook_allow_loopback: Annotated[
        bool, Field(description="Development only: webhooks may go to this machine, by http.")
    ] = False
    webhook_timeout_seconds: Annotated[
        float, Field(gt=0, le=30, description="An endpoint has this long to answer.")
    ] = 10.0
    webhook_proxy: Annotated[
        Annotated[SecretStr, AfterValidator(_is_proxy)] | None,
        Field(description="Webhooks leave through it: http://user:password@host:port."),
    ] = None

    @cached_property
    def async_database_url(self) -> str:
        """The URL with the asyncpg driver named, whatever scheme was given."""
        return f"postgresql+asyncpg://{self.database_url.split('://', 1)[1]}"
