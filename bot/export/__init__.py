"""Exports as people take them away: a page, a PDF, data, the files, and a manifest by which all of it can be checked."""

from bot.export.making import Contents, Made, Tell, make, name_of
from bot.export.manifest import pack

__all__ = ["Contents", "Made", "Tell", "make", "name_of", "pack"]
