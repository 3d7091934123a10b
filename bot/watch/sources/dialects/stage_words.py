"""Status pages' words and sentences for the stage of an incident, or of announced work, in several languages."""

from __future__ import annotations

import re
import unicodedata
from enum import Enum

from bot.watch.sources.dialects.dates import folded

_OVER = re.compile(
    "|".join(
        (
            (
                r"\b(?:we|engineers|team) (?:have |has )?(?:now |fully )?(?:resolved|fixed)\b[^.!?]{0,40}"
                r"\b(?:issues?|incident|problems?|outage|disruption)\b"
            ),
            (
                r"\b(?:issue|incident|problem|outage|disruption|service|services)\b[^.!?]{0,20}\b(?:was|were|been|is|are)\b"
                r"[^.!?]{0,15}\b(?:fixed|restored|solved)\b"
            ),
            (
                r"\b(?:all (?:systems|services)|everything)\b[^.!?]{0,25}\b(?:operational|operating normally|back to normal"
                r"|working (?:normally|again|as expected))\b"
            ),
            r"\b(?:service|services|performance|system|systems)\b[^.!?]{0,20}\b(?:returned|back) to normal\b",
            # Spanish
            (
                r"\b(?:ha sido|han sido|fue|fueron|esta|estan|se|hemos|ha quedado|han quedado|quedo|quedaron)\b[^.!?]{0,30}"
                r"\b(?:resuelt[oa]s?|resolvio|resolvieron|solucionad[oa]s?|soluciono|restablecid[oa]s?|restablecio|corregid[oa]s?)\b"
            ),
            r"\bfuncionan? (?:ya )?(?:con normalidad|normalmente|correctamente)\b|\b(?:vuelto|volvio) a la normalidad\b",
            # German
            r"\b(?:wurden?|ist|sind|konnten?|haben)\b[^.!?]{0,60}\b(?:behoben|gelost|beseitigt|wiederhergestellt)\b",
            r"\b(?:lauft|laufen|funktioniert|funktionieren)\b[^.!?]{0,20}\bwieder\b|\bwieder (?:verfugbar|erreichbar|normal)\b",
            # French
            r"\b(?:a ete|ont ete|est|sont|avons)\b[^.!?]{0,30}\b(?:resolue?s?|corrigee?s?|retablie?s?)\b",
            r"\b(?:revenue?s?|retour) a la normale\b|\bfonctionnent? (?:de nouveau |a nouveau )?normalement\b",
            # Portuguese
            r"\b(?:foi|foram|esta|estao)\b[^.!?]{0,30}\b(?:resolvid[oa]s?|solucionad[oa]s?|corrigid[oa]s?|restabelecid[oa]s?)\b",
            r"\b(?:resolvemos|corrigimos|restabelecemos|solucionamos)\b|\b(?:voltou|voltaram) ao normal\b",
            # Italian
            r"\b(?:e stat[oa]|sono stat[ie]|abbiamo|e ora)\b[^.!?]{0,30}\b(?:risolt[oaie]|ripristinat[oaie]|corrett[oaie])\b",
            r"\btornat[oaie] (?:alla normalita|operativ[oaie]|disponibil[ei])\b|\bfunzionan?o? (?:di nuovo )?(?:normalmente|correttamente)\b",
            # Dutch
            r"\b(?:is|zijn|werd|werden|hebben)\b[^.!?]{0,40}\b(?:opgelost|verholpen|hersteld)\b",
            r"\bwerk(?:t|en) (?:alles |alle \w{1,20} )?weer\b|\bweer (?:beschikbaar|bereikbaar)\b",
            # Japanese
            folded(
                "(?:解決|復旧|解消|回復|収束)(?:いた)?しました|(?:解決|復旧|解消|修正)(?:され(?:ました|ています)|済み)"
            ),
            folded("(?:復旧|解決|解消|回復|正常化)して(?:おり|い)ます|正常に(?:動作|稼働|稼動|利用|ご利用)"),
        )
    )
)
# Some part of every sentence that is over: most texts have none, and are not searched further.
_STEMS = tuple(
    folded(stem)
    for stem in (
        *("fixed", "restored", "solved", "normal", "operational", "operating", "working"),
        *("resuel", "resolv", "soluc", "restab", "correg", "correct"),
        *("behoben", "gelost", "beseitigt", "wieder", "resolu", "corrig", "retabli", "restabel"),
        *("risolt", "ripristinat", "corrett", "tornat", "opgelost", "verholpen", "hersteld", "weer"),
        *("解決", "復旧", "解消", "回復", "収束", "修正", "正常"),
    )
)
_THINGS = frozenset({"issue", "incident", "problem", "outage", "disruption", "this", "it"})
_VERBS = frozenset({"is", "are", "has", "have", "was", "were"})
_NOT_YET = re.compile(
    r"\b(?:once|until|when|if|after|not|before|partially|some|most|many|being|should|will|to be"
    r"|no (?:ha|han|esta|estan|se|fue|fueron|hemos|funcionan?|services?|systems?)|cuando|hasta|aun|todavia|parcialmente"
    r"|siendo|sendo|en train|immer wieder|nicht|noch|sobald|teilweise|wenn|pas|encore|lorsque|partiellement|nao|quando|ainda|non|ancora|parzialmente"
    r"|niet|nog|zodra|gedeeltelijk)\b"
    "|" + folded("まだ|未だ|一部|次第|見込み|予定|ましたら|まで|ていません|ておりません")
)
_WORK = (
    r"(?:maintenance|mantenimiento|wartung\w{0,12}|arbeiten|manutencao|manutenzione|onderhoud\w{0,12}|travaux|trabajos)"
)
_PLANNED = (
    r"(?:scheduled|planned|upcoming|routine|programad[oa]s?|planificad[oa]s?|geplante?[rns]?|planifiee?s?|programmee?s?|prevue?s?"
    r"|agendad[oa]s?|planejad[oa]s?|programmat[oaie]|pianificat[oaie]|previst[oaie]s?|gepland|geplande)"
)
_ANNOUNCED = re.compile(
    rf"\b{_PLANNED}\b[^.!?]{{0,40}}\b{_WORK}\b|\b{_WORK}\b[^.!?]{{0,20}}\b{_PLANNED}\b|"
    + folded(
        "(?:定期|計画|予定)[^。]{0,20}メンテナンス|メンテナンス[^。]{0,40}(?:予定|(?:実施|行)(?:いたし|し|い)ます)"
    )
)


