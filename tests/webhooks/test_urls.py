# ruff: noqa: RUF001  look-alike digits and dots are what is tested
import pytest

from payymo_api.webhooks.errors import EndpointUrlRefused
from payymo_api.webhooks.gateway.urls import LONGEST_URL, check_url

ACCEPTED = [
    "https://hooks.example.com",
    "https://hooks.example.com/a/b?c=d&e=%2Ff",
    "HTTPS://Hooks.Example.COM/",
    "https://hooks.example.com:443/",
    "https://hooks.example.com:1024/",
    "https://hooks.example.com:65535/",
    "https://bücher.example/",
    "https://xn--bcher-kva.example/",
    "https://under_score.example.com/",
    "https://example.com/me@home",
    "https://8.8.8.8/",
    "https://[2606:4700:4700::1111]/",
    "https://" + "a" * 63 + ".example/",
]
REFUSED = {
    "scheme": """http://hooks.example.com ftp://hooks.example.com file:///etc/passwd gopher://x.example.com
        javascript:alert(1) data:text/plain,x //hooks.example.com /hooks hooks.example.com wss://x.example.com
        https:hooks.example.com https:///hooks unix:///run/x.sock""".split(),
    "credentials": """https://user@hooks.example.com https://user:word@hooks.example.com https://@hooks.example.com
        https://:@hooks.example.com https://8.8.8.8@127.0.0.1 https://hooks.example.com%40127.0.0.1""".split(),
    "fragment": [
        "https://hooks.example.com/#",
        "https://hooks.example.com/#a",
        "https://a.example#@b.example",
    ],
    "port": [
        f"https://hooks.example.com:{port}/"
        for port in ("0", "1", "22", "25", "80", "445", "1023", "65536", "99999", "-1", "a")
    ],
    "characters": [
        "",
        " https://hooks.example.com",
        "https://hooks.example.com ",
        "https://hooks.example.com/a b",
        "https://hooks.example.com/\r\nHost: x",
        "https://hooks.exam\tple.com/",
        "https://hooks.example.com/\x00",
        "https://hooks.example.com/\x7f",
        "https://hooks.example.com/\u200b",
        "https://hooks.example.com/\u2028",
        "https://hooks.example.com\\@127.0.0.1/",
        "https://hooks.example.com/" + "a" * LONGEST_URL,
    ],
    "host": [
        "https://",
        "https://?x",
        "https://./",
        "https://../",
        "https://.example.com/",
        "https://hooks..example.com/",
        "https://hooks.example.com./",
        "https://-hooks.example.com/",
        "https://hooks-.example.com/",
        "https://" + "a" * 64 + ".example/",
        "https://" + "a." * 130 + "example/",
        "https://127.0.0.1%00.example.com/",
        "https://127.0.0.1%2f.example.com/",
        "https://localhost%2e/",
        "https://exa%6dple.com/",
        "https://[::1",
        "https://::1/",
        "https://[hooks.example.com/",
        "https://$(id).example.com/",
        "https://*.example.com/",
    ],
    "local name": """https://localhost https://LOCALHOST https://ⓛocalhost https://api.localhost https://localhost.
        https://db https://printer.local https://metadata.google.internal https://router.lan https://nas.home.arpa
        https://x.onion""".split(),
    "literal": """https://127.0.0.1
        https://127.0.0.1. https://127.1 https://127.0.1 https://127 https://0 https://0.0
        https://2130706433 https://0x7f000001 https://0x7f.0.0.1 https://0x7f.1 https://0X7F.0X0.0X0.0X1
        https://017700000001 https://0177.0.0.1 https://0177.0.0.01 https://127.0.0.01 https://127.0.0.0x1
        https://127.0.0.0x https://127.000.000.001 https://１２７.0.0.1 https://①②⑦.0.0.1 https://127。0。0。1
        https://127．0．0．1 https://１２７。１ https://4294967295 https://4294967296 https://256.0.0.1
        https://1.2.3.4.5 https://example.1 https://10.0.0.1 https://10.1 https://0xa9fea9fe https://2852039166
        https://0251.0376.0251.0376 https://169.254.169.254 https://169.254.43518 https://192.168.0.1:8443
        https://172.16.0.1 https://100.64.0.1 https://192.0.0.192 https://198.18.0.1 https://224.0.0.1
        https://255.255.255.255 https://168.63.129.16 https://[::] https://[::1] https://[0:0:0:0:0:0:0:1]
        https://[0000:0000:0000:0000:0000:0000:0000:0001] https://[::127.0.0.1] https://[::ffff:127.0.0.1]
        https://[::ffff:7f00:1] https://[::FFFF:169.254.169.254] https://[::ffff:0:127.0.0.1]
        https://[64:ff9b::7f00:1] https://[64:ff9b::169.254.169.254] https://[64:ff9b:1::1] https://[2002:7f00:1::]
        https://[2001::1] https://[2001:db8::1] https://[fc00::1] https://[fd00:ec2::254] https://[fe80::1]
        https://[fe80::1%25eth0] https://[fe80::1%eth0] https://[2606:4700::1%25eth0] https://[::1%25lo]
        https://[fec0::1] https://[ff02::1] https://[100::1] https://[3fff::1] https://[5f00::1]
        https://[::ffff:127.1] https://[1:2:3] https://[]""".split(),
}


@pytest.mark.parametrize("url", ACCEPTED)
@pytest.mark.parametrize("allow_loopback", [False, True])
def test_a_public_https_url_is_accepted(url: str, allow_loopback: bool) -> None:  # noqa: FBT001  pytest names it
    assert check_url(url, allow_loopback=allow_loopback).scheme == "https"


@pytest.mark.parametrize("url", [url for urls in REFUSED.values() for url in urls])
def test_a_url_we_never_send_to_is_refused_at_its_field(url: str) -> None:
    with pytest.raises(EndpointUrlRefused) as caught:
        check_url(url, allow_loopback=False)
    assert [error.pointer for error in caught.value.errors] == ["/url"]


@pytest.mark.parametrize(
    "url",
    """http://127.0.0.1 http://127.0.0.1:80/x http://127.9.8.7:1 https://127.0.0.1:9000 http://[::1]:3000
    http://localhost:3000 http://shop.localhost:8080/hooks""".split(),
)
def test_loopback_takes_http_and_any_port_when_allowed(url: str) -> None:
    check_url(url, allow_loopback=True)
    with pytest.raises(EndpointUrlRefused):
        check_url(url, allow_loopback=False)


@pytest.mark.parametrize(
    "url",
    """http://hooks.example.com http://10.0.0.1 https://10.0.0.1 https://hooks.example.com:22 http://0.0.0.0:3000
    http://127.1:3000 http://2130706433 http://[::ffff:127.0.0.1]:3000 http://user@localhost http://localhost:0
    http://localhost/#a http://localhost.example.com http://notlocalhost https://[fe80::1] ftp://localhost""".split(),
)
def test_allowing_loopback_allows_nothing_else(url: str) -> None:
    with pytest.raises(EndpointUrlRefused):
        check_url(url, allow_loopback=True)


def test_the_refused_are_many() -> None:
    assert sum(len(urls) for urls in REFUSED.values()) > 130
