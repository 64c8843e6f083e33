"""The check of the fonts: which scripts can be set in a PDF, and which would be refused."""

from pathlib import Path

from bot import paper
from bot.doctor.finding import Finding, fine, problem
from bot.settings import Settings

NEEDED = ("Latin", "Greek", "Cyrillic", "Arabic", "Chinese", "Japanese", "Korean")
"""What the fonts that are installed with Throughline cover."""


def examine(settings: Settings) -> list[Finding]:
    """What the fonts cover."""
    folder = settings.fonts_folder
    if folder and not Path(folder).is_dir():
        return [problem(f"FONTS_FOLDER is no folder: {folder}", "Make it, or take the variable away.")]
    paper.furnish(folder)
    covered = paper.scripts()
    lacking = [name for name, there in covered.items() if not there]
    if missing := [name for name in NEEDED if name in lacking]:
        return [
            problem(
                f"PDFs cannot be set in {', '.join(missing)}: fonts that belong to Throughline are missing",
                "Install them: make setup.",
            )
        ]
    hint = (
        f"A proposal with letters of another script ({', '.join(lacking)}) is refused before it is sent, with the letter "
        "named. To set them, put fonts that have them into a folder, for instance Noto Emoji, and set FONTS_FOLDER to it."
    )
    return [
        fine(
            f"PDFs can be set in {', '.join(name for name in covered if name not in lacking)}", hint if lacking else ""
        )
    ]
