//! The readers' manners, faults, and descriptions.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::*;
use crate::transport::{Error, Presence, ReaderState, Readers};

const READER: &str = "Kortti Virtual Reader 00 00";
const SECOND: &str = "Kortti Virtual Reader 01 00";
const SELECT: &[u8] = &[0x00, 0xA4, 0x04, 0x00, 0x09, 0xA0, 0, 0, 0x03, 0x97, 0x42, 0x54, 0x46, 0x59, 0x00];
const GET_CARDCF: &[u8] = &[0x00, 0xCB, 0xA0, 0x10, 0x04, 0x5C, 0x02, 0xDF, 0x22, 0x00];
const VERIFY: &[u8] = b"\x00\x20\x00\x80\x06123456";
const OK: [u8; 2] = [0x90, 0x00];

/// The demonstration set with an empty second reader, and the card in its first.
fn demo() -> (VirtualReaders, VirtualCard) {
    let readers = VirtualReaders::demo();
    readers.remove(SECOND).unwrap();
    let card = readers.card("anna").unwrap();
    (readers, card)
}

fn status(answer: &[u8]) -> u16 {
    u16::from_be_bytes(*answer.last_chunk().unwrap())
}

/// Starts something on a thread and gives what it returns through a channel.
fn in_background<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> mpsc::Receiver<T> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(work()));
    receiver
}

const LONG: Duration = Duration::from_secs(20);
/// How long something must not happen for a test to believe that it is blocked. Passing does not depend on it.
const SHORT: Duration = Duration::from_millis(50);

