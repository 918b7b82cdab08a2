"""A team as a picture: rings, stars, hand-offs, directed graphs, and teams inside teams as boxes."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from html import escape

from folkmoot._chat.plan import Node, Plan, Seat
from folkmoot.agents import AssistantAgent
from folkmoot.teams import GraphFlow, MagenticOneGroupChat, SelectorGroupChat, Swarm
from folkmoot.teams.transitions import TransitionTeam, allowed_next

from .layers import layered

__all__ = ["Edge", "describe", "draw", "edges_of"]

CHARACTER = 7.4
"""Width of a letter at 13 px, a little generous."""
LINE = 34.0
GAP = 46.0
EDGE_GAP = 74.0
"""Between the layers of a directed graph: room for a condition."""
PAD = 14.0
TITLE = 26.0
LONGEST = 26
"""Letters of a name that are drawn; the title has all of it."""


@dataclass(frozen=True, slots=True)
class Edge:
    """A way the floor can go.

    Attributes:
        source: Name of a participant; empty: the team's manager.
        target: Likewise.
        label: When it goes there.
        both: It goes both ways.
    """

    source: str
    target: str
    label: str = ""
    both: bool = False


@dataclass(frozen=True, slots=True)
class _Box:
    """Something with a place and a size; `x` and `y` are of its upper left corner."""

    path: str
    name: str
    x: float
    y: float
    width: float
    height: float
    kind: str = "agent"
    note: str = ""
    inner: tuple[_Picture, ...] = ()

    @property
    def middle(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2


@dataclass(frozen=True)
class _Picture:
    """A team laid out."""

    boxes: tuple[_Box, ...]
    edges: tuple[Edge, ...]
    width: float
    height: float
    x: float = 0.0
    y: float = 0.0
    order: tuple[str, ...] = field(default=())


def edges_of(node: Node) -> list[Edge]:
    """How the floor goes round in a team, as its spec says."""
    team, names = node.team, node.names
    if isinstance(team, GraphFlow):
        return [Edge(start.name, edge.target, _condition(edge.condition)) for start, edge in team.graph.edges()]
    if isinstance(team, Swarm):
        return list(_handoffs(node))
    if isinstance(team, SelectorGroupChat | MagenticOneGroupChat):
        star = [Edge("", name, both=True) for name in names]
        return [*star, *_transitions(team, names)]
    if len(names) < 2:
        return []
    return [Edge(name, names[(place + 1) % len(names)]) for place, name in enumerate(names)]


def _condition(condition: object) -> str:
    if condition is None:
        return ""
    return f"“{condition}”" if isinstance(condition, str) else f"{getattr(condition, 'function', condition)}()"


def _handoffs(node: Node) -> Iterator[Edge]:
    for name, seat in node.seats.items():
        handoffs = seat.agent.handoffs if isinstance(seat.agent, AssistantAgent) else ()
        for handoff in handoffs:
            target = handoff if isinstance(handoff, str) else handoff.target
            if target in node.seats:
                yield Edge(name, target)


def _transitions(team: TransitionTeam, names: list[str]) -> Iterator[Edge]:
    if team.allowed_or_disallowed_speaker_transitions is None:
        return
    for name in names:
        for other in allowed_next(team, name, names):
            if other != name:
                yield Edge(name, other)


# --- Where things are ------------------------------------------------------------------------------------------------


def _label(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def _seat_box(seat: Seat) -> _Box:
    inner = [_picture(seat.inner)] if seat.inner is not None else []
    inner += [_picture(node) for node in seat.tools.values()]
    note = _note(seat)
    width = max(len(_label(seat.name)), len(note) * 0.86) * CHARACTER + 2 * PAD
    if not inner:
        return _Box(seat.path, seat.name, 0, 0, width, LINE + (14 if note else 0), note=note)
    y, placed = TITLE + (14 if note else 0), list[_Picture]()
    for picture in inner:
        placed.append(replace(picture, x=PAD, y=y))
        y += picture.height + PAD
    width = max(width, *(picture.width + 2 * PAD for picture in inner))
    return _Box(seat.path, seat.name, 0, 0, width, y, "team", note, tuple(placed))


def _note(seat: Seat) -> str:
    """What is told under a name."""
    if seat.inner is not None:
        return f"{seat.inner.team.type} inside"
    told: list[str] = []
    if isinstance(seat.agent, AssistantAgent):
        count = len(seat.agent.tools)
        told += [f"{count} tool{'s' if count != 1 else ''}"] if count else []
    elif seat.agent is not None:
        told.append(seat.agent.type.removesuffix("Agent"))
    if seat.tools:
        told.append("uses teams")
    return ", ".join(told)


def _picture(node: Node) -> _Picture:
    boxes = [_seat_box(seat) for seat in node.seats.values()]
    edges = edges_of(node)
    if isinstance(node.team, GraphFlow):
        return _layers(boxes, edges)
    if any(edge.source == "" for edge in edges):
        manager = node.manager_name
        hub = _Box(node.manager_path, manager, 0, 0, len(_label(manager)) * CHARACTER + 2 * PAD, LINE, "manager")
        return _ring(boxes, edges, hub)
    return _ring(boxes, edges, None)


def _layers(boxes: list[_Box], edges: list[Edge]) -> _Picture:
    """Side by side what can be reached in as many steps, downwards."""
    by_name = {box.name: box for box in boxes}
    rows = layered([box.name for box in boxes], [(edge.source, edge.target) for edge in edges])
    widths = [sum(by_name[name].width for name in row) + GAP * (len(row) - 1) for row in rows]
    width = max(widths, default=0.0)
    y, placed = 0.0, list[_Box]()
    for row, wide in zip(rows, widths, strict=True):
        x = (width - wide) / 2
        for name in row:
            placed.append(replace(by_name[name], x=x, y=y))
            x += by_name[name].width + GAP
        y += max(by_name[name].height for name in row) + EDGE_GAP
    # Ways back are drawn beside what they pass.
    return _Picture(tuple(placed), tuple(edges), width + 60, max(0.0, y - EDGE_GAP))


def _ring(boxes: list[_Box], edges: list[Edge], hub: _Box | None) -> _Picture:
    """In a ring, clockwise from the top; who is in the middle has ways to all."""
    if len(boxes) == 1 and hub is None:
        return _Picture((boxes[0],), (), boxes[0].width, boxes[0].height)
    wide, high = max(box.width for box in boxes), max(box.height for box in boxes)
    count = len(boxes)
    if count == 2 and hub is None:
        first, second = boxes
        middle = max(first.height, second.height) / 2
        left = replace(first, y=middle - first.height / 2)
        right = replace(second, x=first.width + 1.6 * GAP, y=middle - second.height / 2)
        return _Picture((left, right), tuple(edges), right.x + right.width, 2 * middle)
    step = math.sin(math.pi / max(count, 2))
    across = max((wide + GAP * 0.6) / (2 * step) if count > 2 else 0.0, wide / 2 + GAP * 0.4)
    down = max((high + GAP * 0.7) / (2 * step) if count > 2 else 0.0, high + GAP * 0.7)
    if hub is not None:
        across = max(across, (hub.width + wide) / 2 + GAP * 0.4 if count > 2 else 0.0)
        down = max(down, (hub.height + high) / 2 + GAP)
    placed: list[_Box] = []
    for place, box in enumerate(boxes):
        angle = 2 * math.pi * place / count - math.pi / 2
        x, y = across * math.cos(angle), down * math.sin(angle)
        placed.append(replace(box, x=x - box.width / 2, y=y - box.height / 2))
    if hub is not None:
        placed.append(replace(hub, x=-hub.width / 2, y=-hub.height / 2))
    left, top = min(box.x for box in placed), min(box.y for box in placed)
    moved = [replace(box, x=box.x - left, y=box.y - top) for box in placed]
    width = max(box.x + box.width for box in moved)
    return _Picture(tuple(moved), tuple(edges), width, max(box.y + box.height for box in moved))


# --- SVG -------------------------------------------------------------------------------------------------------------


def draw(plan: Plan, active: Collection[str] = ()) -> str:
    """The SVG of a team; who is speaking is marked. Names are escaped.

    Args:
        plan: The team laid out.
        active: Paths of those who are speaking.
    """
    picture = _picture(plan.root)
    width, height = picture.width + 2 * PAD, picture.height + 2 * PAD
    # A team around the active one is part of what goes on.
    around = {path[:place] for path in active for place in range(len(path)) if path[place] == "/"}
    body = "".join(_shapes(replace(picture, x=PAD, y=PAD), set(active) - around, around))
    return (
        f'<svg class="team-graph" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" '
        f'role="img" aria-label="Team {escape(plan.root.team.name)}; described in the list that follows">'
        '<defs><marker id="fm-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        f'orient="auto-start-reverse"><path d="M0 0 8 4 0 8z"/></marker></defs>{body}</svg>'
    )


def _shapes(picture: _Picture, active: set[str], around: set[str]) -> Iterator[str]:
    by_name = {("" if box.kind == "manager" else box.name): box for box in picture.boxes}
    yield f'<g transform="translate({picture.x:.1f} {picture.y:.1f})">'
    pairs = {(edge.source, edge.target) for edge in picture.edges}
    for edge in picture.edges:
        source, target = by_name.get(edge.source), by_name.get(edge.target)
        if source is not None and target is not None:
            yield _way(source, target, edge, (edge.target, edge.source) in pairs and not edge.both)
    for box in picture.boxes:
        state = " active" if box.path in active else " around" if box.path in around else ""
        yield f'<g class="{box.kind}{state}" transform="translate({box.x:.1f} {box.y:.1f})">'
        yield f"<title>{escape(box.path)}{' (speaking)' if box.path in active else ''}</title>"
        yield f'<rect width="{box.width:.1f}" height="{box.height:.1f}" rx="{17 if box.kind == "manager" else 6}"/>'
        base = 17.0 if box.inner else (18.0 if box.note else box.height / 2 + 4.5)
        yield f'<text class="name" x="{box.width / 2:.1f}" y="{base:.1f}">{escape(_label(box.name))}</text>'
        if box.note:
            yield f'<text class="note" x="{box.width / 2:.1f}" y="{base + 16:.1f}">{escape(box.note)}</text>'
        for inner in box.inner:
            yield from _shapes(inner, active, around)
        yield "</g>"
    yield "</g>"


def _way(source: _Box, target: _Box, edge: Edge, bent: bool) -> str:
    """An arrow from edge to edge of two boxes; one of a pair, or a way to itself, is bent aside."""
    if source.path == target.path:
        x, y = source.x + source.width, source.y + source.height / 2
        return _arrow(f"M{x:.1f} {y - 7:.1f}c26 -12 26 26 0 14", edge, x + 22, y)
    (ax, ay), (bx, by) = source.middle, target.middle
    back = by < ay - 1 and abs(ax - bx) < max(source.width, target.width) and edge.label != "" and not bent
    length = math.hypot(bx - ax, by - ay) or 1.0
    side = 22.0 if bent else (source.width / 2 + 40.0 if back else 0.0)
    mx, my = (ax + bx) / 2 - (by - ay) / length * side, (ay + by) / 2 + (bx - ax) / length * side
    sx, sy = _border(source, mx, my)
    tx, ty = _border(target, mx, my)
    place = (mx + (sx + tx) / 2) / 2, (my + (sy + ty) / 2) / 2
    path = (
        f"M{sx:.1f} {sy:.1f}Q{mx:.1f} {my:.1f} {tx:.1f} {ty:.1f}" if side else f"M{sx:.1f} {sy:.1f}L{tx:.1f} {ty:.1f}"
    )
    return _arrow(path, edge, *place)


def _arrow(path: str, edge: Edge, x: float, y: float) -> str:
    start = ' marker-start="url(#fm-arrow)"' if edge.both else ""
    label = f'<text class="label" x="{x:.1f}" y="{y + 4:.1f}">{escape(_label(edge.label))}</text>' if edge.label else ""
    return f'<path class="way" d="{path}" marker-end="url(#fm-arrow)"{start}/>{label}'


def _border(box: _Box, x: float, y: float) -> tuple[float, float]:
    """Where a line from a box's middle to a point leaves the box."""
    cx, cy = box.middle
    dx, dy = x - cx, y - cy
    if not dx and not dy:
        return cx, cy
    reach = min(box.width / 2 / abs(dx) if dx else math.inf, box.height / 2 / abs(dy) if dy else math.inf)
    return cx + dx * min(1.0, reach), cy + dy * min(1.0, reach)


