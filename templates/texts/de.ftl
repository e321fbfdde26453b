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
page-retention-unbinding = Fingerabdruck einer Entfernung, um die ein Heimserver gebeten hat
page-retention-unbinding-kept = { $span } nach der letzten Bitte
page-retention-invite = Einladung einer Adresse
page-retention-invite-kept = { $span }; die Adresse nur, bis die Einladung zugestellt ist
page-retention-key = Öffentlicher Schlüssel einer Einladung
page-retention-key-kept = solange die Einladung wartet, danach { $span }
page-retention-delivery = Einladung auf dem Weg zu deinem Heimserver
page-retention-delivery-kept = bis sie ankommt, höchstens { $span }
page-retention-notice = Benachrichtigung auf dem Weg zu deiner Adresse
page-retention-notice-kept = bis sie ankommt, höchstens { $span }
page-retention-visit = Besuch der Seiten über die eigenen Daten
page-retention-visit-kept = { $span }, oder bis du gehst
page-retention-objection = Fingerabdruck einer Adresse, deren Inhaber widerspricht
page-retention-objection-kept = bis der Widerspruch zurückgenommen wird
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

page-not-me = Das warst nicht du?
page-not-me-bound = Auf { $server } führt deine Adresse zu diesem Matrix-Konto, weil jemand sie bestätigt hat:
page-not-me-bound-consequence = Wenn das Konto nicht deines ist, drück auf den Knopf: Deine Adresse führt dann zu niemandem mehr, und niemand kann eine frühere Bestätigung noch verwenden.
page-not-me-asked = Jemand hat { $server } gebeten, deine Adresse für dieses Matrix-Konto zu bestätigen:
page-not-me-asked-consequence = Wenn das Konto nicht deines ist, drück auf den Knopf: Die Anfrage wird dann verworfen, und falls deine Adresse ihretwegen schon zu dem Konto führt, wird auch das rückgängig gemacht.
page-not-me-button = Das war nicht ich
page-not-me-leave = Wenn es deines ist, schließ diese Seite. Geändert hat sich nichts.
page-not-me-unbound = Es ist rückgängig gemacht
page-not-me-unbound-text = Deine Adresse führt nicht mehr zu diesem Matrix-Konto. Mehr ist nicht zu tun; diese Seite kannst du schließen.
page-not-me-cancelled = Die Anfrage ist verworfen
page-not-me-cancelled-text = Das Matrix-Konto kann sie nicht mehr verwenden. Mehr ist nicht zu tun; diese Seite kannst du schließen.
page-not-me-settled = Hier gibt es nichts mehr rückgängig zu machen
page-not-me-settled-text = Worum es bei diesem Link ging, ist vorbei: schon rückgängig gemacht oder abgelaufen. Sagt eine spätere Nachricht, dass deine Adresse zu einem Konto führt, das nicht deines ist, dann nimm den Link aus jener Nachricht.
page-not-me-superseded = Dieser Link ist überholt
page-not-me-superseded-text = Deine Adresse ist seither neu bestätigt worden. Wenn du das nicht warst, nimm den Link aus der neuesten Nachricht dazu.
page-not-me-wrong-text = Vielleicht ging unterwegs ein Teil verloren. Kopiere den ganzen Link aus der Nachricht.

page-missing = Hier ist nichts
page-missing-text = Vielleicht ist die Adresse falsch geschrieben, oder es gibt die Seite nicht mehr.
page-unavailable = Wir können gerade nicht antworten
page-unavailable-text = Der Server ist in Kürze wieder da. Bitte versuche es in einer Minute noch einmal.

