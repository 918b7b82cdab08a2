"""What changed between two JSON states, so that a state that grows costs the log only what was added to it.

A delta is JSON too, one of

- `[]`: unchanged.
- `[new]`: replaced.
- `["object", changed, removed, order]`: deltas by key (a new key's is `[value]`), keys that are gone, and all keys in
  their order, if that is not the old one with the new keys at the end. Empty lists at the end are left out.
- `["list", prefix, suffix, changed, added]`: how many items are kept at both ends; deltas of the next items after
  `prefix`, then new ones.
- `["text", prefix, suffix, middle]`: how many characters are kept at both ends, and what is between them.

It is exact: 1, 1.0 and true differ, and keys keep their order, since an agent may go by it.
"""

from __future__ import annotations

import json
import reprlib
from collections.abc import Mapping, Sequence
from typing import Any, cast

__all__ = ["Delta", "delta", "patch"]

Delta = list[Any]

_OBJECT, _LIST, _TEXT = "object", "list", "text"


def delta(old: object, new: object) -> Delta:
    """What `patch` needs to make `new` of `old`; never more than two characters longer than `new` as JSON.

    Args:
        old: A JSON value.
        new: A JSON value. The delta shares its parts.
    """
    if _same(old, new):
        return []
    found = _inside(old, new)
    return [new] if found is None or len(_text(found)) > len(_text(new)) + 2 else found


def patch(old: object, change: Sequence[Any]) -> object:
    """The value that a delta makes of `old`, which is left as it is; the result shares parts of both.

    Raises:
        ValueError: The delta is none, or was not made from `old`.
    """
    if not change:
        return old
    if len(change) == 1:
        return change[0]
    match change[0], old:
        case "object", dict():
            return _patch_object(cast(dict[str, object], old), *change[1:])
        case "list", list():
            return _patch_list(cast(list[object], old), *change[1:])
        case "text", str():
            prefix, suffix, middle = change[1:]
            _check_kept(old, prefix, suffix)
            return old[:prefix] + middle + old[len(old) - suffix :]
        case _:
            raise ValueError(f"Expected the delta of a {type(old).__name__}, got {reprlib.repr(change)}.")


def _inside(old: object, new: object) -> Delta | None:
    """The delta of two values of one kind that have parts; else None."""
    if isinstance(old, dict) and isinstance(new, dict):
        return _object_delta(cast(dict[str, object], old), cast(dict[str, object], new))
    if isinstance(old, list) and isinstance(new, list):
        return _list_delta(cast(list[object], old), cast(list[object], new))
    if isinstance(old, str) and isinstance(new, str):
        prefix = _common_start(old, new)
        suffix = _common_start(old[prefix:][::-1], new[prefix:][::-1])
        return [_TEXT, prefix, suffix, new[prefix : len(new) - suffix]]
    return None


def _object_delta(old: Mapping[str, object], new: Mapping[str, object]) -> Delta:
    changed = {key: delta(old[key], value) if key in old else [value] for key, value in new.items()}
    changed = {key: change for key, change in changed.items() if change}
    removed = [key for key in old if key not in new]
    kept = [key for key in old if key in new]
    order = list(new)
    if order == kept + [key for key in new if key not in old]:
        order = []
    made: Delta = [_OBJECT, changed, removed, order]
    while not made[-1]:
        made.pop()
    return made


def _patch_object(
    old: Mapping[str, object],
    changed: Mapping[str, Delta],
    removed: Sequence[str] = (),
    order: Sequence[str] = (),
) -> dict[str, object]:
    for key in (*removed, *(key for key, change in changed.items() if len(change) > 1)):
        if key not in old:
            raise ValueError(f"The delta was made from an object with key {key!r}; this one has none.")
    gone = set(removed)
    made = {key: patch(value, changed.get(key, ())) for key, value in old.items() if key not in gone}
    made |= {key: change[0] for key, change in changed.items() if key not in old}
    return {key: made[key] for key in order} if order else made


def _list_delta(old: Sequence[object], new: Sequence[object]) -> Delta:
    shorter = min(len(old), len(new))
    prefix = 0
    while prefix < shorter and _same(old[prefix], new[prefix]):
        prefix += 1
    suffix = 0
    while suffix < shorter - prefix and _same(old[-1 - suffix], new[-1 - suffix]):
        suffix += 1
    rest = shorter - prefix - suffix
    until = len(new) - suffix
    changed = [delta(old[index], new[index]) for index in range(prefix, prefix + rest)]
    return [_LIST, prefix, suffix, changed, list(new[prefix + rest : until])]


def _patch_list(
    old: Sequence[object], prefix: int, suffix: int, changed: Sequence[Delta], added: Sequence[object]
) -> list[object]:
    _check_kept(old, prefix, suffix + len(changed))
    middle = [patch(old[prefix + index], change) for index, change in enumerate(changed)]
    return [*old[:prefix], *middle, *added, *old[len(old) - suffix :]]


def _check_kept(old: Sequence[object], prefix: int, suffix: int) -> None:
    if prefix + suffix > len(old):
        raise ValueError(f"The delta keeps {prefix} + {suffix} parts of a value that has only {len(old)}.")


def _common_start(one: str, other: str) -> int:
    """How many characters two texts have in common at the start, found by halves: slices compare fast."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _same(one: object, other: object) -> bool:
    # The comparison first, as it is fast; the texts, as `True == 1 == 1.0` and keys of any order are equal to Python.
    return one == other and (isinstance(one, str) or _text(one) == _text(other))


def _text(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
