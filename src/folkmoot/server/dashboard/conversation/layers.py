"""Which layer of a directed graph each of its nodes is drawn in."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["layered"]


def layered(names: Sequence[str], ways: Sequence[tuple[str, str]]) -> list[list[str]]:
    """Layers from top to bottom: a node stands below all that lead to it, but for ways that close a cycle.

    Args:
        names: The nodes; in a layer they keep this order.
        ways: Pairs of source and target.
    """
    after: dict[str, list[str]] = {name: [] for name in names}
    for source, target in ways:
        if source in after and target in after:
            after[source].append(target)
    forward = _forward(names, after)
    level = dict.fromkeys(names, 0)
    # As many rounds as there are nodes are enough for the longest way without a cycle.
    for _ in names:
        for source, target in forward:
            level[target] = max(level[target], level[source] + 1)
    rows: list[list[str]] = [[] for _ in range(max(level.values(), default=-1) + 1)]
    for name in names:
        rows[level[name]].append(name)
    return [row for row in rows if row]


def _forward(names: Sequence[str], after: dict[str, list[str]]) -> list[tuple[str, str]]:
    """The ways that do not lead back to where one came from."""
    found: list[tuple[str, str]] = []
    done, on_way = set[str](), set[str]()
    begun = [name for name in names if not any(name in targets for targets in after.values())]
    for start in [*begun, *names]:
        stack = [(start, iter(after[start]))] if start not in done else []
        on_way.update(name for name, _ in stack)
        while stack:
            name, ways = stack[-1]
            target = next(ways, None)
            if target is None:
                stack.pop()
                on_way.discard(name)
                done.add(name)
            elif target not in on_way:
                found.append((name, target))
                if target not in done:
                    on_way.add(target)
                    stack.append((target, iter(after[target])))
    return found
