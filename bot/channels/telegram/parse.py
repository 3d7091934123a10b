"""Parsing Telegram updates. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from telegram import Chat, Message, Update, User
from telegram.constants import ChatType, MessageEntityType

from bot.model import Ask, Destination, Reply

LONG_AGO = datetime.fromtimestamp(0, UTC)  # the time of a message for which Telegram gives none any more
_MOST = 1 << 53  # limit of update numbers
_PERSON: dict[str, Any] = {
    "id": {},
    "is_bot": {},
    "first_name": {},
    "last_name": {},
    "username": {},
    "language_code": {},
}
_CHAT: dict[str, Any] = {"id": {}, "type": {}, "title": {}, "first_name": {}, "last_name": {}, "username": {}}
_MESSAGE: dict[str, Any] = {
    "message_id": {},
    "message_thread_id": {},
    "is_topic_message": {},
    "is_automatic_forward": {},
    "date": {},
    "text": {},
    "entities": {"type": {}, "offset": {}, "length": {}},
    "from": _PERSON,
    "sender_chat": _CHAT,
    "chat": _CHAT,
}
_PRESS: dict[str, Any] = {"id": {}, "from": _PERSON, "chat_instance": {}, "data": {}, "message": _MESSAGE}
_UPDATE: dict[str, Any] = {
    "update_id": {},
    "message": _MESSAGE,
    "channel_post": _MESSAGE,
    "callback_query": _PRESS,
}


def trim(updates: list[Any]) -> list[Any]:
    """Reduce raw updates to the fields that are read here.

    Of an update that the SDK cannot read (a date of twelve digits, a text for a chat) only the number is left, so that
    it is confirmed and does not block the others.
    """
    return [kept for update in updates if (kept := _trimmed(update)) is not None]


def _trimmed(update: Any) -> Any:
    number = update.get("update_id") if isinstance(update, dict) else None
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < _MOST:
        return None
    try:
        kept = _only(update, _UPDATE)
        Update.de_json(kept, None)
    except Exception:  # noqa: BLE001 - the SDK raises anything on bad input
        return {"update_id": number}
    return kept


def _only(value: Any, wanted: dict[str, Any]) -> Any:
    if not wanted:
        return value
    if isinstance(value, list):
        return [_only(item, wanted) for item in value]
    return {name: _only(value[name], inner) for name, inner in wanted.items() if name in value}


def hear(update: Update, name: str) -> Ask | None:
    """The command in `update`, or None. `name` is the bot's own, without @.

    `may_manage` is True if that is clear without a request: a private chat, a channel's post, or a group's anonymous
    administrator, who writes as the group itself.
    """
    message = update.effective_message
    # a channel's post comes a second time into its discussion group
    if message is None or message.is_automatic_forward or (text := command(message, name)) is None:
        return None
    person, sender = message.from_user, message.sender_chat
    if sender is None and person is not None and person.is_bot:
        return None  # two bots could talk for ever
    alone = _alone(message.chat, person) and sender is None
    # If a chat speaks, `from` is a stand-in: the person is unknown.
    if person is None or sender is not None:
        speaker = sender or message.chat
        who, known = speaker.id, speaker.effective_name or str(speaker.id)
    else:
        who, known = person.id, person.full_name
    itself = message.chat.type == ChatType.CHANNEL or (sender is not None and sender.id == message.chat_id)
    place = f"{message.chat_id}/{message.message_thread_id}" if message.is_topic_message else f"{message.chat_id}"
    return Ask(
        text=text,
        who=f"telegram:{who}",
        name=known,
        where=Destination("telegram", place),
        at=message.date,
        key=f"telegram:{update.update_id}",
        may_manage=itself or alone,
        language=(person.language_code or "") if person else "",
        reply=Reply.PRIVATE if alone else Reply.PLACE,
        person=person is not None and sender is None,
        also=_also(message.chat, message.message_thread_id if message.is_topic_message else None),
        # Another bot counts from 1 again, but its messages have other times.
        once=f"telegram:{message.chat_id}/{message.message_id} {message.date.timestamp():.0f}",
    )


def press(update: Update, at: datetime) -> Ask | None:
    """The command of a pressed button, or None. A message from long ago comes without its text and topic.

    No button changes subscriptions, so in a group nobody has to be checked.
    """
    pressed = update.callback_query
    if pressed is None or not pressed.data or pressed.message is None:
        return None
    person, message = pressed.from_user, pressed.message
    topic = message.message_thread_id if isinstance(message, Message) and message.is_topic_message else None
    return Ask(
        text=pressed.data,
        who=f"telegram:{person.id}",
        name=person.full_name,
        where=Destination("telegram", f"{message.chat.id}/{topic}" if topic else f"{message.chat.id}"),
        at=at,
        key=f"telegram:{update.update_id}",
        may_manage=_alone(message.chat, person),
        reply=Reply.ALONE,
        also=_also(message.chat, topic),
        once=f"telegram:pressed {pressed.id}",
        under=message.date if isinstance(message, Message) else LONG_AGO,
    )


def _alone(chat: Chat, person: User | None) -> bool:
    """Whether it is a private chat with this person, whose id it then has."""
    return chat.type == ChatType.PRIVATE and person is not None and person.id == chat.id


def _also(chat: Chat, topic: int | None = None) -> tuple[Destination, ...]:
    """A public group or channel may be named in the config, and so may a topic in it."""
    names = (f"@{chat.username}/{topic}",) * (topic is not None) + (f"@{chat.username}",)
    return tuple(Destination("telegram", name) for name in names) if chat.username else ()


def command(message: Message, name: str) -> str | None:
    """ "status x" for "/status@ourbot x"; None for no command, or one to another bot."""
    if not message.text or not message.entities:
        return None
    first = message.entities[0]
    if first.type != MessageEntityType.BOT_COMMAND or first.offset != 0:
        return None
    word, _, bot = message.text[1 : first.length].partition("@")
    if bot and bot.lower() != name.lower():
        return None
    return f"{word} {message.text[first.length :].strip()}".strip()
