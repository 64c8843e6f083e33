"""The seven chapters of the story: what is done, and what must hold then."""

import asyncio
import re

from bot.demo.story.telling import Json, Story
from bot.demo.story.visiting import entered, visitor
from core import access, clock, conversations, invoices, orders, people, projects, proposals
from core.access import Can
from core.conversations import Message


async def opening(story: Story) -> None:
    """1. An engagement, its channels, its invitation, its client."""
    slack = story.slack
    await slack.command("/engagement new", by="ada", channel="#general")
    outcome = await slack.submit(
        {"Company": "Northwind", "Contact's name": "Clara Chen", "Contact's e-mail": "clara@northwind.example"},
        by="ada",
    )
    story.holds(outcome.ok, f"the form of /engagement new is taken, not {outcome.error or outcome.errors}")
    await story.settled()
    async with story.database() as (session, actor):
        engagement = await story.engagement(session, actor)
        story.holds(engagement.channel_id and engagement.staff_channel_id, "both channels are made")
        story.holds(engagement.connection == "invited", f"Northwind is invited, not {engagement.connection}")
    world = slack.world
    ada = slack.person("ada").id
    story.holds(
        all(ada in world.channels[story.channel(name)].members for name in ("northwind", "northwind-internal")),
        "Ada is in both channels",
    )
    story.step("Ada types /engagement new: #northwind and #northwind-internal are there, and Northwind is invited.")

    invitation = next(iter(world.invites.values()))
    story.holds(story.mail.latest(to="clara@northwind.example").link("invite"), "Clara has the invitation in her mail")
    story.holds("Invited" in story.seen("#northwind-internal", "ada"), "staff see that Clara is invited")
    await slack.accepts(invitation.id, by="clara")
    await story.settled()
    staff = story.seen("#northwind-internal", "ada")
    story.holds("waiting for Northwind's Slack admin" in staff, f"staff see whom it waits for, not: {staff}")
    await slack.approves(invitation.id, by="clara")
    await story.settled()
    async with story.database() as (session, actor):
        engagement = await story.engagement(session, actor)
        story.holds(engagement.connection == "connected", f"Northwind is connected, not {engagement.connection}")
        known = await people.recognise(session, slack.person("clara").id)
        story.holds(known.user_id == engagement.contact_id, "Clara is known as the contact")
    seen = story.seen("#northwind", "clara")
    story.holds("Hello Clara" in seen, "the welcome is in the channel")
    story.holds("keeps a record" in seen, "the welcome says that a record is kept")
    client = world.channels[story.channel("northwind")]
    story.holds(client.pins, "the status card is pinned")
    story.holds(any("/portal" in one["link"] for one in client.bookmarks), "the client's page is bookmarked")
    story.step("Clara accepts, Northwind's admin approves: she is known, welcomed, and the status card is pinned.")


async def talking(story: Story) -> None:
    """2. Words, kept exactly once."""
    slack = story.slack
    ts = await slack.says("Could we start with the blog? <3", by="clara", channel="#northwind")
    await story.settled()
    reply = await slack.says("Of course: on Monday.", by="ada", channel="#northwind", thread=ts)
    await slack.reacts("tada", ts, by="clara", channel="#northwind")
    await story.settled()
    async with story.database() as (session, actor):
        engagement = await story.engagement(session, actor)
        found = (await session.execute(access.visible(actor, Can.CONVERSATION_SEE, Message))).scalars().all()
        kept = {message.ts: message for message in found if message.kind == "message" and message.side != "bot"}
        story.holds(set(kept) == {ts, reply}, f"both messages are kept exactly once, not {len(kept)}")
        story.holds(
            kept[ts].conversation_id == kept[reply].conversation_id is not None, "the reply belongs to the conversation"
        )
        story.holds(kept[ts].side == "client" and kept[reply].side == "staff", "each has its author")
        story.holds(kept[ts].text == "Could we start with the blog? &lt;3", "the text is as Slack sent it")
        open_now = await conversations.open_ones(session, actor, engagement.id)
        story.holds(
            [one.topic for one in open_now] == ["Could we start with the blog? <3"],
            "the conversation is open, with its topic",
        )
    ack = await slack.command("/conversation", by="ada", channel="#northwind")
    story.holds("Could we start with the blog?" in story.words([ack.message or {}]), "/conversation lists it")
    await slack.command("/conversation start Who writes the texts?", by="ada", channel="#northwind-internal")
    await story.settled()
    story.holds(
        "Who writes the texts?" in story.seen("#northwind", "clara"),
        "/conversation start opens one in the client channel",
    )
    story.step("Clara writes, Ada replies in the thread: one conversation, each word kept exactly once.")


