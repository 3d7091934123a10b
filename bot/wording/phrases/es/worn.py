"""Spanish for certificates that end soon."""

from __future__ import annotations

from bot.wording.phrases.shape.worn import WornPhrases

WORN = WornPhrases(
    ends=("caduca en 1 día", "caduca en {count} días"),
    ends_soon="caduca en menos de un día",
    ended="ha caducado",
    title="🟠 {name}: su certificado {ends} ({date})",
    title_brief="🟠 {name}: su certificado {ends}",
    over="🟢 {name}: su certificado ya no caduca pronto",
    route="{routes}: su certificado {ends} ({date})",
    was="{name} tuvo un certificado a punto de caducar {span}",
    happened="{name}: certificado a punto de caducar {span} ({length})",
)