#[test]
fn waiting_tells_of_every_change() {
    let (readers, _) = demo();
    let first = readers.wait(&[]).unwrap();
    assert_eq!(first.len(), 2);
    assert!(matches!(&first[0], ReaderState { name, presence: Presence::Card(atr), generation: 1, .. }
        if name == READER && atr.ends_with(b"Kortti\x38")));
    assert_eq!((first[1].name.as_str(), &first[1].presence), (SECOND, &Presence::Empty));

    type Step = (fn(&VirtualReaders), &'static str, Option<(Presence, u32)>);
    let steps: [Step; 9] = [
        (|r| r.remove(READER).unwrap(), READER, Some((Presence::Empty, 2))),
        (|r| r.insert(READER, None).unwrap(), READER, None),
        (|r| r.insert(SECOND, Some("unknown")).unwrap(), SECOND, None),
        (|r| r.remove(SECOND).unwrap(), SECOND, Some((Presence::Empty, 4))),
        (|r| r.set_usable(SECOND, false).unwrap(), SECOND, Some((Presence::Unavailable, 4))),
        (|r| r.set_usable(SECOND, true).unwrap(), SECOND, Some((Presence::Empty, 4))),
        (|r| r.add_reader("Third"), "Third", Some((Presence::Empty, 0))),
        (|r| r.remove_reader("Third").unwrap(), "Third", None),
        (|r| r.remove_reader(READER).unwrap(), READER, None),
    ];
    let mut known = first;
    for (act, reader, expected) in steps {
        let (background, before) = (readers.clone(), known.clone());
        let change = in_background(move || background.wait(&before));
        act(&readers);
        let now = change.recv_timeout(LONG).unwrap().unwrap();
        assert_ne!(now, known);
        if let Some((presence, generation)) = expected {
            let state = now.iter().find(|state| state.name == reader).unwrap();
            assert_eq!((&state.presence, state.generation), (&presence, generation), "{reader}");
        }
        known = now;
    }
}

#[test]
fn waiting_ends_when_stopped_or_without_service() {
    let (readers, _) = demo();
    let known = readers.wait(&[]).unwrap();
    let background = readers.clone();
    let same = known.clone();
    let change = in_background(move || background.wait(&same));
    assert!(change.recv_timeout(SHORT).is_err(), "nothing has changed");
    readers.set_service(false);
    assert_eq!(change.recv_timeout(LONG).unwrap(), Err(Error::ServiceDown));
    assert_eq!(readers.wait(&known), Err(Error::ServiceDown));
    assert_eq!(readers.connect(READER).err(), Some(Error::ServiceDown));
    readers.set_service(true);
    assert_eq!(readers.wait(&known), Ok(known.clone()), "the first look after a failure returns at once");
    let background = readers.clone();
    let change = in_background(move || background.wait(&known));
    readers.stop();
    assert_eq!(change.recv_timeout(LONG).unwrap(), Err(Error::Cancelled));
    assert_eq!(readers.wait(&[]), Err(Error::Cancelled));
}

#[test]
fn connecting() {
    let (readers, _) = demo();
    let refused = |reader: &str| readers.connect(reader).err();
    assert_eq!(refused("Nowhere"), Some(Error::NoReader));
    assert_eq!(refused(SECOND), Some(Error::NoCard));
    readers.hold(READER, true).unwrap();
    assert_eq!(refused(READER), Some(Error::Busy));
    readers.hold(READER, false).unwrap();
    assert_eq!(refused(READER), None);
    readers.set_usable(READER, false).unwrap();
    assert!(matches!(refused(READER), Some(Error::Failed(_))));

    readers.insert(SECOND, Some("unknown")).unwrap();
    let mut unknown = readers.connect(SECOND).unwrap();
    let mut transaction = unknown.begin().unwrap();
    assert_eq!(transaction.transmit(SELECT).unwrap(), [0x6A, 0x82]);
    assert_eq!(transaction.transmit(GET_CARDCF).unwrap(), [0x6D, 0x00]);
}

#[test]
fn mute_cards() {
    let readers = VirtualReaders::from_description(
        "[[reader]]\nname=\"r\"\ncard=\"m\"\n[[card]]\nname=\"m\"\nkind=\"mute\"",
    )
    .unwrap();
    assert_eq!(readers.wait(&[]).unwrap()[0].presence, Presence::Mute);
    assert_eq!(readers.connect("r").err(), Some(Error::Mute));
}

#[test]
fn a_transaction_keeps_others_off() {
    let (readers, _) = demo();
    let mut one = readers.connect(READER).unwrap();
    let transaction = one.begin().unwrap();
    let background = readers.clone();
    let other = in_background(move || {
        let mut other = background.connect(READER).unwrap();
        let mut transaction = other.begin().unwrap();
        transaction.transmit(SELECT).unwrap()
    });
    assert!(other.recv_timeout(SHORT).is_err(), "the other one waits");
    drop(transaction);
    assert_eq!(status(&other.recv_timeout(LONG).unwrap()), 0x9000);

    // A waiting one learns of a removal, too.
    let transaction = one.begin().unwrap();
    let background = readers.clone();
    let other = in_background(move || background.connect(READER).unwrap().begin().err());
    assert!(other.recv_timeout(SHORT).is_err());
    readers.remove(READER).unwrap();
    assert_eq!(other.recv_timeout(LONG).unwrap(), Some(Error::Removed));
    drop(transaction);
}

#[test]
fn a_removal_is_for_ever() {
    let (readers, _) = demo();
    let mut card = readers.connect(READER).unwrap();
    assert_eq!(card.look().unwrap().generation, 1);
    readers.remove(READER).unwrap();
    assert_eq!(card.look(), Err(Error::Removed));
    readers.insert(READER, None).unwrap();
    assert_eq!(card.look(), Err(Error::Removed));
    assert_eq!(card.begin().err(), Some(Error::Removed));
    assert_eq!(card.reconnect(), Err(Error::Removed));
    assert_eq!(readers.connect(READER).unwrap().look().unwrap().generation, 3);
}

#[test]
fn a_reset_must_be_noted() {
    let (readers, handle) = demo();
    let mut card = readers.connect(READER).unwrap();
    {
        let mut transaction = card.begin().unwrap();
        transaction.transmit(SELECT).unwrap();
        assert_eq!(transaction.transmit(VERIFY).unwrap(), OK);
    }
    assert_eq!(handle.gids(|card| card.pin_verified()), Some(true));
    readers.reset(READER).unwrap();
    assert_eq!(handle.gids(|card| card.pin_verified()), Some(false));
    assert_eq!(card.look(), Err(Error::Reset));
    assert_eq!(card.begin().err(), Some(Error::Reset));
    card.reconnect().unwrap();
    assert_eq!(
        card.begin().unwrap().transmit(GET_CARDCF).unwrap(),
        [0x6D, 0x00],
        "no application is selected"
    );
}

#[test]
fn the_service_going_down_ends_connections() {
    let (readers, _) = demo();
    let mut card = readers.connect(READER).unwrap();
    readers.set_service(false);
    readers.set_service(true);
    assert_eq!(card.look(), Err(Error::ServiceDown));
    assert_eq!(card.reconnect(), Err(Error::ServiceDown));
    assert!(readers.connect(READER).unwrap().begin().is_ok());
}

#[test]
fn the_last_connection_takes_the_power() {
    let (readers, handle) = demo();
    let verified = || handle.gids(|card| card.pin_verified()) == Some(true);
    let mut one = readers.connect(READER).unwrap();
    let two = readers.connect(READER).unwrap();
    one.begin().unwrap().transmit(SELECT).unwrap();
    one.begin().unwrap().transmit(VERIFY).unwrap();
    drop(one);
    assert!(verified());
    drop(two);
    assert!(!verified());
}

#[test]
fn a_hanging_reader() {
    let (readers, _) = demo();
    for release in [true, false] {
        readers.hang(READER, true).unwrap();
        let background = readers.clone();
        let answer =
            in_background(move || background.connect(READER).unwrap().begin().unwrap().transmit(SELECT));
        assert!(answer.recv_timeout(SHORT).is_err());
        if release {
            readers.hang(READER, false).unwrap();
            assert_eq!(answer.recv_timeout(LONG).unwrap().map(|answer| status(&answer)), Ok(0x9000));
        } else {
            readers.remove(READER).unwrap();
            assert_eq!(answer.recv_timeout(LONG).unwrap(), Err(Error::Removed));
        }
    }
}

#[test]
fn faults() {
    let verified = |card: &VirtualCard| card.gids(|card| card.pin_tries_left()) == Some(3);
    let wrong: &[u8] = b"\x00\x20\x00\x80\x06999999";
    for (kind, expected, executed) in [
        (FaultKind::RemovedBefore, Err(Error::Removed), false),
        (FaultKind::RemovedAfter, Err(Error::Removed), true),
        (FaultKind::Status(0x6F00), Ok(vec![0x6F, 0x00]), false),
        (FaultKind::Reset, Err(Error::Reset), false),
        (FaultKind::Delay(1), Ok(vec![0x63, 0xC2]), true),
    ] {
        let (readers, handle) = demo();
        let mark = handle.apdus();
        handle.inject(Fault::at_instruction(0x20, 1, kind));
        let mut card = readers.connect(READER).unwrap();
        let mut transaction = card.begin().unwrap();
        assert_eq!(transaction.transmit(SELECT).map(|answer| status(&answer)), Ok(0x9000));
        assert_eq!(transaction.transmit(wrong), expected, "{kind:?}");
        assert_eq!(!verified(&handle), executed, "{kind:?}");
        let log = handle.log_since(mark);
        assert_eq!(log.iter().map(|exchange| exchange.instruction).collect::<Vec<_>>(), [0xA4, 0x20]);
        assert_eq!(log[1].executed, executed, "{kind:?}");
        assert_eq!(log[1].status.is_some(), expected.is_ok());
        assert_eq!((log[1].parameters, log[1].length), (0x0080, 11));
        drop(transaction);
        let removed = matches!(kind, FaultKind::RemovedBefore | FaultKind::RemovedAfter);
        assert_eq!(readers.connect(READER).is_err(), removed);
    }
    // The nth of any kind, once.
    let (readers, handle) = demo();
    handle.inject(Fault::at(3, FaultKind::Status(0x6985)));
    let mut card = readers.connect(READER).unwrap();
    let mut transaction = card.begin().unwrap();
    let statuses: Vec<u16> = (0..4).map(|_| status(&transaction.transmit(SELECT).unwrap())).collect();
    assert_eq!(statuses, [0x9000, 0x9000, 0x6985, 0x9000]);
}

#[test]
fn another_program_between_two_transactions() {
    let (readers, handle) = demo();
    let mut card = readers.connect(READER).unwrap();
    card.begin().unwrap().transmit(SELECT).unwrap();
    card.begin().unwrap().transmit(VERIFY).unwrap();
    handle.before_next_transaction(|card| {
        assert_eq!(status(&card.transmit_as_other(SELECT)), 0x9000);
    });
    let mark = handle.apdus();
    let put_cardcf = b"\x00\xDB\xA0\x10\x09\xDF\x22\x06\x00\x01\x02\x00\x05\x00";
    assert_eq!(card.begin().unwrap().transmit(put_cardcf).unwrap(), [0x69, 0x82], "no longer authenticated");
    assert_eq!(handle.apdus() - mark, 1, "what others send is not counted");

    let others = readers.clone();
    handle.before_next_transaction(move |_| others.reset(READER).unwrap());
    assert_eq!(card.begin().err(), Some(Error::Reset));
    card.reconnect().unwrap();
    assert!(card.begin().is_ok());
}

#[test]
fn inserting_and_removing_by_name() {
    let (readers, _) = demo();
    let error = |result: Result<(), String>| result.err().unwrap();
    for (problem, says) in [
        (error(readers.insert("Nowhere", None)), "There is no reader \"Nowhere\"."),
        (error(readers.insert(READER, Some("new"))), "already holds the card \"anna\""),
        (error(readers.insert(SECOND, Some("anna"))), "is in the reader \"Kortti Virtual Reader 00 00\""),
        (
            error(readers.insert(SECOND, Some("nobody's"))),
            "There are: anna, applet, damaged, erik, new, piv4, plain, torn, unknown.",
        ),
        (error(readers.remove(SECOND)), "is empty"),
        (error(readers.remove("Nowhere")), "There is no reader"),
    ] {
        assert!(problem.contains(says), "{problem}");
    }
    // The described card first, then the one that was in it last.
    readers.insert(SECOND, None).unwrap();
    readers.remove(SECOND).unwrap();
    readers.insert(SECOND, Some("torn")).unwrap();
    readers.remove(SECOND).unwrap();
    readers.insert(SECOND, None).unwrap();
    assert!(readers.insert(SECOND, Some("new")).err().unwrap().contains("\"torn\""));
}

#[test]
fn what_the_demonstration_holds() {
    let readers = VirtualReaders::demo();
    assert_eq!(
        readers.cards(),
        ["anna", "applet", "damaged", "erik", "new", "piv4", "plain", "torn", "unknown"]
    );
    let atrs = readers.wait(&[]).unwrap().into_iter().map(|state| state.presence);
    assert_eq!(
        atrs.collect::<Vec<_>>(),
        ["anna", "erik"].map(|name| Presence::Card(readers.card(name).unwrap().atr().to_vec()))
    );
    let look = |name: &str| readers.card(name).unwrap();

    let objects = look("anna").gids(|card| card.objects()).unwrap();
    let sizes: Vec<_> = objects
        .iter()
        .filter(|(file, ..)| *file == 0xA010)
        .map(|(_, tag, value)| (*tag, value.len()))
        .collect();
    assert!(sizes.contains(&(0xDF22, 6)) && sizes.contains(&(0xDF23, 172)), "{sizes:X?}");
    let certificate = look("anna").gids(|card| card.object(0xA010, 0xDF24)).flatten().unwrap();
    let der = x509_parser::pem::parse_x509_pem(include_bytes!("demo/logon.pem")).unwrap().1.contents;
    let mut inflated = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::ZlibDecoder::new(&certificate[4..]), &mut inflated)
        .unwrap();
    assert_eq!(
        (u16::from_le_bytes([certificate[2], certificate[3]]), inflated),
        (u16::try_from(der.len()).unwrap(), der)
    );
    let masterfile = look("anna").gids(|card| card.object(0xA000, 0xDF1F)).flatten().unwrap();
    assert_eq!(masterfile.len(), 1 + 28 * 8);
    let names: Vec<&[u8]> = masterfile[1..].chunks(28).map(|record| &record[9..18]).collect();
    assert_eq!(names[5..], [&b"kxc00\0\0\0\0"[..], b"kxc01\0\0\0\0", b"msroots\0\0"]);
    let roots = look("anna").gids(|card| card.object(0xA010, 0xDF26)).flatten().unwrap();
    let ca = x509_parser::pem::parse_x509_pem(include_bytes!("demo/ca.pem")).unwrap().1.contents;
    assert!(roots.starts_with(&[0x30, 0x82]) && roots.windows(ca.len()).any(|part| part == ca));
    let (pin, operational) =
        look("anna").gids(|card| (card.pin_is(b"123456"), card.is_operational())).unwrap();
    assert!(pin && operational && look("anna").gids(|card| card.pin_tries_left()) == Some(3));

    assert_eq!(look("new").gids(|card| (card.is_operational(), card.files())), Some((false, vec![])));
    assert_eq!(look("unknown").gids(|_| ()), None);
    assert_eq!(look("torn").gids(|card| card.pin_tries_left()), Some(1));
    let torn = look("torn").gids(|card| card.object(0xA010, 0xDF24)).flatten().unwrap();
    assert!(torn.len() > 480 && torn[480..].iter().all(|byte| *byte == 0));
    let damaged = look("damaged").gids(|card| card.object(0xA010, 0xDF24)).flatten().unwrap();
    assert_eq!(damaged.len(), 22);
}

