"""views.*: modals opened, pushed and updated, and the App Home published."""

from bot.sandbox.slack.api.method import Call, method
from bot.sandbox.slack.blockkit import check_view
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.state import Json


@method("views.open", tier="4", required=("trigger_id", "view"))
def open_(call: Call) -> Json:
    """Show a modal to whoever caused the trigger, within three seconds and once."""
    view = call.structure("view")
    check_view(view, "modal")
    trigger = call.interactions.exchange(call.text("trigger_id"))
    opened = call.screens.open(call.world.people[trigger.user], view)
    return {"view": call.screens.shape(opened)}


@method("views.push", tier="4", required=("trigger_id", "view"))
def push(call: Call) -> Json:
    """Show a modal on top of the one in which the trigger arose."""
    view = call.structure("view")
    check_view(view, "modal")
    trigger = call.interactions.exchange(call.text("trigger_id"))
    if trigger.root_view is None:
        raise SlackError("not_found")
    pushed = call.screens.push(call.world.people[trigger.user], view)
    return {"view": call.screens.shape(pushed)}


@method("views.update", tier="4", required=("view",))
def update(call: Call) -> Json:
    """Change a view that is on somebody's screen; with `hash`, only if it has not changed since."""
    body = call.structure("view")
    if not call.text("view_id") and not call.text("external_id"):
        raise SlackError("not_found")
    view = call.screens.find(call.text("view_id") or None, call.text("external_id") or None)
    check_view(body, view.body["type"])
    if call.text("hash") and call.text("hash") != view.hash:
        raise SlackError("hash_conflict")
    return {"view": call.screens.shape(call.screens.update(view, body))}


@method("views.publish", tier="4", required=("user_id", "view"))
def publish(call: Call) -> Json:
    """Put up somebody's App Home. For outsiders it answers ok, and they see nothing of it."""
    view = call.structure("view")
    check_view(view, "home")
    if not call.hub.manifest.home_tab:
        raise SlackError("not_enabled")
    person = call.person(call.text("user_id"))
    shown = call.screens.publish(person, view, call.text("hash") or None)
    return {"view": call.screens.shape(shown)}