# Die Anmeldung.
page-sign-in = Anmelden
page-sign-in-failed = Die Anmeldung hat nicht geklappt
page-sign-in-lead = Melde dich mit deinem Matrix-Konto an, um zu sehen, was dieser Server über dich gespeichert hat, es zu ändern oder löschen zu lassen.
page-sign-in-for-export = Bevor wir alles herausgeben, was wir über dich gespeichert haben, melde dich bitte noch einmal an. So bekommt es niemand anders, der dein Gerät offen vorfindet.
page-sign-in-for-erase = Bevor wir alles löschen, was wir über dich gespeichert haben, melde dich bitte noch einmal an. So tut es niemand anders, der dein Gerät offen vorfindet.
page-sign-in-without-script = Zum Anmelden muss dein Browser mit deinem Heimserver sprechen, damit dein Passwort nie zu uns kommt. Dafür braucht er JavaScript, und das ist hier ausgeschaltet. Für eine E-Mail-Adresse geht der Link unten auch ohne. Oder frag die Betreiber dieses Servers.
page-sign-in-mxid = Deine Matrix-ID
page-sign-in-mxid-hint = Sie sieht aus wie @anna:example.org. Deine Matrix-App zeigt sie in den Einstellungen.
page-sign-in-next = Weiter
page-sign-in-password = Dein Matrix-Passwort
page-sign-in-password-hint = Es geht nur an deinen Heimserver, nie an uns.
page-sign-in-with-password = Mit Passwort anmelden
page-sign-in-oauth = Auf der Seite von { $server } anmelden
page-sign-in-sso = Einmalanmeldung (SSO) von { $server }
page-sign-in-device = Anmeldung bei { $name }, nur für einen Augenblick
page-sign-in-asking = Dein Heimserver wird gesucht …
page-sign-in-leaving = Weiter zu { $server } …
page-sign-in-signing-in = Du wirst angemeldet …
page-sign-in-choose = { $server } ist gefunden. Melde dich dort an:
page-sign-in-how = Was dann geschieht
page-sign-in-how-password = Dein Browser meldet sich bei deinem eigenen Heimserver an. Wir sehen weder dein Passwort noch deine Nachrichten.
page-sign-in-how-token = Dein Heimserver stellt einen kurzlebigen Nachweis deiner Matrix-ID aus, und dein Browser meldet sich dort sofort wieder ab. Nur der Nachweis kommt zu uns.
page-sign-in-how-kept = Durch die Anmeldung entsteht hier kein Konto. Der Besuch endet nach kurzer Zeit von selbst, oder wenn du dich abmeldest.
page-sign-in-other = Kein Matrix-Konto?
page-sign-in-other-text = Jemand kann deine E-Mail-Adresse trotzdem eingegeben haben.
page-sign-in-other-link = Sehen, was über eine E-Mail-Adresse gespeichert ist
page-sign-in-mistyped = Das ist keine Matrix-ID. Sie sieht aus wie @anna:example.org: ein Name, ein Doppelpunkt und der Name eines Heimservers.
page-sign-in-unreachable = { $server } antwortet nicht. Prüfe die Schreibweise und deine Verbindung. Stimmt beides, ist der Heimserver vielleicht nicht da oder lässt Browser nicht herein: Versuche es später noch einmal, oder frag seine Betreiber.
page-sign-in-misconfigured = { $server } sagt nicht richtig, wo sein Heimserver ist. Das können nur seine Betreiber beheben.
page-sign-in-no-homeserver = Unter { $server } gibt es keinen Matrix-Heimserver. Prüfe den Teil deiner Matrix-ID nach dem Doppelpunkt.
page-sign-in-no-way = { $server } bietet keine Anmeldung an, die diese Seite kennt. Bitte frag die Betreiber dieses Servers.
page-sign-in-wrong-password = Matrix-ID und Passwort passen nicht zusammen. Bitte versuche es noch einmal.
page-sign-in-deactivated = Dieses Konto wurde bei seinem Heimserver geschlossen. Bitte frag die Betreiber dieses Servers.
page-sign-in-wait = { $server } wurde zu oft gefragt. Versuche es in { $seconds } s noch einmal.
page-sign-in-refused = { $server } hat die Anmeldung abgelehnt. Versuche es noch einmal, oder auf einem anderen Weg, wenn es einen gibt.
page-sign-in-cancelled = Du hast dich bei { $server } nicht angemeldet. Es ist nichts geschehen; du kannst es noch einmal versuchen.
page-sign-in-stale = Es ist zu viel Zeit vergangen, oder dies wurde in einem anderen Fenster begonnen. Bitte melde dich noch einmal an.
page-sign-in-stranger = Du hast dich mit einem Konto eines anderen Heimservers als { $server } angemeldet. Gib die Matrix-ID ein, mit der du dich anmeldest.
page-sign-in-broken = Dein Browser konnte nicht tun, was zum Anmelden nötig ist. Versuche es noch einmal, oder nimm einen anderen, neueren Browser.
page-sign-in-unreadable = Das kam nicht von unserer Anmeldeseite, oder nicht vollständig. Bitte melde dich noch einmal an.
page-sign-in-not-vouched = Dein Heimserver hat nicht bestätigt, wer du bist. Bitte melde dich noch einmal an. Wenn das nicht hilft, frag seine Betreiber.
page-sign-in-blocked = Die Nutzer dieses Heimservers können diesen Server nicht benutzen. Wenn du das für falsch hältst oder deine Daten haben möchtest, frag die Betreiber dieses Servers.
page-sign-in-too-often = Aus deinem Netz gab es zu viele Anmeldeversuche. Bitte versuche es später noch einmal.
page-sign-in-homeserver-away = Wir konnten deinen Heimserver nicht fragen, wer du bist. Bitte versuche es in einigen Minuten noch einmal.

