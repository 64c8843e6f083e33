"""auth.test and apps.connections.open: who the token is, and where its websocket is."""

from bot.sandbox.slack.api.method import Call, method
from bot.sandbox.slack.state import Json


@method("auth.test", tier="special")
def auth_test(call: Call) -> Json:
    """Who calls, in which workspace."""
    team, installed = call.world.home_team, call.world.installation
    return {
        "url": f"https://{team.domain}.slack.com/",
        "team": team.name,
        "user": call.bot.name,
        "team_id": team.id,
        "user_id": installed.bot_user,
        "bot_id": installed.bot_id,
        "is_enterprise_install": False,
    }


@method("apps.connections.open", tier="1", token="app")
def connections_open(call: Call) -> Json:
    """An address for one websocket of Socket Mode."""
    return {"url": call.hub.sockets.open_url(call.hub.base_url(), call.world.installation.app_id)}


@method("api.test", tier="4")
def api_test(call: Call) -> Json:
    """What was sent, sent back."""
    return {"args": {key: value for key, value in call.args.items() if key != "token"}}


@method("team.info", "team:read", tier="3")
def team_info(call: Call) -> Json:
    """The installed workspace."""
    team = call.world.home_team
    return {"team": {"id": team.id, "name": team.name, "domain": team.domain, "icon": {"image_default": True}}}