#[test]
fn what_piv_cards_the_demonstration_holds() {
    let readers = VirtualReaders::demo();
    let all: &[(&str, &[u8], &[u8])] = &[
        ("erik", &[0x9A, 0x9C, 0x9D], &[0x11, 0x14, 0x07]),
        ("piv4", &[0x9A], &[0x11]),
        ("applet", &[0x9A, 0x9C], &[0x11, 0x14]),
        ("plain", &[0x82, 0x9A], &[0x07, 0x11]),
    ];
    for (name, slots, algorithms) in all {
        let look = readers.card(name).unwrap().piv(|card| {
            let found: Vec<u8> = slots.iter().filter_map(|slot| card.key_algorithm(*slot)).collect();
            assert!(card.pin_is(b"123456") && card.puk_is(b"12345678"), "{name}");
            assert_eq!(card.object(0x5F_C102).map(|chuid| chuid.len()), Some(59), "{name}");
            (card.slots(), found)
        });
        assert_eq!(look, Some((slots.to_vec(), algorithms.to_vec())), "{name}");
    }
    readers
        .card("erik")
        .unwrap()
        .piv(|card| {
            assert!(!card.management_key_is(&[1, 2, 3, 4, 5, 6, 7, 8].repeat(3)));
            let printed = card.object(0x5F_C109).unwrap();
            assert!(card.management_key_is(&printed[4..]));
            let certificate = card.object(0x5F_C105).unwrap();
            let der =
                x509_parser::pem::parse_x509_pem(include_bytes!("demo/erik-logon.pem")).unwrap().1.contents;
            assert_eq!(tlv::find(&certificate, 0x70), Some(&der[..]));
            let compressed = card.object(0x5F_C10B).unwrap();
            assert_eq!(tlv::find(&compressed, 0x71), Some(&[1][..]));
        })
        .unwrap();
}

