import pytest
from pydantic import ValidationError

from payymo_api.core.settings import Settings


def _settings(webhook_proxy: str) -> Settings:
    return Settings(
        database_url="postgresql://",
        redis_url="redis://",
        encryption_keys="test:",
        api_key_pepper="x" * 32,
        webhook_proxy=webhook_proxy,
    )


@pytest.mark.parametrize(
    "url", ["http://proxy:3128", "http://payymo:hush%20hush@10.0.0.8:3128/", "http://[fd00::8]:80"]
)
def test_a_proxy_is_a_host_and_a_port_and_is_never_shown(url: str) -> None:
    settings = _settings(url)
    assert settings.webhook_proxy
    assert settings.webhook_proxy.get_secret_value() == url
    assert url not in repr(settings)


@pytest.mark.parametrize(
    "url",
    """https://proxy:3128 socks5://proxy:1080 proxy:3128 http://proxy http://:hush-hush@:3128
    http://hush-hush@proxy:port http://proxy:3128/hush-hush http://[hush-hush:3128""".split(),
)
def test_what_is_no_proxy_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValidationError) as caught:
        _settings(url)
    [error] = caught.value.errors()
    assert error["loc"] == ("webhook_proxy",)
    assert "hush" not in error["msg"]