# Hinter dem Link in der E-Mail einer Einladung.
page-invited-names = Namen sind frei gewählt; verlässlich ist nur die Matrix-ID.
page-invited-matrix = Was ist Matrix?
page-invited-answer = So antwortest du
page-invited-answer-text = Öffne die Einladung in deinem Browser. Dort kannst du mit einem Matrix-Konto beitreten oder eines anlegen, wenn du noch keines hast. Gib diesen Link nicht weiter: Wer ihn hat, kann an deiner Stelle annehmen.
page-invited-open = Einladung in { $app } öffnen
page-invited-elsewhere = Du kannst sie ebenso gut in einer anderen Web-App öffnen:
page-invited-apps = Mit einer eigenen App
page-invited-apps-text = Für Matrix gibt es viele Apps für Handys und Computer, darunter Element, SchildiChat, FluffyChat, Cinny und Nheko.
page-invited-apps-address = Füge diese E-Mail-Adresse deinem Matrix-Konto hinzu und lass dich auf { $server } unter ihr finden. In Element zum Beispiel geht das in den Einstellungen. Die Einladung erscheint dann in jeder App, die du mit dem Konto benutzt.
page-invited-address = Was mit deiner Adresse geschieht
page-invited-address-text = Wir bewahren sie mit dieser Einladung bis zum { $date } auf, verschlüsselt, und verwenden sie für nichts anderes. Sie wird früher gelöscht, wenn du sie einem Matrix-Konto hinzufügst oder die Einladung hier löschst.
page-invited-refuse-text = Dann brauchst du nichts zu tun: Niemand erfährt, ob du diese Seite geöffnet hast. Wenn es sofort vorbei sein soll, drücke einen dieser Knöpfe. Auch davon erfährt niemand.
page-invited-decline = Diese Einladung löschen
page-invited-decline-text = Löscht diese Einladung und mit ihr deine Adresse. Du kannst wieder eingeladen werden.
page-invited-object = Nie einladen oder auffindbar machen
page-invited-object-text = Löscht alle Einladungen, die auf deine Adresse warten. Dieser Server lädt dich dann nicht mehr ein und lässt niemanden unter deiner Adresse finden. Das kannst du jederzeit zurücknehmen.
page-invited-declined = Die Einladung ist gelöscht
page-invited-declined-text = Deine Adresse haben wir mit ihr gelöscht. Mehr ist nicht zu tun; du kannst diese Seite schließen.
page-invited-objected = Du wirst nicht mehr eingeladen
page-invited-objected-text = Dieser Server sendet keine Einladungen mehr an deine Adresse und lässt niemanden unter ihr finden. Alle Einladungen, die auf dich warteten, sind gelöscht.
page-invited-delivered = Diese Einladung ist zugestellt
page-invited-delivered-text = Deine Adresse wurde einem Matrix-Konto hinzugefügt, und die Einladung ist dorthin gegangen. Du findest sie in deiner Matrix-App. Wenn das Konto nicht deines ist, benutze den Link in der E-Mail, die dir davon berichtet hat.
page-invited-over = Diese Einladung ist vorbei
page-invited-over-text = Sie wurde gelöscht, oder ihre Zeit ist abgelaufen. Deine Adresse wurde mit ihr gelöscht.
page-invited-own = Was dieser Server sonst über deine Adresse weiß, kannst du hier sehen; hier kannst du auch widersprechen oder das zurücknehmen:
page-invited-own-link = Deine Adresse auf diesem Server

