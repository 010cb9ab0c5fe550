title = Kortti
skip = Zum Inhalt springen
tabs = Was Sie tun können
tab-overview = Übersicht
tab-pin = PIN ändern
tab-unblock = PIN entsperren
tab-certificates = Zertifikate
tab-information = Information
help = Hilfe
loading = Die Karte wird gelesen …
yes = Ja
no = Nein
write = Auf die Karte schreiben
saved = Die Datei ist geschrieben.
saved-at = Geschrieben: { $path }

# Leser
reader-label = Leser
reader-none = Kein Leser
reader-unknown = Nicht bekannt
reader-ready = { $card }
reader-empty = Keine Karte
reader-identifying = Eine Karte, die gerade angesehen wird
reader-not_initialised = Eine leere Karte
reader-unknown_card = Eine Karte, die nicht unterstützt wird
reader-mute = Eine Karte, die nicht antwortet
reader-busy = Eine Karte, die ein anderes Programm festhält
reader-failed = Eine Karte, die nicht benutzt werden kann
reader-forbidden = Eine Karte, die hier nicht erlaubt ist
csn = CSN
csn-long = Seriennummer der Karte
card-serial = Nummer { $serial }

# Was da steht, wo eine Karte fehlt
empty-connecting = Der Agent wird gesucht …
empty-closed = Diese Seite ist nicht mehr offen. Öffnen Sie sie neu mit kortti web.
empty-no-agent = Der Agent läuft nicht, darum kann keine Karte benutzt werden.
empty-start-agent = Agent starten
empty-starting = Der Agent wird gestartet …
empty-no-service = Der Smartcard-Dienst kann nicht benutzt werden.
empty-no-reader = Es ist kein Leser da. Schließen Sie einen Kartenleser an.
empty-no-card = Im Leser ist keine Karte. Stecken Sie eine ein.
empty-identifying = Die Karte wird angesehen …
empty-not_initialised = Diese Karte ist leer. Bitten Sie Ihre Verwaltung, sie einzurichten.
empty-unknown_card = Diese Karte ist von keiner Art, die Kortti kennt. Welche es kennt, steht unter Information.
empty-mute = Die Karte antwortet nicht. Steckt sie richtig herum? Nehmen Sie sie heraus und stecken Sie sie neu ein.
empty-busy = Ein anderes Programm hält die Karte fest. Schließen Sie dieses Programm, oder warten Sie, bis es fertig ist.
empty-failed = Die Karte kann nicht benutzt werden. Nehmen Sie sie heraus und stecken Sie sie neu ein.
empty-forbidden = Die Einstellungen dieses Rechners erlauben diese Karte nicht.
empty-challenge = Eine Challenge dieser Karte ist offen. Machen Sie unter PIN entsperren damit weiter, oder geben Sie sie dort auf.
empty-again = Noch einmal versuchen
empty-atr = Ihre Antwort auf den Reset (ATR):

# Status
messages = Meldungen
status-card-removed = Die Karte wurde herausgenommen.
status-card-service = Der Smartcard-Dienst läuft nicht mehr. Mit der Karte lässt sich jetzt nichts tun.
status-card-other = Ein anderes Programm hat die Karte zurückgesetzt. Sie muss neu angesehen werden.
status-card-released = Um diesen Leser kümmert sich Kortti nicht mehr.
status-card-elsewhere = In { $reader } kam eine Karte. Wählen Sie ihn oben aus, um sich um sie zu kümmern.
# In front of what was said of a card that is not in the reader any more
status-card-before = Vorherige Karte
status-agent-gone = Der Agent ist nicht mehr da. Was eingegeben war, ist vergessen.
status-agent-up = Der Agent ist wieder da.
status-closed = Diese Seite ist nicht mehr offen. Wenn gerade etwas getan wurde, zeigt die Karte, ob es gelungen ist.
zoomed = Größe: { $percent } %
place-missing = Die Karte oder der Leser, nach denen gefragt wurde, ist nicht da.
status-touch = Berühren Sie jetzt das Gerät: Es wartet darauf.
status-busy = Ein anderes Programm hält die Karte fest: { $holders }

# PINs
pin-type-primary_card_pin = Haupt-PIN der Karte
pin-type-authentication = Anmeldung
pin-type-digital_signature = Digitale Signatur
pin-type-encryption = Verschlüsselung
pin-type-non_repudiation = Nichtabstreitbarkeit
pin-type-administrator = Verwaltung
pin-type-unblock_only = Nur zum Entsperren
pin-name-key = Verwaltung (Admin-Schlüssel)
pin-name-puk = PUK
pin-name-global = Globale PIN
pin-name-number = PIN { $number }
pin-name-numbered = PIN { $number }: { $type }
pin-none = keine
pin-always = PIN, vor jeder Benutzung
tries-left =
    { $tries ->
        [0] Kein Versuch mehr
        [one] Noch { $tries } Versuch
       *[other] Noch { $tries } Versuche
    }
