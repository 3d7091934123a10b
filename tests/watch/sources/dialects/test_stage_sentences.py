"""What an entry without labels says of its stage, in the languages that vendors use."""

from __future__ import annotations

import pytest

from bot.watch.sources.dialects.feed_entries import read as entries
from bot.watch.sources.dialects.feed_stage import Stage, stage
from tests.watch.sources.dialects.feeds import item, rss

OVER = """
This incident has been resolved.
The issue has now been fully resolved.
We have resolved the issue.
The problem was fixed at 11:00.
Service has been restored.
All systems are back to normal.
A fix was deployed and everything is working again.
Este incidente ha sido resuelto.
El problema se ha solucionado.
El servicio ha quedado restablecido.
La incidencia está resuelta.
Hemos resuelto la incidencia.
El servicio funciona con normalidad.
Se resolvió el problema.
Die Störung wurde behoben.
Das Problem ist behoben.
Das Problem konnte behoben werden.
Der Dienst läuft wieder normal.
Wir haben das Problem behoben.
Cet incident a été résolu.
Le problème est résolu.
Le service est rétabli.
Nous avons résolu le problème.
Tout est revenu à la normale.
Este incidente foi resolvido.
O problema foi corrigido.
O serviço foi restabelecido.
Resolvemos o problema.
O serviço voltou ao normal.
Questo incidente è stato risolto.
Il problema è stato risolto.
Il servizio è stato ripristinato.
Abbiamo risolto il problema.
Dit incident is opgelost.
De storing is verholpen.
Het probleem werd opgelost.
We hebben het probleem opgelost.
この障害は解決しました。
問題は解決されました。
サービスは復旧しました。
本障害は解消いたしました。
現在は正常に動作しています。
現在は復旧しております。
O problema foi resolvido no dia 20.
"""
NOT_OVER = """
We are investigating the issue.
We are working to resolve the issue.
The issue has not been resolved yet.
The issue will be resolved soon.
Most services have been restored.
Estamos investigando el problema.
El problema aún no está resuelto.
Trabajamos para que quede resuelto.
Wir untersuchen das Problem.
Die Störung ist noch nicht behoben.
Wir arbeiten daran, das Problem zu beheben.
Das Problem wird behoben.
Nous enquêtons sur le problème.
Le problème n'est pas encore résolu.
Nous travaillons à résoudre le problème.
Estamos investigando o problema.
O problema ainda não foi resolvido.
Stiamo indagando sul problema.
Il problema non è ancora stato risolto.
We onderzoeken het probleem.
Het probleem is nog niet opgelost.
現在調査中です。
問題はまだ解決していません。
復旧作業を行っています。
解決に向けて対応中です。
復旧の見込みは未定です。
El problema está siendo solucionado.
O problema está sendo corrigido.
Der Dienst läuft immer wieder in Fehler.
Instances in other zones are operating normally.
復旧しましたらお知らせします。
"""
ANNOUNCED = """
We will be performing scheduled maintenance on November 25.
Realizaremos un mantenimiento programado el 25 de noviembre.
Am 25. November führen wir geplante Wartungsarbeiten durch.
Nous effectuerons une maintenance planifiée le 25 novembre.
Une opération de maintenance est prévue le 25 novembre.
Realizaremos uma manutenção programada em 25 de novembro.
Effettueremo una manutenzione programmata il 25 novembre.
Op 25 november voeren we gepland onderhoud uit.
11月25日に定期メンテナンスを実施いたします。
メンテナンスのお知らせ：11月25日に実施予定です。
Geplante Wartung am 25. November.
"""


@pytest.mark.hardened("T17", "sentences without a label, in eight languages", "over, open or announced, as they say")
def test_a_sentence_says_what_stage_it_is(saw):
    said = [
        (line, is_it)
        for text, is_it in ((OVER, Stage.OVER), (NOT_OVER, Stage.OPEN), (ANNOUNCED, Stage.WORK))
        for line in text.strip().splitlines()
    ]
    read = {line: stage(entries(rss(item("API", line))).entries[0]) for line, _ in said}
    assert [(line, read[line]) for line, is_it in said if read[line] is not is_it] == []
    saw(f"{len(said)} sentences")