# Eine Adresse ohne Konto.
page-address = Was über deine Adresse gespeichert ist
page-address-lead = Sieh, was dieser Server über deine E-Mail-Adresse oder Telefonnummer gespeichert hat, lass es löschen, oder widersprich Einladungen. Ein Konto brauchst du nicht.
page-address-field = Deine E-Mail-Adresse oder Telefonnummer
page-address-hint = Eine Telefonnummer beginnt mit einem Plus und der Landesvorwahl, etwa +49 1512 3456789.
page-address-button = Schick mir einen Link
page-address-next = Wir schicken eine Nachricht mit einem Link. Wer ihn öffnet, zeigt damit, dass ihm die Adresse gehört, und sieht, was über sie gespeichert ist.
page-address-secrecy = Diese Seite sagt bei jeder Adresse dasselbe, ob etwas über sie gespeichert ist oder nicht.
page-address-wrong = Das ist keine Adresse
page-address-wrong-text = Das ist weder eine E-Mail-Adresse wie alice@example.org noch eine Telefonnummer, die mit einem Plus beginnt. Bitte sieh noch einmal nach.
page-address-unreached-text = In dieses Land oder diese Region schickt dieser Server keine SMS. Das gilt für alle Nummern dort.
page-address-sent = Sieh in deinen Nachrichten nach
page-address-sent-text = Wenn wir diese Adresse erreichen, kommt in den nächsten Minuten eine Nachricht mit einem Link an. Er gilt eine Stunde. Wenn nichts kommt, sieh im Spam-Ordner nach oder versuche es später noch einmal: Eine Adresse bekommt nur wenige solche Nachrichten in der Stunde.
page-address-busy = Bitte warte ein wenig
page-address-busy-text = Es wurden zu viele Nachrichten angefordert, aus deinem Netz oder auf diesem Server insgesamt. Bitte versuche es in einer Stunde noch einmal.
page-address-again = Einen neuen Link anfordern
page-address-open = Ist das deine Adresse?
page-address-open-text = Du hast einen Link geöffnet, der an eine Adresse geschickt wurde. Drück auf den Knopf, um zu sehen, was über diese Adresse gespeichert ist.
page-address-open-button = Zeigen, was gespeichert ist
page-address-open-leave = Ein Cookie hält dich dann für kurze Zeit angemeldet. Wenn du den Link nicht angefordert hast, schließ diese Seite: Es ist nichts geschehen.
page-address-expired = Dieser Link ist abgelaufen
page-address-expired-text = Ein solcher Link gilt eine Stunde.
page-address-broken-text = Vielleicht ging unterwegs ein Teil verloren. Kopiere den ganzen Link aus der Nachricht oder fordere einen neuen an.
page-address-left = Du hast dich abgemeldet. Dieser Browser kann nicht mehr sehen, was über deine Adresse gespeichert ist.
page-address-erased = Es ist gelöscht. Wenn du widersprochen hast, ist nur das noch gespeichert.

page-held = Was über deine Adresse gespeichert ist
page-held-lead = Das ist alles, was dieser Server über { $address } gespeichert hat.
page-held-alone = Es geht um diese eine Adresse und nicht um andere, die du vielleicht hast.
page-held-over = Dein Besuch ist zu Ende
page-held-over-text = Es wurde nichts geändert. Um zu sehen, was über deine Adresse gespeichert ist, fordere einen neuen Link an und öffne ihn in diesem Browser.
page-held-binding = Wer über sie gefunden wird
page-held-unbound = Niemand.
page-held-unbind = Diese Verknüpfung entfernen
page-held-unbind-text = Über deine Adresse wird dann niemand mehr gefunden. Auch bisherige Bestätigungen werden verworfen.
page-held-confirmations = Wer um ihre Bestätigung gebeten hat
page-held-confirmation-asked = nicht bestätigt; erbeten am
page-held-confirmation-proved = bestätigt am
page-held-confirmation-homeserver = Ein Heimserver, für jemanden, der ihn nutzt
page-held-cancel = Verwerfen
page-held-cancel-text = Dann kann niemand sie verwenden, um über deine Adresse gefunden zu werden.
page-held-invitations = Einladungen, die warten
page-held-invitation = hat dich eingeladen am
page-held-uninvite = Einladungen löschen
page-held-uninvite-text = Wer dich eingeladen hat, erfährt davon nichts.
page-held-deliveries = Unterwegs
page-held-delivery-notice = eine Benachrichtigung an dich über dieses Konto, seit
page-held-delivery-onbind = eine Einladung, die an dieses Konto weitergegeben wird, seit
page-held-objection = Nie einladen oder auffindbar machen
page-held-objects = Du widersprichst, seit
page-held-objects-text = Über diese Adresse kann niemand gefunden werden, und sie bekommt weder Bestätigungen noch Einladungen.
page-held-object = Ich widerspreche
page-held-object-text = Wenn du widersprichst, kann über diese Adresse niemand mehr gefunden werden, und sie bekommt weder Bestätigungen noch Einladungen. Was oben steht, wird entfernt. Wir behalten einen Fingerabdruck der Adresse, um sie wiederzuerkennen. Du kannst das jederzeit auf dieser Seite zurücknehmen.
page-held-withdraw = Ich widerspreche nicht mehr
page-held-withdraw-text = Die Adresse kann dann wieder bestätigt und eingeladen werden.
page-held-download = Mitnehmen
page-held-download-text = Alles auf dieser Seite als Datei (JSON), für dich oder für ein Programm.
page-held-download-button = Herunterladen
page-held-erase = Alles löschen
page-held-erase-text = Alles auf dieser Seite wird sofort gelöscht, und dein Besuch endet. Nur ein Widerspruch bleibt: Ohne ihn könntest du wieder eingeladen werden.
page-held-erase-sure = Ja, löschen. Das lässt sich nicht rückgängig machen.
page-held-erase-button = Alles löschen
page-held-leave = Abmelden
page-held-leave-text = Dein Besuch endet nach kurzer Zeit von selbst. Auf einem Gerät, das auch andere nutzen, beende ihn jetzt.
page-held-leave-button = Besuch beenden
page-held-done-unbound = Über deine Adresse wird niemand mehr gefunden
page-held-done-cancelled = Die Bestätigungen sind verworfen
page-held-done-uninvited = Die Einladungen sind gelöscht
page-held-done-objected = Dein Widerspruch ist vermerkt
page-held-done-withdrawn = Dein Widerspruch ist zurückgenommen
page-held-stale = Es ist noch nichts geschehen: Dafür brauchst du einen Link, den du in den letzten fünf Minuten geöffnet hast.
page-held-unsure = Es wurde nichts gelöscht: Setz zuerst das Häkchen.

