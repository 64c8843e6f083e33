"""Papers: a frozen proposal, and what was signed of it, set as PDF; people's texts are data in them and never markup."""

from bot.paper.certificate import append, render_signed
from bot.paper.fonts import furnish, missing, scripts
from bot.paper.offer import refuse_unsettable, render

__all__ = ["append", "furnish", "missing", "refuse_unsettable", "render", "render_signed", "scripts"]