class Label(Enum):
    """`EITHER`: of announced work or an incident. `UPDATE`: no stage."""

    OPEN = "open"
    OVER = "over"
    WORK = "work"
    EITHER = "either"
    UPDATE = "update"


# In the order in which an incident or work goes through them: later rows come later.
_ROWS: tuple[tuple[Label, str], ...] = (
    (
        Label.WORK,
        """scheduled, planned, upcoming, maintenance, scheduled maintenance, planned maintenance, under maintenance,
        maintenance scheduled, maintenance in progress, emergency maintenance, not started yet, scheduled event, notstartedyet
        programado, programada, planificado, planificada, previsto, prevista, mantenimiento, mantenimiento programado,
        mantenimiento planificado, mantenimiento en curso, en mantenimiento, agendado, agendada, evento programado, trabajos programados
        geplant, vorgesehen, angekündigt, wartung, wartungsarbeiten, geplante wartung, geplante wartungsarbeiten,
        wartung geplant, in wartung, wartung läuft, angesetzt, terminiert, geplante arbeiten
        planifié, planifiée, programmé, programmée, prévu, prévue, maintenance planifiée, maintenance programmée,
        maintenance prévue, maintenance en cours, en maintenance, travaux planifiés, travaux programmés
        planejado, planejada, planeado, planeada, manutenção, manutenção programada, manutenção agendada,
        manutenção planejada, manutenção em andamento, em manutenção, programado, programada, agendada, previsto, prevista
        programmato, programmata, pianificato, pianificata, manutenzione, manutenzione programmata,
        manutenzione pianificata, manutenzione in corso, in manutenzione, previsto, prevista
        gepland, ingepland, onderhoud, aangekondigd, gepland onderhoud, onderhoud gepland, onderhoud bezig, in onderhoud
        予定, 計画, 計画済み, 予定済み, スケジュール済み, メンテナンス, 定期メンテナンス, 計画メンテナンス, メンテナンス予定,
        メンテナンス中, 予定メンテナンス, 予定されたメンテナンス, 予定されているメンテナンス, 予定されています, 実施予定, 計画されたメンテナンス
        计划, 已计划, 维护, 计划维护, 维护中, 예정, 예정됨, 점검, zaplanowane, запланировано, planerat, planlagt""",
    ),
    (
        Label.OPEN,
        """investigating, under investigation, detected, reported, acknowledged, open, opened, new, ongoing, outage,
        degraded, degraded performance, partial outage, major outage, active
        investigando, en investigación, investigación, estamos investigando, en análisis, analizando, en revisión, revisando, en estudio, detectado, detectada, abierto, abierta, activo
        untersuchung, in untersuchung, wird untersucht, untersuchen, wir untersuchen, untersuchung läuft, wird geprüft,
        in prüfung, prüfung, gemeldet, offen, aktiv, störung, ermittlung, in analyse, analyse, analyse läuft, wird analysiert, in klärung, wir prüfen
        enquête, enquête en cours, en cours d'investigation, investigation, investigation en cours, en cours d'analyse,
        analyse en cours, recherche, détecté, détectée, ouvert, ouverte, examen en cours, analyse, en analyse, nous enquêtons, investigations en cours, actif, en cours d'examen, en cours de diagnostic, diagnostic en cours
        em investigação, investigação, em análise, analisando, a investigar, detetado, detectado, detectada, investigando, estamos investigando, a analisar, análise, aberto, aberta, ativo
        indagine, indagine in corso, in corso di indagine, investigazione, in analisi, in fase di analisi, in fase di indagine, in corso di analisi, in esame, indagini in corso, attivo, analisi, analisi in corso,
        stiamo indagando, rilevato, aperto, aperta
        onderzoeken, onderzoek, in onderzoek, wordt onderzocht, we onderzoeken, onderzoek gaande, analyse, wordt geanalyseerd, open, onderzoek loopt, aan het onderzoeken, gemeld, geopend, actief
        調査中, 調査, 障害発生, 原因調査中, 調査を開始, 調査を継続, 発生しています, 障害, 障害発生中, 発生, 発生中, 検知, 未解決, 調査しています, 継続中
        调查中, 正在调查, 調查中, 조사 중, 조사중, badanie, w trakcie badania, расследование, изучается, undersöker, undersøger,
        undersøker, araştırılıyor, vyšetřování""",
    ),
    (
        Label.OPEN,
        """identified, cause identified, issue identified
        identificado, identificada, causa identificada, problema identificado, localizado, localizada, causa localizada
        identifiziert, erkannt, ursache gefunden, ursache erkannt, ursache bekannt, festgestellt, ursache identifiziert, problem identifiziert, problem erkannt
        identifié, identifiée, cause identifiée, problème identifié, identifiés, cause trouvée
        identificato, identificata, causa identificata, problema identificato, individuato, individuata, causa individuata
        geïdentificeerd, oorzaak gevonden, oorzaak bekend, probleem geïdentificeerd, gevonden, oorzaak geïdentificeerd, vastgesteld
        特定, 特定済み, 原因特定, 原因が判明, 原因を特定済み, 特定しました, 原因を特定しました, 認識済み, 原因特定済み, 原因を特定, 原因判明, 問題を特定, 確認済み, 対応中, 対処中
        已确认, 已识别, 확인됨, 원인 파악, zidentyfikowano, обнаружено, identifierat, identificeret""",
    ),
    (
        Label.OPEN,
        """monitoring, watching, observing, recovering, fix implemented, fix in progress
        monitorizando, monitoreando, monitorización, bajo observación, en supervisión, vigilancia, observando, monitoreo, en monitorización, en monitoreo, supervisando, en observación,
        en seguimiento, seguimiento, vigilando, supervisión
        beobachtung, unter beobachtung, wird beobachtet, in beobachtung, wir beobachten, monitoring läuft, lösung implementiert, behebung läuft, beobachten, überwachung, wird überwacht, in überwachung, monitoring
        surveillance, sous surveillance, en surveillance, sous observation, observation, suivi en cours, correctif déployé, correction en cours, en cours de surveillance, surveillance en cours, suivi, en observation
        monitorando, em monitoramento, monitoramento, em monitorização, a monitorizar, monitorização, em observação,
        em acompanhamento, acompanhamento, monitorizando, observando, sob observação, sob monitoramento
        monitoraggio, in monitoraggio, monitoraggio in corso, in fase di monitoraggio, in corso di monitoraggio, osservazione, sotto monitoraggio, sotto osservazione, in osservazione
        monitoren, wordt gemonitord, in observatie, monitoring, wordt gevolgd, bewaking, onder bewaking, we monitoren, in de gaten houden, bewaken, wordt bewaakt, aan het monitoren
        監視中, 監視, 経過観察, 監視しています, 経過監視中, 経過を観察中, 経過確認中, 経過観察中, 観察中, モニタリング, モニタリング中, 様子見
        监控中, 正在监控, 監控中, 모니터링, 모니터링 중, monitorowanie, наблюдение, övervakar, overvåger, izleniyor""",
    ),
    (
        Label.EITHER,
        """in progress, verifying, started, under way, underway, inprogress
        en curso, en progreso, en proceso, verificando, en verificación, verificación, en marcha, en comprobación, comprobando, iniciado, iniciada
        in bearbeitung, in arbeit, läuft, im gange, wird überprüft, verifizierung, überprüfung, in überprüfung, gestartet, in durchführung, wird verifiziert, begonnen
        en cours, vérification, en cours de vérification, vérification en cours, commencé, commencée, démarré, démarrée, débuté, en vérification, en cours de réalisation
        em andamento, em progresso, em curso, em verificação, a verificar, verificando, verificação, iniciado, em execução, a decorrer, iniciada
        in corso, in verifica, verifica, in fase di verifica, in corso di verifica, avviato, avviata, in esecuzione, verifica in corso, iniziato, iniziata
        bezig, in uitvoering, wordt uitgevoerd, in behandeling, verifiëren, wordt geverifieerd, gestart, wordt gecontroleerd, controle, verificatie, begonnen, loopt
        進行中, 実施中, 作業中, 対応実施中, 開始しました, 作業開始, メンテナンス実施中, 確認中, 検証中, 開始, 进行中, 진행 중, w toku, в процессе, pågår, i gang""",
    ),
    (
        Label.OVER,
        """resolved, complete, completed, closed, fixed, solved, recovered, restored, operational, available, mitigated,
        cancelled, canceled, maintenance complete, maintenance completed, false alarm, back to normal, ended, finished
        resuelto, resuelta, solucionado, solucionada, corregido, corregida, completado, completada, cerrado, cerrada,
        finalizado, finalizada, terminado, terminada, restablecido, restablecida, recuperado, recuperada, cancelado, cancelada,
        operativo, mantenimiento completado, mantenimiento finalizado, falsa alarma, resueltos, resueltas, reparado, reparada, arreglado, arreglada, normalizado, normalizada, subsanado, subsanada, concluido, concluida,
        restaurado, restaurada, disponible, mitigado, mitigada
        behoben, gelöst, erledigt, abgeschlossen, geschlossen, beendet, wiederhergestellt, abgesagt, beseitigt, entstört,
        betriebsbereit, verfügbar, wartung abgeschlossen, fehlalarm, problem behoben, störung behoben, repariert, gelöscht, abgebrochen, bereinigt, fertig, fertiggestellt, wieder verfügbar, wieder erreichbar, wieder normal,
        ist behoben, wurde behoben, normalbetrieb, storniert
        résolu, résolue, corrigé, corrigée, terminé, terminée, achevé, achevée, clos, close, clôturé, fermé, fermée, rétabli,
        rétablie, annulé, annulée, opérationnel, maintenance terminée, fausse alerte, réparé, réparée, fini, résolus, résolues, restauré, restaurée, finie, finalisé, finalisée, clôturée, rétablis, disponible, retour à la normale,
        complété, complétée, effectué, effectuée
        resolvido, resolvida, concluído, concluída, corrigido, corrigida, encerrado, encerrada, fechado, fechada, restabelecido,
        restabelecida, restaurado, normalizado, operacional, manutenção concluída, alarme falso, resolvidos, resolvidas, solucionado, solucionada, restaurada, normalizada, finalizado, finalizada, terminado, terminada,
        completado, completada, cancelado, cancelada, recuperado, recuperada, reparado, disponível
        risolto, risolta, completato, completata, concluso, conclusa, chiuso, chiusa, ripristinato, ripristinata, corretto,
        annullato, annullata, operativo, terminato, manutenzione completata, falso allarme, risolti, risolte, terminata, corretta, finito, disponibile, rientrato, rientrata, sistemato, riparato
        opgelost, verholpen, hersteld, voltooid, afgerond, afgesloten, gesloten, beëindigd, geannuleerd, operationeel,
        beschikbaar, onderhoud voltooid, onderhoud afgerond, vals alarm, klaar, gerepareerd, geëindigd, is opgelost, weer beschikbaar, weer operationeel, gefixt, verholpen is
        解決, 解決済み, 解決済, 解決しました, 解決されました, 解消しました, 復旧完了, 完了しました, 完了済み, 終了しました, 終了済み, 対応済み, 修正完了, 収束, 収束しました, 復帰, 復旧, 復旧済み, 復旧済, 復旧しました, 回復, 回復済み, 解消, 解消済み, 完了, 対応完了,
        作業完了, メンテナンス完了, 終了, クローズ, 修正済み, 修復済み, 正常, 中止, キャンセル, 誤報
        已解决, 已解決, 已恢复, 已完成, 解决, 해결됨, 해결, 완료, 복구 완료, rozwiązano, rozwiązane, rozwiązany, zakończono,
        решено, решена, устранено, завершено, вирішено, löst, åtgärdat, avslutat, løst, afsluttet, avsluttet, vyřešeno, vyriešené,
        已恢復, 已关闭, 已關閉, 已修复, 已修復, 恢复正常, 恢復正常, 해결되었습니다, 복구됨, 복구되었습니다, 종료, 종료됨,
        çözüldü, tamamlandı, giderildi, ratkaistu, korjattu, rezolvat, remediat, închis, megoldva, megoldott, megoldódott,
        lezárva, naprawiono, naprawione, rozwiązana, zakończone, opraveno, dokončeno, uzavřeno, opravené, закрыто, восстановлено,
        исправлено, завершён, усунено, відновлено, решен, решено е, riješeno, rešeno, rešen, resolt, solucionat,
        tancat, resolto, konponduta, lahendatud, atrisināts, išspręsta, επιλύθηκε, αποκαταστάθηκε, ολοκληρώθηκε,
        تم الحل, تم حلها, تم حل المشكلة, محلول, مكتمل, اكتمل, حل شد, برطرف شد, נפתר, נפתרה, הסתיים, טופל, תוקן, हल किया गया,
        समाधान, แก้ไขแล้ว, เสร็จสิ้น, đã giải quyết, đã khắc phục, đã hoàn thành, teratasi, selesai, telah diselesaikan,
        diselesaikan, naresolba""",
    ),
    (
        Label.OVER,
        """postmortem, post-mortem, post mortem, incident report, root cause analysis, rca
        informe posterior, análisis posterior, informe final, nabespreking, nabeschouwing, evaluatie, postmortem-rapport, nachbericht, abschlussbericht, bilan, rapport d'incident, pós-incidente,
        post mortem, analisi post-incidente, 事後報告, 事後分析, 事後検証, ポストモーテム""",
    ),
    (
        Label.UPDATE,
        """update, updated, information, info, note, notice, news, latest update
        actualización, actualizado, actualizada, novedades, última actualización, información, novedad, aviso
        aktualisierung, aktualisiert, neuigkeit, neuigkeiten, aktuelles, information, informationen, hinweis, zwischenstand
        mise à jour, mis à jour, actualisation, mises à jour, dernière mise à jour, informations, point d'étape, suite
        atualização, atualizado, atualizada, informação, aggiornamento, aggiornato, informazione, novità, aggiornamenti, novidade, novidades
        bijwerking, bijgewerkt, informatie, 更新, laatste update, 更新しました, 最新情報, 経過報告, アップデート, 続報, 追記, お知らせ, 更新情報, 업데이트, aktualizacja, обновление""",
    ),
)


