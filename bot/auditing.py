"""What the command line does to prove the trail: every agency's chains, in words that say which row is not genuine."""

from collections.abc import Sequence

from bot.settings import Settings
from core import people
from core.audit import Report, prove, read_held
from core.db import APP_ROLE, Database
from core.people import Organization
from core.seals import Sealer, public_halves

SHOWN = 100
"""How many findings are listed, for each agency."""


async def verify(settings: Settings, files: Sequence[bytes], *, agency: str = "") -> tuple[str, bool]:
    """Prove the trail of one agency, or of all: what to tell, and whether everything is as it was written.

    `files` are files of heads. Raises ValueError for a file that is none, and for an agency that is not there.
    """
    role = None if settings.database_app_url else APP_ROLE
    db = Database(settings.app_url, role=role, pool_size=2, lock_timeout=10_000, statement_timeout=600_000)
    try:
        async with db.platform() as session:
            houses = await people.houses(session)
            keys = await public_halves(session)
        meant = [house for house in houses if agency.strip().lower() in ("", house.name.lower(), str(house.id))]
        if not meant:
            names = ", ".join(house.name for house in houses) or "none yet"
            raise ValueError(f"There is no agency “{agency}” here. There is: {names}.")
        held = [read_held(raw, keys) for raw in files]
        strangers = {each.organization_id for each in held} - {house.id for house in meant}
        if strangers:
            raise ValueError("A file of heads is of another agency than those that are to be proved.")
        lines, sound = [_key(settings, keys)], True
        for house in meant:
            own = [each for each in held if each.organization_id == house.id]
            async with db.moment(house.id) as session:
                report = await prove(session, keys, own)
            lines += _told(house, report, given=len(own))
            sound = sound and not report.findings
        return "\n".join(line for line in lines if line), sound
    finally:
        await db.close()


def _key(settings: Settings, keys: dict[str, bytes]) -> str:
    seed = settings.signing_key.get_secret_value()
    own = Sealer(seed).key_id if seed else ""
    listed = ", ".join(f"{each} (this server's)" if each == own else each for each in sorted(keys))
    return f"Keys that have sealed something: {listed or 'none'}. Compare them with those in the mails that you kept."


def _told(house: Organization, report: Report, *, given: int) -> list[str]:
    chains = "1 chain" if report.chains == 1 else f"{report.chains:,} chains"
    counted = f"{report.events:,} events in {chains}; documents and signatures: {report.documents:,}"
    if not report.findings:
        lines = [f"{house.name}: {counted}. All of it is as it was written."]
    else:
        many = len(report.findings)
        lines = [f"{house.name}: {counted}. {many} finding{'s' if many > 1 else ''}:"]
        lines += [f"  {finding.table}: {finding.sentence}" for finding in report.findings[:SHOWN]]
        if many > SHOWN:
            lines.append(f"  and {many - SHOWN:,} more.")
    if not given:
        lines.append(
            "  Without a file of heads I cannot tell whether the end of a chain was cut off: give one with --heads."
        )
    return lines
