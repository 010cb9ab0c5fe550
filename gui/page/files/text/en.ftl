title = Kortti
skip = Skip to the content
tabs = What you can do
tab-overview = Overview
tab-pin = Change PIN
tab-unblock = Unblock PIN
tab-certificates = Certificates
tab-information = Information
help = Help
loading = Reading the card …
yes = Yes
no = No
write = Write to card
saved = The file is written.
saved-at = Written: { $path }

# Readers
reader-label = Reader
reader-none = No reader
reader-unknown = Not known
reader-ready = { $card }
reader-empty = No card
reader-identifying = A card that is being looked at
reader-not_initialised = An empty card
reader-unknown_card = A card that is not supported
reader-mute = A card that does not answer
reader-busy = A card that another program keeps
reader-failed = A card that cannot be used
reader-forbidden = A card that is not allowed here
csn = CSN
csn-long = Card serial number
card-serial = Number { $serial }

# What stands where a card is missing
empty-connecting = Connecting to the agent …
empty-closed = This page is no longer open. Open it again with kortti web.
empty-no-agent = The agent does not run, so no card can be looked after.
empty-start-agent = Start the agent
empty-starting = The agent is being started …
empty-no-service = The smart card service cannot be used.
empty-no-reader = There is no reader. Connect a smart card reader.
empty-no-card = There is no card in the reader. Insert one.
empty-identifying = The card is being looked at …
empty-not_initialised = This card is empty. Ask your administrator to set it up.
empty-unknown_card = This card is of no kind that Kortti knows. The panel Information lists the cards that it knows.
empty-mute = The card does not answer. Is it the right way round? Take it out and put it in again.
empty-busy = Another program keeps the card for itself. Close that program, or wait until it is done.
empty-failed = The card cannot be used. Take it out and put it in again.
empty-forbidden = The settings of this machine do not allow this card.
empty-challenge = A challenge of this card is out. Go on with it, or give it up, under Unblock PIN.
empty-again = Try again
empty-atr = Its answer to reset:

# Status
messages = Messages
status-card-removed = The card was taken out.
status-card-service = The smart card service has stopped, so nothing can be done with the card.
status-card-other = Another program reset the card so that it has to be looked at anew.
status-card-released = This reader is not looked after any more.
status-card-elsewhere = A card came into { $reader }. Choose it above to look after it.
# In front of what was said of a card that is not in the reader any more
status-card-before = The card before
status-agent-gone = The agent has gone. What was typed is forgotten.
status-agent-up = The agent is there again.
status-closed = This page is no longer open. If something was being done, look at the card to see whether it was.
zoomed = Size: { $percent } %
place-missing = The card or reader that was asked for is not there.
status-touch = Touch the device now: it waits for that.
status-busy = Another program keeps the card: { $holders }

# PINs
pin-type-primary_card_pin = Primary card PIN
pin-type-authentication = Authentication
pin-type-digital_signature = Digital signature
pin-type-encryption = Encryption
pin-type-non_repudiation = Non-repudiation
pin-type-administrator = Administrator
pin-type-unblock_only = Unblock only
pin-name-key = Administrator (admin key)
pin-name-puk = PUK
pin-name-global = Global PIN
pin-name-number = PIN { $number }
pin-name-numbered = PIN { $number }: { $type }
pin-none = none
pin-always = PIN, before every use
tries-left =
    { $tries ->
        [0] No try left
        [one] { $tries } try left
       *[other] { $tries } tries left
    }
tries-many = 15 or more tries left
tries-blocked = Blocked: no try left
tries-not-told = The card does not tell its tries
last-try-warning = This is the last try. A wrong { $what } blocks it.
last-try-erases-later = Once the { $other } is blocked too, this card erases all its private keys.
last-try-erases = This card then erases all its private keys.
last-try-final = Nobody can unblock the { $what } after that.
last-try-yes = I am sure of my { $what }: use the last try.
last-try-never = The settings of this machine do not let the last try of a { $what } be used.

# Fields
field-reveal = Show while held down
field-caps = Caps Lock is on.
fault-empty = Nothing is typed here.
fault-again = Type the new PIN once more.
fault-last-try = Say yes to the use of the last try, or leave the PIN alone.
fault-policy-length = It has to be { $min } to { $max } characters long.
fault-policy-digits = Only the digits 0 to 9 are allowed.
fault-policy-ascii = Only the letters A to Z, digits, space and the usual signs are allowed.
fault-policy-complexity = This is too easy to guess.
fault-policy-other = The new PIN is the present one.
fault-policy-same = This is not the same as above.
policy-title = PIN policy
policy-length =
    { $min ->
        [1] At most { $max } characters
       *[other] { $min } to { $max } characters
    }
