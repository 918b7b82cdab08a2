"""The card of one request: exactly what is to be decided, what is known around it, and the form to decide it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Literal

from nicegui import ui

from folkmoot._chat.people import Person
from folkmoot.chat import ChatEvent, PendingRequest
from folkmoot.server.chats import Found
from folkmoot.server.dashboard.conversation.deeds import command_line
from folkmoot.server.dashboard.conversation.following import Following
from folkmoot.server.dashboard.conversation.markup import item_html
from folkmoot.server.dashboard.errors import EXPECTED, away, soon, told
from folkmoot.server.dashboard.frame import Site
from folkmoot.server.dashboard.widgets import banner, button, element, link, live_region, on_gone, text, time_of
from folkmoot.server.identity import Identity, Permission
from folkmoot.server.inbox import may_decide

from .casting import Vote, answer, give, outcome_of, same_command, who_says
from .decisions import settled_in
from .forms import ANSWER, Form
from .settled import exact_text, link_to_the_next, show_settled
from .sight import Sight, find, see
from .wording import KINDS, asker_words, audience_words, code_in, due_words, exact

__all__ = ["Card"]

QUIET = 0.5
"""Seconds that the card may be behind the log."""
PATIENCE = 10.0
"""Seconds for which a vote waits for what becomes of it."""
UNKNOWN = (
    "No answer yet, so it is not known whether this was taken. What is filled in stays: send it again in a moment, "
    "nothing counts twice."
)


class Card:
    """The card as one person sees it.

    Args:
        site: The dashboard.
        identity: Who looks.
        found: The chat.
        request: The request's id.
    """

    def __init__(self, site: Site, identity: Identity, found: Found, request: str) -> None:
        self._site = site
        self._identity = identity
        self._found = found
        self._id = request
        self._form: Form | None = None
        self._sight: Sight | None = None
        self._busy = False
        self._over = False
        self._changed = asyncio.Event()
        self._one = asyncio.Lock()

    async def draw(self, request: PendingRequest | None) -> None:
        """Draw it, and keep it as it is in the chat.

        Args:
            request: What is asked; None: it is not open any more.
        """
        self._trouble = live_region()
        self._news = live_region()
        self._place = element("div", "request")
        if request is None:
            await self._gone()
            return
        await self._show(request)
        assert self._sight is not None
        self._follow(self._sight.head)

    # --- Drawing -----------------------------------------------------------------------------------------------------

    async def _show(self, request: PendingRequest) -> None:
        """Draw what is asked as it stands, with a new form."""
        async with self._site.chats.hold(self._found, self._identity) as chat:
            self._sight = await see(chat, request)
        self._place.clear()
        with self._place:
            with element("section", "panel what").props('aria-labelledby="what-title"'):
                self._what(self._sight)
            with element("div", "side"):
                self._form_place = element("div")
                with self._form_place:
                    self._draw_form(request)
                self._facts = element("section", "panel who-decides").props('aria-labelledby="who-title"')
                with self._facts:
                    self._who(self._sight)
            if self._identity.may(Permission.READ):
                with element("section", "talk").props('aria-labelledby="talk-title"'):
                    self._talk(self._sight)

    def _what(self, sight: Sight) -> None:
        request = sight.request
        with element("div", "facts"):
            text("span", KINDS.get(request.kind, request.kind)).classes("badge waiting")
            if request.revision:
                text("span", "Changed since it was asked").classes("badge warning")
            text("span", asker_words(request.kind, request.path))
            if sight.asker:
                text("span", f"in a run that {sight.asker} asked for")
        text("h2", "What is asked").props("id=what-title")
        text("p", request.prompt).classes("as-said")
        if request.reason:
            text("p", "Why it is asked").classes("label")
            text("p", request.reason).classes("as-said")
        code = code_in(request)
        for block in code:
            text("p", "Code").classes("label")
            exact_text(block, "Code")
        if shown := exact(request):
            label = "Answer that is proposed" if request.content is not None else "Arguments, exactly"
            if code and request.content is None:
                with element("details"):
                    text("summary", "As it is frozen")
                    exact_text(shown, label)
            else:
                text("p", label).classes("label")
                exact_text(shown, label)
        if request.hash:
            with element("p", "muted hint"):
                text("span", "A decision is about exactly this; its hash is ")
                text("code", request.hash)

    def _who(self, sight: Sight) -> None:
        request = sight.request
        text("h2", "Who decides, until when").props("id=who-title")
        with element("dl", "pairs"):
            self._pair("Asked", request.since)
            if request.deadline:
                with element("div"):
                    text("dt", "Deadline")
                    with element("dd"):
                        time_of(request.deadline)
                        words = due_words(request.deadline)
                        late = request.overdue or words.startswith("overdue")
                        text("span", words or "overdue").classes("badge overdue" if late else "badge")
                then = {"approve": "it counts as approved", "fail": "the run fails", "wait": "it goes on waiting"}
                if request.verdicts:
                    self._pair(
                        "After that", then.get(sight.policy.get("on_timeout", "reject"), "it counts as rejected")
                    )
            self._pair("May decide", audience_words(request.approvers))
            if request.verdicts and request.kind != "outcome":
                agreed = sum(vote["verdict"] != "reject" for vote in request.votes)
                missing = max(0, request.quorum - agreed)
                self._pair("Votes", f"{agreed} of {request.quorum}; {missing} missing")
        if request.votes:
            with element("ul", "plain"):
                for vote in request.votes:
                    with element("li"):
                        text("span", f"{vote['subject']}: {vote['verdict']}")
        if sight.chain:
            text("h3", "Escalation")
            with element("ol", "chain"):
                for step in sight.chain:
                    with element("li", "taken" if step.taken else ""):
                        time_of(step.due)
                        alone = " alone" if step.alone else ", too"
                        needed = f"; {step.quorum} must approve" if step.quorum else ""
                        done = " (done)" if step.taken else ""
                        text("span", f" {audience_words(step.people)}{alone}{needed}{done}")

    def _pair(self, name: str, value: str) -> None:
        with element("div"):
            text("dt", name)
            with element("dd"):
                if name == "Asked":
                    time_of(value)
                else:
                    text("span", value)

    def _talk(self, sight: Sight) -> None:
        text("h2", "What was said before").props("id=talk-title")
        with element("div", "transcript"):
            for item in sight.said:
                ui.html(item_html(item), sanitize=True)
        if not sight.said:
            text("p", "Nothing yet.").classes("muted")
        link("Read the conversation", self._site.path("chats", self._found.id))

    def _draw_form(self, request: PendingRequest) -> None:
        why = self._cannot(request)
        self._form = None
        if why:
            with element("section", "panel decide"):
                text("h2", "Decide" if request.verdicts else "Answer")
                text("p", why)
            return
        self._form = Form(request, f"{self._found.id}-{self._id}", self._do)

    def _cannot(self, request: PendingRequest) -> str:
        """Why this person cannot decide; empty: they can."""
        who, person = self._identity, Person(self._identity.subject, tuple(self._identity.roles))
        if not may_decide(who, request):
            return "You may look at this. To decide takes the role 'approver', or to be named by it."
        if not person.among(request.approvers):
            return f"This is for others to decide: {audience_words(request.approvers)}."
        voted = next((vote for vote in request.votes if vote["subject"] == who.subject), None)
        if voted is not None:
            return f"You have voted: {voted['verdict']}. Others have to agree."
        return ""

    # --- Deciding ----------------------------------------------------------------------------------------------------

    async def _do(self, verdict: str, filled: Mapping[str, str]) -> None:
        form, sight = self._form, self._sight
        if self._busy or form is None or sight is None:
            return
        self._busy = True
        form.lock(True)
        form.problems.clear()
        refusal: Exception | None = None
        said = ""
        try:
            async with soon(UNKNOWN, PATIENCE):
                said = await self._send(verdict, filled, sight.request)
        except (*EXPECTED, ValueError) as error:
            refusal = error
        finally:
            self._busy = False
            form.lock(False)
        if refusal is not None:
            await self._refused(form, refusal)
            return
        form.sent()
        try:
            async with soon(UNKNOWN):
                await self._refresh()
        except EXPECTED:
            # The vote counts; the follower shows what came of it.
            self._changed.set()
        self._tell(said, "good")

    async def _refused(self, form: Form, error: Exception) -> None:
        """Say why; where it is about something else by now, show that."""
        why = UNKNOWN if away(error) else told(error)
        with form.problems:
            banner(why, kind="error")
        try:
            async with soon(why), self._site.chats.hold(self._found, self._identity) as chat:
                request = await find(chat, self._id)
            if request is None:
                await self._gone()
                self._tell(why, "error")
            elif request.hash != form.hash:
                self._tell(f"{why} This is how it stands now.", "error")
                await self._show(request)
        except EXPECTED:
            # What is known is told.
            return

    def _tell(self, words: str, kind: Literal["good", "error"]) -> None:
        self._news.clear()
        with self._news:
            banner(words, kind=kind)

    async def _send(self, verdict: str, filled: Mapping[str, str], request: PendingRequest) -> str:
        chat = self._found.id
        if verdict == ANSWER:
            content = filled.get("content", "")
            await answer(self._site, self._identity, chat, self._id, content)
            who = who_says(self._identity, request.approvers)
            self._site.command_line(command_line("answer", chat, self._id, content, **who))
            return "Your answer was taken."
        vote = Vote.of(verdict, filled, request.kind)
        decision = await give(self._site, self._identity, chat, self._id, vote)
        self._site.command_line(same_command(chat, request, vote, self._identity))
        return outcome_of(decision)

    # --- As it goes on -----------------------------------------------------------------------------------------------

    def _follow(self, head: int) -> None:
        client = ui.context.client
        page = client.content

        async def came(event: ChatEvent) -> None:
            if event.data.get("request") == self._id or event.kind in ("run_ended", "reset", "rolled_back", "loaded"):
                self._changed.set()

        def trouble(words: str) -> None:
            self._trouble.clear()
            if words:
                with self._trouble:
                    banner(f"{words} This page goes on by itself.", kind="warning")
            else:
                self._changed.set()

        async def keep() -> None:
            while not self._over:
                await self._changed.wait()
                self._changed.clear()
                try:
                    with page:
                        await self._refresh()
                except EXPECTED:
                    # The follower tells of it; the card is looked at again with the next entry.
                    pass
                await asyncio.sleep(QUIET)

        following = Following(
            self._site.feeds,
            self._site.pulse,
            self._site.workers.of(self._found, self._identity),
            self._found,
            self._identity,
            head,
            entry=came,
            words=None,
            trouble=trouble,
        )
        tasks = [asyncio.create_task(following.run()), asyncio.create_task(keep())]
        on_gone(client, lambda: [task.cancel() for task in tasks])

    async def _refresh(self) -> None:
        """Show what has become of it, without touching what is being typed."""
        async with self._one:
            await self._look()

    async def _look(self) -> None:
        if self._over or self._sight is None:
            return
        async with self._site.chats.hold(self._found, self._identity) as chat:
            request = await find(chat, self._id)
            sight = None if request is None else await see(chat, request)
        if sight is None:
            await self._gone()
            return
        if sight.request.hash != self._sight.request.hash:
            self._tell_changed(sight.request)
            return
        before, self._sight = self._sight, sight
        if sight.request != before.request or sight.chain != before.chain:
            self._facts.clear()
            with self._facts:
                self._who(sight)
        if self._cannot(sight.request) != self._cannot(before.request):
            self._form_place.clear()
            with self._form_place:
                self._draw_form(sight.request)

    def _tell_changed(self, request: PendingRequest) -> None:
        """What is asked is another thing now: nobody votes on it before they have seen it."""
        self._news.clear()
        if self._form is not None:
            self._form.lock(True)

        async def show() -> None:
            self._news.clear()
            await self._show(request)

        with self._news, element("div", "banner warning").props("role=alert"):
            text("p", "What is asked has changed since you looked. What you see below is how it was.")
            button("Show it as it is now", show, kind="small primary")

    async def _gone(self) -> None:
        """It is not open any more: tell what became of it."""
        self._over = True
        self._form = None
        async with self._site.chats.hold(self._found, self._identity) as chat:
            settled = await settled_in(chat, self._id)
        self._news.clear()
        self._place.clear()
        with self._place:
            if settled is None:
                banner("This request is not open any more: it was withdrawn, or there never was one of this id.")
            else:
                show_settled(settled)
            with element("div", "toolbar"):
                await link_to_the_next(self._site, self._identity, self._found.id, self._id)
                link("Back to the inbox", self._site.path("inbox")).classes("button")
                if self._identity.may(Permission.READ):
                    link("All decisions of this chat", self._site.path("inbox", self._found.id)).classes("button quiet")