tries-many = Noch 15 Versuche oder mehr
tries-blocked = Gesperrt: kein Versuch mehr
tries-not-told = Die Karte nennt ihre Versuche nicht
last-try-warning = Das ist der letzte Versuch. Eine falsche { $what } sperrt sie.
last-try-erases-later = Ist auch die { $other } gesperrt, löscht diese Karte alle ihre privaten Schlüssel.
last-try-erases = Diese Karte löscht dann alle ihre privaten Schlüssel.
last-try-final = Danach kann niemand die { $what } entsperren.
last-try-yes = Ich bin mir meiner { $what } sicher: den letzten Versuch benutzen.
last-try-never = Die Einstellungen dieses Rechners lassen den letzten Versuch einer { $what } nicht zu.

# Felder
field-reveal = Zeigen, solange gedrückt
field-caps = Die Feststelltaste ist an.
fault-empty = Hier ist nichts eingegeben.
fault-again = Geben Sie die neue PIN noch einmal ein.
fault-last-try = Erlauben Sie den letzten Versuch, oder lassen Sie die PIN, wie sie ist.
fault-policy-length = Sie muss { $min } bis { $max } Zeichen lang sein.
fault-policy-digits = Nur die Ziffern 0 bis 9 sind erlaubt.
fault-policy-ascii = Nur die Buchstaben A bis Z, Ziffern, das Leerzeichen und die üblichen Zeichen sind erlaubt.
fault-policy-complexity = Das ist zu leicht zu erraten.
fault-policy-other = Die neue PIN ist die bisherige.
fault-policy-same = Das ist nicht dasselbe wie oben.
policy-title = PIN-Regeln
policy-length =
    { $min ->
        [1] Höchstens { $max } Zeichen
       *[other] { $min } bis { $max } Zeichen
    }
policy-digits = Nur Ziffern
policy-ascii = Buchstaben A bis Z, Ziffern, Leerzeichen und die üblichen Zeichen
policy-complexity = Nicht leicht zu erraten
policy-other = Eine andere als die bisherige PIN
policy-same = Zweimal gleich eingegeben
policy-assumed = Die Karte nennt ihre Regeln nicht; das ist, was Karten ihrer Art nehmen.
policy-state-good = (erfüllt)
policy-state-bad = (nicht erfüllt)
policy-state-open = (offen)

# PIN ändern
pin-type = PIN ändern für Schlüsselcontainer
pin-current = Bisherige PIN
pin-current-puk = Bisherige PUK
pin-new = Neue PIN
pin-confirm = Neue PIN wiederholen
pin-is-blocked = Diese { $what } ist gesperrt und muss zuerst entsperrt werden.
pin-is-lost = Diese { $what } ist gesperrt, und niemand kann sie entsperren. Bitten Sie Ihre Verwaltung um eine andere Karte.
pin-changed =
    { $tries ->
        [-1] Die neue { $what } ist auf der Karte.
       *[other] Die neue { $what } ist auf der Karte. Sie hat { $tries } Versuche.
    }
new-on-reader = Geben Sie die neue PIN am Leser zweimal ein, wenn er danach fragt.
new-elsewhere = Nach der neuen PIN fragt ein eigenes Fenster.

# PIN entsperren
unblock-type = PIN entsperren für Schlüsselcontainer
unblock-start = Start
unblock-again = Neue Challenge
unblock-cancel = Aufgeben
unblock-step-start = Start
unblock-step-give = Der Verwaltung mitteilen
unblock-step-response = Response eingeben
unblock-step-pin = Neue PIN setzen
step-done = (erledigt)
step-now = (jetzt)
step-later = (später)
unblock-start-what = Liest die Seriennummer der Karte (CSN) und holt eine Challenge von ihr. Lassen Sie die Karte von da an stecken, bis die neue PIN gesetzt ist.
unblock-not-blocked = Diese PIN ist nicht gesperrt. Entsperrt werden kann sie trotzdem.
unblock-nobody = Niemand kann eine PIN dieser Karte entsperren.
unblock-sure = Die PIN ist nicht gesperrt
unblock-sure-open = Trotzdem eine Challenge holen? Sie gilt nicht mehr, sobald ein anderes Programm die Karte benutzt.
unblock-sure-what = Trotzdem eine Challenge holen? Andere Programme können die Karte dann nicht benutzen, bis zu { $minutes ->
        [one] { $minutes } Minute lang.
       *[other] { $minutes } Minuten lang.
    }
