# Siehe en.ftl.

page-language-name = Deutsch
page-languages = Sprache
page-skip = Zum Inhalt springen
page-tagline = Matrix-Identitätsserver
page-contact = Kontakt:
page-home = Startseite

page-home-lead = Über diesen Server finden dich Menschen, die deine E-Mail-Adresse schon kennen, auf Matrix – aber nur, wenn du das möchtest.
page-home-how = So funktioniert es
page-home-step-ask = In deiner Matrix-App gibst du an, dass du über deine E-Mail-Adresse gefunden werden möchtest.
page-home-step-prove = Wir schicken einen Link an diese Adresse. Indem du ihn öffnest, zeigst du, dass die Adresse dir gehört.
page-home-step-bind = Sobald du das in der App bestätigst, ist deine Matrix-ID über diese Adresse zu finden. Du kannst es jederzeit rückgängig machen.
page-home-privacy = Was diese Seite über dich weiß
page-home-privacy-text = Nichts. Sie setzt keine Cookies, führt keine Skripte aus und lädt nichts von anderen Websites.
page-home-server = Auch die Daten auf diesem Server kann niemand durchstöbern. Deine Matrix-ID zeigen wir nur denen, die genau deine Adresse abfragen, und wie viele Adressen jemand abfragen kann, ist begrenzt.
page-home-policies = Dem stimmst du zu

page-policies = Richtlinien
page-policies-none = Dieser Server verlangt keine Zustimmung.
page-policies-older = Frühere Fassungen
page-policy-version = Version { $version }
page-policy-in-force = Das ist die aktuelle Fassung.
page-policy-superseded = Dies ist eine frühere Fassung, die wir zum Nachlesen aufbewahren. Aktuell ist { $version }:

page-retention = Was wir speichern und wie lange
page-retention-data = Daten
page-retention-kept = So lange bewahren wir sie auf
page-retention-session = Bestätigung einer Adresse
page-retention-session-kept = { $span } ab dem letzten Schritt, dann innerhalb einer Stunde gelöscht
page-retention-code = Code in einer SMS
page-retention-code-kept = { $span } oder bis zu { $tries } Fehlversuchen
page-retention-token = Anmeldung einer App
page-retention-token-kept = bis zur Abmeldung oder { $span } ohne Nutzung
page-retention-binding = Verknüpfung einer Adresse mit einer Matrix-ID
page-retention-binding-kept = bis du sie entfernst oder löschst
page-retention-consent = Nachweis deiner Zustimmungen
page-retention-consent-kept = solange du hier ein Konto hast, danach noch { $span }
page-retention-unbinding = Fingerabdruck der Anfrage eines Heimservers, eine Adresse zu entfernen, und des Netzes, aus dem sie kam
page-retention-unbinding-kept = { $span } nach der letzten solchen Anfrage
page-retention-invite = Einladung an eine Adresse
page-retention-invite-kept = { $span }; die Adresse selbst nur, bis die Einladung zugestellt ist
page-retention-key = Öffentlicher Schlüssel einer Einladung
page-retention-key-kept = solange die Einladung offen ist, danach noch { $span }
page-retention-delivery = Einladung auf dem Weg zu deinem Heimserver
page-retention-delivery-kept = bis sie ankommt, höchstens { $span }
page-retention-notice = Benachrichtigung auf dem Weg an deine Adresse
page-retention-notice-kept = bis sie ankommt, höchstens { $span }
page-retention-openid = Fingerabdruck eines Nachweises deiner Matrix-ID
page-retention-openid-kept = { $span } oder so lange, wie der Nachweis gilt
page-retention-erasure = Löschung, die du verlangt hast, ohne eine Adresse zu bestätigen
page-retention-erasure-kept = bis sie nach { $span } geschieht oder aufgehalten wird
page-retention-alert = Warnung an deine Adresse, was mit deinen Daten geschehen ist
page-retention-alert-kept = bis sie ankommt, höchstens { $span }, auch nach einer Löschung
page-retention-visit = Sitzung auf den Seiten über deine eigenen Daten
page-retention-visit-kept = { $span } oder bis du dich abmeldest
page-retention-objection = Fingerabdruck einer Adresse, deren Inhaber widersprochen hat
page-retention-objection-kept = bis der Widerspruch zurückgenommen wird
page-retention-budget = Zähler für Abfragen und Nachrichten
page-retention-budget-kept = bis er auf null gesunken ist, in der Regel binnen 100 Tagen
page-retention-lookup = Was abgefragt wurde
page-retention-lookup-kept = höchstens zwei Wochen, verschlüsselt; nur die App, die es abgefragt hat, kann es entschlüsseln lassen
page-retention-audit = Protokoll der Änderungen an Daten, mit Pseudonymen
page-retention-audit-kept = { $span }, auch wenn du deine Daten löschen lässt
page-retention-log = Zugriffsprotokoll
page-retention-log-kept = { $kept ->
    [cut] ohne Personen und Adressen, IP-Adressen gekürzt
   *[none] keines
}

page-validated = Deine Adresse ist bestätigt
page-validated-text = Damit ist noch nichts veröffentlicht. Weiter geht es in deiner Matrix-App. Diese Seite kannst du schließen.
page-validated-again = Deine Adresse war schon bestätigt
page-validated-again-text = Hier gibt es nichts mehr zu tun. Weiter geht es in deiner Matrix-App. Diese Seite kannst du schließen.
page-validated-expired = Dieser Link ist abgelaufen
page-validated-expired-text = Links gelten nur für begrenzte Zeit. Geh zurück zu deiner Matrix-App und fordere eine neue E-Mail an.
page-validated-wrong = Dieser Link funktioniert nicht
page-validated-wrong-text = Vielleicht fehlt ein Teil des Links. Kopiere den ganzen Link aus der E-Mail oder fordere in deiner Matrix-App eine neue an.

page-confirm = Bestätige deine Adresse
page-confirm-text = Du hast einen Link aus unserer E-Mail geöffnet. Klick auf den Knopf, um zu bestätigen, dass die Adresse dir gehört.
page-confirm-button = Bestätigen
page-confirm-leave = Wenn du das nicht angefordert hast, schließ diese Seite. Es ist nichts passiert.

page-code-expired = Dieser Code ist abgelaufen
page-code-expired-text = Ein Code gilt nur für kurze Zeit und wenige Versuche. Geh zurück zu deiner Matrix-App und fordere eine neue SMS an.
page-code-wrong = Dieser Code ist falsch
page-code-wrong-text = Sieh noch einmal in der SMS nach: Nur der neueste Code gilt. Oder fordere in deiner Matrix-App einen neuen an.

