"""Spanish for a message that tells of many incidents."""

from __future__ import annotations

from bot.wording.phrases.shape.many import ManyPhrases

MANY = ManyPhrases(
    was_down="{name} estuvo caído {span}",
    was_partly="{name} falló en parte {span}",
    was_slow="{name} estuvo lento {span}",
    was_unstable="{name} estuvo inestable {span}",
    was_perhaps="{name} pudo tener problemas {span}",
    away="{mark} Mientras {channel} estuvo sin funcionar ({span}): {what}",
    untaken="{mark} Con retraso, {channel} no admitía nada desde {since}: {what}",
    quiet="{mark} Durante las horas de silencio aquí: {what}",
    incidents=("1 incidencia", "{count} incidencias"),
    late_away="Con retraso: {channel} estuvo sin funcionar {span}",
    late_quiet="Retenido por las horas de silencio aquí",
    storm="🔴 {count} servicios caídos o con problemas desde {since}",
    storm_partly_over="🟠 {count} de {all} servicios con problemas desde {since} siguen así",
    storm_over=(
        "🟢 {count} servicio vuelve a funcionar ({until})",
        "🟢 {count} servicios vuelven a funcionar ({until})",
    ),
    channels="🔴 {count} canales caídos o con problemas desde {since}",
    channels_partly_over="🟠 {count} de {all} canales con problemas desde {since} siguen así",
    channels_over=("🟢 {count} canal vuelve a funcionar ({until})", "🟢 {count} canales vuelven a funcionar ({until})"),
    more=("Y 1 más", "Y {count} más"),
    all_depend="Todos dependen de {cause}",
    most_depend="La mayoría depende de {cause}",
    all_at="A todos los sirve {cause}",
    most_at="A la mayoría los sirve {cause}",
)