#[test]
fn descriptions_that_are_wrong() {
    let card = "[[card]]\nname = \"c\"\npin = \"123456\"\nadmin-key = \"010203040506070801020304050607080102030405060708\"\ncardid = \"00112233445566778899AABBCCDDEEFF\"\n";
    assert!(VirtualReaders::from_description(card).is_ok());
    for (text, says) in [
        ("[[reader]\n".to_owned(), "Line 1: "),
        ("\n[[reader]]\nnam = 1\n".to_owned(), "Line 3: unknown field"),
        ("[[reader]]\nname = \"r\"\ncard = \"c\"\n".to_owned(), "Line 3: There is no card \"c\"."),
        ("[[reader]]\nname = \"r\"\n[[reader]]\nname = \"r\"\n".to_owned(), "Line 4: There are two readers"),
        (format!("{card}{card}"), "Line 7: There are two cards"),
        (card.replace("pin", "# pin"), "Line 2: The card needs a PIN"),
        (card.replace("0102030405060708\"", "\""), "Line 2: The card needs an admin key"),
        (card.replace("00112233", ""), "Line 2: The card needs a cardid"),
        (card.replace("123456", "123"), "Line 2: The card answers 6700 to CHANGE REFERENCE DATA."),
        (format!("{card}initialised = false\n"), "Line 2: A card that is not initialised has no PIN"),
        (format!("{card}roots = [\"nowhere.pem\"]\n"), "Line 6: nowhere.pem: "),
        (
            format!("{card}[[card.container]]\nname = \"k\"\nkey = \"Cargo.toml\"\n"),
            "Line 6: Cargo.toml is no PEM file.",
        ),
        (format!("{card}[[card.fault]]\nnth = 1\nthen = \"explode\"\n"), "Line 8: unknown variant"),
        (format!("{card}[[card.fault]]\nnth = 1\nthen = {{ status = 70000 }}\n"), "Line 8: invalid value"),
    ] {
        let error = VirtualReaders::from_description(&text).err().unwrap();
        assert!(error.starts_with(says) && !error.contains('\n'), "{text}\n{error}");
    }
}

