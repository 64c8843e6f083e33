"""Two ways to run the embedded Postgres by itself: lent to a command, or as the supervisor, which only we start."""

import sys
from pathlib import Path

from bot.postgres import NoPostgres, lend
from bot.postgres.supervisor import supervise

match sys.argv[1:]:
    case ["supervise", folder, ready, *options]:
        supervise(Path(folder), int(ready), options)
    case ["lend", *command] if command:
        try:
            sys.exit(lend(command))
        except NoPostgres as problem:
            sys.exit(str(problem))
    case _:
        sys.exit(
            "python -m bot.postgres lend COMMAND … runs the command with DATABASE_URL set to a throw-away Postgres."
        )
