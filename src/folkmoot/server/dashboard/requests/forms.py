"""The form by which a request is decided or answered.

Its fields are the browser's own: they are read when a button is pressed, with the hash of what the page showed at that
moment, so that nothing that comes meanwhile changes what is typed or what is voted on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

from nicegui import ui
from nicegui.events import GenericEventArguments

from folkmoot.chat import PendingRequest
from folkmoot.server.dashboard.widgets import Text, element, text

from .wording import exact

__all__ = ["ANSWER", "Form"]

ANSWER = "said"
"""What the button of an answer says, where nothing is decided."""
Do = Callable[[str, Mapping[str, str]], Awaitable[None]]
_READ = "() => emit(folkmootRequest.read())"
_REASON = "Models read it."


class Form:
    """The form.

    Args:
        request: What is asked, as the page shows it.
        draft: Under which name what is typed is kept in the browser.
        do: Takes a verdict, or `ANSWER`, and what was filled in.
    """

    def __init__(self, request: PendingRequest, draft: str, do: Do) -> None:
        self._request = request
        self._draft = draft
        self._do = do
        self._buttons: list[Text] = []
        self.hash = request.hash
        with element("section", "panel decide").props('id=decide aria-labelledby="decide-title"') as made:
            made.props["data-hash"] = request.hash
            text("h2", "Decide" if request.verdicts else "Answer").props("id=decide-title")
            self.problems = element("div", "live").props("aria-live=assertive")
            self._fields()

    def lock(self, locked: bool) -> None:
        """Take no vote for now, or again."""
        for one in self._buttons:
            one.props("disabled" if locked else "", remove="" if locked else "disabled")

    def _fields(self) -> None:
        kind, verdicts = self._request.kind, self._request.verdicts
        if not verdicts:
            label = "Name of who speaks next" if kind == "speaker" else "Your answer"
            self._area("content", label, rows=2 if kind == "speaker" else 5)
            self._actions((ANSWER, "Send", "primary"))
        elif kind == "outcome":
            self._area("content", "Result, if it succeeded", hint=_REASON)
            self._area("reason", "What went wrong, if it failed", rows=2, hint=_REASON)
            self._area("comment", "Comment, for the log", rows=2)
            self._actions(("succeeded", "It succeeded", "primary"), ("failed", "It failed", "danger"))
            text("p", "Or have the call made again, under the same idempotency key:").classes("muted")
            self._actions(("retry", "Call again", ""))
        else:
            if kind == "budget":
                self._amounts()
            self._area("reason", "Reason for a “no”", rows=2, hint=_REASON)
            self._area("comment", "Comment, for the log", rows=2)
            self._actions(("approve", "Approve", "primary"), ("reject", "Reject", "danger"))
            self._changes()

    def _changes(self) -> None:
        request = self._request
        if "edit" in request.verdicts and request.arguments is not None:
            with element("details", "change"):
                text("summary", "Edit the arguments")
                hint = "All of them, as JSON. Secrets that stay as ••• are kept."
                rows = min(18, max(4, exact(request).count("\n") + 2))
                self._area("arguments", "Arguments", value=exact(request), rows=rows, hint=hint, mono=True)
                self._actions(("edit", "Approve as edited", "primary"))
        if "answer" in request.verdicts:
            where = {"turn": "Speak in its place", "code": "Answer in the code’s place"}
            with element("details", "change"):
                text("summary", where.get(request.kind, "Answer in the tool’s place"))
                self._area("content", "Answer", hint="It is not run; this is what the model reads as its result.")
                self._actions(("answer", "Answer instead", "primary"))

    def _amounts(self) -> None:
        given = cast(Mapping[str, Any], self._request.arguments)
        for limit in given["limits"]:
            with element("div", "field"):
                text("label", f"More {limit.replace('_', ' ')}").props(f"for=request-add-{limit}")
                made = element("input", "input").props(f"id=request-add-{limit} type=number min=0 step=any")
                made.props["data-field"] = f"add.{limit}"
                made.props["data-draft"] = f"{self._draft}-add-{limit}"
        text("p", "Without amounts, there is as much again as there was at first.").classes("muted hint")

    def _area(
        self, name: str, label: str, *, value: str = "", rows: int = 3, hint: str = "", mono: bool = False
    ) -> None:
        with element("div", "field"):
            text("label", label).props(f"for=request-{name}")
            # Its content, not its `value`: that would be put back with every change of the page.
            made = text("textarea", value).classes("textarea mono" if mono else "textarea")
            made.props(f"id=request-{name} rows={rows} data-field={name}")
            made.props["data-draft"] = f"{self._draft}-{name}" + (f"-{self.hash}" if value else "")
            if mono:
                made.props("spellcheck=false autocapitalize=off autocomplete=off")
            if hint:
                text("p", hint).classes("muted hint").props(f"id=request-{name}-hint")
                made.props(f"aria-describedby=request-{name}-hint")

    def _actions(self, *buttons: tuple[str, str, str]) -> None:
        with element("div", "toolbar"):
            for verdict, label, kind in buttons:
                made = text("button", label).classes(f"button {kind}".strip()).props("type=button")
                made.on("click", self._pressed(verdict), js_handler=_READ)
                self._buttons.append(made)

    def _pressed(self, verdict: str) -> Callable[[GenericEventArguments], Awaitable[None]]:
        async def pressed(event: GenericEventArguments) -> None:
            await self._do(verdict, {str(name): str(value) for name, value in event.args.items()})

        return pressed

    def sent(self) -> None:
        """What was typed has been taken."""
        ui.run_javascript("folkmootRequest.sent()")