# Was jemand von den eigenen Daten sieht und mit ihnen tut (/you).
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
page-you-lead = Das ist alles, was { $server } über dich gespeichert hat.
page-you-nothing = { $server } hat nichts über dich gespeichert außer diesem Besuch, der von selbst endet.
page-you-account-since = hier bekannt seit
page-you-since = seit
page-you-none = Keine.
page-you-sign-out = Diese Seiten verlassen
page-you-addresses = Adressen, die zu dir führen
page-you-addresses-none = Keine Adresse führt zu dir.
page-you-addresses-text = Wer eine dieser Adressen schon kennt, findet darüber deine Matrix-ID.
page-you-unbind = { $address } entfernen
page-you-unbind-text = Von da an findet dich niemand mehr über diese Adresse. Wir teilen der Adresse mit, dass sie entfernt wurde. Du kannst sie in deiner App jederzeit wieder hinzufügen.
page-you-unbind-button = Diese Adresse entfernen
page-you-unbind-all = Alle Adressen entfernen
page-you-unbind-all-text = Von da an findet dich auf diesem Server niemand mehr über eine Adresse. Wir teilen jeder Adresse mit, dass sie entfernt wurde.
page-you-unbind-all-button = Alle entfernen
page-you-policies = Dem stimmst du zu
page-you-policy-agreed = Du stimmst der geltenden Fassung zu.
page-you-policy-withdrawn = Du hast deine Zustimmung widerrufen. Apps können diesen Server nicht für dich nutzen, bis du hier auf dieser Seite wieder zustimmst.
page-you-policy-renewed = Es gibt eine neue Fassung, der du nicht zugestimmt hast.
page-you-policy-open = Du hast dem nicht zugestimmt.
page-you-policy-former = Dieses Dokument wird hier nicht mehr verwendet.
page-you-record-document = Dokument
page-you-record-accepted = Zugestimmt
page-you-record-withdrawn = Widerrufen
page-you-record-sha256 = Prüfsumme (SHA-256)
page-you-read = Lesen:
page-you-changes = Was sich seit der Fassung geändert hat, der du zugestimmt hast
page-you-accept = Ich stimme der Fassung { $version } zu
page-you-withdraw = Meine Zustimmung widerrufen: { $name }
page-you-withdraw-text = Deine Apps können diesen Server dann nicht mehr für dich nutzen und das auch nicht rückgängig machen: Das kannst nur du, hier. Adressen, die zu dir führen, tun das weiterhin, bis du sie entfernst.
page-you-withdraw-button = Widerrufen
page-you-withdraw-all = Alles widerrufen, dem ich zugestimmt habe
page-you-withdraw-all-button = Alles widerrufen
page-you-apps = Angemeldete Apps
page-you-apps-none = Keine deiner Apps ist hier angemeldet.
page-you-apps-text = Wir wissen, wann sich eine deiner Apps hier angemeldet hat und an welchem Tag sie zuletzt etwas getan hat. Wir wissen nicht, welche App es ist.
page-you-app-since = Angemeldet am
page-you-app-used = zuletzt genutzt am
page-you-visits = Besuche dieser Seiten, die noch nicht beendet sind, darunter dieser. Sie begannen am:
page-you-sign-out-everywhere = Überall abmelden
page-you-sign-out-everywhere-text = Jede App und jeder andere Besuch wird von diesem Server abgemeldet. Eine App meldet sich von selbst wieder an, wenn sie es braucht. Dein Matrix-Konto bleibt unberührt.
page-you-sign-out-everywhere-button = Jetzt überall abmelden
page-you-confirmations = Laufende Bestätigungen
page-you-confirmed = bestätigt am
page-you-asked = erbeten am
page-you-invitations = Einladungen, die du verschickt hast
page-you-invitation-delivered = Zugestellt; die Adresse ist gelöscht
page-you-invitation-room = nach
page-you-deliveries = Unterwegs
page-you-delivery-notice = Benachrichtigung an
page-you-delivery-invitation = Weiterzugebende Einladung für
page-you-export = Herunterladen
page-you-export-text = Alles auf dieser Seite in einer Datei (JSON), für dich oder für einen anderen Dienst. Wenn deine Anmeldung mehr als fünf Minuten her ist, bitten wir dich, dich noch einmal anzumelden.
page-you-export-button = Alles herunterladen
page-you-erase = Alles löschen
page-you-erase-text = Wir löschen alles, was dieser Server über dich gespeichert hat. Vorher zeigen wir dir, was das ist, und fragen noch einmal.
page-you-erase-link = Ansehen, was gelöscht wird
page-you-erase-title = Alles löschen?
page-you-erase-wrong-title = Nichts wurde gelöscht: Das ist nicht deine Matrix-ID
page-you-erase-lead = Das wird sofort gelöscht und lässt sich nicht wiederherstellen:
page-you-erase-effect = Niemand findet dich mehr über deine Adressen, wartende Einladungen gehen verloren, und jede App wird von diesem Server abgemeldet. Keine Adresse wird benachrichtigt, denn dann haben wir keine mehr.
page-you-erase-kept = Der Nachweis deiner Zustimmungen bleibt noch { $span }, ohne deinen Namen. Ebenso die Zähler von Abfragen und Nachrichten, bis sie auf null gesunken sind.
page-you-erase-account = Dein Matrix-Konto bleibt unberührt: Nur dieser Server vergisst dich.
page-you-erase-confirmation = Deine Matrix-ID
page-you-erase-hint = Gib sie genau so ein, wie sie oben steht, um zu zeigen, dass du es ernst meinst.
page-you-erase-wrong = Das ist nicht deine Matrix-ID, wie sie oben steht. Nichts wurde gelöscht.
page-you-erase-button = Jetzt alles löschen
page-you-erase-leave = Zurück, ohne etwas zu löschen
page-you-erased = Alles ist gelöscht
page-you-erased-text = { $server } hat dies über dich gelöscht. Auch dieser Besuch ist beendet.
page-you-erased-kept = { $count ->
    [one] 1 Nachweis einer Zustimmung bleibt ohne deinen Namen bis zum
   *[other] { $count } Nachweise von Zustimmungen bleiben ohne deinen Namen bis zum
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
    [one] 1 Nachricht auf dem Weg
   *[other] { $count } Nachrichten auf dem Weg
}
page-you-count-visits = { $count ->
    [one] 1 Besuch dieser Seiten
   *[other] { $count } Besuche dieser Seiten
}
page-you-receipt = Deine Quittung
page-you-receipt-text = Bewahre sie jetzt auf: Wir behalten keine Kopie. Sie ist von diesem Server signiert, damit du sie später jedem zeigen kannst.
page-you-receipt-button = Quittung herunterladen
page-you-left = Du hast diese Seiten verlassen
page-you-left-text = Dieser Browser zeigt deine Daten nicht mehr. Du kannst diese Seite schließen.
page-you-refused = Nichts wurde geändert
page-you-refused-text = Dein Besuch ist beendet, oder dies wurde nicht von der Seite gesendet, zu der es gehört. Öffne die Seite über deine Daten noch einmal.
page-you-said-accepted = Deine Zustimmung ist vermerkt.
page-you-said-outdated = Nichts wurde vermerkt: Diese Fassung gilt nicht mehr. Bitte lies die neue.
page-you-said-withdrawn = Deine Zustimmung ist widerrufen. Apps können diesen Server nicht mehr für dich nutzen.
page-you-said-unbound = Die Adresse ist entfernt. Sie führt nicht mehr zu dir.
page-you-said-not-bound = Nichts wurde geändert: Diese Adresse führt nicht zu dir.
page-you-said-all-unbound = Alle Adressen sind entfernt. Keine führt mehr zu dir.
page-you-said-signed-out = Jede App und jeder andere Besuch ist abgemeldet.
page-you-said-ready = Du hast dich gerade angemeldet: Du kannst jetzt alles herunterladen.
page-you-said-later = Du hast dies oft heruntergeladen. Bitte versuche es in einer Stunde noch einmal.

