"""Mail both ways: letters that came in are applied and their files kept; what staff say in a thread is carried out."""

import asyncio
import hashlib
import tempfile
import uuid
from pathlib import Path

from bot.blocks import mails as blocks
from bot.blocks import pages
from bot.gateways.failures import Permanent
from bot.gateways.mail import reading, reply_address
from bot.gateways.store import Contents, files_of
from bot.worker.works import Works, handler
from core import conversations, inbox, jobs, mails, people, posts
from core.conversations import Carried, files
from core.db import Session
from core.inbox import Applier, Delivery
from core.jobs import Claimed


async def letter(session: Session, delivery: Delivery) -> None:
    """Apply a letter; what cannot be read is kept as it is, with that reason, and nothing more is tried."""
    try:
        read = await asyncio.to_thread(reading.read, delivery.body)
    except ValueError:
        await mails.unreadable(session, f"delivery:{delivery.external_id}", delivery.id, delivery.received_at)
        return
    told = [
        {
            "file_ref": f"mail:{number}:{hashlib.sha256(file.content).hexdigest()[:16]}",
            "name": file.name,
            "mimetype": file.mimetype,
            "size": len(file.content),
        }
        for number, file in enumerate(read.files)
    ]
    kept = await mails.arrive(
        session,
        mails.Arrived(
            ref=read.ref,
            tokens=read.tokens,
            sender=read.sender,
            subject=read.subject,
            said=read.said,
            whole=read.whole,
            received_at=delivery.received_at,
            delivery_id=delivery.id,
            references=read.references,
            automatic=read.automatic,
            bounced=read.returned,
            files=told,
        ),
    )
    if kept.message_id is not None and told:
        await jobs.enqueue(
            session,
            "mail.files",
            lane=f"mail:{kept.id}",
            payload={"delivery": kept.delivery_id, "message": str(kept.message_id)},
            organization_id=session.info["tenant"],
            dedupe=str(kept.id),
        )


@handler("mail.files")
async def keep_files(works: Works, job: Claimed) -> None:
    """Keep the bytes of a letter's files. What is too large, or gone from the inbox, is noted with its reason."""
    message_id = uuid.UUID(job.payload["message"])
    async with works.db.transaction(job.tenant) as session:
        waiting = await files.waiting(session, message_id)
    if not waiting:
        return
    async with works.db.platform() as session:
        body = await inbox.body_of(session, int(job.payload["delivery"]))
    read = await asyncio.to_thread(reading.read, body) if body is not None else None
    most = works.settings.file_megabytes * 1024 * 1024
    store = files_of(works.settings)
    for file_id, file_ref in waiting:
        number = int(file_ref.split(":")[1])
        content = read.files[number].content if read is not None and number < len(read.files) else None
        trouble = "gone" if content is None else "too_large" if len(content) > most else ""
        sha256 = "" if content is None or trouble else await _store(store, content)
        async with works.db.transaction(job.tenant) as session:
            if trouble:
                await files.unfetched(session, file_id, trouble)
            else:
                await files.fetched(session, file_id, sha256)


async def _store(store: Contents, content: bytes) -> str:
    sha256 = hashlib.sha256(content).hexdigest()
    with tempfile.TemporaryDirectory(prefix=".fetching-", dir=store.store.room()) as room:
        file = Path(room) / "file"
        await asyncio.to_thread(file.write_bytes, content)
        await store.keep(file, sha256)
    return sha256


async def reply_to(
    works: Works, session: Session, user_id: uuid.UUID, engagement_id: uuid.UUID, conversation_id: uuid.UUID | None
) -> str:
    """The address to which a letter to this person is answered; "" where answers by mail are not set up."""
    if not works.settings.mail_reply_to:
        return ""
    token = await conversations.reply_token(
        session,
        key=works.settings.secret_key.get_secret_value().encode(),
        user_id=user_id,
        engagement_id=engagement_id,
        conversation_id=conversation_id,
    )
    return reply_address(works.settings.mail_reply_to, token)


async def threading(
    session: Session, domain: str, user_id: uuid.UUID, conversation_id: uuid.UUID | None
) -> tuple[str, dict[str, str]]:
    """The subject that a letter about a conversation bears, if they wrote under one, and the headers that put it beside the others."""
    if conversation_id is None:
        return "", {}
    thread = await conversations.thread_of(session, conversation_id, user_id)
    root = f"<{conversation_id}@{domain}>"
    headers = {"References": " ".join([root, *thread.references])}
    headers["In-Reply-To"] = thread.references[-1] if thread.references else root
    return thread.subject, headers


@handler("conversation.carry")
async def carry(works: Works, job: Claimed) -> None:
    """Mail what staff said in a thread to each of the client's people who takes part by mail; each message once."""
    conversation_id = uuid.UUID(job.payload["conversation"])
    async with works.db.transaction(job.tenant) as session:
        waiting = await conversations.to_carry(session, conversation_id)
    for one in waiting:
        await _carry(works, job, one)


async def _carry(works: Works, job: Claimed, one: Carried) -> None:
    if works.mail is None:
        raise Permanent(
            "mail", "not_set_up", "Mail is not set up (SMTP_URL), so a client who is not in Slack was not told."
        )
    async with works.db.transaction(job.tenant) as session:
        house = await people.organization(session, job.tenant)
        noted = []
        for message_id, *_ in one.words:
            post = await posts.at(
                session,
                subject="mail",
                subject_id=message_id,
                place=f"mail:{one.user.id}",
                purpose=conversations.CARRIED,
                engagement_id=one.engagement_id,
            )
            if post.state == "waiting":
                posts.attempt(post)
            noted.append(post.id)
        answer = await reply_to(works, session, one.user.id, one.engagement_id, one.conversation_id)
        subject, headers = await threading(session, works.mail.domain, one.user.id, one.conversation_id)
        topic = (await conversations.thread_of(session, one.conversation_id, one.user.id)).topic
    written = blocks.words(
        house.name,
        one.user.first_name,
        subject or topic,
        [(who, said, names) for _, who, said, names in one.words],
        pages.address(works.settings.public_url, job.tenant),
        replies=bool(answer),
    )
    letter_id = f"<{noted[0]}@{works.mail.domain}>"
    await works.mail.send(
        one.user.email,
        written.subject,
        written.text,
        written.html,
        {**headers, **({"Reply-To": answer} if answer else {})},
        letter_id,
        to_name=one.user.name,
        from_name=house.name,
    )
    async with works.db.transaction(job.tenant) as session:
        for post_id in noted:
            posts.sent(await posts.get(session, post_id), letter_id, "")


APPLIERS: dict[tuple[str, str], Applier] = {("mail", "letter"): letter}
