"""How long links of digests hold, and how often an address may be asked."""

from datetime import timedelta

CONFIRM_FOR = timedelta(days=3)
UNSUBSCRIBE_FOR = timedelta(days=400)  # a mail is read long after it came
ASK_AGAIN = timedelta(hours=1)  # nobody can be flooded with mails that ask