# Was sich in einem Dokument geändert hat.
page-changes = Was sich geändert hat
page-changes-title = { $name }: was sich geändert hat
page-changes-span = Von Version { $older } zu Version { $newer }
page-changes-since = Was sich seit Version { $version } geändert hat
page-changes-key = Was entfernt wurde, ist durchgestrichen; was hinzukam, ist unterstrichen.
page-changes-removed = Entfernt:
page-changes-added = Hinzugefügt:
page-changes-gap = { $count ->
    [one] 1 Abschnitt ist unverändert
   *[other] { $count } Abschnitte sind unverändert
}
page-changes-none = Geändert hat sich nichts: Der Text ist in beiden Versionen derselbe.
page-changes-apart = Version { $version } gibt es in dieser Sprache nicht. Deshalb lassen sich die beiden hier nicht vergleichen; lies beide, oder wähle eine andere Sprache.
page-changes-whole = Der ganze Text
page-retention-link = Was gespeichert wird
page-retention-lead = Das gilt auf diesem Server jetzt.
page-imprint = Impressum

# Wohin es von der Startseite geht, und wer den Server betreibt.
page-home-go = Was du hier tun kannst
page-home-you = Deine Daten
page-home-you-text = Melde dich mit deinem Matrix-Konto an: Sieh, was über dich gespeichert ist, lade es herunter, lösche es.
page-home-address = Eine Adresse ohne Konto
page-home-address-text = Lass dir einen Link an deine Adresse schicken: Sieh, was über sie gespeichert ist, entferne sie, oder lass dich nie mehr einladen.
page-home-retention-text = Die Tabelle, die jetzt gilt.
page-home-cookie = Ein einziges Cookie gibt es, und erst, wenn du dich bei „Deine Daten“ angemeldet oder den Link für „Eine Adresse ohne Konto“ geöffnet hast. Es hält so lange wie dieser Besuch. Ein Skript hat nur die Seite zum Anmelden: Es spricht mit deinem Heimserver, damit dein Passwort nie zu uns gelangt.
page-home-who = Wer diesen Server betreibt
page-home-run-by = Diesen Server betreibt { $name }.

