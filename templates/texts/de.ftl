# Siehe en.ftl.

page-language-name = Deutsch
page-languages = Sprache
page-skip = Zum Inhalt springen
page-tagline = Matrix-Identitätsserver
page-contact = Kontakt:
page-home = Startseite

page-home-lead = Dieser Server sorgt dafür, dass dich Menschen, die deine E-Mail-Adresse schon kennen, auf Matrix finden – wenn du das willst, und nur dann.
page-home-how = So funktioniert es
page-home-step-ask = In deiner Matrix-App bittest du darum, über deine E-Mail-Adresse gefunden zu werden.
page-home-step-prove = Wir schicken einen Link an diese Adresse. Wer ihn öffnet, zeigt, dass ihm die Adresse gehört.
page-home-step-bind = Erst wenn du es in der App bestätigst, führt die Adresse zu deiner Matrix-ID. Das kannst du jederzeit zurücknehmen.
page-home-privacy = Was diese Seite über dich weiß
page-home-privacy-text = Nichts. Sie setzt kein Cookie, führt kein Skript aus und lädt nichts von anderen Seiten.
page-home-server = Auch kann niemand in den Daten des Servers blättern: Deine Matrix-ID erfährt nur, wer genau nach deiner Adresse fragt, und wie viele Adressen jemand abfragen darf, ist begrenzt.
page-home-policies = Dem stimmst du zu

page-policies = Richtlinien
page-policies-none = Dieser Server verlangt keine Zustimmung.
page-policies-older = Frühere Fassungen
page-policy-version = Version { $version }
page-policy-in-force = Diese Fassung gilt.
page-policy-superseded = Dies ist eine frühere Fassung, zum Nachlesen aufbewahrt. Es gilt { $version }:

page-retention = Was wie lange aufbewahrt wird
page-retention-data = Daten
page-retention-kept = Aufbewahrung
page-retention-session = Bestätigung einer Adresse
page-retention-session-kept = { $span } ab dem letzten Schritt, dann binnen einer Stunde gelöscht
page-retention-code = Code in einer SMS
page-retention-code-kept = { $span } oder bis zu { $tries } Fehlversuchen
page-retention-token = Anmeldung einer App
page-retention-token-kept = bis zur Abmeldung oder { $span } ohne Nutzung
page-retention-binding = Verknüpfung einer Adresse mit einer Matrix-ID
page-retention-binding-kept = bis du sie entfernst oder löschen lässt
page-retention-consent = Nachweis deiner Zustimmungen
page-retention-consent-kept = so lange wie das Konto, danach { $span }
page-retention-invite = Einladung einer Adresse
page-retention-invite-kept = { $span }; die Adresse nur, bis die Einladung zugestellt ist
page-retention-key = Öffentlicher Schlüssel einer Einladung
page-retention-key-kept = solange die Einladung wartet, danach { $span }
page-retention-delivery = Einladung auf dem Weg zu deinem Heimserver, Benachrichtigung auf dem Weg zu dir
page-retention-delivery-kept = bis sie ankommt, höchstens { $span }
page-retention-unbinding = Fingerabdruck einer Entfernung, um die ein Heimserver gebeten hat
page-retention-unbinding-kept = { $span } nach der letzten Bitte
page-retention-budget = Zählerstand der Abfragen und Nachrichten
page-retention-budget-kept = bis er auf null gesunken ist
page-retention-lookup = Was abgefragt wurde
page-retention-lookup-kept = nicht gespeichert
page-retention-log = Zugriffsprotokoll
page-retention-log-kept = { $kept ->
    [cut] ohne Personen und Adressen, IP-Adressen gekürzt
   *[none] keines
}

page-validated = Deine Adresse ist bestätigt
page-validated-text = Veröffentlicht ist damit noch nichts. In deiner Matrix-App geht es weiter; diese Seite kannst du schließen.
page-validated-again = Deine Adresse war schon bestätigt
page-validated-again-text = Hier ist nichts mehr zu tun. In deiner Matrix-App geht es weiter; diese Seite kannst du schließen.
page-validated-expired = Dieser Link ist abgelaufen
page-validated-expired-text = Links gelten nur für begrenzte Zeit. Geh zurück zu deiner Matrix-App und fordere eine neue E-Mail an.
page-validated-wrong = Dieser Link funktioniert nicht
page-validated-wrong-text = Vielleicht ging unterwegs ein Teil verloren. Kopiere den ganzen Link aus der E-Mail, oder fordere in deiner Matrix-App eine neue an.