unblock-give = Lesen Sie das Ihrer Verwaltung vor, oder schicken Sie es ihr. Mit der Prüfsumme können beide feststellen, ob richtig getippt wurde.
challenge = Challenge
checksum = Prüfsumme
unblock-copy = Kopieren
unblock-copied = CSN, Challenge und Prüfsumme sind in der Zwischenablage.
unblock-not-copied = Die Zwischenablage kann hier nicht benutzt werden. Markieren Sie den Text und kopieren Sie ihn von Hand.
unblock-qr = QR-Code
unblock-file = Als Datei sichern
qr-heading = Challenge als QR-Code
qr-what = Lesen Sie ihn mit einem Telefon ein.
qr-name = QR-Code mit der CSN, der Challenge und ihrer Prüfsumme
challenge-wrong = Die Prüfsumme passt nicht, also ist eine Ziffer falsch.
challenge-taken = Die Challenge ist geholt. Teilen Sie sie Ihrer Verwaltung mit.
challenge-good = Die Challenge gilt. Andere Programme kommen nicht an die Karte.
challenge-good-open = Die Challenge gilt, aber andere Programme können die Karte jetzt benutzen und machen sie damit ungültig.
challenge-left = noch { $minutes }:{ $seconds } Min.
challenge-given-up = Die Challenge ist aufgegeben, und die Karte ist frei.
challenge-another = Ein anderes Programm hat eine neue Challenge geholt, die vorige gilt nicht mehr. Eine Response auf sie nützt nichts: Teilen Sie Ihrer Verwaltung die neue mit.
challenge-over = Die Challenge, die hier stand, ist nicht mehr offen. { $reason } Wenn die PIN noch gesperrt ist, fangen Sie neu an.
challenge-void = Die Challenge gilt nicht mehr, und nichts wurde gesendet. { $reason } Fangen Sie neu an.
response = Response
response-empty = Noch nichts eingegeben.
response-letters = Nur die Ziffern 0 bis 9 und A bis F gehören dorthin.
response-short =
    { $missing ->
        [one] Es fehlt noch { $missing } Ziffer.
       *[other] Es fehlen noch { $missing } Ziffern.
    }
response-long = Das sind zu viele Ziffern.
response-wrong = Die Prüfsumme passt nicht, also ist eine Ziffer falsch. So wird nichts gesendet.
response-whole = Vollständig. Die Prüfsumme ist { $sum }: Vergleichen Sie sie, oder geben Sie sie mit ein.
response-checked = Vollständig, und die Prüfsumme { $sum } passt.
unblock-proceed = Weiter: Response berechnen
unblock-proceed-what = Für alle, die den Admin-Schlüssel dieser Karte haben.
unblock-done =
    { $tries ->
        [-1] Die PIN ist entsperrt, und die neue ist gesetzt.
       *[other] Die PIN ist entsperrt, und die neue ist gesetzt. Sie hat { $tries } Versuche.
    }
puk-what = Diese Karte wird mit ihrer PUK entsperrt. Eine Challenge hat sie nicht.
puk-field = PUK
puk-is-blocked = Die PUK ist gesperrt, darum kann niemand diese Karte mehr entsperren. Bitten Sie Ihre Verwaltung um eine andere Karte.
respond-heading = Response berechnen
respond-for-others = Für die Verwaltung
respond-for-others-what = Berechnet die Response zu einer Challenge, die Ihnen jemand vorliest. Das braucht den Admin-Schlüssel jener Karte und weder Karte noch Leser.
respond-open = Response berechnen
respond-what = Die Response zur Challenge dieser Karte, für alle, die ihren Admin-Schlüssel haben. Der Schlüssel wird hier benutzt und geht nirgendwohin.
respond-what-other = Geben Sie ein, was Ihnen vorgelesen wurde, mit der Prüfsumme. Der Schlüssel wird hier benutzt und geht nirgendwohin.
respond-key = Admin-Schlüssel
respond-key-elsewhere = Nach dem Admin-Schlüssel fragt ein eigenes Fenster.
respond-cipher = Chiffre
respond-calculate = Berechnen
respond-use = Diese Response benutzen
respond-copy = Kopieren
respond-copied = Die Response ist in der Zwischenablage.
factory-all-zero = lauter Nullen
factory-all-ff = lauter FF
factory-01-to-08-repeated = 01 bis 08, immer wieder
factory-01-02-03-and-so-on = 01, 02, 03 und so weiter
respond-factory = Das ist ein allgemein bekannter Werksschlüssel ({ $name }). Eine Karte, die ihn hat, kann jeder entsperren: Geben Sie ihr einen eigenen.
cipher-fitting = Die passende
cipher-3des = 3DES
cipher-aes = AES