# --- In words --------------------------------------------------------------------------------------------------------


def describe(plan: Plan, active: Collection[str] = ()) -> list[tuple[int, str]]:
    """The picture in words: lines with how far they are indented."""
    return list(_told(plan.root, 0, active))


def _told(node: Node, depth: int, active: Collection[str]) -> Iterator[tuple[int, str]]:
    yield depth, f"{node.team.name}: {_KINDS.get(node.team.type, node.team.type)}"
    ways: dict[str, list[str]] = {}
    for edge in edges_of(node):
        if edge.source:
            ways.setdefault(edge.source, []).append(f"{edge.target}{f' if {edge.label}' if edge.label else ''}")
    for name, seat in node.seats.items():
        note = _note(seat)
        speaking = ", speaking now" if seat.path in active else ""
        then = f", then {' or '.join(ways[name])}" if name in ways else ""
        yield depth + 1, f"{name}{f' ({note})' if note else ''}{speaking}{then}"
        for inner in [*([seat.inner] if seat.inner is not None else []), *seat.tools.values()]:
            yield from _told(inner, depth + 2, active)


_KINDS: Mapping[str, str] = {
    "RoundRobinGroupChat": "takes turns in order",
    "SelectorGroupChat": "a selector chooses who speaks",
    "MagenticOneGroupChat": "an orchestrator chooses who speaks",
    "Swarm": "who speaks hands off",
    "GraphFlow": "speaks along a graph",
}