page-not-me = Warst du das nicht?
page-not-me-bound = Auf { $server } ist dieses Matrix-Konto über deine Adresse zu finden, weil jemand die Adresse bestätigt hat:
page-not-me-bound-consequence = Wenn das nicht dein Konto ist, klick auf den Knopf. Über deine Adresse ist dann niemand mehr zu finden, und frühere Bestätigungen werden ungültig.
page-not-me-asked = Jemand hat { $server } gebeten, deine Adresse für dieses Matrix-Konto zu bestätigen:
page-not-me-asked-consequence = Wenn das nicht dein Konto ist, klick auf den Knopf. Dann verwerfen wir die Anfrage. Falls das Konto ihretwegen schon über deine Adresse zu finden ist, machen wir auch das rückgängig.
page-not-me-button = Das war ich nicht
page-not-me-leave = Wenn es dein Konto ist, schließ diese Seite. Es hat sich nichts geändert.
page-not-me-unbound = Erledigt. Die Verknüpfung ist entfernt
page-not-me-unbound-text = Dieses Matrix-Konto ist über deine Adresse nicht mehr zu finden. Mehr ist nicht zu tun. Diese Seite kannst du schließen.
page-not-me-cancelled = Die Anfrage ist verworfen
page-not-me-cancelled-text = Das Matrix-Konto kann sie nicht mehr verwenden. Mehr ist nicht zu tun. Diese Seite kannst du schließen.
page-not-me-settled = Hier gibt es nichts mehr rückgängig zu machen
page-not-me-settled-text = Das wurde schon rückgängig gemacht oder ist abgelaufen. Wenn in einer späteren Nachricht steht, dass über deine Adresse ein fremdes Konto zu finden ist, nimm den Link aus jener Nachricht.
page-not-me-superseded = Dieser Link ist überholt
page-not-me-superseded-text = Deine Adresse wurde inzwischen erneut bestätigt. Wenn du das nicht warst, nimm den Link aus der neuesten Nachricht dazu.
page-not-me-wrong-text = Vielleicht fehlt ein Teil des Links. Kopiere den ganzen Link aus der Nachricht.
page-not-me-added = Zu diesem Matrix-Konto wurde auf { $server } eine weitere Adresse hinzugefügt:
page-not-me-added-consequence = Wenn du das nicht warst, klick auf den Knopf. Dann entfernen wir die neue Adresse und alle anderen, die in den drei Tagen davor oder seitdem hinzukamen, melden alle Apps und Sitzungen dieses Kontos von diesem Server ab und halten eine verlangte Löschung auf.
page-not-me-added-leave = Wenn du das warst, schließ diese Seite. Es hat sich nichts geändert.
page-not-me-removed = Die neue Adresse ist entfernt
page-not-me-removed-text = Auch alle anderen Adressen, die in den drei Tagen davor oder seitdem hinzukamen, sind entfernt, und alle wurden von diesem Server abgemeldet. Ändere das Passwort deines Matrix-Kontos, und melde Geräte und Apps ab, die du nicht kennst. Danach kannst du deine eigenen Adressen wieder hinzufügen.
page-not-me-signed-out = Alle sind abgemeldet
page-not-me-signed-out-text = Die neue Adresse war schon entfernt. Falls eine Löschung verlangt war, ist sie aufgehalten. Ändere das Passwort deines Matrix-Kontos, und melde Geräte und Apps ab, die du nicht kennst.

page-missing = Seite nicht gefunden
page-missing-text = Vielleicht ist die Adresse falsch geschrieben, oder es gibt die Seite nicht mehr.
page-wrong-method = So funktioniert diese Seite nicht
page-wrong-method-text = Dein Browser hat eine Anfrage geschickt, die diese Seite nicht annimmt. Öffne die Seite über einen Link, oder geh zurück und versuch es noch einmal.
page-unavailable = Wir können gerade nicht antworten
page-unavailable-text = Der Server ist in Kürze wieder da. Bitte versuche es in einer Minute noch einmal.
page-too-often = Du hast diese Seite zu oft aufgerufen
page-too-often-text = Bitte versuche es in einer Minute noch einmal.

# Die Anmeldung.
page-sign-in = Anmelden
page-sign-in-failed = Die Anmeldung hat nicht geklappt
page-sign-in-lead = Melde dich mit deinem Matrix-Konto an, um zu sehen, was dieser Server über dich speichert, es zu ändern oder zu löschen.
page-sign-in-for-export = Bitte melde dich noch einmal an, bevor du alles herunterlädst, was wir über dich speichern. So bleiben deine Daten sicher, falls jemand dein Gerät entsperrt vorfindet.
page-sign-in-for-erase = Bitte melde dich noch einmal an, bevor wir alles löschen, was wir über dich speichern. So bleiben deine Daten sicher, falls jemand dein Gerät entsperrt vorfindet.
page-sign-in-without-script = Beim Anmelden spricht dein Browser direkt mit deinem Heimserver, damit wir dein Passwort nie sehen. Dafür braucht er JavaScript, und das ist ausgeschaltet. Wenn es dir nur um eine E-Mail-Adresse geht: Der Link unten funktioniert auch ohne. Du kannst auch die Betreiber dieses Servers fragen.
page-sign-in-mxid = Deine Matrix-ID
page-sign-in-mxid-hint = Sie sieht aus wie @anna:example.org. Du findest sie in den Einstellungen deiner Matrix-App.
page-sign-in-next = Weiter
page-sign-in-password = Dein Matrix-Passwort
page-sign-in-password-hint = Es geht nur an deinen Heimserver, nie an uns.
page-sign-in-with-password = Mit Passwort anmelden
page-sign-in-oauth = Bei { $server } anmelden
page-sign-in-sso = Einmalanmeldung (SSO) bei { $server }
page-sign-in-sso-hint = Die Einmalanmeldung öffnet eine Seite von { $server }. Gehört sie zu einem anderen Heimserver, dann schließe sie: Sonst könnte { $server } dein Konto dort benutzen.
page-sign-in-device = Vorübergehende Anmeldung bei { $name }
page-sign-in-asking = Dein Heimserver wird gesucht …
page-sign-in-leaving = Weiter zu { $server } …
page-sign-in-signing-in = Du wirst angemeldet …
page-sign-in-choose = { $server } wurde gefunden. Melde dich an:
page-sign-in-how = So geht es weiter
page-sign-in-how-password = Dein Browser meldet sich bei deinem eigenen Heimserver an. Wir sehen weder dein Passwort noch deine Nachrichten.
page-sign-in-how-token = Dein Heimserver stellt einen kurzlebigen Nachweis deiner Matrix-ID aus, und dein Browser meldet sich dort sofort wieder ab. Wir bekommen nur den Nachweis.
page-sign-in-how-kept = Durch die Anmeldung entsteht hier kein Konto. Deine Sitzung endet nach kurzer Zeit automatisch oder wenn du dich abmeldest.
page-sign-in-other = Kein Matrix-Konto?
page-sign-in-other-text = Trotzdem kann jemand deine E-Mail-Adresse hier eingegeben haben.
page-sign-in-other-link = Ansehen, was wir über eine E-Mail-Adresse speichern
page-sign-in-mistyped = Das ist keine gültige Matrix-ID. Sie sieht aus wie @anna:example.org: ein Name, ein Doppelpunkt und der Name eines Heimservers.
page-sign-in-unreachable = { $server } antwortet nicht. Prüfe die Schreibweise und deine Verbindung. Wenn beides stimmt, ist der Heimserver vielleicht gerade nicht erreichbar oder lässt keine Browser zu. Versuche es später noch einmal oder frag seine Betreiber.
page-sign-in-misconfigured = { $server } gibt nicht richtig an, wo sein Heimserver ist. Das können nur seine Betreiber beheben.
page-sign-in-no-homeserver = Unter { $server } gibt es keinen Matrix-Heimserver. Prüfe den Teil deiner Matrix-ID nach dem Doppelpunkt.
page-sign-in-no-way = { $server } bietet keine Anmeldung an, die diese Seite unterstützt. Bitte frag die Betreiber dieses Servers.
page-sign-in-wrong-password = Matrix-ID oder Passwort ist falsch. Bitte versuche es noch einmal.
page-sign-in-deactivated = Dieses Konto wurde auf seinem Heimserver geschlossen. Bitte frag die Betreiber dieses Servers.
page-sign-in-wait = { $server } hat zu viele Anfragen erhalten. Versuche es in { $seconds } s noch einmal.
page-sign-in-refused = { $server } hat die Anmeldung abgelehnt. Versuche es noch einmal oder auf einem anderen Weg, falls es einen gibt.
page-sign-in-cancelled = Du hast dich bei { $server } nicht angemeldet. Es ist nichts passiert, und du kannst es noch einmal versuchen.
page-sign-in-stale = Es ist zu viel Zeit vergangen, oder du hast in einem anderen Fenster begonnen. Bitte melde dich noch einmal an.
page-sign-in-mixed-up = { $server } schickt dich zur Anmeldung auf den Server von jemand anderem. Wir haben abgebrochen, denn sonst könnte { $server } dein Konto dort benutzen. Das können nur die Betreiber beheben.
page-sign-in-stranger = Du hast dich mit einem Konto angemeldet, das nicht zu { $server } gehört. Gib die Matrix-ID ein, mit der du dich anmeldest.
page-sign-in-broken = Dein Browser konnte die Anmeldung nicht abschließen. Versuche es noch einmal oder nimm einen anderen, neueren Browser.
page-sign-in-unreadable = Diese Anfrage kam nicht von unserer Anmeldeseite oder ist unvollständig. Bitte melde dich noch einmal an.
page-sign-in-not-vouched = Dein Heimserver hat nicht bestätigt, wer du bist. Bitte melde dich noch einmal an. Wenn das nicht hilft, frag seine Betreiber.
page-sign-in-blocked = Wer diesen Heimserver nutzt, kann diesen Server nicht verwenden. Wenn du das für einen Fehler hältst oder deine Daten möchtest, frag die Betreiber dieses Servers.
page-sign-in-too-often = Aus deinem Netz gab es zu viele Anmeldeversuche. Bitte versuche es später noch einmal.
page-sign-in-homeserver-away = Wir konnten deinen Heimserver nicht fragen, wer du bist. Bitte versuche es in ein paar Minuten noch einmal.

