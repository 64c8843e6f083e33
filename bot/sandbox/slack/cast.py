"""Who is there at the first start: Studio Ada, the agency, and two client companies in workspaces of their own."""

from dataclasses import dataclass

from bot.sandbox.slack.state import Channel, Installation, Person, Team, World, new_id


@dataclass(frozen=True)
class Secrets:
    """What the bot and the sandbox share."""

    bot_token: str = "xoxb-sandbox-bot-token"
    app_token: str = "xapp-sandbox-app-token"
    signing_secret: str = "sandbox-signing-secret"


def first_world(app_name: str, shared: Secrets) -> World:
    """A new world with the cast in it and the app installed in Studio Ada only."""
    agency, northwind, globex = new_id("T"), new_id("T"), new_id("T")
    installation = Installation(
        team_id=agency,
        app_id=new_id("A"),
        bot_user=new_id("U"),
        bot_id=new_id("B"),
        bot_token=shared.bot_token,
        app_token=shared.app_token,
        signing_secret=shared.signing_secret,
    )
    world = World(installation)
    now = world.seconds()
    world.teams = {
        agency: Team(agency, "Studio Ada", "studioada", created=now),
        northwind: Team(northwind, "Northwind", "northwind", approval_required=True, created=now),
        globex: Team(globex, "Globex", "globex", created=now),
    }
    people = [
        Person(new_id("U"), agency, "ada", "Ada Lovelace", "ada@studioada.example", is_owner=True, is_admin=True),
        Person(new_id("U"), agency, "ben", "Ben Okafor", "ben@studioada.example"),
        Person(new_id("U"), agency, "grace", "Grace Kim", "grace@studioada.example"),
        Person(new_id("U"), agency, "vera", "Vera Guest", "vera@elsewhere.example", is_restricted=True),
        Person(new_id("U"), northwind, "clara", "Clara Chen", "clara@northwind.example", is_owner=True, is_admin=True),
        Person(new_id("U"), northwind, "dana", "Dana Flores", "dana@northwind.example"),
        Person(new_id("U"), northwind, "luis", "Luis Ortega", "luis@northwind.example"),
        Person(new_id("U"), globex, "gus", "Gus Gray", "gus@globex.example", is_owner=True, is_admin=True),
        Person(installation.bot_user, agency, app_name.lower(), app_name, is_bot=True),
    ]
    for person in people:
        person.updated = now
        world.people[person.id] = person
    for team, creator in ((agency, people[0]), (northwind, people[4]), (globex, people[7])):
        members = [one.id for one in people if one.team_id == team and not one.is_bot]
        general = Channel(new_id("C"), "general", creator.id, team, now, teams=[team], members=members)
        general.purpose = "Announcements for everyone here."
        world.channels[general.id] = general
    return world
