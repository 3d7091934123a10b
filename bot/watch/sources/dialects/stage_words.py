"""Status pages' words for the stage of an incident, or of announced work, in several languages."""

from __future__ import annotations

import re
from enum import Enum

from bot.watch.sources.dialects.dates import folded


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
        maintenance scheduled, maintenance in progress, emergency maintenance, not started yet
        programado, programada, planificado, planificada, previsto, prevista, mantenimiento, mantenimiento programado,
        mantenimiento planificado, mantenimiento en curso, en mantenimiento, agendado, agendada
        geplant, vorgesehen, angekündigt, wartung, wartungsarbeiten, geplante wartung, geplante wartungsarbeiten,
        wartung geplant, in wartung, wartung läuft
        planifié, planifiée, programmé, programmée, prévu, prévue, maintenance planifiée, maintenance programmée,
        maintenance prévue, maintenance en cours, en maintenance
        planejado, planejada, planeado, planeada, manutenção, manutenção programada, manutenção agendada,
        manutenção planejada, manutenção em andamento, em manutenção
        programmato, programmata, pianificato, pianificata, manutenzione, manutenzione programmata,
        manutenzione pianificata, manutenzione in corso, in manutenzione
        gepland, ingepland, onderhoud, gepland onderhoud, onderhoud gepland, onderhoud bezig, in onderhoud
        予定, 計画, 計画済み, 予定済み, スケジュール済み, メンテナンス, 定期メンテナンス, 計画メンテナンス, メンテナンス予定,
        メンテナンス中, 予定メンテナンス, 予定されたメンテナンス, 予定されているメンテナンス
        计划, 已计划, 维护, 计划维护, 维护中, 예정, 예정됨, 점검, zaplanowane, запланировано, planerat, planlagt""",
    ),
    (
        Label.OPEN,
        """investigating, under investigation, detected, reported, acknowledged, open, opened, new, ongoing, outage,
        degraded, degraded performance, partial outage, major outage, active
        investigando, en investigación, investigación, estamos investigando, detectado, detectada, abierto, abierta, activo
        untersuchung, in untersuchung, wird untersucht, untersuchen, wir untersuchen, untersuchung läuft, wird geprüft,
        in prüfung, prüfung, gemeldet, offen, aktiv, störung, ermittlung
        enquête, enquête en cours, en cours d'investigation, investigation, investigation en cours, en cours d'analyse,
        analyse en cours, recherche, détecté, détectée, ouvert, ouverte, examen en cours
        em investigação, investigação, em análise, analisando, a investigar, detetado, aberto, aberta, ativo
        indagine, indagine in corso, in corso di indagine, investigazione, in analisi, analisi, analisi in corso,
        stiamo indagando, rilevato, aperto, aperta
        onderzoeken, onderzoek, in onderzoek, wordt onderzocht, onderzoek loopt, aan het onderzoeken, gemeld, geopend, actief
        調査中, 調査, 障害発生, 障害, 障害発生中, 発生, 発生中, 検知, 未解決, 調査しています, 継続中
        调查中, 正在调查, 調查中, 조사 중, 조사중, badanie, w trakcie badania, расследование, изучается, undersöker, undersøger,
        undersøker, araştırılıyor, vyšetřování""",
    ),
    (
        Label.OPEN,
        """identified, cause identified, issue identified
        identificado, identificada, causa identificada, problema identificado
        identifiziert, erkannt, ursache gefunden, ursache identifiziert, problem identifiziert, problem erkannt
        identifié, identifiée, cause identifiée, problème identifié
        identificato, identificata, causa identificata, problema identificato, individuato
        geïdentificeerd, oorzaak gevonden, oorzaak geïdentificeerd, vastgesteld
        特定, 特定済み, 原因特定, 原因特定済み, 原因を特定, 原因判明, 問題を特定, 確認済み, 対応中, 対処中
        已确认, 已识别, 확인됨, 원인 파악, zidentyfikowano, обнаружено, identifierat, identificeret""",
    ),
    (
        Label.OPEN,
        """monitoring, watching, observing, recovering, fix implemented, fix in progress
        monitorizando, monitoreando, monitorización, monitoreo, en monitorización, en monitoreo, supervisando, en observación,
        en seguimiento, seguimiento, vigilando, supervisión
        beobachtung, unter beobachtung, wird beobachtet, beobachten, überwachung, wird überwacht, in überwachung, monitoring
        surveillance, sous surveillance, en surveillance, surveillance en cours, suivi, en observation
        monitorando, em monitoramento, monitoramento, em monitorização, a monitorizar, monitorização, em observação,
        em acompanhamento
        monitoraggio, in monitoraggio, monitoraggio in corso, sotto osservazione, in osservazione
        monitoren, wordt gemonitord, in observatie, bewaken, wordt bewaakt, aan het monitoren
        監視中, 監視, 経過観察, 経過観察中, 観察中, モニタリング, モニタリング中, 様子見
        监控中, 正在监控, 監控中, 모니터링, 모니터링 중, monitorowanie, наблюдение, övervakar, overvåger, izleniyor""",
    ),
    (
        Label.EITHER,
        """in progress, verifying, started, under way, underway
        en curso, en progreso, en proceso, verificando, en verificación, iniciado, iniciada
        in bearbeitung, in arbeit, läuft, im gange, wird überprüft, verifizierung, wird verifiziert, begonnen
        en cours, vérification, en cours de vérification, vérification en cours, commencé
        em andamento, em progresso, em curso, em verificação, a verificar, iniciada
        in corso, in verifica, verifica, verifica in corso, iniziato, iniziata
        bezig, in uitvoering, wordt uitgevoerd, in behandeling, verifiëren, wordt geverifieerd, gestart
        進行中, 実施中, 作業中, 確認中, 検証中, 開始, 进行中, 진행 중, w toku, в процессе, pågår, i gang""",
    ),
    (
        Label.OVER,
        """resolved, complete, completed, closed, fixed, solved, recovered, restored, operational, available, mitigated,
        cancelled, canceled, maintenance complete, maintenance completed, false alarm, back to normal, ended, finished
        resuelto, resuelta, solucionado, solucionada, corregido, corregida, completado, completada, cerrado, cerrada,
        finalizado, finalizada, terminado, terminada, restablecido, restablecida, recuperado, recuperada, cancelado, cancelada,
        operativo, mantenimiento completado, mantenimiento finalizado, falsa alarma
        behoben, gelöst, erledigt, abgeschlossen, geschlossen, beendet, wiederhergestellt, abgesagt, beseitigt, entstört,
        betriebsbereit, verfügbar, wartung abgeschlossen, fehlalarm, problem behoben, störung behoben, repariert
        résolu, résolue, corrigé, corrigée, terminé, terminée, achevé, achevée, clos, close, clôturé, fermé, fermée, rétabli,
        rétablie, annulé, annulée, opérationnel, maintenance terminée, fausse alerte, réparé, réparée, fini
        resolvido, resolvida, concluído, concluída, corrigido, corrigida, encerrado, encerrada, fechado, fechada, restabelecido,
        restabelecida, restaurado, normalizado, operacional, manutenção concluída, alarme falso
        risolto, risolta, completato, completata, concluso, conclusa, chiuso, chiusa, ripristinato, ripristinata, corretto,
        annullato, annullata, operativo, terminato, manutenzione completata, falso allarme
        opgelost, verholpen, hersteld, voltooid, afgerond, afgesloten, gesloten, beëindigd, geannuleerd, operationeel,
        beschikbaar, onderhoud voltooid, onderhoud afgerond, vals alarm
        解決, 解決済み, 解決済, 解決しました, 復旧, 復旧済み, 復旧済, 復旧しました, 回復, 回復済み, 解消, 解消済み, 完了, 対応完了,
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
        informe posterior, análisis posterior, nachbericht, abschlussbericht, bilan, rapport d'incident, pós-incidente,
        post mortem, analisi post-incidente, 事後報告, 事後分析, 事後検証, ポストモーテム""",
    ),
    (
        Label.UPDATE,
        """update, updated, information, info, note, notice, news, latest update
        actualización, actualizado, actualizada, información, novedad, aviso
        aktualisierung, aktualisiert, neuigkeit, hinweis, zwischenstand
        mise à jour, mis à jour, actualisation, point d'étape, suite
        atualização, atualizado, atualizada, informação, aggiornamento, aggiornato, informazione
        bijwerking, bijgewerkt, informatie, 更新, アップデート, 続報, 追記, お知らせ, 更新情報, 업데이트, aktualizacja, обновление""",
    ),
)
LABELS: dict[str, tuple[Label, int]] = {}
for _row, (_label, _words) in enumerate(_ROWS):
    for _word in _words.replace("\n", ",").split(","):
        if _word.strip():
            LABELS.setdefault(folded(_word.strip()), (_label, _row))

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
ANNOUNCED = re.compile(  # a sentence that announces work, if there is no label
    r"\b(?:scheduled|planned|upcoming|routine|programado|geplante|planifiee|programada|programmata|gepland)\b[^.!?]{0,40}"
    r"\b(?:maintenance|mantenimiento|wartung|manutencao|manutenzione|onderhoud)\b"
    r"|\b(?:maintenance|mantenimiento|manutencao|manutenzione)\b[^.!?]{0,20}\b(?:programad[oa]|planifi\w{2,5}|programm\w{2,5})\b"
)
STATED = tuple(
    folded(word)
    for word in [
        "status",
        "current status",
        "state",
        "estado",
        "statut",
        "état",
        "stato",
        "zustand",
        "situação",
        "stand",
        "ステータス",
        "状態",
        "状況",
        "状态",
        "상태",
    ]
)
# These may begin the title of an entry that is over, without any sign after them.
OVER_HEADS = tuple(
    folded(word)
    for word in "resolved resuelto behoben résolu resolvido risolto opgelost 解決済み 解決済 復旧済み 已解决".split()  # noqa: SIM905 - easier to read
)
# Sentences that say so in folded text without a label: (the statement, and what turns it into another one).
OVER_SENTENCES = re.compile(
    r"\b(?:ha sido|han sido|fue|esta|quedo|se ha)\b[^.!?]{0,30}\b(?:resuelt[oa]|solucionad[oa]|restablecid[oa])\b"
    r"|\b(?:wurde|ist|konnte)\b[^.!?]{0,60}\b(?:behoben|gelost|beseitigt|wiederhergestellt)\b"
    r"|\b(?:a ete|est)\b[^.!?]{0,30}\b(?:resolu|resolue|corrige|retabli|retablie)\b"
    r"|\b(?:foi|esta)\b[^.!?]{0,30}\b(?:resolvid[oa]|solucionad[oa]|corrigid[oa]|restabelecid[oa])\b"
    r"|\b(?:e stato|e stata)\b[^.!?]{0,30}\b(?:risolt[oa]|ripristinat[oa]|corrett[oa])\b"
    r"|\bis\b[^.!?]{0,30}\b(?:opgelost|verholpen|hersteld)\b"
    + "".join(
        rf"|{folded(word)}"
        for word in (
            "解決しました",
            "解決いたしました",
            "復旧しました",
            "復旧いたしました",
            "解消しました",
            "解消いたしました",
            "回復しました",
        )
    )
)
NOT_YET = re.compile(
    r"\b(?:once|until|when|if|after|not|before|partially|some|most|many|being|should|will|to be"
    r"|no|cuando|hasta|aun|todavia|parcialmente|nicht|noch|sobald|teilweise|wenn|pas|encore|lorsque|partiellement"
    r"|nao|quando|ainda|non|ancora|parzialmente|niet|nog|zodra|gedeeltelijk)\b"
)
ENGLISH = frozenset(
    [
        "the",
        "is",
        "are",
        "we",
        "our",
        "to",
        "of",
        "and",
        "a",
        "an",
        "in",
        "on",
        "at",
        "for",
        "with",
        "was",
        "were",
        "has",
        "have",
        "this",
        "that",
        "some",
        "users",
        "from",
        "be",
        "been",
        "you",
        "not",
        "all",
        "it",
    ]
)