# Hinter dem Link in der E-Mail zu einer Einladung.
page-invited-names = Namen kann jeder frei wählen. Verlass dich nur auf die Matrix-ID.
page-invited-matrix = Was ist Matrix?
page-invited-answer = So antwortest du
page-invited-answer-text = Öffne die Einladung in deinem Browser. Dort kannst du mit deinem Matrix-Konto beitreten oder eines anlegen, falls du noch keines hast. Gib diesen Link nicht weiter: Wer ihn hat, kann die Einladung an deiner Stelle annehmen.
page-invited-open = Einladung in { $app } öffnen
page-invited-elsewhere = Du kannst sie auch in einer anderen Web-App öffnen:
page-invited-apps = In deiner eigenen App
page-invited-apps-text = Für Matrix gibt es viele Apps für Handys und Computer, zum Beispiel Element, SchildiChat, FluffyChat, Cinny und Nheko.
page-invited-apps-address = Füge diese E-Mail-Adresse deinem Matrix-Konto hinzu und lass dich auf { $server } über sie finden. In Element zum Beispiel geht das in den Einstellungen. Die Einladung erscheint dann in jeder App, in der du dieses Konto nutzt.
page-invited-address = Was mit deiner Adresse geschieht
page-invited-address-text = Wir bewahren sie mit dieser Einladung bis zum { $date } verschlüsselt auf und verwenden sie für nichts anderes. Wir löschen sie früher, wenn du sie einem Matrix-Konto hinzufügst oder die Einladung hier löschst.
page-invited-refuse-text = Dann musst du nichts tun. Niemand erfährt, ob du diese Seite geöffnet hast. Wenn du das sofort erledigen möchtest, klick auf einen dieser Knöpfe. Auch davon erfährt niemand.
page-invited-decline = Diese Einladung löschen
page-invited-decline-text = Wir löschen diese Einladung und mit ihr deine Adresse. Du kannst wieder eingeladen werden.
page-invited-object = Nie auffindbar machen oder einladen
page-invited-object-text = Wir löschen alle offenen Einladungen an deine Adresse. Danach laden wir dich nicht mehr ein, und über deine Adresse ist niemand zu finden. Du kannst deinen Widerspruch jederzeit zurücknehmen.
page-invited-declined = Die Einladung ist gelöscht
page-invited-declined-text = Mit ihr haben wir auch deine Adresse gelöscht. Mehr ist nicht zu tun. Diese Seite kannst du schließen.
page-invited-objected = Du wirst nicht mehr eingeladen
page-invited-objected-text = Wir schicken keine Einladungen mehr an deine Adresse, und niemand ist über sie zu finden. Alle offenen Einladungen sind gelöscht.
page-invited-delivered = Diese Einladung wurde zugestellt
page-invited-delivered-text = Deine Adresse wurde einem Matrix-Konto hinzugefügt, und die Einladung wurde dorthin geschickt. Du findest sie in deiner Matrix-App. Wenn das nicht dein Konto ist, nimm den Link aus der E-Mail, die dich darüber informiert hat.
page-invited-over = Diese Einladung ist nicht mehr gültig
page-invited-over-text = Sie wurde gelöscht oder ist abgelaufen. Deine Adresse wurde mit ihr gelöscht.
page-invited-own = Hier siehst du, was wir sonst noch über deine Adresse speichern, und kannst widersprechen oder einen Widerspruch zurücknehmen:
page-invited-own-link = Deine Adresse auf diesem Server

# Eine Adresse ohne Konto verwalten.
page-address = Was wir über deine Adresse speichern
page-address-lead = Sieh nach, was dieser Server über deine E-Mail-Adresse oder Telefonnummer speichert, lass es löschen oder widersprich Einladungen. Ein Konto brauchst du nicht.
page-address-lead-email = Sieh nach, was dieser Server über deine E-Mail-Adresse speichert, lass es löschen oder widersprich Einladungen. Ein Konto brauchst du nicht.
page-address-field = Deine E-Mail-Adresse oder Telefonnummer
page-address-field-email = Deine E-Mail-Adresse
page-address-hint = Gib eine Telefonnummer mit Pluszeichen und Landesvorwahl ein, zum Beispiel +49 1512 3456789.
page-address-button = Schick mir einen Link
page-address-next = Wir schicken dir eine Nachricht mit einem Link. Indem du ihn öffnest, zeigst du, dass die Adresse dir gehört, und kannst sehen, was wir über sie speichern.
page-address-secrecy = Diese Seite sagt bei jeder Adresse dasselbe, ob wir etwas über sie speichern oder nicht.
page-address-wrong = Das ist keine gültige Adresse
page-address-wrong-text = Gib eine E-Mail-Adresse wie alice@example.org ein oder eine Telefonnummer, die mit einem Pluszeichen beginnt.
page-address-wrong-email-text = Gib eine E-Mail-Adresse wie alice@example.org ein.
page-address-unreached-text = In dieses Land oder diese Region schickt dieser Server keine SMS. Das gilt für alle Nummern dort.
page-address-sent = Sieh in deinen Nachrichten nach
page-address-sent-text = Wenn wir diese Adresse erreichen, kommt in den nächsten Minuten eine Nachricht mit einem Link an. Der Link gilt eine Stunde. Wenn nichts kommt, sieh im Spam-Ordner nach oder versuche es später noch einmal: Eine Adresse bekommt nur wenige solche Nachrichten pro Stunde.
page-address-busy = Bitte warte ein wenig
page-address-busy-text = Es wurden zu viele Nachrichten angefordert, aus deinem Netz oder auf diesem Server insgesamt. Bitte versuche es in einer Stunde noch einmal.
page-address-again = Neuen Link anfordern
page-address-open = Ist das deine Adresse?
page-address-open-text = Du hast einen Link geöffnet, der an eine Adresse geschickt wurde. Klick auf den Knopf, um zu sehen, was wir über diese Adresse speichern.
page-address-open-button = Ansehen, was gespeichert ist
page-address-open-leave = Ein Cookie hält dich dann für kurze Zeit angemeldet. Wenn du den Link nicht angefordert hast, schließ diese Seite. Es ist nichts passiert.
page-address-expired = Dieser Link ist abgelaufen
page-address-expired-text = Ein solcher Link gilt eine Stunde.
page-address-broken-text = Vielleicht fehlt ein Teil des Links. Kopiere den ganzen Link aus der Nachricht oder fordere einen neuen an.
page-address-left = Du hast dich abgemeldet. Dieser Browser kann nicht mehr sehen, was wir über deine Adresse speichern.
page-address-erased = Alles ist gelöscht. Wenn du widersprochen hast, speichern wir nur noch deinen Widerspruch.

