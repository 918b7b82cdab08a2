"""Choosing free TCP ports on the loopback interface."""

from __future__ import annotations

import socket

__all__ = ["LOOPBACK", "free_port", "is_free"]

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """A port that the kernel will hand to nobody else for the next minute, but that a named bind can have.

    A port merely bound and closed can be given to another process before ours takes it. One on which a
    connection was closed by our side stays in TIME_WAIT: the kernel passes it over when it picks ports, and a
    listener with SO_REUSEADDR, which the Temporal server sets, may still take it.
    """
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, 0))
        listener.listen(1)
        address = listener.getsockname()
        with socket.create_connection(address) as client:
            accepted, _ = listener.accept()
            accepted.close()  # closing first is what puts the port, not the client's, in TIME_WAIT
            client.recv(1)
    return int(address[1])


def is_free(port: int) -> bool:
    """Whether a server could listen on this port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