#[test]
fn descriptions_of_everything() {
    let key = include_str!("demo/mail.key");
    let text = format!(
        "
[[reader]]
name = \"r\"
card = \"c\"

[[card]]
name = \"c\"
atr = \"3B00\"
pin = \"4321\"
puk = \"87654321\"
admin-key = \"000000000000000000000000000000000000000000000000\"
cardid = \"00112233445566778899AABBCCDDEEFF\"
tries-spent = 1
delay = 1

[card.options]
pin-tries = 5
admin-tries = 7
quirks.delete-without-pin = false

[[card.container]]
name = \"inline\"
signature-only = true
key = '''
{key}'''

[[card.object]]
file = 0xA010
object = 0xDF40
value = \"0102\"

[[card.object]]
file = 0xA010
object = 0xDF21

[[card.fault]]
nth = 1
instruction = 0xCB
then = {{ status = 0x6F00 }}
"
    );
    let readers = VirtualReaders::from_description(&text).unwrap();
    let handle = readers.card("c").unwrap();
    assert_eq!(handle.atr(), [0x3B, 0x00]);
    handle
        .gids(|card| {
            assert_eq!(
                (card.pin_tries_left(), card.puk_tries_left(), card.admin_tries_left()),
                (4, Some(5), Some(7))
            );
            assert_eq!(card.object(0xA010, 0xDF40), Some(vec![1, 2]));
            assert_eq!(card.object(0xA010, 0xDF21), None);
            assert!(card.files().contains(&0xB081));
        })
        .unwrap();
    let mut card = readers.connect("r").unwrap();
    let mut transaction = card.begin().unwrap();
    transaction.transmit(SELECT).unwrap();
    assert_eq!(transaction.transmit(GET_CARDCF).unwrap(), [0x6F, 0x00]);
    assert_eq!(status(&transaction.transmit(GET_CARDCF).unwrap()), 0x9000);
}