page-held = Was wir über deine Adresse speichern
page-held-lead = Das ist alles, was dieser Server über { $address } speichert.
page-held-alone = Hier geht es nur um diese eine Adresse, nicht um andere, die du vielleicht hast.
page-held-over = Deine Sitzung ist beendet
page-held-over-text = Es wurde nichts geändert. Um zu sehen, was wir über deine Adresse speichern, fordere einen neuen Link an und öffne ihn in diesem Browser.
page-held-binding = Wer über sie zu finden ist
page-held-unbound = Niemand.
page-held-unbind = Diese Verknüpfung entfernen
page-held-unbind-text = Über deine Adresse ist dann niemand mehr zu finden. Auch frühere Bestätigungen werden ungültig.
page-held-confirmations = Wer ihre Bestätigung angefragt hat
page-held-confirmation-asked = nicht bestätigt; angefragt am
page-held-confirmation-proved = bestätigt am
page-held-confirmation-homeserver = Ein Heimserver, für jemanden, der ihn nutzt
page-held-cancel = Diese Anfragen verwerfen
page-held-cancel-text = Dann kann niemand sie nutzen, um über deine Adresse gefunden zu werden.
page-held-invitations = Offene Einladungen
page-held-invitation = hat dich eingeladen am
page-held-uninvite = Einladungen löschen
page-held-uninvite-text = Wer dich eingeladen hat, erfährt davon nichts.
page-held-deliveries = Unterwegs
page-held-delivery-notice = eine Benachrichtigung an dich über dieses Konto, seit
page-held-delivery-onbind = eine Einladung, die an dieses Konto weitergeleitet wird, seit
page-held-objection = Nie auffindbar machen oder einladen
page-held-objects = Du widersprichst seit
page-held-objects-text = Über diese Adresse ist niemand zu finden, und wir schicken weder Bestätigungen noch Einladungen an sie.
page-held-object = Ich widerspreche
page-held-object-text = Wenn du widersprichst, ist über diese Adresse niemand mehr zu finden, und wir schicken weder Bestätigungen noch Einladungen an sie. Was oben steht, löschen wir. Wir behalten nur einen Fingerabdruck der Adresse, um sie wiederzuerkennen. Du kannst deinen Widerspruch jederzeit auf dieser Seite zurücknehmen.
page-held-withdraw = Ich widerspreche nicht mehr
page-held-withdraw-text = Die Adresse kann dann wieder bestätigt und eingeladen werden.
page-held-download = Herunterladen
page-held-download-text = Alles auf dieser Seite in einer Datei (JSON), für dich oder für ein Programm.
page-held-download-button = Herunterladen
page-held-erase = Alles löschen
page-held-erase-text = Wir löschen sofort alles auf dieser Seite, und deine Sitzung endet. Nur ein Widerspruch bleibt erhalten: Ohne ihn könntest du wieder eingeladen werden.
page-held-erase-sure = Ja, alles löschen. Das lässt sich nicht rückgängig machen.
page-held-erase-button = Alles löschen
page-held-leave = Abmelden
page-held-leave-text = Deine Sitzung endet nach kurzer Zeit automatisch. Wenn auch andere dieses Gerät nutzen, beende sie jetzt.
page-held-leave-button = Sitzung beenden
page-held-done-unbound = Über deine Adresse ist niemand mehr zu finden
page-held-done-cancelled = Die Anfragen sind verworfen
page-held-done-uninvited = Die Einladungen sind gelöscht
page-held-done-objected = Dein Widerspruch ist gespeichert
page-held-done-withdrawn = Dein Widerspruch ist zurückgenommen
page-held-stale = Es ist noch nichts passiert. Dafür brauchst du einen Link, den du in den letzten fünf Minuten geöffnet hast.
page-held-unsure = Es wurde nichts gelöscht. Setz zuerst das Häkchen.
page-object-text = Wenn du widersprichst, ist über deine Adresse niemand mehr zu finden, und wir schicken weder Bestätigungen noch Einladungen an sie. Was wir über sie gespeichert haben, löschen wir. Wir behalten nur einen Fingerabdruck, um sie wiederzuerkennen. Du kannst deinen Widerspruch jederzeit zurücknehmen.
page-object-expired = Ein solcher Link gilt 60 Tage. Um zu widersprechen, fordere einen neuen an.
page-object-superseded = Diese Adresse wurde nach dieser Nachricht zu einem Matrix-Konto hinzugefügt. Deshalb gilt der Link darin nicht mehr. Um zu widersprechen, fordere einen neuen an.

