"""Teams and plugins are loaded from files and modules; what cannot be loaded is named with what was expected."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from folkmoot import AssistantAgent, FolkmootPlugin, RoundRobinGroupChat
from folkmoot._spec import to_json
from folkmoot.autogen import dump_component
from folkmoot.cli.loading import load_attribute, load_plugin, load_team

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
wrong_settings = {"tool": [add]}


def make_plugin():
    return plugin


class holder:
    team = team
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "my_teams.py").write_text(MODULE)
    (tmp_path / "broken_teams.py").write_text("raise RuntimeError('no luck')")
    monkeypatch.delitem(sys.modules, "my_teams", raising=False)


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