policy-digits = Digits only
policy-ascii = Letters A to Z, digits, space and the usual signs
policy-complexity = Not easy to guess
policy-other = Another one than the present PIN
policy-same = Typed twice the same
policy-assumed = The card does not publish its policy; this is what cards of its kind take.
policy-state-good = (kept)
policy-state-bad = (not kept)
policy-state-open = (open)

# Change PIN
pin-type = Change PIN for key container
pin-current = Current PIN
pin-current-puk = Current PUK
pin-new = New PIN
pin-confirm = Confirm new PIN
pin-is-blocked = This { $what } is blocked, and has to be unblocked first.
pin-is-lost = This { $what } is blocked, and nobody can unblock it. Ask your administrator for another card.
pin-changed =
    { $tries ->
        [-1] The new { $what } is on the card.
       *[other] The new { $what } is on the card. It has { $tries } tries.
    }
new-on-reader = Type the new PIN on the reader, twice, when it asks for it.
new-elsewhere = The new PIN is asked for by a window of its own.

# Unblock PIN
unblock-type = Unblock PIN for key container
unblock-start = Start
unblock-again = New challenge
unblock-cancel = Give up
unblock-step-start = Start
unblock-step-give = Tell your administrator
unblock-step-response = Enter the response
unblock-step-pin = Set the new PIN
step-done = (done)
step-now = (now)
step-later = (later)
unblock-start-what = Reads the card serial number and gets a challenge from the card. Leave the card in from now on until the new PIN is set.
unblock-not-blocked = This PIN is not blocked. It can be unblocked all the same.
unblock-nobody = Nobody can unblock a PIN of this card.
unblock-sure = The PIN is not blocked
unblock-sure-open = Take a challenge all the same? It is void as soon as another program uses the card.
unblock-sure-what = Take a challenge all the same? Other programs are then kept off the card for up to { $minutes ->
        [one] { $minutes } minute.
       *[other] { $minutes } minutes.
    }
unblock-give = Read these to your administrator, or send them. The checksum lets both of you make sure of what was typed.
challenge = Challenge
checksum = Checksum
unblock-copy = Copy
unblock-copied = CSN, challenge and checksum are on the clipboard.
unblock-not-copied = The clipboard cannot be used here. Mark the text and copy it by hand.
unblock-qr = QR code
unblock-file = Save as file
qr-heading = Challenge as a QR code
qr-what = Scan it with a telephone.
qr-name = QR code with the CSN, the challenge and its checksum
challenge-wrong = The checksum does not fit, so a digit is wrong.
challenge-taken = The challenge is taken. Tell it to your administrator.
challenge-good = The challenge is good. Other programs are kept off the card.
challenge-good-open = The challenge is good, but other programs can use the card now, which makes it void.
challenge-left = for another { $minutes }:{ $seconds } min
challenge-given-up = The challenge is given up, and the card is free.
challenge-another = Another program took a new challenge, so the one before is void. A response to it is of no use: tell the new one to your administrator.
challenge-over = The challenge that was shown here is not out any more. { $reason } If the PIN is blocked still, start again.
challenge-void = The challenge is void, and nothing was sent. { $reason } Start again.
response = Response
response-empty = Nothing is typed yet.
response-letters = Only the digits 0 to 9 and A to F belong there.
response-short =
    { $missing ->
        [one] { $missing } digit is missing.
       *[other] { $missing } digits are missing.
    }
response-long = These are too many digits.
response-wrong = The checksum does not fit, so a digit is wrong. Nothing is sent like this.
response-whole = Complete. Its checksum is { $sum }: compare it, or type it as well.
response-checked = Complete, and the checksum { $sum } fits.
unblock-proceed = Proceed: calculate the response
unblock-proceed-what = For whoever has the admin key of this card.
unblock-done =
    { $tries ->
        [-1] The PIN is unblocked, and the new one is set.
       *[other] The PIN is unblocked, and the new one is set. It has { $tries } tries.
    }