# Was Menschen von ihren eigenen Daten sehen und damit tun können (/you).
page-month = { $month ->
    [1] Januar
    [2] Februar
    [3] März
    [4] April
    [5] Mai
    [6] Juni
    [7] Juli
    [8] August
    [9] September
    [10] Oktober
    [11] November
   *[12] Dezember
}
page-moment = { $day }. { $month } { $year }, { $time } Uhr UTC
page-moment-day = { $day }. { $month } { $year }
page-you = Deine Daten
page-you-lead = Das ist alles, was { $server } über dich speichert.
page-you-nothing = { $server } speichert nichts über dich außer dieser Sitzung, die automatisch endet.
page-you-account-since = hier bekannt seit
page-you-since = seit
page-you-none = Keine.
page-you-sign-out = Abmelden
page-you-addresses = Adressen, über die du zu finden bist
page-you-addresses-none = Du bist über keine Adresse zu finden.
page-you-addresses-text = Wer eine dieser Adressen schon kennt, kann darüber deine Matrix-ID finden.
page-you-unbind = { $address } entfernen
page-you-unbind-text = Danach kann dich niemand mehr über diese Adresse finden. Wir benachrichtigen die Adresse, dass sie entfernt wurde. Du kannst sie in deiner App jederzeit wieder hinzufügen.
page-you-unbind-button = Diese Adresse entfernen
page-you-unbind-all = Alle Adressen entfernen
page-you-unbind-all-text = Danach kann dich auf diesem Server niemand mehr über eine Adresse finden. Wir benachrichtigen jede Adresse, dass sie entfernt wurde.
page-you-unbind-all-button = Alle entfernen
page-you-policies = Dem hast du zugestimmt
page-you-policy-agreed = Du hast der aktuellen Fassung zugestimmt.
page-you-policy-withdrawn = Du hast deine Zustimmung widerrufen. Apps können diesen Server erst wieder für dich nutzen, wenn du auf dieser Seite erneut zustimmst.
page-you-policy-renewed = Es gibt eine neue Fassung, der du noch nicht zugestimmt hast.
page-you-policy-open = Du hast dem nicht zugestimmt.
page-you-policy-former = Dieses Dokument wird hier nicht mehr verwendet.
page-you-record-document = Dokument
page-you-record-accepted = Zugestimmt
page-you-record-withdrawn = Widerrufen
page-you-record-sha256 = Prüfsumme (SHA-256)
page-you-read = Lesen:
page-you-changes = Was sich seit der Fassung geändert hat, der du zugestimmt hast
page-you-accept = Ich stimme der Version { $version } zu
page-you-withdraw = Meine Zustimmung widerrufen: { $name }
page-you-withdraw-text = Deine Apps können diesen Server dann nicht mehr für dich nutzen, und sie können das nicht rückgängig machen. Das kannst nur du, auf dieser Seite. Über deine Adressen bist du weiterhin zu finden, bis du sie entfernst.
page-you-withdraw-button = Zustimmung widerrufen
page-you-withdraw-all = Alles widerrufen, dem ich zugestimmt habe
page-you-withdraw-all-button = Alles widerrufen
page-you-apps = Angemeldete Apps
page-you-apps-none = Keine deiner Apps ist hier angemeldet.
page-you-apps-text = Wir wissen, wann sich jede deiner Apps hier angemeldet hat und an welchem Tag sie zuletzt aktiv war. Welche App es ist, wissen wir nicht.
page-you-app-since = Angemeldet am
page-you-app-used = zuletzt genutzt am
page-you-visits = Deine laufenden Sitzungen auf diesen Seiten, darunter diese. Sie begannen am:
page-you-sign-out-everywhere = Überall abmelden
page-you-sign-out-everywhere-text = Alle deine Apps und alle deine anderen Sitzungen werden von diesem Server abgemeldet. Eine App meldet sich bei Bedarf automatisch wieder an. Dein Matrix-Konto ist nicht betroffen.
page-you-sign-out-everywhere-button = Jetzt überall abmelden
page-you-busy-text = Wenn du diese Seite nicht oft aufgerufen hast, ist vielleicht jemand anderes unter deinem Namen auf diesem Server angemeldet.
page-you-confirmations = Laufende Bestätigungen
page-you-confirmed = bestätigt am
page-you-asked = angefragt am
page-you-invitations = Einladungen, die du verschickt hast
page-you-invitation-delivered = Zugestellt; die Adresse ist gelöscht
page-you-invitation-room = in
page-you-deliveries = Unterwegs
page-you-delivery-notice = Benachrichtigung an
page-you-delivery-invitation = Einladung zum Weiterleiten für
page-you-export = Herunterladen
page-you-export-text = Alles auf dieser Seite in einer Datei (JSON), für dich oder für einen anderen Dienst. Wenn deine Anmeldung mehr als fünf Minuten her ist oder schon verwendet wurde, bitten wir dich, dich noch einmal anzumelden.
page-you-export-button = Alles herunterladen
page-you-erase = Alles löschen
page-you-erase-text = Wir löschen alles, was dieser Server über dich speichert. Vorher zeigen wir dir, was das ist, und fragen noch einmal nach.
page-you-erase-link = Ansehen, was gelöscht wird
page-you-erase-title = Alles löschen?
page-you-erase-wrong-title = Es wurde nichts gelöscht: Das ist nicht deine Matrix-ID
page-you-erase-lead = Das wird sofort gelöscht und lässt sich nicht wiederherstellen:
page-you-erase-effect = Niemand kann dich mehr über deine Adressen finden, offene Einladungen gehen verloren, und alle deine Apps werden von diesem Server abgemeldet. Wir teilen deinen Adressen mit, dass alles gelöscht wurde, und vergessen sie dann.
page-you-erase-kept = Den Nachweis deiner Zustimmungen bewahren wir noch { $span } ohne deinen Namen auf. Auch die Zähler für Abfragen und Nachrichten bleiben, bis sie auf null gesunken sind.
page-you-erase-account = Dein Matrix-Konto ist nicht betroffen. Nur dieser Server vergisst dich.
page-you-erase-confirmation = Deine Matrix-ID
page-you-erase-hint = Gib sie zur Bestätigung genau so ein, wie sie oben steht.
page-you-erase-wrong = Das ist nicht deine Matrix-ID, wie sie oben steht. Es wurde nichts gelöscht.
page-you-erase-button = Jetzt alles löschen
page-you-erase-leave = Zurück, ohne etwas zu löschen
page-you-erased = Alles ist gelöscht
page-you-erased-text = { $server } hat Folgendes über dich gelöscht. Auch diese Sitzung ist beendet.
page-you-erased-kept = { $count ->
    [one] 1 Nachweis einer Zustimmung bleibt ohne deinen Namen gespeichert bis zum
   *[other] { $count } Nachweise von Zustimmungen bleiben ohne deinen Namen gespeichert bis zum
}
page-you-count-account = { $count ->
    [one] 1 Konto auf diesem Server
   *[other] { $count } Konten auf diesem Server
}
page-you-count-bindings = { $count ->
    [one] 1 Verknüpfung einer Adresse mit dir
   *[other] { $count } Verknüpfungen von Adressen mit dir
}
page-you-count-tokens = { $count ->
    [one] 1 Anmeldung einer App
   *[other] { $count } Anmeldungen von Apps
}
page-you-count-sessions = { $count ->
    [one] 1 Bestätigung einer Adresse
   *[other] { $count } Bestätigungen von Adressen
}
page-you-count-invitations = { $count ->
    [one] 1 Einladung, die du verschickt hast
   *[other] { $count } Einladungen, die du verschickt hast
}
page-you-count-deliveries = { $count ->
    [one] 1 Nachricht, die unterwegs war
   *[other] { $count } Nachrichten, die unterwegs waren
}
page-you-count-visits = { $count ->
    [one] 1 Sitzung auf diesen Seiten
   *[other] { $count } Sitzungen auf diesen Seiten
}
page-you-receipt = Deine Quittung
page-you-receipt-text = Speichere sie jetzt, denn wir behalten keine Kopie. Sie ist von diesem Server signiert, damit du sie später jedem zeigen kannst.
page-you-receipt-button = Quittung herunterladen
page-you-left = Du hast dich abgemeldet
page-you-left-text = Dieser Browser zeigt deine Daten nicht mehr. Diese Seite kannst du schließen.
page-you-refused = Es wurde nichts geändert
page-you-refused-text = Deine Sitzung ist beendet, oder diese Anfrage kam nicht von der richtigen Seite. Öffne die Seite über deine Daten noch einmal.
page-you-said-accepted = Deine Zustimmung ist gespeichert.
page-you-said-outdated = Es wurde nichts gespeichert: Diese Fassung ist nicht mehr aktuell. Bitte lies die neue.
page-you-said-withdrawn = Deine Zustimmung ist widerrufen. Apps können diesen Server nicht mehr für dich nutzen.
page-you-said-unbound = Die Adresse ist entfernt. Über sie kann dich niemand mehr finden.
page-you-said-not-bound = Es wurde nichts geändert: Über diese Adresse bist du nicht zu finden.
page-you-said-all-unbound = Alle Adressen sind entfernt. Über sie kann dich niemand mehr finden.
page-you-said-signed-out = Alle deine Apps und alle deine anderen Sitzungen sind abgemeldet.
page-you-said-ready = Du hast dich gerade angemeldet und kannst jetzt alles herunterladen.
page-you-said-later = Du hast die Höchstzahl der Downloads erreicht. Bitte versuche es in einer Stunde noch einmal.