# Was ein Schreiben verlangt
authority-pin = PIN
authority-key = Verwaltungsschlüssel (Management Key)
authority-key-elsewhere = Nach dem Verwaltungsschlüssel fragt ein eigenes Fenster.
authority-elsewhere = Nach der { $what } fragt ein eigenes Fenster.
authority-on-reader = Geben Sie die { $what } am Leser ein, wenn er danach fragt.
authority-factory-key = Diese Karte öffnet sich mit dem Verwaltungsschlüssel des Werks, den jeder kennt. Wer Karten einrichtet, sollte ihr einen eigenen geben.
authority-touch = Berühren Sie das Gerät, wenn es blinkt.
dialog-cancel = Abbrechen
dialog-close = Schließen

# Zertifikate
cert-table = Zertifikate auf der Karte
cert-none = Auf der Karte ist kein Zertifikat.
cert-filter = Filtern
cert-count =
    { $count ->
        [0] Kein Zertifikat
        [one] { $count } Zertifikat
       *[other] { $count } Zertifikate
    }
cert-count-filtered = { $count } von { $all } Zertifikaten
cert-choose = { $name }, { $place }
cert-column-choose = Auswahl
cert-column-name = Name
cert-column-issuer = Aussteller
cert-column-until = Gültig bis
cert-column-usage = Verwendung
cert-column-place = Ort
cert-column-pin = PIN-Typ
cert-column-key = Schlüssel
cert-default = Standard
cert-slot = Slot { $slot }
cert-container = Container { $number }
cert-no-container = Kein Container
cert-no-key = kein Schlüssel
cert-key-other = unbekannte Art
cert-damaged-name = Beschädigtes Zertifikat { $id }
cert-expired = Abgelaufen
cert-later = Noch nicht gültig
cert-soon =
    { $days ->
        [0] Heute
        [one] { $days } Tag
       *[other] { $days } Tage
    }
cert-actions = Mit dem ausgewählten Zertifikat
cert-view = Ansehen
cert-export = Exportieren
export-format = Format des Exports
cert-make-default = Zum Standard machen
cert-delete = Löschen
default-is = Es ist schon das Standardzertifikat.
default-no-key = Ohne privaten Schlüssel auf der Karte kann es nicht das Standardzertifikat sein.
default-by-slot = Bei dieser Karte entscheidet der Slot: Das Zertifikat in Slot 9A ist das Standardzertifikat.
default-heading = Zum Standard machen
default-what = { $name } ({ $place }) wird von selbst benutzt, etwa für die Anmeldung bei Windows.
default-before = Bisher ist es { $name }.
default-confirm = Zum Standard machen
default-done = { $name } ist jetzt der Standard.
delete-heading = Ein Zertifikat löschen
delete-what = { $name }, ausgestellt von { $issuer }, wird gelöscht ({ $place }).
delete-loses = Sein privater Schlüssel ist für immer verloren: Was für ihn verschlüsselt wurde, kann nicht mehr gelesen werden.
delete-loses-slot = Sein privater Schlüssel ist für immer verloren, und was für ihn verschlüsselt wurde, kann nicht mehr gelesen werden. Auf einer Karte, die keine Schlüssel löschen kann, bleibt er ohne Zertifikat in { $place }.
delete-keeps = Der private Schlüssel bleibt ohne Zertifikat auf der Karte ({ $place }).
delete-keep-key = Den privaten Schlüssel behalten
delete-container = { $place }, der keinen Schlüssel hat, wird mit gelöscht.
delete-default = Es ist das Standardzertifikat. An seiner Stelle wird ein anderes benutzt, oder keines.
delete-confirm = Löschen
delete-done = { $name } ist gelöscht.
delete-forbidden = Die Einstellungen dieses Rechners verbieten das Löschen.
export-cer = Als .cer exportieren
export-der = Als .der exportieren
export-pem = Als .pem exportieren
import-drop = Eine Zertifikatsdatei hierher ziehen (.cer, .der, .pem, .pfx, .p12), oder
import-choose = Importieren …
import-other-card = Jetzt ist eine andere Karte zu sehen. Nichts wurde gesendet: Wählen Sie die Datei neu, wenn sie für diese ist.
import-forbidden = Die Einstellungen dieses Rechners verbieten das Importieren.
import-password-heading = Kennwort von { $file }
import-password = Kennwort der Datei
import-password-elsewhere = Nach dem Kennwort der Datei fragt ein eigenes Fenster.
import-open = Öffnen
import-heading = { $file } importieren
import-plan = { $name } kommt zu { $place }, zu dessen Schlüssel es gehört.
import-plan-key = { $name } kommt zu { $place }, mit seinem privaten Schlüssel.
import-replaces = Es ersetzt { $name }.
import-overwrites = Der private Schlüssel, der dort ist oder sein kann, ginge für immer verloren.
import-overwrite = Ja, diesen Schlüssel überschreiben
import-overwrite-needed = Erlauben Sie den Verlust dieses Schlüssels, oder wählen Sie einen anderen Slot.
import-chain = Diese aus der Datei gehen mit, wo die Karte Platz hat: { $names }
import-full = Die Karte hat keinen Platz für einen weiteren Schlüssel. Löschen Sie ein Zertifikat, das nicht mehr gebraucht wird.
import-slot = Slot
import-slot-fitting = Der passende ({ $slot })
import-slot-taken = Slot { $slot }: { $name }
import-default = Zum Standard machen
import-default-warn = Die Einstellungen dieses Rechners bitten Sie, es sich zweimal zu überlegen, ehe ein anderes Zertifikat zum Standard wird.
import-confirm = Importieren
import-done =
    { $chain ->
        [0] { $name } ist auf der Karte.
        [one] { $name } ist auf der Karte, und { $chain } Zertifikat seiner Aussteller.
       *[other] { $name } ist auf der Karte, und { $chain } Zertifikate seiner Aussteller.
    }