puk-what = This card is unblocked with its PUK. It has no challenge.
puk-field = PUK
puk-is-blocked = The PUK is blocked, so nobody can unblock this card any more. Ask your administrator for another card.
respond-heading = Calculate response
respond-for-others = For administrators
respond-for-others-what = Calculate the response to a challenge that somebody reads to you. It takes the admin key of that card, and neither a card nor a reader.
respond-open = Calculate response
respond-what = The response to the challenge of this card, for whoever has its admin key. The key is used here and goes nowhere.
respond-what-other = Type what was read to you, with its checksum. The key is used here and goes nowhere.
respond-key = Admin key
respond-key-elsewhere = The admin key is asked for by a window of its own.
respond-cipher = Cipher
respond-calculate = Calculate
respond-use = Use this response
respond-copy = Copy
respond-copied = The response is on the clipboard.
factory-all-zero = nothing but zeros
factory-all-ff = nothing but FF
factory-01-to-08-repeated = 01 to 08, again and again
factory-01-02-03-and-so-on = 01, 02, 03 and so on
respond-factory = This is a well-known factory key ({ $name }). Anybody can unblock a card that has it: give the card a key of its own.
cipher-fitting = The one that fits
cipher-3des = 3DES
cipher-aes = AES

# What a write takes
authority-pin = PIN
authority-key = Management key
authority-key-elsewhere = The management key is asked for by a window of its own.
authority-elsewhere = The { $what } is asked for by a window of its own.
authority-on-reader = Type the { $what } on the reader when it asks for it.
authority-factory-key = The management key of the factory opens this card, and everybody knows it. Whoever sets up cards should give this one a key of its own.
authority-touch = Touch the device when it blinks.
dialog-cancel = Cancel
dialog-close = Close

# Certificates
cert-table = Certificates on the card
cert-none = The card holds no certificate.
cert-filter = Filter
cert-count =
    { $count ->
        [0] No certificate
        [one] { $count } certificate
       *[other] { $count } certificates
    }
cert-count-filtered = { $count } of { $all } certificates
cert-choose = { $name }, { $place }
cert-column-choose = Choose
cert-column-name = Name
cert-column-issuer = Issuer
cert-column-until = Valid until
cert-column-usage = Usage
cert-column-place = Place
cert-column-pin = PIN type
cert-column-key = Key
cert-default = Default
cert-slot = Slot { $slot }
cert-container = Container { $number }
cert-no-container = No container
cert-no-key = no key
cert-key-other = unknown kind
cert-damaged-name = Damaged certificate { $id }
cert-expired = Expired
cert-later = Not yet valid
cert-soon =
    { $days ->
        [0] Today
        [one] { $days } day
       *[other] { $days } days
    }
cert-actions = With the chosen certificate
cert-view = View
cert-export = Export
export-format = Format of the export
cert-make-default = Make default
cert-delete = Delete
default-is = It is the default one already.
default-no-key = Without a private key on the card it cannot be the default one.
default-by-slot = On this card the slot decides: the certificate in slot 9A is the default one.
default-heading = Make it the default
default-what = { $name } ({ $place }) becomes the one that is used by itself, as for the logon to Windows.
default-before = Until now it is { $name }.
default-confirm = Make default
default-done = { $name } is the default now.
delete-heading = Delete a certificate
delete-what = { $name }, issued by { $issuer }, is deleted ({ $place }).
delete-loses = Its private key is lost for ever: what was enciphered for it can no longer be read.
delete-loses-slot = Its private key is lost for ever, and what was enciphered for it can no longer be read. On a card that cannot delete keys it stays in { $place } without a certificate.
delete-keeps = The private key stays on the card without a certificate ({ $place }).
delete-keep-key = Keep the private key
delete-container = { $place }, which has no key, is deleted with it.
delete-default = It is the default one. Another certificate will be used in its place, or none.
delete-confirm = Delete
delete-done = { $name } is deleted.
delete-forbidden = The settings of this machine forbid deleting.
export-cer = Export .cer
export-der = Export .der
export-pem = Export .pem
import-drop = Drop a certificate file here (.cer, .der, .pem, .pfx, .p12), or
import-choose = Import …
import-other-card = Another card is shown now. Nothing was sent: choose the file again if it is for this one.
import-forbidden = The settings of this machine forbid importing.
import-password-heading = Password of { $file }
import-password = Password of the file
import-password-elsewhere = The password of the file is asked for by a window of its own.
import-open = Open
import-heading = Import { $file }
import-plan = { $name } goes to { $place }, whose key it belongs to.
import-plan-key = { $name } goes to { $place }, with its private key.
import-replaces = It replaces { $name }.
import-overwrites = The private key that is there, or may be, would be lost for ever.
import-overwrite = Yes, overwrite that key
import-overwrite-needed = Say yes to the loss of that key, or choose another slot.
import-chain = These of the file go along where the card has room: { $names }
import-full = The card has no room for another key. Delete a certificate that is no longer needed.
import-slot = Slot
import-slot-fitting = The one that fits ({ $slot })
import-slot-taken = Slot { $slot }: { $name }
import-default = Make it the default
import-default-warn = The settings of this machine ask you to think twice before another certificate becomes the default one.
import-confirm = Import
import-done =
    { $chain ->
        [0] { $name } is on the card.
        [one] { $name } is on the card, and { $chain } certificate of its issuers.
       *[other] { $name } is on the card, and { $chain } certificates of its issuers.
    }
