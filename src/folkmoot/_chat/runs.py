"""How a node's runs begin, end in good order, or are broken off, and what of them stays for the next one."""

from __future__ import annotations

from . import termination
from .floor import Floor
from .log import Entry
from .managers import manager_of
from .plan import Link, Node, Plan
from .roles import role_of
from .state import ChatState, Scope

__all__ = ["begin", "break_off", "refresh", "rest", "suspend", "tool_around"]


def refresh(plan: Plan, state: ChatState, node: Node, entry: Entry) -> None:
    """Set a node and all inside it back to the beginning."""
    for path in plan.within(node.path):
        progress = termination.fresh(plan.nodes[path].condition, entry.time)
        state.scopes[path] = Scope(progress=progress, checked=entry.offset, at=entry.offset)


def begin(node: Node, scope: Scope, entry: Entry, tasks: int, heard: int = 0) -> None:
    """A run begins.

    Args:
        node: Whose run.
        scope: Its state.
        entry: The entry with which it begins.
        tasks: Task messages that will follow.
        heard: Messages that an inner team has heard, which are its task.
    """
    scope.open, scope.tasks, scope.at = True, tasks, entry.offset
    manager_of(node).begin(node, scope, tasks + heard > 0)


def rest(node: Node, scope: Scope, entry: Entry) -> None:
    """A run is over: the condition is as new, the conversation stays (AutoGen)."""
    scope.progress = termination.fresh(node.condition, entry.time)
    scope.rounds, scope.checked, scope.before = 0, entry.offset, None
    scope.ended, scope.stop, scope.asked, scope.said = False, None, None, []
    manager_of(node).rest(node, scope)


def break_off(plan: Plan, state: ChatState, node: Node, entry: Entry) -> None:
    """The run ends whatever is under way, at a node and inside it: the next one takes it up where it stood."""
    for path in plan.within(node.path):
        inner, scope = plan.nodes[path], state.scopes[path]
        if _rests(plan, state, inner):
            continue
        _give_up(inner, scope, suspend=False)
        if scope.open and plan.in_tool(inner):
            # The call it was for has been answered.
            scope.open, scope.floor, scope.notes = False, Floor(), {}
            rest(inner, scope, entry)
    # Nobody waits any more for what was to come in there, and nobody is asked; hooks and undoing are of no run.
    state.waits = {
        key: wait
        for key, wait in state.waits.items()
        if key.startswith(("hook-", "undo-")) or not _inside(wait.path, node)
    }
    state.requests = {name: asked for name, asked in state.requests.items() if not _inside(asked.path, node)}


def _inside(path: str, node: Node) -> bool:
    return not node.path or path == node.path or path.startswith(f"{node.path}/")


def tool_around(plan: Plan, node: Node) -> Node | None:
    """The outermost agent's tool that a node is, or is inside of."""
    return next((outer for outer in plan.chain(node) if outer.link is Link.TOOL), None)


def _rests(plan: Plan, state: ChatState, node: Node) -> bool:
    """Whether a node is at work for a call of an interrupted turn that did not go on in this run."""
    tool = tool_around(plan, node)
    if tool is None:
        return False
    assert tool.parent is not None
    return bool(state.scopes[tool.parent.node.path].notes.get(tool.parent.name, {}).get("again"))


def suspend(plan: Plan, state: ChatState, entry: Entry) -> None:
    """Interrupt the run under way, with nothing written to end its steps: the next one goes on where it stood.

    What people are asked they will be asked again, and calls will be made again.
    """
    root = state.root
    for path, node in plan.nodes.items():
        _give_up(node, state.scopes[path], suspend=True)
    if root.ended:
        rest(plan.root, root, entry)
        # The entry may be the run's last message, which was checked.
        root.checked = entry.offset + 1
    root.open = False
    state.running, state.pause, state.pause_now, state.stop = False, "", False, False
    state.waits = {key: wait for key, wait in state.waits.items() if key.startswith("undo-")}
    state.requests = {}
    # There is no pause any more, but what an agent is to forget it still has to be told, as it is here and now.
    forget = (hook for hook in state.hooks if hook.name == "on_reset")
    state.hooks = [hook.model_copy(update={"offset": entry.offset}) for hook in forget]


def _give_up(node: Node, scope: Scope, suspend: bool) -> None:
    if scope.turns:
        roles = {name: role_of(node.seats[name]) for name in scope.turns}
        for name, turn in scope.turns.items():
            kept = roles[name].suspend(turn) if suspend else roles[name].keep(turn)
            if turn.unknown:
                kept = {**kept, "unknown": turn.unknown}
            scope.notes.setdefault(name, {})["again"] = kept
        go_on = [name for name, role in roles.items() if suspend and role.goes_on]
        if scope.before is not None and not go_on and not any(node.seats[name].inner for name in scope.turns):
            # Nothing of the turns will be said twice: what they added to the condition goes.
            scope.progress = scope.before
        scope.floor.break_off(go_on)
    elif scope.floor.batch and not scope.floor.left and not suspend:
        # Only the check after the turn is missing: the turn itself was taken, and counts.
        scope.rounds += 1
        scope.floor.close()
    scope.turns, scope.before, scope.tasks = {}, None, 0
    if not suspend:
        scope.asked, scope.ended, scope.stop = None, False, None
    manager_of(node).break_off(node, scope)