# Was nach der Bestätigung einer Adresse geschieht, und wer gefragt hat.
page-validated-next = Wie es weitergeht
page-validated-step-app = Geh zurück zu deiner Matrix-App.
page-validated-step-bind = Nur wenn du dort sagst, dass du über diese Adresse gefunden werden willst, führt sie zu deiner Matrix-ID.
page-validated-step-notice = Dann schicken wir der Adresse eine Benachrichtigung. Darin steht ein Link, mit dem sich das rückgängig machen lässt.
page-validated-who = Wer gefragt hat
page-validated-asked = Dieses Matrix-Konto hat uns gebeten, deine Adresse zu bestätigen:
page-validated-other = Das Konto ist nicht deines? Dann verwirf die Anfrage:
page-validated-address = Was ist über deine Adresse gespeichert? Sieh nach:

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
mail-validation-cancel = Wenn du ihn schon geöffnet hast oder die Anfrage sofort verschwinden soll, verwirf sie hier:
mail-contact = Fragen? { $contact }
mail-why = Du bekommst diese E-Mail, weil jemand deine Adresse eingegeben hat. Sie ist kein Newsletter.
mail-notice-why = Du bekommst diese E-Mail, weil dieser Server einer Adresse immer sagt, wenn sie zu einem Matrix-Konto führt oder nicht mehr führt. Sie ist kein Newsletter.

mail-object = Wenn dieser Server dich nie einladen oder über deine Adresse auffindbar machen soll, sag es hier:
mail-address-subject = Sieh, was { $server } über deine Adresse gespeichert hat
mail-address-title = Dein Link
mail-address-asks = Jemand hat auf einer Seite von { $server } darum gebeten zu sehen, was über diese E-Mail-Adresse gespeichert ist. Wenn du das warst, kannst du es ansehen, entfernen oder Einladungen widersprechen.
mail-address-do = Öffne diesen Link und drück auf der Seite auf den Knopf. Ein Konto brauchst du nicht:
mail-address-button = Ansehen, was gespeichert ist
mail-address-other = Dann ignoriere diese E-Mail. Niemand außer dir kann sehen, wohin der Link führt, und es wurde nichts geändert. Gib den Link nicht weiter.

