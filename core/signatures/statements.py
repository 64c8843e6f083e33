"""The statements of a signature: what is shown and ticked, each with its version, in words that never change under it."""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True)
class Statement:
    """A text that a signer reads, or a sentence that they tick, kept with each signature in the very words shown."""

    name: str
    version: int
    text: str
    asked: str = ""
    """What is said if it is not ticked; empty for what is only read."""
    says: tuple[str, ...] = ()
    """What it is evidence of: the consent to sign electronically, the intent, the authority."""

    def words(self, company: str, agency: str = "") -> str:
        """The text as the signer reads it who signs for this company."""
        return self.text.replace("{company}", company).replace("{agency}", agency)

    def sha256(self, company: str, agency: str = "") -> str:
        """SHA-256 over those words, in hexadecimal."""
        return hashlib.sha256(self.words(company, agency).encode()).hexdigest()


DISCLOSURE = Statement(
    "disclosure",
    1,
    "About signing electronically. You may have this document on paper instead, at no charge, before or after you "
    "sign: ask {agency}. You may stop at any time before you sign; close this, decline, or tell {agency}, and nothing "
    "is agreed. You agree to this for this one document only. To read and keep it you need Slack or a web browser, and "
    "something that opens PDF files; open the PDF now to see that you can. Your copy comes by mail and stays on your "
    "page. If your address changes, tell {agency}.",
    says=("disclosure",),
)
"""What is to be read before signing electronically: paper, withdrawing, scope, and what is needed."""

STATEMENTS = (
    Statement(
        "electronic",
        1,
        "I agree to sign this electronically.",
        "Please tick this to sign here; otherwise ask for another way to sign.",
        says=("consent",),
    ),
    Statement(
        "agree",
        1,
        "I agree to this proposal and may sign for {company}.",
        "Please tick this if you agree and may sign.",
        says=("intent", "authority"),
    ),
)
"""The two ticks: one for signing electronically, one for the agreement itself. Neither is ever ticked beforehand."""
