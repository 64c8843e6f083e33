"""The environment, read once: what the product needs to know of its surroundings, with sentences for what is missing."""

import ipaddress
from functools import cached_property

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """The environment variables of Throughline, and `.env` beside them for those who prefer a file."""

    model_config = SettingsConfigDict(env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True)

    database_url: str = Field("", description="The owner's Postgres address; empty means the embedded one under var/.")
    database_app_url: str = Field("", description="Postgres address of a login that is a member of throughline_app.")

    slack_bot_token: SecretStr = SecretStr("")
    slack_signing_secret: SecretStr = SecretStr("")
    slack_app_token: SecretStr = SecretStr("")
    slack_api_url: str = "https://slack.com/api/"
    slack_file_hosts: str = "files.slack.com"
    slack_response_hosts: str = "hooks.slack.com,hooks.slack-gov.com"

    stripe_api_key: SecretStr = SecretStr("")
    stripe_webhook_secret: SecretStr = SecretStr("")
    stripe_api_url: str = "https://api.stripe.com"

    smtp_url: SecretStr = SecretStr("")
    mail_from: str = "Throughline <throughline@localhost>"
    mail_reply_to: str = Field(
        "", description="Where letters are answered, such as reply@studioada.example; a token is put behind a plus."
    )
    mail_in_secret: SecretStr = Field(
        SecretStr(""), description="What proves that mail which comes in by POST /mail/in is brought by our provider."
    )
    imap_url: SecretStr = Field(
        SecretStr(""),
        description="A mailbox of our own that answers arrive in: imaps://user:password@mail.example/INBOX.",
    )
    mail_megabytes: int = Field(35, description="How large a letter that comes in may be.")

    slack_history_limited: bool = Field(
        False,
        description="Slack lets this app read one page of history a minute, as it does with apps that are distributed.",
    )

    outage_notice: bool = Field(
        True, description="Whether staff channels are told that we were not reachable and what was looked for since."
    )

    files_folder: str = Field("var/files", description="Where shared files are kept: a folder, or s3://bucket/folder.")
    file_megabytes: int = Field(100, description="How large a file may be to be kept; larger ones are only listed.")
    fonts_folder: str = Field(
        "", description="Fonts for PDFs beside those that come along: emoji, or scripts they lack."
    )
    exports_folder: str = Field(
        "var/exports", description="Where copies of the record lie until they are fetched, likewise."
    )
    s3_endpoint_url: str = Field("", description="Where the bucket is, if not at Amazon: https://….")
    s3_region: str = "us-east-1"
    s3_access_key_id: str = ""
    s3_secret_access_key: SecretStr = SecretStr("")

    public_url: str = "http://127.0.0.1:8700"
    trusted_proxies: str = Field(
        "",
        description="Addresses or networks (10.0.0.0/8) of proxies of ours, whose X-Forwarded-For is believed.",
    )
    secret_key: SecretStr = SecretStr("")
    signing_key: SecretStr = SecretStr("")
    clock_file: str = ""
    host: str = "127.0.0.1"
    port: int = 8700

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, listed: str) -> str:
        for each in _listed(listed):
            try:
                ipaddress.ip_network(each, strict=False)
            except ValueError:
                raise ValueError(f"“{each}” is no address and no network, such as 10.0.0.2 or 10.0.0.0/8") from None
        return listed

    @cached_property
    def proxies(self) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
        """The networks of the proxies that are believed about where a request comes from."""
        return tuple(ipaddress.ip_network(each, strict=False) for each in _listed(self.trusted_proxies))

    @cached_property
    def file_hosts(self) -> frozenset[str]:
        """The hosts that files may be fetched from, with the token."""
        return _hosts(self.slack_file_hosts)

    @cached_property
    def response_hosts(self) -> frozenset[str]:
        """The hosts that answers to a response_url may be sent to."""
        return _hosts(self.slack_response_hosts)

    @property
    def app_url(self) -> str:
        """The database address that `serve` and `work` use."""
        return self.database_app_url or self.database_url


def _hosts(listed: str) -> frozenset[str]:
    return frozenset(host.lower() for host in _listed(listed))


def _listed(written: str) -> list[str]:
    return [each.strip() for each in written.split(",") if each.strip()]


def read(**given: object) -> Settings:
    """The settings, from the environment and what is given; ValueError with a sentence where a variable cannot be understood."""
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).upper() if first["loc"] else "a setting"
        raise ValueError(f"{name} cannot be understood: {first['msg']}.") from None