def _listed(words: str) -> tuple[str, ...]:
    """The words of a text, which are separated by commas or lines, folded."""
    return tuple(folded(word.strip()) for word in words.replace("\n", ",").split(",") if word.strip())


LABELS: dict[str, tuple[Label, int]] = {}
for _row, (_label, _words) in enumerate(_ROWS):
    for _word in _listed(_words):
        LABELS.setdefault(_word, (_label, _row))

# Words beside a stage that do not change it: "Incidente resuelto", "vollständig behoben", "le problème résolu".
_BESIDE = frozenset(
    _listed(
        """the, this, incident, incidents, issue, issues, problem, service, services, fully, now, status, stage, state,
    completely, el, la, los, incidencia, incidente, incidentes, problema, problemas, servicio, servicios,
    totalmente, completamente, ya, der, die, das, dieser, vorfall, problem, störung, dienst, vollständig, jetzt,
    wieder, nun, le, les, l'incident, incident, problème, panne, service, entièrement, complètement, désormais,
    o, a, os, incidente, serviço, já, il, lo, gli, servizio, ora, het, de, dit, storing, probleem, dienst,
    volledig, nu, inmiddels"""
    )
)
_LONGEST = 40  # characters of a label
_BESIDE_IN_JAPANESE = re.compile(
    folded(
        r"^(?:(?:本|当)?(?:障害|問題|不具合|事象|インシデント|サービス|システム|ステータス)(?:は|が|を|の)?)?"
        r"(.{1,20}?)(?:です|しました|いたしました|されました|となりました|になりました|しております|しています)?$"
    )
)


