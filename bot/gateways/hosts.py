"""Which addresses we send anything to: only hosts that the settings name, and plain http only to this very machine."""

from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import urlsplit


def is_loopback(host: str | None) -> bool:
    """Whether this host is this very machine, where plain http is no risk."""
    if host == "localhost":
        return True
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False


def allowed(url: str, hosts: Collection[str]) -> bool:
    """Whether we may send to this address: its host (and its port, if any) is listed; http only to this machine."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    if parts.username is not None or parts.password is not None or not parts.hostname:
        return False
    if parts.scheme == "https":
        plain = port in (None, 443)
    elif parts.scheme == "http" and is_loopback(parts.hostname):
        plain = port in (None, 80)
    else:
        return False
    named = parts.hostname if port is None else f"{parts.hostname}:{port}"
    return named in hosts or (plain and parts.hostname in hosts)
