"""A chosen port can be listened on, is not chosen twice, and a taken one is recognised."""

from __future__ import annotations

import socket

import pytest

from folkmoot._local.launch import Wanted, choose_endpoints
from folkmoot._local.ports import LOOPBACK, free_port, is_free
from folkmoot.errors import ServerUnavailableError


def wanted(*, ui: bool, port: int | None) -> Wanted:
    return Wanted(namespace="default", search_attributes={}, ui=ui, port=port)


def listen(port: int = 0) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((LOOPBACK, port))
    listener.listen()
    return listener


def test_chosen_ports_differ_and_can_be_listened_on() -> None:
    ports = [free_port() for _ in range(50)]
    assert len(set(ports)) == 50
    for port in ports:
        assert is_free(port)
        listen(port).close()


def test_the_kernel_does_not_give_a_chosen_port_away() -> None:
    chosen = {free_port() for _ in range(20)}
    others = [socket.socket() for _ in range(200)]
    for other in others:
        other.bind((LOOPBACK, 0))
    assert chosen.isdisjoint(other.getsockname()[1] for other in others)
    for other in others:
        other.close()


def test_a_port_with_a_listener_is_not_free() -> None:
    with listen() as listener:
        assert not is_free(listener.getsockname()[1])


def test_a_taken_port_is_refused_by_number() -> None:
    with listen() as listener:
        port = listener.getsockname()[1]
        with pytest.raises(ServerUnavailableError, match=f"Port {port} is in use"):
            choose_endpoints(wanted(ui=False, port=port))


def free_pair() -> int:
    """A port that is free, and so is the one 1000 above."""
    return next(port for port in range(17433, 30000) if is_free(port) and is_free(port + 1000))


def test_the_ui_is_a_thousand_above_a_port_asked_for() -> None:
    port = free_pair()
    endpoints = choose_endpoints(wanted(ui=True, port=port))
    assert endpoints.address == f"127.0.0.1:{port}"
    assert endpoints.ui_url == f"http://127.0.0.1:{port + 1000}"


def test_the_ui_is_elsewhere_if_that_is_taken() -> None:
    port = free_pair()
    with listen(port + 1000):
        endpoints = choose_endpoints(wanted(ui=True, port=port))
    assert endpoints.ui_port not in {None, port + 1000}


def test_without_a_ui_there_is_no_url() -> None:
    assert choose_endpoints(wanted(ui=False, port=None)).ui_url is None