async def selling(story: Story) -> None:
    """3. A proposal: drafted, previewed, sent."""
    slack = story.slack
    await slack.command("/tl service new", by="ada", channel="#northwind-internal")
    outcome = await slack.submit({"Name": "Content strategy", "Price": "1,200"}, by="ada")
    story.holds(outcome.ok, f"the service is taken, not {outcome.error or outcome.errors}")
    await slack.command("/proposal new", by="ada", channel="#northwind-internal")
    outcome = await slack.submit(
        {
            "Title": "Website refresh",
            "Services": ["Content strategy"],
            "Items": "SEO audit, 2 × 900",
        },
        by="ada",
    )
    story.holds(outcome.ok, f"the draft is taken, not {outcome.error or outcome.errors}")
    await slack.press("More", by="ada")
    outcome = await slack.submit({"Terms": "Payment within 14 days."}, by="ada")
    story.holds(outcome.ok, f"its second page is taken, not {outcome.error or outcome.errors}")
    preview = story.modal("ada")
    story.holds("$3,000" in preview, "the preview shows the total")
    story.holds(re.search(r"\d+ people read this channel", preview), "the preview names its audience")
    story.holds(
        "Website refresh" not in story.seen("#northwind", "clara"), "nothing is in the client channel before Send"
    )
    await slack.submit(None, by="ada")
    await story.settled()
    story.holds("Website refresh" in story.seen("#northwind", "clara"), "the card is in the client channel")
    story.holds("$3,000" not in story.seen("#northwind", "clara"), "no amount stands in the channel")
    story.step("Ada drafts a proposal, sees exactly what Northwind will, and sends it.")


async def signing(story: Story) -> None:
    """4. Review and sign: the order, the projects, the contract, the first invoice; once."""
    slack = story.slack
    await slack.invites("clara", "dana", "#northwind")
    await story.settled()
    await slack.press("Review and sign", by="dana", channel="#northwind")
    refusal = await story.opened("dana")
    story.holds(
        "Clara" in refusal or "know who you are" in refusal,
        f"Dana is told kindly that this is Clara's to sign, not: {refusal}",
    )
    await story.shut("dana")
    await slack.press("Review and sign", by="clara", channel="#northwind")
    shown = await story.opened("clara")
    story.holds("Signing as Clara Chen for Northwind" in shown, f"the modal says who signs for whom, not: {shown}")
    story.holds(
        "SEO audit" in shown and "Payment within 14 days." in shown and "$3,000" in shown,
        "the exact text is in the modal",
    )
    outcome = await slack.submit({"Full name": "Clara Chen"}, by="clara")
    story.holds(not outcome.ok, "without the ticks nothing is signed")
    await slack.submit(_signature(slack.view("clara") or {}), by="clara")
    story.holds("Signed" in story.modal("clara"), "she is answered in the same modal")
    await story.shut("clara")
    await story.settled()
    async with story.database() as (session, actor):
        engagement = await story.engagement(session, actor)
        made = await orders.of_engagement(session, engagement.id)
        story.holds(len(made) == 1 and made[0].total.minor == 300_000, "there is one order of $3,000")
        started = await projects.of_engagement(session, engagement.id)
        story.holds(
            {(one.title, one.phase) for one in started} == {("Content strategy", "kickoff"), ("SEO audit", "kickoff")},
            "one project for each item, in Kickoff",
        )
        due = await invoices.of_engagement(session, engagement.id)
        story.holds([one.status for one in due] == ["open"], "what is due on signing is at Stripe already")
        story.holds(engagement.stage == "processing", f"the stage is processing, not {engagement.stage}")
        sent = await proposals.of_engagement(session, engagement.id)
        story.holds([one.status for one in sent] == ["signed"], "the proposal is signed")
    story.holds(
        "Clara" in story.seen("#northwind", "clara") and "signed" in story.seen("#northwind", "clara").lower(),
        "the card says who signed",
    )
    story.step("Clara signs: one order, two projects in Kickoff, the contract and the first invoice, once.")


def _signature(view: Json) -> Json:
    """Her name, and every box ticked."""
    values: Json = {"Full name": "Clara Chen"}
    for block in view["blocks"]:
        if block["type"] == "input" and block["element"]["type"] == "checkboxes":
            values[block["label"]["text"]] = True
    return values


