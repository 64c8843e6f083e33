"""Slack's Web API as the product uses it, a method for each thing we ask; its failures are in gateways/failures.py."""

import contextlib
import json
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from bot.gateways.failures import Permanent
from bot.gateways.hosts import allowed
from bot.gateways.slack.answers import Auth, Page, own_post, post_id_of
from bot.gateways.slack.wire import Json, Wire, done_already, lost, verdict

__all__ = ["Auth", "Page", "Slack", "own_post", "post_id_of"]

SKEW = timedelta(minutes=5)


class Slack:
    """One pool of connections for all installations; each call brings its token, which is the installation's."""

    def __init__(
        self,
        *,
        api_url: str = "https://slack.com/api/",
        response_hosts: Collection[str] = ("hooks.slack.com",),
        timeout: float = 15.0,
    ) -> None:
        self._wire = Wire(api_url, timeout)
        self._response_hosts = frozenset(response_hosts)

    async def close(self) -> None:
        """Give back the connections; the next call opens new ones."""
        await self._wire.close()

    # who we are

    async def auth_test(self, token: str) -> Auth:
        """Whose token this is, with its scopes."""
        answer = await self._wire.call(token, "auth.test", send=False)
        scopes = str(answer["headers"].get("x-oauth-scopes", ""))
        return Auth(
            team_id=answer["team_id"],
            team=answer.get("team", ""),
            user_id=answer["user_id"],
            bot_id=answer.get("bot_id", ""),
            url=answer.get("url", ""),
            scopes=frozenset(scope.strip() for scope in scopes.split(",") if scope.strip()),
        )

    # messages

    async def post(
        self,
        token: str,
        channel: str,
        text: str,
        blocks: Sequence[Json] | None = None,
        *,
        metadata: Json | None = None,
        thread_ts: str | None = None,
        broadcast: bool = False,
    ) -> str:
        """Post a message and return its ts. A lost answer is Unknown: look with find_own_post before posting again."""
        answer = await self._wire.call(
            token,
            "chat.postMessage",
            channel=channel,
            text=text,
            blocks=blocks,
            metadata=metadata,
            thread_ts=thread_ts,
            reply_broadcast=broadcast or None,
            unfurl_links=False,
            unfurl_media=False,
        )
        return str(answer["ts"])

    async def update(self, token: str, channel: str, ts: str, text: str, blocks: Sequence[Json] | None = None) -> None:
        """Replace what a message of ours shows; its metadata stays. Safe to repeat."""
        await self._wire.call(token, "chat.update", again=True, channel=channel, ts=ts, text=text, blocks=blocks or [])

    async def delete(self, token: str, channel: str, ts: str) -> None:
        """Remove a message of ours; one that is gone already is no failure."""
        with done_already("message_not_found"):
            await self._wire.call(token, "chat.delete", again=True, channel=channel, ts=ts)

    async def ephemeral(
        self,
        token: str,
        channel: str,
        user: str,
        text: str,
        blocks: Sequence[Json] | None = None,
        *,
        thread_ts: str | None = None,
    ) -> str:
        """Show one person something in a channel; nothing essential, for Slack keeps no record of it."""
        answer = await self._wire.call(
            token, "chat.postEphemeral", channel=channel, user=user, text=text, blocks=blocks, thread_ts=thread_ts
        )
        return str(answer["message_ts"])

    async def find_own_post(
        self, token: str, channel: str, post_id: str, since: datetime, thread_ts: str | None = None, *, bot_id: str
    ) -> str | None:
        """The ts of our bot's message that carries the opaque id, looked for from `since` on; None if there is none.

        Metadata alone proves nothing: any app in the channel can read ours, and could post it again.
        """
        oldest = f"{(since - SKEW).timestamp():.6f}"
        cursor: str | None = None
        while True:
            if thread_ts is None:
                page = await self.history(token, channel, oldest=oldest, limit=200, cursor=cursor)
            else:
                page = await self.replies(token, channel, thread_ts, oldest=oldest, limit=200, cursor=cursor)
            for message in page.messages:
                if post_id_of(message) == post_id and message.get("bot_id") == bot_id:
                    return str(message["ts"])
            cursor = page.cursor
            if cursor is None:
                return None

    async def history(
        self,
        token: str,
        channel: str,
        *,
        oldest: str | None = None,
        latest: str | None = None,
        limit: int = 200,
        cursor: str | None = None,
        metadata: bool = True,
    ) -> Page:
        """A page of the channel's own messages, newest first; replies in threads are not among them."""
        answer = await self._wire.call(
            token,
            "conversations.history",
            send=False,
            channel=channel,
            oldest=oldest,
            latest=latest,
            limit=limit,
            cursor=cursor,
            include_all_metadata=metadata,
        )
        return Page(answer["messages"], _cursor(answer))

    async def replies(
        self,
        token: str,
        channel: str,
        thread_ts: str,
        *,
        oldest: str | None = None,
        latest: str | None = None,
        limit: int = 200,
        cursor: str | None = None,
        metadata: bool = True,
    ) -> Page:
        """A page of a thread, its first message included, oldest first."""
        answer = await self._wire.call(
            token,
            "conversations.replies",
            send=False,
            channel=channel,
            ts=thread_ts,
            oldest=oldest,
            latest=latest,
            limit=limit,
            cursor=cursor,
            include_all_metadata=metadata,
        )
        return Page(answer["messages"], _cursor(answer))

    async def react(self, token: str, channel: str, ts: str, emoji: str) -> None:
        """Put an emoji under a message; one that is there already is no failure."""
        with done_already("already_reacted"):
            await self._wire.call(token, "reactions.add", again=True, channel=channel, timestamp=ts, name=emoji)

    async def permalink(self, token: str, channel: str, ts: str) -> str:
        """The address of a message."""
        answer = await self._wire.call(token, "chat.getPermalink", send=False, channel=channel, message_ts=ts)
        return str(answer["permalink"])

    async def respond(self, response_url: str, body: Json) -> None:
        """Answer through the response_url of an interaction, if its host is one of those in the settings."""
        if not allowed(response_url, self._response_hosts):
            raise Permanent(
                "slack", "host_not_allowed", "That response address does not belong to Slack, so nothing was sent."
            )
        with lost("the response address", send=True):
            async with self._wire.session().post(response_url, json=body, allow_redirects=False) as response:
                words = (await response.text()).strip()
        if response.status == 200:
            return
        code = words if words and len(words) < 60 and " " not in words else f"http_{response.status}"
        with contextlib.suppress(ValueError, AttributeError):  # Slack answers plain words here as often as JSON
            code = str(json.loads(words).get("error", code))
        raise verdict("the response address", response.status, code, response.headers, send=True)

    # modals and App Home

    async def open_view(self, token: str, trigger_id: str, view: Json) -> Json:
        """Open a modal; the trigger works once, within 3 seconds."""
        return dict((await self._wire.call(token, "views.open", trigger_id=trigger_id, view=view))["view"])

    async def push_view(self, token: str, trigger_id: str, view: Json) -> Json:
        """Put a modal on top of the open one (three at most)."""
        return dict((await self._wire.call(token, "views.push", trigger_id=trigger_id, view=view))["view"])

    async def update_view(self, token: str, view_id: str, view: Json, *, hash: str | None = None) -> Json:
        """Replace what a modal shows; with `hash`, only if nobody replaced it meanwhile."""
        changed: Json = {"view_id": view_id, "view": view, "hash": hash}
        return dict((await self._wire.call(token, "views.update", again=True, **changed))["view"])

    async def publish_home(self, token: str, user: str, view: Json) -> None:
        """Replace a person's App Home."""
        await self._wire.call(token, "views.publish", again=True, user_id=user, view=view)

    # channels and people

    async def create_channel(self, token: str, name: str, private: bool = True) -> str:
        """Make a channel and return its id; `name_taken` is Permanent and is met with another name."""
        answer = await self._wire.call(token, "conversations.create", name=name, is_private=private)
        return str(answer["channel"]["id"])

    async def invite(self, token: str, channel: str, users: Sequence[str]) -> None:
        """Bring people of our own workspace into a channel; those who are in already are no failure."""
        for user in users:  # one at a time: Slack refuses a whole list for one who is in already
            with done_already("already_in_channel"):
                await self._wire.call(token, "conversations.invite", again=True, channel=channel, users=user)

    async def invite_shared(self, token: str, channel: str, email: str, *, external_limited: bool = False) -> Json:
        """Invite another company by Slack Connect: {"invite_id", "url"}. Not safe to repeat: it mails again."""
        answer = await self._wire.call(
            token, "conversations.inviteShared", channel=channel, emails=email, external_limited=external_limited
        )
        return {"invite_id": str(answer["invite_id"]), "url": str(answer.get("url", ""))}

    async def channel_info(self, token: str, channel: str) -> Json:
        """Slack's channel object, with the number of its members."""
        answer = await self._wire.call(
            token, "conversations.info", send=False, channel=channel, include_num_members=True
        )
        return dict(answer["channel"])

    async def private_channels(
        self, token: str, cursor: str | None = None, *, kinds: str = "private_channel"
    ) -> tuple[list[Json], str | None]:
        """A page of the channels of these kinds (of private ones those that we are in), and the cursor of the next one."""
        asked: Json = {"types": kinds, "exclude_archived": True, "limit": 200, "cursor": cursor}
        answer = await self._wire.call(token, "conversations.list", send=False, **asked)
        return list(answer["channels"]), _cursor(answer)

    async def members(self, token: str, channel: str) -> list[str]:
        """The ids of everyone in the channel, all pages of them."""
        found: list[str] = []
        cursor: str | None = None
        while True:
            answer = await self._wire.call(
                token, "conversations.members", send=False, channel=channel, limit=200, cursor=cursor
            )
            found += answer["members"]
            cursor = _cursor(answer)
            if cursor is None:
                return found

    async def user_info(self, token: str, user: str) -> Json:
        """Slack's user object; the e-mail of people from other companies is often missing."""
        return dict((await self._wire.call(token, "users.info", send=False, user=user))["user"])

    async def users(self, token: str) -> list[Json]:
        """Everyone in the workspace, all pages of them."""
        found: list[Json] = []
        cursor: str | None = None
        while True:
            answer = await self._wire.call(token, "users.list", send=False, limit=200, cursor=cursor)
            found += answer["members"]
            cursor = _cursor(answer)
            if cursor is None:
                return found

    # pins, bookmarks, files

    async def pin(self, token: str, channel: str, ts: str) -> None:
        """Pin a message; one that is pinned already is no failure."""
        with done_already("already_pinned"):
            await self._wire.call(token, "pins.add", again=True, channel=channel, timestamp=ts)

    async def unpin(self, token: str, channel: str, ts: str) -> None:
        """Unpin a message; one that is not pinned is no failure."""
        with done_already("no_pin", "not_pinned", "message_not_found"):
            await self._wire.call(token, "pins.remove", again=True, channel=channel, timestamp=ts)

    async def bookmark(self, token: str, channel: str, title: str, link: str) -> str:
        """Add a link to the channel's bookmark bar and return its id."""
        answer = await self._wire.call(token, "bookmarks.add", channel_id=channel, title=title, type="link", link=link)
        return str(answer["bookmark"]["id"])

    async def edit_bookmark(self, token: str, channel: str, bookmark: str, title: str, link: str) -> None:
        """Change the title and link of a bookmark."""
        await self._wire.call(
            token, "bookmarks.edit", again=True, channel_id=channel, bookmark_id=bookmark, title=title, link=link
        )

    async def file_info(self, token: str, file: str) -> Json:
        """Slack's file object: in shared channels, events carry only a stub of it."""
        return dict((await self._wire.call(token, "files.info", send=False, file=file))["file"])


def _cursor(answer: Json) -> str | None:
    return (answer.get("response_metadata") or {}).get("next_cursor") or None