view-heading = { $name }
view-damaged = Damaged
view-place = Place
view-pin = PIN type
view-default = Default
view-default-slot = Yes: Windows takes the certificate in slot 9A
view-key = Key on the card
view-certificate = Certificate
view-self = It is signed by itself.
view-no-chain = The card holds no certificate of its issuer.
view-issuer = Issuer { $number }: { $name }
view-subject = Subject
view-also = Also named
also-upn = User principal name: { $value }
also-email = E-mail address: { $value }
also-dns = Host name: { $value }
also-uri = Address (URI): { $value }
also-ip = IP address: { $value }
also-directory = Directory name: { $value }
also-registered-id = Registered number: { $value }
also-other = Other name: { $value }
view-issued-by = Issuer
view-serial = Serial number
view-from = Valid from
view-until = Valid until
view-ended = { $date }, expired
view-usage = Key usage
view-extended = Extended key usage
view-authority = Authority
view-path =
    { $length ->
        [0] Yes, with no further authority below it
        [one] Yes, with { $length } further authority below it
       *[other] Yes, with { $length } further authorities below it
    }
view-policies = Policies
view-algorithm = Key
view-public-key = Public key
view-signed = Signed with
view-subject-key = Subject key identifier
view-authority-key = Authority key identifier
view-revocation = Revocation lists
view-access = Authority access
view-version = X.509 version
view-sha1 = SHA-1 thumbprint
view-sha256 = SHA-256 thumbprint

# Overview
overview-pins = PINs
overview-card = Card
overview-change = Change PIN
overview-unblock = Unblock PIN
overview-certificates = Certificates
overview-concerns = What you should know
overview-findings = Something on this card is damaged
overview-advice = Advice for this card
about-kind = Kind
about-csn = CSN
about-serial = Number on the card
about-windows = Windows ID
about-certificates = Certificates
about-containers = Keys
about-of = { $used } of { $most }
concern-blocked = { $pin }: blocked.
concern-low =
    { $tries ->
        [one] { $pin }: only { $tries } try left.
       *[other] { $pin }: only { $tries } tries left.
    }
concern-change-factory = { $pin }: change it. It is the one that such cards leave the factory with.
concern-change-first_use = { $pin }: change it. The card is new on this machine.
concern-change-expired = { $pin }: change it. It has been the same for too long.
concern-expired = The certificate { $name } expired on { $date }.
concern-expiring =
    { $days ->
        [0] The certificate { $name } ends today.
        [one] The certificate { $name } ends in { $days } day ({ $date }).
       *[other] The certificate { $name } ends in { $days } days ({ $date }).
    }
concern-card-expired = The card itself expired on { $date }.
concern-card-expiring =
    { $days ->
        [0] The card itself ends today.
        [one] The card itself ends in { $days } day ({ $date }).
       *[other] The card itself ends in { $days } days ({ $date }).
    }
repair-open = Repair …
repair-heading = Repair the card
repair-what = An interrupted write left this on the card. Repairing deletes nothing that could still be used.
repair-confirm = Repair
repair-done =
    { $remaining ->
        [0] Repaired: nothing is damaged any more.
       *[other] Repaired: { $mended }. Still damaged: { $remaining }.
    }