# Was sich in einem Dokument geändert hat.
page-changes = Was sich geändert hat
page-changes-title = { $name }: was sich geändert hat
page-changes-span = Von Version { $older } zu Version { $newer }
page-changes-since = Was sich seit Version { $version } geändert hat
page-changes-key = Entfernter Text ist durchgestrichen, hinzugefügter ist unterstrichen.
page-changes-removed = Entfernt:
page-changes-added = Hinzugefügt:
page-changes-gap = { $count ->
    [one] 1 Abschnitt ist unverändert
   *[other] { $count } Abschnitte sind unverändert
}
page-changes-none = Es hat sich nichts geändert: Der Text ist in beiden Versionen gleich.
page-changes-apart = Version { $version } gibt es in dieser Sprache nicht, deshalb lassen sich die beiden hier nicht vergleichen. Lies beide oder wähle eine andere Sprache.
page-changes-whole = Der ganze Text
page-retention-link = Was wir speichern
page-retention-lead = Das gilt derzeit auf diesem Server.
page-imprint = Impressum

# Wohin es von der Startseite geht, und wer den Server betreibt.
page-home-go = Was du hier tun kannst
page-home-you = Deine Daten
page-home-you-text = Melde dich mit deinem Matrix-Konto an, um zu sehen, was wir über dich speichern, es herunterzuladen oder zu löschen.
page-home-address = Eine Adresse ohne Konto verwalten
page-home-address-text = Wir schicken einen Link an deine Adresse. Damit kannst du sehen, was wir über die Adresse speichern, sie entfernen oder Einladungen für immer abstellen.
page-home-retention-text = Die aktuelle Aufbewahrungstabelle.
page-home-cookie = Wir verwenden ein einziges Cookie, und zwar erst, wenn du dich bei „Deine Daten“ angemeldet oder den Link für „Eine Adresse ohne Konto verwalten“ geöffnet hast. Es bleibt so lange wie diese Sitzung. Ein Skript hat nur die Anmeldeseite: Es spricht mit deinem Heimserver, damit dein Passwort nie zu uns gelangt.
page-home-who = Wer diesen Server betreibt
page-home-run-by = Dieser Server wird betrieben von { $name }.

# Was nach der Bestätigung einer Adresse geschieht, und wer angefragt hat.
page-validated-next = Wie es weitergeht
page-validated-step-app = Geh zurück zu deiner Matrix-App.
page-validated-step-bind = Gib dort an, dass du über diese Adresse gefunden werden möchtest. Bis dahin ist deine Matrix-ID nicht über sie zu finden.
page-validated-step-notice = Dann schicken wir eine Benachrichtigung an die Adresse, mit einem Link, um das rückgängig zu machen.
page-validated-who = Wer angefragt hat
page-validated-asked = Dieses Matrix-Konto hat uns gebeten, deine Adresse zu bestätigen:
page-validated-other = Nicht dein Konto? Dann verwirf die Anfrage:
page-validated-continue = Weiter zu { $host }
page-validated-address = Was speichern wir über deine Adresse? Sieh nach:

mail-validation-subject = Bestätige deine E-Mail-Adresse für { $server }
mail-validation-title = Ist das deine E-Mail-Adresse?
mail-validation-asks = Jemand hat { $server } gebeten zu bestätigen, dass diese E-Mail-Adresse ihm oder ihr gehört. Die Anfrage kommt von diesem Matrix-Konto:
mail-matrix-id = Matrix-ID: { $mxid }
mail-homeserver = Heimserver: { $homeserver }
mail-validation-do = Wenn du das warst, öffne diesen Link und geh dann zurück zu deiner App:
mail-validation-button = Meine Adresse bestätigen
mail-validation-copy = Falls der Knopf nicht funktioniert, kopiere diesen Link in deinen Browser:
mail-validation-lifetime = Der Link gilt { $span }.
mail-validation-other-title = Warst du das nicht?
mail-validation-other = Dann öffne den Link nicht und lösche diese E-Mail. Wenn niemand den Link öffnet, wird nichts veröffentlicht, und wir löschen die Anfrage. Wenn du ihn öffnest, ist diese Person vielleicht bald über deine Adresse zu finden.
mail-validation-cancel = Wenn du ihn schon geöffnet hast oder die Anfrage sofort verwerfen möchtest, kannst du das hier tun:
mail-contact = Fragen? { $contact }
mail-why = Du bekommst diese E-Mail, weil jemand deine Adresse eingegeben hat. Sie ist kein Newsletter.
mail-notice-why = Du bekommst diese E-Mail, weil dieser Server eine Adresse immer benachrichtigt, wenn ein Matrix-Konto über sie zu finden ist oder nicht mehr zu finden ist. Sie ist kein Newsletter.

mail-object = Wenn dieser Server deine Adresse nie auffindbar machen oder einladen soll, sag es uns hier:
mail-address-subject = Sieh nach, was { $server } über deine Adresse speichert
mail-address-title = Dein Link
mail-address-asks = Jemand möchte auf einer Seite von { $server } sehen, was wir über diese E-Mail-Adresse speichern. Wenn du das warst, kannst du es ansehen, löschen oder Einladungen widersprechen.
mail-address-do = Öffne diesen Link und klick auf der Seite auf den Knopf. Ein Konto brauchst du nicht:
mail-address-button = Ansehen, was gespeichert ist
mail-address-other = Dann ignoriere diese E-Mail. Der Link ging nur an dich, und es wurde nichts geändert. Gib ihn nicht weiter.

mail-bound-title = Über deine E-Mail-Adresse ist jetzt ein Matrix-Konto zu finden
mail-bound-since = Wer diese E-Mail-Adresse schon kennt, kann darüber seit { $time } auf { $server } dieses Matrix-Konto finden:
mail-bound-fine = Wenn das dein Konto ist, ist nichts zu tun. Du kannst die Adresse jederzeit in deiner Matrix-App entfernen.
mail-bound-undo = Dann wurde ein Link in einer früheren E-Mail geöffnet, und jetzt ist jemand anders über deine Adresse zu finden. Um das rückgängig zu machen, öffne den folgenden Link und klick auf der Seite auf den Knopf. Ein Konto brauchst du nicht:
mail-bound-lifetime = Der Link gilt, solange dieses Konto über deine Adresse zu finden ist.

mail-unbound-title = Über deine E-Mail-Adresse ist kein Matrix-Konto mehr zu finden
mail-unbound-since = Seit { $time } ist auf { $server } dieses Matrix-Konto nicht mehr über diese E-Mail-Adresse zu finden:
mail-unbound-by-owner = Die Adresse wurde in einer Matrix-App von jemandem entfernt, der gezeigt hat, dass sie ihm gehört.
mail-unbound-by-another = Die Adresse wurde von jemandem, der gezeigt hat, dass sie ihm gehört, zu einem anderen Matrix-Konto hinzugefügt.
mail-unbound-by-user = Die Adresse wurde von der Person entfernt, die dieses Konto nutzt, auf der Seite dieses Servers über ihre Daten.
mail-unbound-by-homeserver = Die Adresse wurde vom Heimserver des Kontos entfernt. Das tun Heimserver, wenn die Person es verlangt oder ihr Konto schließt.
mail-unbound-by-reader = Die Adresse wurde über einen Link in einer früheren Nachricht an sie entfernt.
mail-unbound-by-operator = Die Adresse wurde von den Betreibern dieses Servers entfernt.
mail-unbound-again = Es ist nichts zu tun. Wenn du wieder über diese Adresse gefunden werden möchtest, füge sie in deiner Matrix-App hinzu.
mail-unbound-other = Dann hat jemand anders Zugriff auf ein Matrix-Konto oder auf einen Zugangsschlüssel dazu. Wenn das Konto deins ist, ändere dein Passwort, melde Geräte und Apps ab, die du nicht kennst, und melde dich danach auf dieser Seite überall ab:

sms-code = { $code } ist dein Code für { $server }. Er gilt { $minutes } Min. Gib ihn nicht weiter.
sms-code-asks = { $mxid } hat ihn angefordert.
sms-bound = { $server }: Über deine Nummer ist jetzt ein Matrix-Konto zu finden.
sms-bound-undo = Warst du das nicht?
sms-unbound = { $server }: Über deine Nummer ist kein Matrix-Konto mehr zu finden.
sms-notice-account = Konto: { $mxid }
sms-confirm = Nicht du? Klick nicht auf den Knopf. Wenn { $server } dir deine Daten zeigen soll, öffne:
sms-opened = { $server }: Jemand kann jetzt alle Adressen deines Matrix-Kontos sehen.
sms-exported = { $server }: Die Daten deines Matrix-Kontos wurden heruntergeladen.
sms-erased = { $server }: Die Daten deines Matrix-Kontos wurden gelöscht.
sms-erasing = { $server }: Die Daten deines Matrix-Kontos werden innerhalb von 3 Tagen gelöscht.
sms-added = { $server }: Zu deinem Matrix-Konto wurde eine weitere Adresse hinzugefügt.
sms-removed = { $server }: Von deinem Matrix-Konto wurde eine andere Adresse entfernt.
sms-objected = { $server }: Deine Nummer ist jetzt gesperrt: Sie kann weder gefunden noch eingeladen werden.
sms-invite = { $mxid } lädt dich zu einer Unterhaltung auf Matrix ein. Um sie zu sehen, füge diese Nummer einem Matrix-Konto hinzu, etwa einem auf { $link }. Kein Interesse? Ignoriere die SMS.
sms-address = Dein Link, um zu sehen oder zu löschen, was { $server } über diese Nummer speichert. Er gilt 1 Stunde. Warst du das nicht? Ignoriere die SMS.

mail-invite-subject = Du bist zu einer Unterhaltung auf Matrix eingeladen
mail-invite-title = Du bist zu einer Unterhaltung eingeladen
mail-invite-asks = Jemand möchte sich auf Matrix mit dir unterhalten und hat uns diese E-Mail-Adresse gegeben, um dich zu erreichen:
mail-invite-by = Gewählter Name: { $name }
mail-invite-room = Raum: { $room }
mail-invite-space = Space: { $room }
mail-invite-do = Öffne diesen Link, um die Einladung zu sehen und wie du antworten kannst. Du brauchst noch kein Matrix-Konto:
mail-invite-button = Einladung ansehen
mail-invite-other-app = Oder füge diese E-Mail-Adresse in einer beliebigen App einem Matrix-Konto hinzu, das du schon hast. Die Einladung erscheint dann dort.
mail-invite-matrix = Matrix ist ein offenes Netz für Nachrichten und Anrufe. Wie bei E-Mail gibt es viele Anbieter, und alle können miteinander sprechen, egal bei welchem sie sind.
mail-invite-other-title = Du kennst diese Person nicht oder hast kein Interesse?
mail-invite-other = Dann musst du nichts tun. Niemand erfährt, ob du diese E-Mail gelesen hast. Namen kann jeder frei wählen; verlass dich nur auf die Matrix-ID. Gib den Link nicht weiter: Wer ihn hat, kann die Einladung an deiner Stelle annehmen.
mail-invite-lifetime = Wir bewahren die Einladung und deine Adresse { $span } lang auf oder bis du sie annimmst. Danach löschen wir beides.
mail-invite-object = Über den Link oben kannst du die Einladung und deine Adresse auch sofort löschen oder uns mitteilen, dass du nie wieder eingeladen werden möchtest.

span-minutes = { $count ->
    [one] 1 Minute
   *[other] { $count } Minuten
}
span-hours = { $count ->
    [one] 1 Stunde
   *[other] { $count } Stunden
}
span-days = { $count ->
    [one] 1 Tag
   *[other] { $count } Tage
}

# Addresses are masked until a link that was sent to one of them is confirmed; an erasure without that happens later.
page-you-locked = Die Adressen auf dieser Seite sind verdeckt, denn jemand anders könnte sich in deinem Namen angemeldet haben. Um sie zu sehen, lass dir einen Link an eine deiner Adressen schicken und öffne ihn. Bis dahin kannst du sie nicht entfernen und auch nicht alles herunterladen oder sofort löschen.
page-you-partly-locked = Du hast eine Adresse bestätigt, die erst in den letzten drei Tagen hinzugekommen ist. Bis diese vorbei sind, zeigen wir nur diese Adresse. Um jetzt alles zu sehen, bestätige eine, die schon länger dabei ist, falls du eine hast. Um eine andere zu entfernen, bestätige diese andere.
page-you-confirm-button = Link an diese Adresse senden
page-you-erasure-due = Alles wird gelöscht:
page-you-erasure-link = Ansehen oder aufhalten
page-you-erase-later-text = Du hast deine Adressen nicht bestätigt. Wenn du eine davon noch lesen kannst, geh zurück und lass dir einen Link an sie schicken: Dann kannst du alles sofort löschen. Sonst löschen wir alles in drei Tagen. Wir benachrichtigen jede deiner Adressen, und wer eine davon liest, kann es aufhalten. Wenn eine davon nicht dir gehört und jemand dort die Löschung verhindert, frag die Betreiber dieses Servers.
page-you-erase-later-lead = In drei Tagen wird das gelöscht und lässt sich dann nicht wiederherstellen:
page-you-erase-later-button = In drei Tagen alles löschen
page-you-said-link-sent = Wir haben dir einen Link geschickt. Öffne ihn innerhalb einer halben Stunde und klick dort auf den Knopf; lade danach diese Seite neu.
page-you-said-link-not-sent = Es wurde nichts gesendet: In dieses Land oder diese Region schickt dieser Server keine SMS. Wähle eine andere Adresse.
page-you-said-too-many-links = Es wurde nichts gesendet: Es wurden zu viele Links angefordert. Bitte versuche es in einer Stunde noch einmal.
page-you-said-locked = Bestätige zuerst eine deiner Adressen: Lass dir einen Link an sie schicken und öffne ihn.
page-you-said-erasure-requested = Alles wird in drei Tagen gelöscht. Wir haben deine Adressen benachrichtigt.
page-you-said-erasure-stopped = Es wird nichts gelöscht.
page-you-said-too-many-erasures = Es wurde nichts veranlasst: Du hast zu oft eine Löschung verlangt. Bitte versuche es morgen noch einmal.

