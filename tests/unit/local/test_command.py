"""The command line the embedded server is started with."""

from __future__ import annotations

from pathlib import Path

from folkmoot._local.launch import Endpoints, Wanted, server_command

WANTED = Wanted(namespace="moots", search_attributes={"ChatTurns": "Int", "ChatTeam": "Keyword"}, ui=True, port=None)


def values(command: list[str], flag: str) -> list[str]:
    return [command[at + 1] for at, word in enumerate(command) if word == flag]


def test_it_has_what_chats_need() -> None:
    command = server_command(Path("temporal"), Endpoints(7000, 7001), WANTED, Path("chats.db"))
    assert command[:3] == ["temporal", "server", "start-dev"]
    assert values(command, "--port") == ["7000"]
    assert values(command, "--ui-port") == ["7001"]
    assert values(command, "--namespace") == ["moots"]
    assert values(command, "--db-filename") == ["chats.db"]
    assert values(command, "--log-level") == ["error"]
    assert values(command, "--search-attribute") == ["ChatTurns=Int", "ChatTeam=Keyword"]
    assert values(command, "--dynamic-config-value") == [
        "history.transferProcessorMaxPollRPS=2000",
        "system.enableActivityEagerExecution=true",
        'history.timerProcessorMaxTimeShift="10ms"',
    ]
    assert "--headless" not in command


def test_in_memory_and_headless() -> None:
    command = server_command(Path("temporal"), Endpoints(7000, None), WANTED, None)
    assert "--headless" in command
    assert not values(command, "--db-filename")
    assert not values(command, "--ui-port")
