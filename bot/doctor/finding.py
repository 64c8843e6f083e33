"""What a check finds, and how all findings read together."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: whether it is well, what was seen, and the step that mends or betters it."""

    ok: bool
    what: str
    mend: str = ""


def fine(what: str, hint: str = "") -> Finding:
    """All is well; `hint` is what could still be better."""
    return Finding(True, what, hint)


def problem(what: str, mend: str) -> Finding:
    """Something is wrong, and this step mends it."""
    return Finding(False, what, mend)


def report(findings: Sequence[Finding]) -> str:
    """All findings as plain text, each problem with its step under it, and the sum in the last line."""
    lines = []
    for finding in findings:
        lines.append(f"{'✓' if finding.ok else '✗'} {finding.what}")
        if finding.mend:
            lines.append(f"    {'·' if finding.ok else '→'} {finding.mend}")
    wrong = sum(not finding.ok for finding in findings)
    if wrong == 0:
        lines += ["", "All is well."]
    else:
        lines += ["", f"{wrong} thing{'s' if wrong != 1 else ''} to mend, marked ✗."]
    return "\n".join(lines)