page-unlock = Möchtest du deine Daten sehen?
page-unlock-text = Jemand, der mit diesem Matrix-Konto angemeldet ist, möchte alle Adressen des Kontos sehen:
page-unlock-by-app = Angefordert von einer App:
page-unlock-by-browser = Angefordert in einem Browser:
page-unlock-consequence = Wenn du auf den Knopf klickst, kann diese Person hier alle E-Mail-Adressen und Telefonnummern des Kontos sehen, alles herunterladen und alles löschen. Klick nur darauf, wenn du das gerade selbst warst.
page-unlock-button = Ja, das war ich
page-unlock-deny-text = Dann hat jemand anders Zugriff auf dein Matrix-Konto oder auf einen Zugangsschlüssel dazu. Wir können ihn von diesem Server abmelden, zusammen mit allen deinen eigenen Apps und Sitzungen hier.
page-unlock-deny-button = Das war ich nicht: alle abmelden
page-unlock-done = Bestätigt
page-unlock-done-text = Kehr dorthin zurück, wo du den Link angefordert hast, und lade die Seite neu oder versuche es noch einmal. Diese Seite kannst du schließen.
page-unlock-denied = Alle wurden abgemeldet
page-unlock-denied-text = Mit einer alten Sitzung kann niemand mehr deine Daten sehen oder löschen. Falls eine Löschung verlangt war, ist sie aufgehalten, außer wenn diese Adresse erst in den letzten drei Tagen hinzugefügt wurde. Ändere das Passwort deines Matrix-Kontos, und melde Geräte und Apps ab, die du nicht kennst.
page-unlock-over = Dieser Link wurde schon verwendet
page-unlock-over-text = Oder die Person, die ihn angefordert hat, hat sich abgemeldet, oder die Adresse gehört nicht mehr zu dem Konto. Wenn du einen neuen Link brauchst, fordere ihn dort an, wo du angemeldet bist.
page-unlock-expired-text = Ein solcher Link gilt eine halbe Stunde. Wenn du einen neuen brauchst, fordere ihn dort an, wo du angemeldet bist.
page-unlock-broken-text = Vielleicht fehlt ein Teil des Links. Kopiere ihn vollständig aus der Nachricht.

page-erasure = Löschung aufhalten?
page-erasure-text = Jemand, der mit diesem Matrix-Konto angemeldet ist, möchte, dass wir alles löschen, was wir darüber speichern:
page-erasure-requested = Verlangt:
page-erasure-due = Geschieht:
page-erasure-shut-out = Das war ich nicht. Alle Apps und Sitzungen dieses Kontos auch von diesem Server abmelden.
page-erasure-button = Löschung aufhalten
page-erasure-leave = Wenn alles gelöscht werden soll, schließ diese Seite.
page-erasure-stopped = Die Löschung ist aufgehalten
page-erasure-stopped-text = Es wird nichts gelöscht. Du kannst diese Seite schließen.
page-erasure-shut-out-text = Es wird nichts gelöscht, und alle wurden von diesem Server abgemeldet. Ändere das Passwort deines Matrix-Kontos, und melde Geräte und Apps ab, die du nicht kennst.
page-erasure-over = Es gibt nichts aufzuhalten
page-erasure-over-text = Die Löschung wurde schon aufgehalten, oder sie ist geschehen.

mail-confirm-subject = Soll { $server } dir deine Daten zeigen?
mail-confirm-title = Bist du das?
mail-confirm-asks = { $time }: Jemand, der mit diesem Matrix-Konto angemeldet ist, möchte auf { $server } alle Adressen des Kontos sehen:
mail-confirm-do = Wenn du das warst, öffne diesen Link und klick auf der Seite auf den Knopf:
mail-confirm-button = Weiter
mail-confirm-other = Dann bestätige nichts: Sonst könnte diese Person alle Adressen des Kontos sehen, alles herunterladen und alles löschen. Auf der Seite hinter dem Link kannst du sie auch abmelden.
mail-alert-why = Du bekommst diese E-Mail, weil dieses Matrix-Konto auf diesem Server über deine Adresse zu finden ist oder war. Sie ist kein Newsletter.
mail-alert-fine = Wenn du das warst, ist nichts zu tun.
mail-alert-other = Dann hat jemand anders Zugriff auf dein Matrix-Konto oder auf einen Zugangsschlüssel dazu. Ändere dein Passwort, melde Geräte und Apps ab, die du nicht kennst, und melde dich danach auf dieser Seite überall ab:
mail-opened-title = Jemand kann jetzt deine Adressen auf { $server } sehen
mail-opened-what = { $time }: Auf { $server } wurde ein Link bestätigt, der an eine andere Adresse dieses Matrix-Kontos ging. Wer ihn angefordert hat, kann eine halbe Stunde lang alle Adressen des Kontos sehen, alles herunterladen und alles löschen:
mail-exported-title = Deine Daten auf { $server } wurden heruntergeladen
mail-exported-what = { $time }: Alles, was { $server } über dieses Matrix-Konto speichert, wurde heruntergeladen, auch seine E-Mail-Adressen und Telefonnummern. Wir melden dir das höchstens einmal am Tag:
mail-erased-title = Deine Daten auf { $server } wurden gelöscht
mail-erased-what = { $time }: Alles, was { $server } über dieses Matrix-Konto gespeichert hat, wurde gelöscht. Über deine Adresse ist es dort nicht mehr zu finden:
mail-erasing-title = Deine Daten auf { $server } werden gelöscht
mail-erasing-what = { $time }: Jemand, der mit diesem Matrix-Konto angemeldet ist, hat { $server } aufgefordert, alles zu löschen, was dort über das Konto gespeichert ist:
mail-erasing-due = Das geschieht am { $time }, wenn du es nicht aufhältst.
mail-erasing-fine = Wenn du das warst, ist nichts zu tun.
mail-erasing-do = Um es aufzuhalten, öffne diesen Link und klick auf der Seite auf den Knopf. Ein Konto brauchst du nicht:
mail-erasing-button = Löschung aufhalten
mail-removed-title = Von deinem Konto auf { $server } wurde eine Adresse entfernt
mail-removed-what = { $time }: Von diesem Matrix-Konto wurde auf { $server } eine andere E-Mail-Adresse oder Telefonnummer entfernt, oder sie gehört jetzt zu einem anderen Konto:
mail-objected-title = Deine Adresse ist jetzt auf { $server } gesperrt
mail-objected-what = { $time }: Jemand hat { $server } mitgeteilt, dass diese Adresse ihm gehört und dass sie weder auffindbar sein noch Nachrichten bekommen soll. Von jetzt an kann sie dort niemand zu einem Matrix-Konto hinzufügen oder einladen. Angemeldet war die Person mit diesem Matrix-Konto:
mail-objected-other = Dann kannst du das rückgängig machen: Fordere auf dieser Seite einen Link an, und nimm den Widerspruch zurück. Wenn das Konto deins ist, ändere auch sein Passwort, und melde Geräte und Apps ab, die du nicht kennst.
mail-erasing-sign-in = Wenn du das nicht warst, kannst du es aufhalten: Melde dich mit diesem Matrix-Konto auf der Seite unten an.
mail-added-title = Zu deinem Konto auf { $server } kam eine Adresse hinzu
mail-added-what = { $time }: Zu diesem Matrix-Konto wurde auf { $server } eine weitere E-Mail-Adresse oder Telefonnummer hinzugefügt. Wer ihre Nachrichten liest, kann damit in drei Tagen alle Adressen des Kontos sehen, alles herunterladen und es löschen:
mail-added-do = Um die neue Adresse zu entfernen und alle von diesem Server abzumelden, öffne diesen Link und klick auf der Seite auf den Knopf. Ein Konto brauchst du nicht:
mail-added-button = Neue Adresse entfernen
