"""users.*: people, as far as the installed workspace can see them."""

from bot.sandbox.slack import shapes
from bot.sandbox.slack.api.method import Call, method
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.state import Json, Person


def _shape(call: Call, person: Person) -> Json:
    return shapes.user(call.world, person, email="users:read.email" in call.hub.manifest.scopes)


@method("users.info", "users:read", tier="4", required=("user",))
def info(call: Call) -> Json:
    """One person; outsiders without their e-mail address."""
    return {"user": _shape(call, call.person(call.text("user")))}


@method("users.list", "users:read", tier="2")
def list_(call: Call) -> Json:
    """The members of the installed workspace; outsiders are found by users.info only."""
    inside = [one for one in call.world.people.values() if not call.world.is_outsider(one)]
    page, metadata = call.page(inside, call.number("limit", 1000, 1000))
    return {
        "members": [_shape(call, one) for one in page],
        "cache_ts": call.world.seconds(),
        "response_metadata": metadata,
    }


@method("users.lookupByEmail", "users:read.email", tier="3", required=("email",))
def lookup_by_email(call: Call) -> Json:
    """The member of the installed workspace with this address."""
    wanted = call.text("email").lower()
    for person in call.world.people.values():
        if person.email.lower() == wanted and not person.deleted and not call.world.is_outsider(person):
            return {"user": _shape(call, person)}
    raise SlackError("users_not_found")
