"""Ports that stay free until a rank listens on them."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from rankzero.agent import ports


@pytest.fixture
def claims():
    held: list[ports.Claim] = []
    yield held
    for claim in held:
        claim.close()


def test_claimed_ports_differ_and_are_below_the_ephemeral_range(claims) -> None:
    claims += ports.claim(20)
    with open("/proc/sys/net/ipv4/ip_local_port_range") as file:
        lowest = int(file.read().split()[0])

    numbers = [claim.port for claim in claims]
    assert len(set(numbers)) == 20
    assert all(number < max(lowest, 32768) for number in numbers)


def test_a_held_port_is_nobody_elses(claims) -> None:
    claims += ports.claim(1)
    port = claims[0].port

    assert ports.try_claim(port) is None
    with socket.socket() as sock, pytest.raises(OSError, match="in use"):
        sock.bind(("", port))


def test_a_released_port_can_be_listened_on_and_is_not_claimed_again(claims) -> None:
    claims += ports.claim(1)
    claims[0].release()

    with socket.create_server(("127.0.0.1", claims[0].port)):
        assert ports.try_claim(claims[0].port) is None
    assert ports.try_claim(claims[0].port) is None, "the claim outlives the rank's socket"


def test_a_closed_claim_lets_others_have_the_port(claims) -> None:
    (first,) = ports.claim(1)
    first.close()
    again = ports.try_claim(first.port)

    assert again is not None
    claims.append(again)


def test_a_port_that_somebody_listens_on_is_in_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert ports.try_claim(server.getsockname()[1]) is None


def test_another_processs_claim_counts_and_ends_with_it(claims) -> None:
    program = (
        "from rankzero.agent import ports\n"
        "(claim,) = ports.claim(1)\n"
        "claim.release()\n"
        "print(claim.port, flush=True)\n"
        "input()\n"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert other.stdout is not None
    port = int(other.stdout.readline())
    try:
        assert ports.try_claim(port) is None
    finally:
        other.kill()
        other.communicate()

    again = ports.try_claim(port)
    assert again is not None
    claims.append(again)
