"""The forms that begin a proposal from what a client needs: a quote that they ask for, a change of what was agreed."""

from bot.blocks import kit
from bot.blocks.kit import Block


def quote_form(engagement_id: object, owner: str, agency: str) -> Block:
    """What a client needs, by when, and for how much, if they know."""
    return kit.modal(
        "proposal.quote",
        "Ask for a quote",
        [
            kit.section(
                kit.md(
                    "{owner} reads this and writes you a proposal. Only {agency} sees it.", owner=owner, agency=agency
                )
            ),
            kit.text_input(
                "words", "What do you need?", multiline=True, placeholder="A few words are enough", limit=3000
            ),
            kit.text_input("by_when", "By when?", optional=True, placeholder="Mid December", limit=200),
            kit.text_input("budget", "Budget", optional=True, placeholder="If you have one in mind", limit=200),
        ],
        submit="Ask for a quote",
        close="Not now",
        private=str(engagement_id),
    )


def scope_or_new(engagement_id: object, title: str) -> Block:
    """The question before a new proposal where something was signed already: is it added to that, or apart from it?"""
    both = kit.Raw(
        "*Change of scope* adds to what was signed, and shows the difference: total and date, before and after."
        "\n*A proposal of its own* stands apart from it."
    )
    return kit.modal(
        "notice",
        "New proposal",
        [
            kit.section(kit.md("Something is signed in {title} already. Is this more of the same work?", title=title)),
            kit.section(both),
            kit.actions(
                kit.button("Change of scope", "proposal.scope", str(engagement_id), style="primary"),
                kit.button("A proposal of its own", "proposal.apart", str(engagement_id)),
            ),
        ],
        close="Cancel",
    )
