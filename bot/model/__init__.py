"""The nouns: frozen dataclasses and enums that every room speaks in. Imports nothing of ours and does nothing.

All instants are aware and in UTC; all lengths are `timedelta`. Zones and languages appear only in `Style`, for display.
"""

from bot.model.judging import (
    ENDINGS,
    Ack,
    Change,
    Incident,
    Kind,
    Mute,
    Order,
    Rules,
    ServiceState,
    Streak,
    Unmute,
    Verdict,
)
from bot.model.lengths import length
from bot.model.proofs import DRILL, Progress, Proof, Silence, Trail
from bot.model.readers import Ask, Audience, Destination, Hears, Overview, Style, Subscription, Wish
from bot.model.seeing import OURSELVES, Confidence, Health, Outcome, Reading, Role, Round, Service, Word
from bot.model.telling import Act, Delivery, Later, Notice, Receipt, Refused, Scope, Sent, Tone, Unsure, Words

__all__ = [
    "DRILL",
    "ENDINGS",
    "OURSELVES",
    "Ack",
    "Act",
    "Ask",
    "Audience",
    "Change",
    "Confidence",
    "Delivery",
    "Destination",
    "Health",
    "Hears",
    "Incident",
    "Kind",
    "Later",
    "Mute",
    "Notice",
    "Order",
    "Outcome",
    "Overview",
    "Progress",
    "Proof",
    "Reading",
    "Receipt",
    "Refused",
    "Role",
    "Round",
    "Rules",
    "Scope",
    "Sent",
    "Service",
    "ServiceState",
    "Silence",
    "Streak",
    "Style",
    "Subscription",
    "Tone",
    "Trail",
    "Unmute",
    "Unsure",
    "Verdict",
    "Wish",
    "Word",
    "Words",
    "length",
]
