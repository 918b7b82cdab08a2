"""Teams and plugins are loaded from files and modules; what cannot be loaded is named with what was expected."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from folkmoot import AssistantAgent, FolderStore, FolkmootPlugin, RoundRobinGroupChat
from folkmoot._spec import to_json
from folkmoot.autogen import dump_component
from folkmoot.cli.loading import load_attribute, load_plugin, load_processes, load_team

TEAM = RoundRobinGroupChat([AssistantAgent("writer", "m")], max_turns=1)

MODULE = """
from folkmoot import AssistantAgent, FolkmootPlugin, RoundRobinGroupChat

team = RoundRobinGroupChat([AssistantAgent("writer", "m")], max_turns=1)
agent = AssistantAgent("writer", "m")
plugin = FolkmootPlugin()
number = 7


def make_team():
    return team


def add(a: int, b: int) -> int:
    "Add."
    return a + b


settings = {"tools": [add]}
open_store = {"tools": [add], "store": None}
own_store = {"store": "own"}


def own_plugin():
    return FolkmootPlugin(store="own")


wrong_settings = {"tool": [add]}


def make_plugin():
    return plugin


class holder:
    team = team
"""


PROCESSES = """
from tests._support.errands import ERRAND

PROCESSES = (ERRAND,)
numbers = [7]
twice = [ERRAND, ERRAND]


def make():
    return [ERRAND]
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "my_teams.py").write_text(MODULE)
    (tmp_path / "my_processes.py").write_text(PROCESSES)
    (tmp_path / "broken_teams.py").write_text("raise RuntimeError('no luck')")
    for module in ("my_teams", "my_processes"):
        monkeypatch.delitem(sys.modules, module, raising=False)


def test_a_file_gives_its_team(tmp_path: Path) -> None:
    (tmp_path / "team.json").write_text(json.dumps(to_json(TEAM)))
    assert load_team("team.json") == TEAM


def test_a_file_of_autogen_s_gives_its_team(tmp_path: Path) -> None:
    (tmp_path / "component.json").write_text(json.dumps(dump_component(TEAM)))
    team = load_team("component.json")
    assert isinstance(team, RoundRobinGroupChat)
    assert team.participant_names == ["writer"]


@pytest.mark.parametrize("source", ["my_teams:team", "my_teams:make_team", "my_teams:holder.team"])
def test_an_attribute_or_what_it_returns_is_a_team(source: str) -> None:
    assert load_team(source) == TEAM


def test_a_single_agent_will_do() -> None:
    assert load_team("my_teams:agent").name == "writer"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("missing.json", None, "There is no file 'missing.json'; expected a team's JSON file or module:attribute."),
        ("nonsense.json", "{nonsense", "Team file 'nonsense.json' is not JSON: "),
        ("list.json", "[]", "Team file 'list.json' holds no team: expected a JSON object"),
        ("type.json", '{"type": "Swarms"}', "has the unknown type 'Swarms'"),
        (
            "empty.json",
            '{"type": "RoundRobinGroupChat", "participants": []}',
            "holds no team: At least one participant is required.",
        ),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, name: str, content: str | None, said: str) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=re.escape(said)) as caught:
        load_team(name)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "image.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match=r"Team file 'image\.json' cannot be read"):
        load_team("image.json")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("my_teams:number", "'my_teams:number' is a int; expected a team or an agent"),
        ("my_teams:nothing", "names nothing: module 'my_teams' has no attribute 'nothing'"),
        ("no_such_module:team", "Importing 'no_such_module' for 'no_such_module:team' failed: ModuleNotFoundError"),
        ("broken_teams:team", "failed: RuntimeError: no luck"),
        ("my_teams:", "Expected module:attribute, got 'my_teams:'"),
    ],
)
def test_a_bad_attribute_is_named(source: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        load_team(source)


def test_a_plugin_is_taken_as_it_is() -> None:
    assert load_plugin("my_teams:plugin", None) is load_attribute("my_teams:plugin")
    assert load_plugin("my_teams:make_plugin", None) is load_attribute("my_teams:plugin")


def test_a_mapping_becomes_a_plugin() -> None:
    assert "add" in load_plugin("my_teams:settings", None).registry.tools


def test_a_folder_for_code_goes_to_the_plugin_that_is_made_here(tmp_path: Path) -> None:
    assert load_plugin("my_teams:settings", None).registry.code_folder is None
    assert load_plugin("my_teams:settings", None, tmp_path).registry.code_folder == tmp_path
    assert load_plugin(None, None, tmp_path).registry.code_folder == tmp_path


def test_a_plugin_of_the_user_s_has_its_own_folder_for_code(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'my_teams:plugin' is a FolkmootPlugin; a folder for code is its argument"):
        load_plugin("my_teams:plugin", None, tmp_path)


@pytest.mark.parametrize("source", ["my_teams:plugin", "my_teams:settings", "my_teams:open_store", None])
@pytest.mark.parametrize("named", [True, False])
def test_a_store_fills_in_what_the_application_leaves_open(
    source: str | None, named: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = FolderStore(tmp_path / "named")
    plugin = load_plugin(source, store, named=named)
    assert plugin.store is store
    assert plugin._side.reader.store is not None, "its workers have it"
    assert caplog.text == ""


@pytest.mark.parametrize("source", ["my_teams:own_plugin", "my_teams:own_store"])
def test_a_store_of_the_application_wins_and_that_is_told(
    source: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = FolderStore(tmp_path / "named")
    assert repr(load_plugin(source, store, named=True).store) == "FolderStore('own')"
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    told = (
        f"{source!r} has a store of its own, FolderStore('own'), which is used; {store!r}, of --store or FOLKMOOT_STORE"
    )
    assert record.getMessage() == f"{told}, is not"
    caplog.clear()
    # Nobody named that of the embedded server's folder, or it is the same.
    assert repr(load_plugin(source, store).store) == "FolderStore('own')"
    load_plugin(source, FolderStore("own"), named=True)
    assert caplog.text == ""


@pytest.mark.parametrize("source", ["my_processes:PROCESSES", "my_processes:make"])
def test_processes_are_a_list_or_what_returns_one(source: str) -> None:
    assert [process.name for process in load_processes(source)] == ["errand"]
    assert load_processes(None) == []


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("my_processes:ERRAND", "'my_processes:ERRAND' is a Process; expected a list of folkmoot.processes.Process."),
        ("my_processes:numbers", "'my_processes:numbers' holds a int; expected only folkmoot.processes.Process."),
        ("my_processes:twice", "'my_processes:twice' has two processes named 'errand'."),
        ("my_processes:gone", "module 'my_processes' has no attribute 'gone'"),
    ],
)
def test_what_is_no_list_of_processes_is_named(source: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        load_processes(source)


def test_without_an_app_there_is_an_empty_plugin() -> None:
    assert isinstance(load_plugin(None, None), FolkmootPlugin)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("my_teams:number", "expected a FolkmootPlugin, a mapping of its arguments"),
        ("my_teams:wrong_settings", "has 'tool'; expected only models, tools, functions, agents,"),
    ],
)
def test_a_bad_plugin_is_named(source: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        load_plugin(source, None)
