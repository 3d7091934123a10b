"""Commands in replies: written as the reader's platform takes them, how to write one, and the list of all."""

from __future__ import annotations

from collections.abc import Sequence

from bot.model import Service, Style, Text
from bot.wording.catalog import catalog
from bot.wording.text import NAME, capital, choice, fit, foreign, quoted, stop
from bot.wording.text import services as named
from bot.wording.titles import name_of

MANY = 50  # services listed by name; the rest is counted

Row = tuple[str, str]  # how a command is written ("status [service]"), and what it does


def typed(command: str, style: Style) -> str:
    """The command as it is typed where the reply is read; in quotes where that is not known."""
    match style.platform:
        case "slack":
            return f"/tocsin {command}"
        case "telegram":
            return f"/{command}"
        case "discord":
            name, _, rest = command.partition(" ")
            return f"/{name} text:{rest}" if rest else f"/{name}"
        case _:
            return quoted(command, catalog(style.language))


def for_example(commands: Sequence[str], style: Style) -> str:
    say = catalog(style.language)
    return say.replies.for_example.format(examples=say.lists.comma.join(typed(one, style) for one in commands))


def shown(usage: str, style: Style) -> str:
    """How a command is written, in a list: with placeholders, so never in quotes."""
    return {"slack": f"/tocsin {usage}", "telegram": f"/{usage}", "discord": f"/{usage}"}.get(style.platform, usage)


def usage(row: Row, examples: Sequence[str], style: Style) -> Text:
    """How to write one command."""
    say = catalog(style.language).replies
    lines = (stop(capital(row[1])), for_example(examples, style) if examples else "")
    return Text(say.usage.format(command=shown(row[0], style)), tuple(line for line in lines if line))


def guide(first: Sequence[Row], more: Sequence[Row], services: Sequence[str], style: Style) -> Text:
    """The reply to "help". `first`: the commands that most people need; `services`: the names of what is watched."""
    say = catalog(style.language)
    rows = [[say.replies.help_row.format(command=shown(c, style), help=h) for c, h in part] for part in (first, more)]
    watching = stop(say.replies.watching.format(names=named(services, say))) if services else ""
    lines = (watching, *rows[0], *((say.replies.help_more, *rows[1]) if more else ()))
    return Text(stop(say.replies.greeting), tuple(line for line in lines if line))


def command_help(name: str, style: Style) -> str:
    """One-line help of a command; empty for an unknown one."""
    return catalog(style.language).commands.get(name, "")


def services(known: Sequence[Service], style: Style) -> Text:
    """What is watched, and the word by which each is called."""
    say = catalog(style.language).replies
    if not known:
        return Text(stop(say.no_services))
    rows = [
        fit(name_of(one), NAME if one.id == one.name else say.service_row.format(name=NAME, key=one.id))
        for one in known[:MANY]
    ]
    more = [catalog(style.language).lists.more.format(head="…", count=len(known) - MANY)] if len(known) > MANY else []
    return Text(say.services.format(count=len(known)), (*rows, *more))


def unknown_command(said: str, near: Sequence[str], style: Style) -> Text:
    """`near`: commands that may be meant, likeliest first."""
    say = catalog(style.language)
    title = stop(say.replies.unknown_command.format(said=quoted(foreign(said, 30), say)))
    see = stop(say.replies.see_help.format(command=typed("help", style)))
    return Text(title, (*_meant([typed(one, style) for one in near[:3]], style), see))


def unknown_service(said: str, near: Sequence[str], names: Sequence[str], style: Style) -> Text:
    """`near`: names of similar services, likeliest first; without one, the names of all are shown."""
    say = catalog(style.language)
    title = stop(say.replies.unknown_service.format(said=quoted(foreign(said, 30), say)))
    if near or not names:
        return Text(title, meant(near, style))
    return Text(title, (stop(say.replies.services_line.format(names=named(names, say))),))


def meant(near: Sequence[str], style: Style) -> tuple[str, ...]:
    return _meant([foreign(one, 60) for one in near[:3]], style)


def _meant(near: Sequence[str], style: Style) -> tuple[str, ...]:
    say = catalog(style.language)
    return (say.replies.did_you_mean.format(names=choice(near, say)),) if near else ()