async def delivering(story: Story) -> None:
    """5. A project moves, and the client hears of it."""
    slack = story.slack
    await slack.command("/project advance seo", by="ada", channel="#northwind-internal")
    await slack.modal("ada")
    outcome = await slack.submit(None, by="ada")
    story.holds(outcome.ok, f"the advance is taken, not {outcome.error or outcome.errors}")
    await story.shut("ada")
    story.holds("Undo" in (await _soon(story, "Undo")), "the twin offers Undo")
    story.holds(
        "moved from Kickoff to Setup" not in story.seen("#northwind", "clara"),
        "the client hears nothing while it is held",
    )
    clock.move(5)
    await story.settled()
    seen = story.seen("#northwind", "clara")
    story.holds("Kickoff" in seen and "Setup" in seen and "SEO audit" in seen, "the client reads of the move")
    async with story.database() as (session, actor):
        engagement = await story.engagement(session, actor)
        phases = {one.title: one.phase for one in await projects.of_engagement(session, engagement.id)}
        story.holds(
            phases == {"Content strategy": "kickoff", "SEO audit": "setup"}, f"only the one project moved, not {phases}"
        )
    await slack.press("Ask about this", by="clara", channel="#northwind")
    view = await slack.modal("clara")
    label = next(block["label"]["text"] for block in view["blocks"] if block["type"] == "input")
    await slack.submit({label: "What do you need from us?"}, by="clara")
    await story.shut("clara")
    await story.settled()
    async with story.database() as (session, actor):
        engagement = await story.engagement(session, actor)
        story.holds(
            any(
                "need from us" in one.topic or one.status == "waiting_us"
                for one in await conversations.open_ones(session, actor, engagement.id)
            ),
            "her question is a conversation",
        )
    story.holds(
        "What do you need from us?" in story.seen("#northwind-internal", "ada") + story.seen("#northwind", "ada"),
        "her words stand where staff read them",
    )
    story.step("Ada advances a project: held, then told; Clara asks about it, and it is a conversation.")


async def _soon(story: Story, words: str) -> str:
    """What staff see once these words are there, or after ten seconds."""

    for _ in range(100):
        if words in story.seen("#northwind-internal", "ada"):
            break
        await asyncio.sleep(0.1)
    return story.seen("#northwind-internal", "ada")


async def paying(story: Story) -> None:
    """6. The invoice that was due on signing: paid on Stripe's page, told to all."""
    slack = story.slack
    async with story.database() as (session, actor):
        engagement = await story.engagement(session, actor)
        [invoice] = await invoices.of_engagement(session, engagement.id)
        story.holds(
            invoice.status == "open" and invoice.hosted_url and invoice.processor_ref,
            f"it is issued at Stripe, not {invoice.status}",
        )
    await slack.press("Pay", by="clara", channel="#northwind")
    asked = await story.opened("clara")
    story.holds("$3,000" in asked and invoice.hosted_url in asked, "Pay shows Clara the amount and Stripe's page")
    await story.shut("clara")
    await story.stripe.declines(str(invoice.id), card="9995")
    await story.settled()
    story.holds(
        "declined (insufficient funds)" in story.seen("#northwind-internal", "ada"),
        "staff hear exactly why the card was declined",
    )
    story.holds("declined" not in story.seen("#northwind", "clara").lower(), "the channel does not")
    await story.stripe.pays(str(invoice.id))
    await story.settled()
    async with story.database() as (session, actor):
        engagement = await story.engagement(session, actor)
        [paid] = await invoices.of_engagement(session, engagement.id)
        story.holds(paid.status == "paid" and paid.paid.minor == 300_000, f"it is paid, not {paid.status}")
        [order] = await orders.of_engagement(session, engagement.id)
        story.holds((await invoices.paid_of_order(session, order.id)).minor == 300_000, "the order shows it")
    story.holds(
        "Paid" in story.seen("#northwind", "clara") and "aid" in story.seen("#northwind-internal", "ada"),
        "the cards turn Paid",
    )
    await slack.press("Receipt", by="clara", channel="#northwind")
    story.holds("Open the receipt" in await story.opened("clara"), "Clara has her receipt")
    await story.shut("clara")
    story.step("Clara's first card is declined, her second pays the invoice: the cards turn Paid.")


async def looking(story: Story) -> None:
    """7. The client's page: a personal link, once; and the permanent address, by a mailed code."""
    slack = story.slack
    await slack.press("Open my page", by="clara", channel="#northwind")
    link = next(iter(re.findall(r"https?://\S+/portal/\S+", await story.opened("clara"))), "")
    story.holds(link, "Clara is given a personal link")
    page = await entered(link)
    story.holds("SEO audit" in page and "Setup" in page, "her page shows what we do and where it stands")
    story.holds("$3,000" in page, "her page shows the invoice")
    story.holds("Payment within 14 days." in page, "the contract can be read there, word for word")
    story.holds("SEO audit" not in await entered(link), "the link opens once only")
    story.step("Clara opens her page by a personal link, which works once.")

    address = f"{story.here.url}/portal"
    async with visitor() as clara:
        await clara.open(address)
        await clara.submit({"email": "clara@northwind.example"})
        await story.settled()
        page = await clara.submit({"code": story.mail.latest(to="clara@northwind.example").code()})
    story.holds("SEO audit" in page, "the mailed code lets her in")
    story.step("The bookmark's address asks for her e-mail and sends a code, which lets her in.")


CHAPTERS = (opening, talking, selling, signing, delivering, paying, looking)