view-heading = { $name }
view-damaged = Beschädigt
view-place = Ort
view-pin = PIN-Typ
view-default = Standard
view-default-slot = Ja: Windows nimmt das Zertifikat in Slot 9A
view-key = Schlüssel auf der Karte
view-certificate = Zertifikat
view-self = Es ist von sich selbst unterschrieben.
view-no-chain = Das Zertifikat seines Ausstellers ist nicht auf der Karte.
view-issuer = Aussteller { $number }: { $name }
view-subject = Inhaber
view-also = Auch genannt
also-upn = Benutzerprinzipalname: { $value }
also-email = E-Mail-Adresse: { $value }
also-dns = Rechnername: { $value }
also-uri = Adresse (URI): { $value }
also-ip = IP-Adresse: { $value }
also-directory = Verzeichnisname: { $value }
also-registered-id = Registrierte Nummer: { $value }
also-other = Anderer Name: { $value }
view-issued-by = Aussteller
view-serial = Seriennummer
view-from = Gültig ab
view-until = Gültig bis
view-ended = { $date }, abgelaufen
view-usage = Schlüsselverwendung
view-extended = Erweiterte Schlüsselverwendung
view-authority = Zertifizierungsstelle
view-path =
    { $length ->
        [0] Ja, ohne weitere Stelle unter sich
        [one] Ja, mit { $length } weiteren Stelle unter sich
       *[other] Ja, mit { $length } weiteren Stellen unter sich
    }
view-policies = Richtlinien
view-algorithm = Schlüssel
view-public-key = Öffentlicher Schlüssel
view-signed = Unterschrieben mit
view-subject-key = Schlüsselkennung des Inhabers
view-authority-key = Schlüsselkennung des Ausstellers
view-revocation = Sperrlisten
view-access = Auskunft der Stelle
view-version = X.509-Version
view-sha1 = SHA-1-Fingerabdruck
view-sha256 = SHA-256-Fingerabdruck

# Übersicht
overview-pins = PINs
overview-card = Karte
overview-change = PIN ändern
overview-unblock = PIN entsperren
overview-certificates = Zertifikate
overview-concerns = Was Sie wissen sollten
overview-findings = Auf dieser Karte ist etwas beschädigt
overview-advice = Rat zu dieser Karte
about-kind = Art
about-csn = CSN
about-serial = Nummer auf der Karte
about-windows = Windows-ID
about-certificates = Zertifikate
about-containers = Schlüssel
about-of = { $used } von { $most }
concern-blocked = { $pin }: gesperrt.
concern-low =
    { $tries ->
        [one] { $pin }: nur noch { $tries } Versuch.
       *[other] { $pin }: nur noch { $tries } Versuche.
    }
concern-change-factory = { $pin }: bitte ändern. Es ist die, mit der solche Karten das Werk verlassen.
concern-change-first_use = { $pin }: bitte ändern. Die Karte ist neu auf diesem Rechner.
concern-change-expired = { $pin }: bitte ändern. Sie ist zu lange dieselbe gewesen.
concern-expired = Das Zertifikat { $name } ist am { $date } abgelaufen.
concern-expiring =
    { $days ->
        [0] Das Zertifikat { $name } endet heute.
        [one] Das Zertifikat { $name } endet in { $days } Tag ({ $date }).
       *[other] Das Zertifikat { $name } endet in { $days } Tagen ({ $date }).
    }
concern-card-expired = Die Karte selbst ist am { $date } abgelaufen.
concern-card-expiring =
    { $days ->
        [0] Die Karte selbst endet heute.
        [one] Die Karte selbst endet in { $days } Tag ({ $date }).
       *[other] Die Karte selbst endet in { $days } Tagen ({ $date }).
    }
