"""files.info, and the door at which files are fetched with the bot's token."""

from aiohttp import web

from bot.sandbox.slack import shapes
from bot.sandbox.slack.api.method import Call, method
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.hub import Hub
from bot.sandbox.slack.state import File, Json, World


def visible(world: World, file: File) -> bool:
    """Whether the bot is in a channel in which this file was shared."""
    return any(world.bot.id in world.channels[one].members for one in file.channels if one in world.channels)


@method("files.info", "files:read", tier="4", required=("file",))
def info(call: Call) -> Json:
    """The whole file object, also where events carry a stub."""
    file = call.world.files.get(call.text("file"))
    if file is None or not visible(call.world, file):
        raise SlackError("file_not_found")
    return {"file": shapes.file(call.world, file), "comments": []}


class FileDoor:
    """Serves file contents; without a right token Slack sends a sign-in page, not an error, and so does this."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """GET /slack/files/<id>/<name>."""
        world = self.hub.world
        file = world.files.get(request.match_info["id"])
        installed = world.installation
        allowed = request.headers.get("Authorization") == f"Bearer {installed.bot_token}" and not installed.revoked
        if not allowed or "files:read" not in self.hub.manifest.scopes:
            return web.Response(text="<!doctype html><title>Sign in</title>Please sign in.", content_type="text/html")
        if file is None or not visible(world, file):
            return web.Response(status=404, text="No such file.")
        return web.Response(body=file.content, content_type=str(shapes.file(world, file)["mimetype"]))