def bare(text: str) -> str:
    """A text without the signs, spaces and emoji at both ends."""
    begins, ends = 0, len(text)
    while begins < ends and not _is_letter(text[begins]):
        begins += 1
    while ends > begins and not _is_letter(text[ends - 1]):
        ends -= 1
    return text[begins:ends]


def _is_letter(char: str) -> bool:
    """True for digits and the marks of letters as well, which some languages end words with."""
    return char.isalnum() or (unicodedata.category(char)[0] == "M" and char != "\ufe0f")  # of an emoji


def known(text: str) -> tuple[Label, int] | None:
    """The label that a folded text is, and its row; None for any other text."""
    found = LABELS.get(text)
    if found is not None or len(text) > _LONGEST:
        return found
    if " " in text:
        rest = [word for word in text.split() if word not in _BESIDE]
        return LABELS.get(" ".join(rest))
    bare = None if text.isascii() else _BESIDE_IN_JAPANESE.match(text)
    return LABELS.get(bare[1]) if bare else None


def stage(name: object) -> Label | None:
    """The label that a page's data give as a stage: "in_progress", "INPROGRESS", "Resuelto". None for any other value."""
    if not isinstance(name, str) or len(name) > _LONGEST:
        return None
    found = known(" ".join(folded(name).replace("_", " ").replace("-", " ").split()))
    return found[0] if found else None