repair-open = Reparieren …
repair-heading = Die Karte reparieren
repair-what = Das hat ein unterbrochenes Schreiben auf der Karte zurückgelassen. Das Reparieren löscht nichts, was noch benutzt werden könnte.
repair-confirm = Reparieren
repair-done =
    { $remaining ->
        [0] Repariert: Nichts ist mehr beschädigt.
       *[other] Repariert: { $mended }. Noch beschädigt: { $remaining }.
    }

# Information
about = Kortti
about-version = Version
about-protocol = Protokoll
about-licence = Lizenz
about-cards = Unterstützte Karten
about-notice = Rechtlicher Hinweis
legal-notice = Kortti kommt ohne jede Gewähr, soweit das Gesetz es erlaubt. Eine Karte zählt die falschen Versuche jeder PIN selbst. Nach dem letzten ist die PIN gesperrt. Dann entsperrt sie die Verwaltung oder die PUK; sind auch die gesperrt, kann es niemand.
state = Agent und Leser
state-agent = Agent
state-agent-up = Version { $version }, Prozess { $pid }
state-agent-down = Läuft nicht
state-service = Smartcard-Dienst
state-service-up = Antwortet
state-virtual = Nicht benutzt: Die Leser sind virtuell
state-reader = Leser
state-desktop = Symbol und Meldungen
state-desktop-up = Laufen
state-desktop-down = Laufen nicht
language-heading = Sprache
language = Sprache dieser Seite
language-busy = Gerade wird etwas getan. Ändern Sie die Sprache, wenn es fertig ist.
doctor = Doktor
doctor-what = Sucht alles, was da sein muss, damit Kortti arbeitet. Was er zeigt, darf öffentlich werden.
doctor-run = Untersuchen
doctor-done =
    { $bad ->
        [0] Es ist nichts zu tun.
        [one] Um eines müssen Sie sich kümmern.
       *[other] Um { $bad } Dinge müssen Sie sich kümmern.
    }
doctor-good = Gut:
doctor-note = Hinweis:
doctor-bad = Schlecht:

# Was gesagt wird, wenn etwas nicht getan wurde
error-other = Das wurde nicht getan.
error-page_fault = Die Seite selbst hat einen Fehler. Schließen Sie sie und öffnen Sie sie neu.
error-page_closed = Diese Seite ist nicht mehr offen. Öffnen Sie sie neu mit kortti web.
error-bad_request = Die Anfrage wurde nicht verstanden.
error-no_agent = Der Agent läuft nicht, oder er endete mittendrin. Sehen Sie die Karte an, ehe Sie es noch einmal versuchen.
error-protocol_version = Agent und Seite haben verschiedene Versionen. Starten Sie den Agenten neu.
error-no_service = Der Smartcard-Dienst läuft nicht.
error-permission = Sie dürfen den Smartcard-Dienst nicht benutzen.
error-no_reader = Der Leser ist nicht mehr da.
error-no_card = Im Leser ist keine Karte.
error-several_cards = Mehrere Karten passen. Wählen Sie einen Leser.
error-unknown_card = Kortti kennt diese Art von Karte nicht.
error-not_initialised = Die Karte ist leer. Bitten Sie Ihre Verwaltung, sie einzurichten.
error-mute = Die Karte antwortet nicht. Steckt sie richtig herum?
error-busy = Ein anderes Programm hält die Karte fest. Nichts wurde an sie gesendet.
error-card_removed = Die Karte wurde mittendrin herausgenommen. Stecken Sie sie wieder ein, und sehen Sie sie an, ehe Sie es noch einmal versuchen.
error-card_reset = Ein anderes Programm hat die Karte mittendrin zurückgesetzt. Sehen Sie sie an, ehe Sie es noch einmal versuchen.
error-card_changed = Ein anderes Programm hat die Karte mittendrin verändert. Sehen Sie sie an, ehe Sie es noch einmal versuchen.
error-wrong_pin =
    { $tries ->
        [-1] Falsche { $what }. Die Karte nennt nicht, wie viele Versuche bleiben.
        [0] Falsche { $what }. Kein Versuch bleibt: Die { $what } ist gesperrt.
        [one] Falsche { $what }. Ein Versuch bleibt; eine weitere falsche { $what } sperrt sie.
       *[other] Falsche { $what }. { $tries } Versuche bleiben.
    }