#[test]
fn many_threads() {
    let (readers, handle) = demo();
    let mark = handle.apdus();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut card = readers.connect(READER).unwrap();
                for _ in 0..50 {
                    let mut transaction = card.begin().unwrap();
                    assert_eq!(status(&transaction.transmit(SELECT).unwrap()), 0x9000);
                    assert_eq!(transaction.transmit(VERIFY).unwrap(), OK, "nobody came between");
                    transaction.keep_alive().unwrap();
                }
            });
        }
    });
    assert_eq!(handle.apdus() - mark, 400);
}

const PIV: &str = "[[card]]\nname = \"p\"\nkind = \"piv\"\nprofile = \"yubikey-5.7\"\nserial = 7\n";

#[test]
fn descriptions_of_piv_cards_that_are_wrong() {
    for (more, says) in [
        ("cardid = \"00\"\n", "Line 6: unknown field `cardid`"),
        ("[card.options]\npin-trys = 3\n", "Line 7: unknown field `pin-trys`"),
        ("[card.options]\nmetadata = \"some\"\n", "Line 7: unknown variant"),
        ("guid = \"0011\"\n", "Line 2: A guid has 32 hexadecimal digits."),
        ("pin = \"12345\"\n", "Line 2: A PIN has 6 to 8 characters."),
        ("puk = \"123456789\"\n", "Line 2: A PUK has 6 to 8 characters."),
        ("management-key = \"0011\"\n", "Line 6: The card takes no management key"),
        (
            "management-algorithm = \"aes-256\"\nmanagement-key = \"00112233445566778899AABBCCDDEEFF\"\n",
            "Line 7: The card takes no management key",
        ),
        ("[[card.slot]]\nslot = \"99\"\n", "Line 6: The card has no such slot."),
        ("[[card.slot]]\nslot = \"9A\"\nkey = \"Cargo.toml\"\n", "Line 6: Cargo.toml is no PEM file."),
        (
            "[[card.slot]]\nslot = \"9A\"\nkey = \"src/virt/demo/ca.pem\"\n",
            "Line 6: A block \"CERTIFICATE\" is no private key",
        ),
        ("[[card.slot]]\nslot = \"9A\"\npin-policy = \"often\"\n", "Line 8: unknown variant"),
        ("[[card.object]]\nid = \"\"\nvalue = \"00\"\n", "Line 6: The id of an object"),
        (
            "[card.options]\nmemory = 1\n[[card.object]]\nid = \"5FC105\"\nvalue = \"0000\"\n",
            "Line 8: The card has no room",
        ),
        ("roots = [\"nowhere.pem\"]\n", "Line 6: nowhere.pem: "),
    ] {
        let error = VirtualReaders::from_description(&format!("{PIV}{more}")).err().unwrap();
        assert!(error.starts_with(says) && !error.contains('\n'), "{more}\n{error}");
    }
    for (text, says) in [
        (PIV.replace("serial = 7", ""), "Line 2: The card needs a serial number"),
        (PIV.replace("profile = \"yubikey-5.7\"", ""), "Line 1: missing field `profile`"),
        (PIV.replace("name = \"p\"", ""), "Line 1: missing field `name`"),
        // What belongs to one kind of card is nothing for another.
        (
            "[[card]]\nname = \"m\"\nkind = \"mute\"\npin = \"123456\"\n".to_owned(),
            "Line 4: unknown field `pin`",
        ),
        ("card = [1]".to_owned(), "Line 1: "),
        ("card = 1".to_owned(), "Line 1: "),
    ] {
        let error = VirtualReaders::from_description(&text).err().unwrap();
        assert!(error.starts_with(says), "{text}\n{error}");
    }
    let key = format!("{PIV}[[card.slot]]\nslot = \"9A\"\nkey = \"src/virt/demo/mail.key\"\n");
    assert!(VirtualReaders::from_description(&key).is_ok());
    let error = VirtualReaders::from_description(&format!("{key}[card.options]\nalgorithms = [0x11]\n"))
        .err()
        .unwrap();
    assert!(error.starts_with("Line 6: The card takes no keys of the kind Rsa(2048)."), "{error}");
}