MAINTENANCE = re.compile(  # in folded text
    r"\b(?:maintenance|mantenimiento|wartung(?:sarbeiten)?|manutencao|manutenzione|onderhoud(?:swerkzaamheden)?)\b"
    "|" + "|".join(folded(word) for word in ("メンテナンス", "维护", "점검"))
)
WORK_FIRST = re.compile(  # a title with this beginning is about work
    r"^\W*(?:(?:scheduled|planned|emergency|geplante|geplant|gepland) )?(?:maintenance|mantenimiento|wartung(?:sarbeiten)?"
    r"|manutencao|manutenzione|onderhoud)\b"
    + "".join(
        rf"|^\W*(?:{folded(word)})"
        for word in ("メンテナンス", "定期メンテナンス", "計画メンテナンス", "予定メンテナンス")
    )
)
# The heading of the hours of announced work, as Statuspage writes it: "THIS IS A SCHEDULED EVENT Jul 3, 03:00 - 05:30 UTC".
EVENTS = _listed(
    """scheduled event, evento (?:programado|planificado|agendado|planejado|planeado|programmato|pianificato),
    geplantes ereignis, événement (?:planifié|programmé|prévu), geplande gebeurtenis,
    gepland (?:evenement|onderhoud), (?:予定された|予定されている|スケジュールされた)(?:イベント|メンテナンス)(?:です)?"""
)
# The heading of incident.io's list of components.
AFFECTED = (
    "affected components",
    "componentes afectados",
    "betroffene (?:komponenten|systeme)",
    "composants (?:affectés|concernés|touchés|impactés)",
    "componentes (?:afetados|impactados)",
    "componenti (?:interessati|coinvolti|colpiti)",
    "getroffen (?:componenten|onderdelen)",
    "(?:影響を受けるコンポーネント|影響を受けているコンポーネント|影響コンポーネント)",
)
# A component's state that is worse than "partly": whoever picked it hears "down".
GONE = frozenset(
    _listed(
        """full outage, major outage, interrupción total, interrupción completa, caída total, interrupción grave,
    totalausfall, kompletter ausfall, vollständiger ausfall, größerer ausfall, panne totale, panne complète,
    panne majeure, interruption totale, interrupção total, interrupção completa, interruzione totale,
    interruzione completa, volledige storing, volledige uitval, grote storing, 全面停止, 全面的な障害, 完全停止, 重大な障害"""
    )
)
STATED = _listed(
    """status, current status, state, estado, statut, état, stato, zustand, situação, stand, ステータス, 状態, 状況, 状态, 상태"""
)
# These may begin the title of an entry that is over, without any sign after them.
OVER_HEADS = _listed(
    """resolved, resuelto, behoben, résolu, resolvido, risolto, opgelost, 解決済み, 解決済, 復旧済み, 已解决"""
)
ENGLISH = frozenset(
    _listed(
        """the, is, are, we, our, to, of, and, a, an, in, on, at, for, with, was, were, has, have, this, that, some,
    users, from, be, been, you, not, all, it"""
    )
)


def is_over(sentence: str) -> bool:
    """True for "The issue was resolved", False for "once it is resolved"."""
    if not any(stem in sentence for stem in _STEMS) or _NOT_YET.search(sentence):
        return False
    return _OVER.search(sentence) is not None or _is_resolved(sentence)


def _is_resolved(sentence: str) -> bool:
    """True if it says of something that it is "resolved", within a few words."""
    thing, verb = -1, -1
    for n, word in enumerate(sentence.split()):
        alone = word.strip(".,;:!?()\"'")
        if alone in _THINGS and verb < 0:
            thing = n
        elif alone in _VERBS and 0 <= thing >= n - 15:
            verb = n
        elif alone == "resolved" and 0 <= verb >= n - 6:
            return True
    return False


def announces(text: str) -> bool:
    """True for "We will perform scheduled maintenance"."""
    return _ANNOUNCED.search(text) is not None