mail-bound-title = Deine E-Mail-Adresse führt jetzt zu einem Matrix-Konto
mail-bound-since = Wer diese E-Mail-Adresse schon kennt, findet über sie seit { $time } auf { $server } dieses Matrix-Konto:
mail-bound-fine = Wenn das Konto deines ist, ist nichts zu tun. Du kannst die Adresse jederzeit in deiner Matrix-App zurücknehmen.
mail-bound-undo = Dann wurde ein Link in einer früheren E-Mail geöffnet, und jemand anders kann unter deiner Adresse gefunden werden. Um das rückgängig zu machen, öffne diesen Link und drück auf der Seite auf den Knopf. Ein Konto brauchst du nicht:
mail-bound-lifetime = Der Link gilt, solange deine Adresse zu diesem Konto führt.

mail-unbound-title = Deine E-Mail-Adresse führt nicht mehr zu einem Matrix-Konto
mail-unbound-since = Seit { $time } ist auf { $server } dieses Matrix-Konto nicht mehr über diese E-Mail-Adresse zu finden:
mail-unbound-by-owner = Entfernt hat die Adresse jemand, der in einer Matrix-App gezeigt hat, dass sie ihm gehört.
mail-unbound-by-user = Die Adresse wurde von der Person entfernt, die dieses Konto nutzt, auf der Seite dieses Servers über ihre Daten.
mail-unbound-by-homeserver = Entfernt hat die Adresse der Heimserver des Kontos, wie er es tut, wenn die Person das verlangt oder ihr Konto schließt.
mail-unbound-by-operator = Entfernt haben die Adresse die Menschen, die diesen Server betreiben.
mail-unbound-again = Es ist nichts zu tun. Wenn du wieder über diese Adresse gefunden werden willst, füge sie in deiner Matrix-App hinzu.

sms-code = { $code } ist dein Code für { $server }. Er gilt { $minutes } Min. Gib ihn niemandem.
sms-code-asks = { $mxid } hat ihn angefordert.
sms-bound = { $server }: Deine Nummer führt jetzt zu einem Matrix-Konto.
sms-bound-undo = Nicht du?
sms-unbound = { $server }: Deine Nummer führt nicht mehr zu einem Matrix-Konto.
sms-notice-account = Konto: { $mxid }
sms-invite = { $mxid } lädt dich zu einer Unterhaltung auf Matrix ein. Um sie zu sehen, füge diese Nummer einem Matrix-Konto hinzu, etwa einem auf { $link }. Sonst ignoriere diese SMS.
sms-address = Dein Link, um zu sehen oder zu löschen, was { $server } über diese Nummer speichert. Er gilt 1 Stunde. Nicht du? Ignoriere die SMS.

mail-invite-subject = Du bist zu einer Unterhaltung auf Matrix eingeladen
mail-invite-title = Du bist zu einer Unterhaltung eingeladen
mail-invite-asks = Jemand möchte sich auf Matrix mit dir unterhalten und hat uns diese E-Mail-Adresse gegeben, um dich zu erreichen:
mail-invite-by = Name: { $name }
mail-invite-room = Raum: { $room }
mail-invite-space = Space: { $room }
mail-invite-do = Um die Einladung zu sehen und wie du sie beantworten kannst, öffne diesen Link. Du brauchst dazu noch kein Matrix-Konto:
mail-invite-button = Einladung ansehen
mail-invite-other-app = Oder füge diese E-Mail-Adresse in einer beliebigen App einem Matrix-Konto hinzu, das du schon hast: Dann erscheint die Einladung dort.
mail-invite-matrix = Matrix ist ein offenes Netz für Nachrichten und Anrufe. Wie bei der E-Mail gibt es viele Anbieter, und alle können sich untereinander unterhalten.
mail-invite-other-title = Du kennst diese Person nicht oder möchtest das nicht?
mail-invite-other = Dann brauchst du nichts zu tun: Niemand erfährt, ob du diese E-Mail gelesen hast. Namen sind frei gewählt; verlässlich ist nur die Matrix-ID. Gib den Link nicht weiter, denn wer ihn hat, kann die Einladung an deiner Stelle annehmen.
mail-invite-lifetime = Wir bewahren die Einladung und deine Adresse { $span } lang auf, falls du sie nicht früher annimmst; dann wird beides gelöscht.
mail-invite-object = Hinter dem Link oben kannst du auch die Einladung und deine Adresse sofort löschen lassen oder sagen, dass du nie wieder eingeladen werden möchtest.

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