# Information
about = Kortti
about-version = Version
about-protocol = Protocol
about-licence = Licence
about-cards = Supported cards
about-notice = Legal notice
legal-notice = Kortti comes without any warranty, to the extent that the law permits. A card counts the wrong tries of each PIN by itself. At the last one the PIN blocks. Then it takes the administrator or the PUK to unblock it, and where those are blocked too, nobody can.
state = Agent and readers
state-agent = Agent
state-agent-up = Version { $version }, process { $pid }
state-agent-down = Does not run
state-service = Smart card service
state-service-up = Answers
state-virtual = Not used: the readers are virtual
state-reader = Reader
state-desktop = Icon and notices
state-desktop-up = Run
state-desktop-down = Do not run
language-heading = Language
language = Language of this page
language-busy = Something is being done. Change the language once it is finished.
doctor = Doctor
doctor-what = Looks for everything that has to be there for Kortti to work. What it shows can be posted in public.
doctor-run = Examine
doctor-done =
    { $bad ->
        [0] Nothing needs you.
        [one] One thing needs you.
       *[other] { $bad } things need you.
    }
doctor-good = Good:
doctor-note = Note:
doctor-bad = Bad:

# What a person is told when something was not done
error-other = That was not done.
error-page_fault = The page itself is at fault. Close it and open it again.
error-page_closed = This page is no longer open. Open it again with kortti web.
error-bad_request = The request was not understood.
error-no_agent = The agent does not run, or ended in the middle. Look at the card before you try again.
error-protocol_version = Agent and page are of different versions. Restart the agent.
error-no_service = The smart card service does not run.
error-permission = You may not use the smart card service.
error-no_reader = The reader is no longer there.
error-no_card = There is no card in the reader.
error-several_cards = Several cards fit. Choose a reader.
error-unknown_card = Kortti does not know this kind of card.
error-not_initialised = The card is empty. Ask your administrator to set it up.
error-mute = The card does not answer. Is it the right way round?
error-busy = Another program keeps the card. Nothing was sent to it.
error-card_removed = The card was taken out in the middle. Put it in again, and look at it before you try again.
error-card_reset = Another program reset the card in the middle. Look at the card before you try again.
error-card_changed = Another program changed the card in the middle. Look at the card before you try again.
error-wrong_pin =
    { $tries ->
        [-1] Wrong { $what }. The card does not tell how many tries are left.
        [0] Wrong { $what }. No try is left: the { $what } is blocked.
        [one] Wrong { $what }. One try is left; a further wrong { $what } blocks it.
       *[other] Wrong { $what }. { $tries } tries are left.
    }
error-pin_blocked = The { $what } is blocked. Nothing was sent.
error-last_try = Only one try of the { $what } is left, and nobody said yes to its use. Nothing was sent.
error-management_key_needed = Writing to this card takes its management key. Whoever set up the card has it. Nothing was sent.
error-wrong_management_key = Wrong management key. Nothing was written.
error-would_overwrite = A private key would be lost. Nothing was sent.
error-not_touched = Nobody touched the device while it blinked. Try again, and touch it then.
error-forbidden = The settings of this machine do not allow that. Nothing was sent.
error-pin_policy = The PIN does not fit the policy. Nothing was sent.
error-not_typed = Nothing was typed, so no try was used.
error-wrong_response = The response was not accepted, and the challenge is used up. Cards allow few wrong responses: make sure of the admin key before you start again.
error-bad_response = The response is not well formed. Nothing was sent.
error-challenge_void = The challenge is no longer the card's. Nothing was sent. Start again.
error-file_too_large = The file is larger than a card could hold.
error-bad_file = The file is damaged, or of no kind that can be read.
error-file_password = Wrong password of the file. The card was not asked.
error-no_matching_key = No key on the card belongs to this certificate.
error-not_found = That is no longer on the card.
error-card_full = The card has no room. It is as it was.
error-not_supported = This card cannot do that.
error-damaged = Something on the card is damaged.
error-write_failed = The write did not come to its end.
error-card_error = The card answered something unexpected.
error-system = The operating system refused something.

