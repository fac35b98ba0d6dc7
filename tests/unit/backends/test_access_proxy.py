"""Which proxy is on the way to an API server."""

from __future__ import annotations

import pytest

from rankzero.backends.kubernetes.access import proxy
from rankzero.backends.kubernetes.access.model import Server
from rankzero.errors import Refused

_PROXY = {"HTTPS_PROXY": "http://proxy:3128"}


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({}, None),
        (_PROXY, "http://proxy:3128"),
        ({"https_proxy": "proxy:3128"}, "http://proxy:3128"),
        ({"HTTPS_PROXY": "socks5://a:1", "https_proxy": "http://b:2"}, "socks5://a:1"),
        ({"HTTP_PROXY": "http://proxy:3128"}, None),
        ({"HTTPS_PROXY": ""}, None),
    ],
)
def test_the_environment_s(environ: dict[str, str], found: str | None) -> None:
    assert proxy.chosen(Server("https://api.lab.example:6443"), environ) == found


def test_that_of_a_server_without_tls() -> None:
    environ = {"HTTP_PROXY": "http://plain:1", **_PROXY}
    assert proxy.chosen(Server("http://api.lab.example"), environ) == "http://plain:1"


@pytest.mark.parametrize(
    ("server", "without", "direct"),
    [
        ("https://localhost:6443", "", True),
        ("https://127.0.0.1:6443", "", True),
        ("https://[::1]:6443", "", True),
        ("https://api.lab.example", "*", True),
        ("https://api.lab.example", "other.example, *", True),
        ("https://api.lab.example", "lab.example", True),
        ("https://API.Lab.example", "LAB.example", True),
        ("https://api.lab.example", ".lab.example", True),
        ("https://api.lab.example", "*.lab.example", True),
        ("https://lab.example", "lab.example", True),
        ("https://lab.example", ".lab.example", False),
        ("https://collab.example", "lab.example", False),
        ("https://api.lab.example:6443", "lab.example:6443", True),
        ("https://api.lab.example:6443", "lab.example:443", False),
        ("https://api.lab.example", "lab.example:443", True),
        ("https://10.1.2.3", "10.1.2.3", True),
        ("https://10.1.2.3", "10.1.2.4", False),
        ("https://10.1.2.3:6443", "10.1.2.3:6443", True),
        ("https://10.1.2.3:6443", "10.1.2.3:443", False),
        ("https://10.1.2.3", "10.1.0.0/16", True),
        ("https://10.2.2.3", "10.1.0.0/16", False),
        ("https://api.lab.example", "10.1.0.0/16", False),
        ("https://[fd00::7]:6443", "fd00::/8", True),
        ("https://[fd00::7]:6443", "fd00::7", True),
        ("https://[fd00::7]:6443", "[fd00::7]:6443", True),
        ("https://[fd00::7]:6443", "[fd00::7]:443", False),
        ("https://api.lab.example", "10.1.0.0/99,[,a:b:c,,", False),
    ],
)
def test_what_no_proxy_names_is_reached_without(server: str, without: str, direct: bool) -> None:
    found = proxy.chosen(Server(server), {**_PROXY, "NO_PROXY": without})
    assert found == (None if direct else "http://proxy:3128")


def test_the_cluster_s_own_counts_before_all() -> None:
    server = Server("https://127.0.0.1:6443", proxy_url="socks5://bastion:1080")
    assert proxy.chosen(server, {**_PROXY, "NO_PROXY": "*"}) == "socks5://bastion:1080"


@pytest.mark.parametrize(
    "url", ["ftp://me:hunter2@proxy:1", "http://", "http://me:hunter2@proxy:x", "proxy:3128"]
)
def test_what_is_no_proxy_is_said_without_its_password(url: str) -> None:
    with pytest.raises(Refused, match=r"^proxy-url in the kubeconfig is no URL") as refused:
        proxy.chosen(Server("https://a", proxy_url=url), {})
    assert "hunter2" not in str(refused.value)


def test_a_password_is_not_shown() -> None:
    assert proxy.shown("http://me:hunter2@proxy:3128") == "http://proxy:3128"