error-pin_blocked = Die { $what } ist gesperrt. Nichts wurde gesendet.
error-last_try = Nur ein Versuch der { $what } ist übrig, und niemand hat ihn erlaubt. Nichts wurde gesendet.
error-management_key_needed = Zum Schreiben auf diese Karte braucht es ihren Verwaltungsschlüssel. Wer die Karte eingerichtet hat, hat ihn. Nichts wurde gesendet.
error-wrong_management_key = Falscher Verwaltungsschlüssel. Nichts wurde geschrieben.
error-would_overwrite = Ein privater Schlüssel ginge verloren. Nichts wurde gesendet.
error-not_touched = Niemand hat das Gerät berührt, während es blinkte. Versuchen Sie es noch einmal, und berühren Sie es dann.
error-forbidden = Die Einstellungen dieses Rechners erlauben das nicht. Nichts wurde gesendet.
error-pin_policy = Die PIN hält die Regeln nicht ein. Nichts wurde gesendet.
error-not_typed = Nichts wurde eingegeben, also wurde kein Versuch verbraucht.
error-wrong_response = Die Response wurde nicht angenommen, und die Challenge ist verbraucht. Karten erlauben wenige falsche Responses: Stellen Sie sicher, dass der Admin-Schlüssel stimmt, ehe Sie neu anfangen.
error-bad_response = Die Response ist nicht richtig gebildet. Nichts wurde gesendet.
error-challenge_void = Die Challenge ist nicht mehr die der Karte. Nichts wurde gesendet. Fangen Sie neu an.
error-file_too_large = Die Datei ist größer, als eine Karte fassen könnte.
error-bad_file = Die Datei ist beschädigt oder von keiner Art, die gelesen werden kann.
error-file_password = Falsches Kennwort der Datei. Die Karte wurde nicht gefragt.
error-no_matching_key = Kein Schlüssel auf der Karte gehört zu diesem Zertifikat.
error-not_found = Das ist nicht mehr auf der Karte.
error-card_full = Die Karte hat keinen Platz. Sie ist, wie sie war.
error-not_supported = Diese Karte kann das nicht.
error-damaged = Etwas auf der Karte ist beschädigt.
error-write_failed = Das Schreiben kam nicht zu seinem Ende.
error-card_error = Die Karte hat etwas Unerwartetes geantwortet.
error-system = Das Betriebssystem hat etwas verweigert.

# Verwendungen, wie Zertifikate sie nennen
usage-smart-card-logon = Smartcard-Anmeldung
usage-client-authentication = Clientauthentifizierung
usage-server-authentication = Serverauthentifizierung
usage-e-mail = E-Mail
usage-code-signing = Codesignatur
usage-document-signing = Dokumentsignatur
usage-time-stamping = Zeitstempel
usage-digital-signature = Digitale Signatur
usage-digitalsignature = Digitale Signatur
usage-non-repudiation = Nichtabstreitbarkeit
usage-nonrepudiation = Nichtabstreitbarkeit
usage-encryption = Verschlüsselung
usage-keyencipherment = Schlüsselverschlüsselung
usage-dataencipherment = Datenverschlüsselung
usage-keyagreement = Schlüsselvereinbarung
usage-key-agreement = Schlüsselvereinbarung
usage-keycertsign = Signieren von Zertifikaten
usage-certificate-signing = Signieren von Zertifikaten
usage-crlsign = Signieren von Sperrlisten
usage-any-purpose = Beliebiger Zweck
usage-tls-server-authentication = TLS-Serverauthentifizierung
usage-tls-client-authentication = TLS-Clientauthentifizierung
usage-e-mail-protection = Schutz von E-Mails
usage-ocsp-signing = Signieren von OCSP-Auskünften
usage-ipsec = IPsec
usage-ipsec-ike = IPsec IKE
usage-ssh-client = SSH-Client
usage-kerberos = Kerberos
usage-kerberos-pkinit-client-authentication = Kerberos-Clientauthentifizierung (PKINIT)
usage-kerberos-server = Kerberos-Server
usage-kerberos-key-distribution-centre = Schlüsselverteilzentrum von Kerberos
usage-request-agent = Antragsagent
usage-certificate-request-agent = Agent für Zertifikatsanträge
usage-file-encryption = Dateiverschlüsselung
usage-encrypting-file-system = Verschlüsselndes Dateisystem (EFS)
usage-file-recovery = Dateiwiederherstellung
usage-encrypting-file-system-recovery = Wiederherstellung verschlüsselter Dateien (EFS)
usage-key-recovery = Schlüsselwiederherstellung
usage-key-recovery-agent = Agent für Schlüsselwiederherstellung
usage-key-archival = Schlüsselarchivierung
usage-private-key-archival = Archivierung privater Schlüssel
usage-document-signing-microsoft = Dokumentsignatur (Microsoft)
usage-adobe-authentic-documents = Beglaubigte Dokumente von Adobe
usage-bitlocker = BitLocker
usage-bitlocker-drive-encryption = BitLocker-Laufwerkverschlüsselung
usage-bitlocker-recovery = BitLocker-Wiederherstellung
usage-bitlocker-data-recovery-agent = Agent für BitLocker-Datenwiederherstellung
usage-card-authentication = Kartenauthentifizierung
usage-piv-card-authentication = PIV-Kartenauthentifizierung
usage-crl-signing = Signieren von Sperrlisten
usage-encipher-only = Nur verschlüsseln
usage-encipheronly = Nur verschlüsseln
usage-decipher-only = Nur entschlüsseln
usage-decipheronly = Nur entschlüsseln