# Usages, as certificates name them
usage-smart-card-logon = Smart card logon
usage-client-authentication = Client authentication
usage-server-authentication = Server authentication
usage-e-mail = E-mail
usage-code-signing = Code signing
usage-document-signing = Document signing
usage-time-stamping = Time stamping
usage-digital-signature = Digital signature
usage-digitalsignature = Digital signature
usage-non-repudiation = Non-repudiation
usage-nonrepudiation = Non-repudiation
usage-encryption = Encryption
usage-keyencipherment = Key encipherment
usage-dataencipherment = Data encipherment
usage-keyagreement = Key agreement
usage-key-agreement = Key agreement
usage-keycertsign = Signing of certificates
usage-certificate-signing = Signing of certificates
usage-crlsign = Signing of revocation lists
usage-any-purpose = Any purpose
usage-tls-server-authentication = TLS server authentication
usage-tls-client-authentication = TLS client authentication
usage-e-mail-protection = E-mail protection
usage-ocsp-signing = OCSP signing
usage-ipsec = IPsec
usage-ipsec-ike = IPsec IKE
usage-ssh-client = SSH client
usage-kerberos = Kerberos
usage-kerberos-pkinit-client-authentication = Kerberos client authentication (PKINIT)
usage-kerberos-server = Kerberos server
usage-kerberos-key-distribution-centre = Kerberos key distribution centre
usage-request-agent = Request agent
usage-certificate-request-agent = Certificate request agent
usage-file-encryption = File encryption
usage-encrypting-file-system = Encrypting file system (EFS)
usage-file-recovery = File recovery
usage-encrypting-file-system-recovery = Recovery of encrypted files (EFS)
usage-key-recovery = Key recovery
usage-key-recovery-agent = Key recovery agent
usage-key-archival = Key archival
usage-private-key-archival = Private key archival
usage-document-signing-microsoft = Document signing (Microsoft)
usage-adobe-authentic-documents = Adobe authentic documents
usage-bitlocker = BitLocker
usage-bitlocker-drive-encryption = BitLocker drive encryption
usage-bitlocker-recovery = BitLocker recovery
usage-bitlocker-data-recovery-agent = BitLocker data recovery agent
usage-card-authentication = Card authentication
usage-piv-card-authentication = PIV card authentication
usage-crl-signing = Signing of revocation lists
usage-encipher-only = Encipher only
usage-encipheronly = Encipher only
usage-decipher-only = Decipher only
usage-decipheronly = Decipher only

# What a window of pinentry says, where PINs are not typed in the page
pinentry-asks = The page at { $origin } in your browser asks for this.
pinentry-card = Card { $card } in { $reader }.
pinentry-tries = Tries left: { $tries }.
pinentry-last-try = This is the last try: a wrong one blocks it. Use it?
pinentry-differs = The two were not the same. Once more.
pinentry-change = It changes the PIN.
pinentry-unblock = It unblocks the PIN.
pinentry-import = It imports a certificate.
pinentry-default = It makes another certificate the default one.
pinentry-delete = It deletes a certificate.
pinentry-repair = It repairs the card.
pinentry-respond = It calculates the response to a challenge.
pinentry-other = It reads from the card or writes to it.

# Help
help-overview-1 = The overview shows the card in the reader that is chosen above: its PINs with the tries that are left, and what you should know of it. A card that comes in is chosen by itself, unless you chose a reader.
help-overview-2 = Nothing is sent to the card that could cost a try. Tries are counted by the card; at none left the PIN is blocked, and has to be unblocked.
help-pin-1 = Type the PIN that you have, and the new one twice. The PIN policy beside it shows what the card demands, and ticks off what the new PIN keeps. Nothing is sent before all of it is kept.
help-pin-2 = If the card has several PINs, choose whose is to be changed. Each PIN guards the keys of its type.
help-pin-3 = A wrong current PIN costs a try. The last try is used only when you say so.
help-unblock-1 = A blocked PIN is unblocked together with your administrator, who has the admin key of your card. Press Start, and read the CSN, the challenge and its checksum to your administrator. The response that you get back is typed in; then the new PIN is set.
help-unblock-2 = Leave the card in and do not let other programs use it: challenge and response belong together, and a new challenge needs a new response. The line below the challenge says whether it is still good.
help-unblock-3 = The checksum is four digits that both sides can compare. If it differs, a digit was misheard.
help-unblock-4 = Cards with a PUK have no challenge: there the PUK sets a new PIN.
help-certificates-1 = The table shows what is on the card. An asterisk marks the default certificate, which Windows takes for the logon. Choose a row to view, export or delete that certificate, or to make it the default one.
help-certificates-2 = Import takes a certificate for a key that is on the card (.cer, .der, .pem), or a certificate with its key (.pfx, .p12), whose password is asked for. You are told what will happen before the PIN is asked for.
help-certificates-3 = Deleting a certificate deletes its private key too, unless you keep it. What was enciphered for a deleted key can never be read again.
help-information-1 = Here is what Kortti is, which cards it knows, how agent and readers stand, and what may be in the way. The doctor looks for what is missing and says what to do about it.
