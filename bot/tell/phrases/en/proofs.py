"""English for drills, and who got what."""

from __future__ import annotations

from bot.tell.phrases.shape.proofs import ProofsPhrases

PROOFS = ProofsPhrases()