# Was ein Fenster von pinentry sagt, wo PINs nicht in der Seite eingegeben werden
pinentry-asks = Die Seite unter { $origin } in Ihrem Browser fragt danach.
pinentry-card = Karte { $card } in { $reader }.
pinentry-tries = Versuche übrig: { $tries }.
pinentry-last-try = Das ist der letzte Versuch: Ein falscher sperrt. Benutzen?
pinentry-differs = Die beiden waren nicht gleich. Noch einmal.
pinentry-change = Sie ändert die PIN.
pinentry-unblock = Sie entsperrt die PIN.
pinentry-import = Sie importiert ein Zertifikat.
pinentry-default = Sie macht ein anderes Zertifikat zum Standard.
pinentry-delete = Sie löscht ein Zertifikat.
pinentry-repair = Sie repariert die Karte.
pinentry-respond = Sie berechnet die Response zu einer Challenge.
pinentry-other = Sie liest von der Karte oder schreibt auf sie.

# Hilfe
help-overview-1 = Die Übersicht zeigt die Karte in dem Leser, der oben gewählt ist: ihre PINs mit den Versuchen, die noch bleiben, und was Sie von ihr wissen sollten. Eine Karte, die eingesteckt wird, ist von selbst gewählt, wenn Sie nicht einen Leser gewählt haben.
help-overview-2 = Nichts wird an die Karte gesendet, was einen Versuch kosten könnte. Die Versuche zählt die Karte; bleibt keiner, ist die PIN gesperrt und muss entsperrt werden.
help-pin-1 = Geben Sie die PIN ein, die Sie haben, und die neue zweimal. Die PIN-Regeln daneben zeigen, was die Karte verlangt, und haken ab, was die neue PIN erfüllt. Nichts wird gesendet, bevor alles erfüllt ist.
help-pin-2 = Hat die Karte mehrere PINs, wählen Sie, welche geändert werden soll. Jede PIN schützt die Schlüssel ihrer Art.
help-pin-3 = Eine falsche bisherige PIN kostet einen Versuch. Der letzte Versuch wird nur benutzt, wenn Sie es sagen.
help-unblock-1 = Eine gesperrte PIN entsperren Sie zusammen mit Ihrer Verwaltung, die den Admin-Schlüssel Ihrer Karte hat. Drücken Sie Start, und lesen Sie der Verwaltung die CSN, die Challenge und ihre Prüfsumme vor. Die Response, die Sie zurückbekommen, geben Sie ein; dann wird die neue PIN gesetzt.
help-unblock-2 = Lassen Sie die Karte stecken, und lassen Sie keine anderen Programme an sie: Challenge und Response gehören zusammen, und eine neue Challenge braucht eine neue Response. Die Zeile unter der Challenge sagt, ob sie noch gilt.
help-unblock-3 = Die Prüfsumme sind vier Ziffern, die beide Seiten vergleichen können. Ist sie verschieden, wurde eine Ziffer falsch verstanden.
help-unblock-4 = Karten mit einer PUK haben keine Challenge: Bei ihnen setzt die PUK eine neue PIN.
help-certificates-1 = Die Tabelle zeigt, was auf der Karte ist. Ein Sternchen kennzeichnet das Standardzertifikat, das Windows für die Anmeldung nimmt. Wählen Sie eine Zeile, um dieses Zertifikat anzusehen, zu exportieren, zu löschen oder zum Standard zu machen.
help-certificates-2 = Importieren nimmt ein Zertifikat zu einem Schlüssel, der auf der Karte ist (.cer, .der, .pem), oder eines mit seinem Schlüssel (.pfx, .p12), nach dessen Kennwort gefragt wird. Was geschehen wird, erfahren Sie, ehe nach der PIN gefragt wird.
help-certificates-3 = Wird ein Zertifikat gelöscht, wird auch sein privater Schlüssel gelöscht, wenn Sie ihn nicht behalten. Was für einen gelöschten Schlüssel verschlüsselt wurde, kann nie wieder gelesen werden.
help-information-1 = Hier steht, was Kortti ist, welche Karten es kennt, wie es um Agent und Leser steht, und was im Weg sein kann. Der Doktor sucht, was fehlt, und sagt, was zu tun ist.