page-code-expired = Dieser Code ist abgelaufen
page-code-expired-text = Ein Code gilt nur kurze Zeit und für wenige Versuche. Geh zurück zu deiner Matrix-App und fordere eine neue SMS an.
page-code-wrong = Dieser Code stimmt nicht
page-code-wrong-text = Sieh noch einmal in der SMS nach: Die neueste zählt. Oder fordere in deiner Matrix-App eine neue an.

page-missing = Hier ist nichts
page-missing-text = Vielleicht ist die Adresse falsch geschrieben, oder es gibt die Seite nicht mehr.
page-unavailable = Wir können gerade nicht antworten
page-unavailable-text = Der Server ist in Kürze wieder da. Bitte versuche es in einer Minute noch einmal.

mail-validation-subject = Bestätige deine E-Mail-Adresse für { $server }
mail-validation-title = Ist das deine E-Mail-Adresse?
mail-validation-asks = Jemand hat { $server } gebeten zu prüfen, ob ihm oder ihr diese E-Mail-Adresse gehört, und zwar mit diesem Matrix-Konto:
mail-matrix-id = Matrix-ID: { $mxid }
mail-homeserver = Heimserver: { $homeserver }
mail-validation-do = Wenn du das bist, öffne diesen Link und geh dann zurück zu deiner App:
mail-validation-button = Meine Adresse bestätigen
mail-validation-copy = Falls der Knopf nicht funktioniert, kopiere diesen Link in deinen Browser:
mail-validation-lifetime = Der Link gilt { $span }.
mail-validation-other-title = Das warst nicht du?
mail-validation-other = Dann öffne den Link nicht und lösche diese E-Mail. Öffnet ihn niemand, wird nichts veröffentlicht, und die Anfrage wird gelöscht. Würdest du ihn öffnen, könnte diese Person unter deiner Adresse gefunden werden.
mail-contact = Fragen? { $contact }
mail-why = Du bekommst diese E-Mail, weil jemand deine Adresse eingegeben hat. Sie ist kein Newsletter.

sms-code = { $code } ist dein Code für { $server }. Er gilt { $minutes } Min. Gib ihn niemandem.
sms-code-asks = { $mxid } hat ihn angefordert.
sms-invite = { $mxid } lädt dich zu einer Unterhaltung auf Matrix ein. Um sie zu sehen, füge diese Nummer einem Matrix-Konto hinzu, etwa einem auf { $link }. Sonst ignoriere das hier.

mail-invite-subject = Du bist zu einer Unterhaltung auf Matrix eingeladen
mail-invite-title = Du bist zu einer Unterhaltung eingeladen
mail-invite-asks = Jemand möchte sich auf Matrix mit dir unterhalten und hat uns diese E-Mail-Adresse gegeben, um dich zu erreichen:
mail-invite-by = Name: { $name }
mail-invite-room = Raum: { $room }
mail-invite-space = Space: { $room }
mail-invite-do = Um die Einladung zu sehen, öffne diesen Link. Wenn du noch kein Matrix-Konto hast, kannst du dort eines anlegen:
mail-invite-button = Einladung ansehen
mail-invite-other-app = Oder füge diese E-Mail-Adresse in einer beliebigen App einem Matrix-Konto hinzu, das du schon hast: dann erscheint die Einladung dort.
mail-invite-matrix = Matrix ist ein offenes Netz für Nachrichten und Anrufe. Wie bei der E-Mail gibt es viele Anbieter, und alle können sich untereinander unterhalten.
mail-invite-other-title = Du kennst diese Person nicht oder möchtest das nicht?
mail-invite-other = Dann brauchst du nichts zu tun: niemand erfährt, ob du diese E-Mail gelesen hast. Namen sind frei gewählt; nur die Matrix-ID ist gewiss. Gib den Link nicht weiter, denn wer ihn hat, kann die Einladung an deiner Stelle annehmen.
mail-invite-lifetime = Wir bewahren die Einladung und deine Adresse { $span } lang auf, falls du sie nicht früher annimmst; dann werden sie gelöscht.
mail-invite-object = Wenn du solchen E-Mails widersprechen oder deine Adresse sofort löschen lassen möchtest, schreib uns: { $contact }
mail-invite-about = Wer wir sind, was wir mit deiner Adresse tun und wie du widersprechen kannst: { $link }

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
