"""Which Slack workspace is which tenant, and the sealed token with which we speak to it."""

import base64
import hashlib
import time
import uuid
from dataclasses import dataclass

from cryptography.fernet import Fernet, InvalidToken

from bot.gateways.failures import Permanent
from core import people
from core.db import Database
from core.people import Installation


@dataclass(frozen=True)
class Tenant:
    """One installation, its token unsealed."""

    organization_id: uuid.UUID
    team_id: str
    token: str
    bot_user_id: str
    bot_id: str
    app_id: str


def sealer(secret: str) -> Fernet:
    """What seals and opens tokens with SECRET_KEY; ValueError if there is none."""
    if not secret:
        raise ValueError(
            "SECRET_KEY is not set. Make one with `openssl rand -base64 32` and keep it: tokens are sealed with it."
        )
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(secret.encode()).digest()))


REMEMBER_SECONDS = 60.0
"""How long an installation is remembered: so long another process may not know that it was revoked or has a new token."""


class Tenants:
    """The installations, remembered for a minute once read; `forget` after one changes."""

    def __init__(self, db: Database, secret: str) -> None:
        self._db = db
        self._sealer = sealer(secret)
        self._by_team: dict[str, Tenant] = {}
        self._by_organization: dict[uuid.UUID, Tenant] = {}
        self._fresh_until = 0.0

    async def of_team(self, team_id: str) -> tuple[uuid.UUID, str] | None:
        """The organization of a workspace and its token; None where the app is not installed."""
        self._age()
        tenant = self._by_team.get(team_id) or await self._read(team_id=team_id)
        return (tenant.organization_id, tenant.token) if tenant else None

    async def of(self, organization_id: uuid.UUID) -> Tenant:
        """The installation of an organization; Permanent if the app was removed there."""
        self._age()
        tenant = self._by_organization.get(organization_id) or await self._read(organization_id=organization_id)
        if tenant is None:
            gone = "Throughline is no longer installed in this organization's Slack workspace."
            raise Permanent("slack", "not_installed", gone)
        return tenant

    async def install(self, installation: Installation, token: str) -> Installation:
        """Record where the app is installed, or that its token changed."""
        installation.token = self._sealer.encrypt(token.encode())
        async with self._db.platform() as session:
            kept = await people.install(session, installation)
        self.forget()
        return kept

    def forget(self) -> None:
        """Read the installations anew from now on."""
        self._by_team.clear()
        self._by_organization.clear()

    def _age(self) -> None:
        if time.monotonic() > self._fresh_until:
            self.forget()
            self._fresh_until = time.monotonic() + REMEMBER_SECONDS

    async def _read(self, *, team_id: str | None = None, organization_id: uuid.UUID | None = None) -> Tenant | None:
        async with self._db.platform() as session:
            found = await people.installation(session, team_id=team_id, organization_id=organization_id)
        if found is None:
            return None
        try:
            token = self._sealer.decrypt(found.token).decode()
        except InvalidToken:
            raise LookupError(
                "The Slack token cannot be opened: SECRET_KEY is not the one it was sealed with. Restore that key, or start `serve` once "
                "with SLACK_BOT_TOKEN set, which seals it anew."
            ) from None
        tenant = Tenant(found.organization_id, found.team_id, token, found.bot_user_id, found.bot_id, found.app_id)
        self._by_team[tenant.team_id] = self._by_organization[tenant.organization_id] = tenant
        return tenant