#[test]
fn descriptions_of_everything_piv() {
    let (key, certificate) = (include_str!("demo/mail.key"), include_str!("demo/mail.pem"));
    let text = format!(
        "{PIV}atr = \"3B00\"
pin = \"654321\"
puk = \"87654321\"
global-pin = \"24681357\"
management-key = \"000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F\"
management-touch = true
protected = true
guid = \"00112233445566778899AABBCCDDEEFF\"
tries-spent = 1
puk-tries-spent = 2
mscmap = true
key-history = true
roots = [\"src/virt/demo/ca.pem\", \"src/virt/demo/mail.pem\"]
delay = 1

[card.options]
pin-tries = 5
object-max = 900
counter = \"untold\"

[[card.slot]]
slot = \"82\"
pin-policy = \"always\"
touch-policy = \"cached\"
gzip = true
default = true
container = \"mail\"
key = '''
{key}'''
certificate = '''
{certificate}'''

[[card.object]]
id = \"5FC106\"
value = \"0102\"

[[card.object]]
id = \"5FC107\"

[[card.fault]]
nth = 1
instruction = 0xCB
then = {{ status = 0x6F00 }}

[[reader]]
name = \"r\"
card = \"p\"
"
    );
    let smaller = VirtualReaders::from_description(&text.replace("object-max = 900", "object-max = 100"));
    assert_eq!(smaller.err().unwrap(), "Line 2: The card has no room for the object 5FC10D.");
    let readers = VirtualReaders::from_description(&text).unwrap();
    let handle = readers.card("p").unwrap();
    assert_eq!(handle.atr(), [0x3B, 0x00]);
    assert_eq!(handle.gids(|_| ()), None);
    handle
        .piv(|card| {
            assert!(card.pin_is(b"654321") && card.puk_is(b"87654321") && card.global_pin_is(b"24681357"));
            assert_eq!((card.pin_tries_left(), card.puk_tries_left()), (4, 1));
            assert_eq!((card.management_algorithm(), card.management_key().len()), (0x0C, 32));
            assert_eq!(card.object(0x5F_FF00), Some(vec![0x80, 3, 0x81, 1, 2]));
            let printed = card.object(0x5F_C109).unwrap();
            assert!(printed.starts_with(&[0x88, 34, 0x89, 32, 0, 1, 2]), "{printed:02X?}");
            let chuid = card.object(0x5F_C102).unwrap();
            assert_eq!((chuid.len(), &chuid[29..33]), (59, &[0x00, 0x11, 0x22, 0x33][..]));
            assert_eq!((card.object(0x5F_C106), card.object(0x5F_C107)), (Some(vec![1, 2]), None));
            assert_eq!(card.object(0x5F_C10C), Some(vec![0xC1, 1, 1, 0xC2, 1, 0, 0xFE, 0]));
            assert_eq!((card.slots(), card.key_algorithm(0x82)), (vec![0x82], Some(0x07)));
            assert_eq!(card.policies(0x82), Some((3, 3)));
            let der = x509_parser::pem::parse_x509_pem(certificate.as_bytes()).unwrap().1.contents;
            let value = card.object(0x5F_C10D).unwrap();
            let content = tlv::find(&value, 0x70).unwrap();
            let mut inflated = Vec::new();
            std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(content), &mut inflated).unwrap();
            assert_eq!((&inflated, tlv::find(&value, 0x71)), (&der, Some(&[1][..])));
            let map = card.object(0x5F_FF10).unwrap();
            let record = tlv::only(&map, 0x81).unwrap();
            assert!(record.len() == 107 && record.starts_with(b"m\0a\0i\0l\0\0"));
            assert_eq!(record[80..87], [0x82, 1, 0x00, 0x08, 0x03, 1, 0]);
            // Two pages: 83, then 82.
            let pages = [0x5F_FF11, 0x5F_FF12].map(|id| card.object(id).unwrap());
            let (first, last) = (tlv::only(&pages[0], 0x83).unwrap(), tlv::only(&pages[1], 0x82).unwrap());
            let ca = x509_parser::pem::parse_x509_pem(include_bytes!("demo/ca.pem")).unwrap().1.contents;
            assert!([first, last].concat().windows(ca.len()).any(|part| part == ca));
        })
        .unwrap();
    let mut card = readers.connect("r").unwrap();
    let mut transaction = card.begin().unwrap();
    let select = [0x00, 0xA4, 0x04, 0x00, 0x05, 0xA0, 0, 0, 0x03, 0x08];
    assert_eq!(status(&transaction.transmit(&select).unwrap()), 0x9000);
    let discovery = [0x00, 0xCB, 0x3F, 0xFF, 0x03, 0x5C, 0x01, 0x7E, 0x00];
    assert_eq!(status(&transaction.transmit(&discovery).unwrap()), 0x6F00);
    assert!(transaction.transmit(&discovery).unwrap().ends_with(&[0x60, 0x10, 0x90, 0x00]));
    let wrong = b"\x00\x20\x00\x80\x08999999\xFF\xFF";
    assert_eq!(transaction.transmit(wrong).unwrap(), [0x63, 0x00]);
    assert_eq!(handle.piv(|card| card.pin_tries_left()), Some(3));
}
