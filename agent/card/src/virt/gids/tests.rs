//! Dialogues with the card. Commands and answers are those of card-gids.md; numbers in brackets are its sections.

use super::*;
use crate::virt::dialogue::{self, bytes};

const ADMIN_KEY: &str = "010203040506070801020304050607080102030405060708";

#[track_caller]
fn dialogue(card: &mut Gids, script: &str) {
    dialogue::hold(|apdu| card.transmit(apdu), script);
}

/// In parts of 240 bytes.
fn chain(card: &mut Gids, instruction_and_parameters: &str, data: &[u8]) -> Vec<u8> {
    dialogue::chain(|apdu| card.transmit(apdu), 240, instruction_and_parameters, data)
}

/// An answer with everything that waits behind it.
fn whole(card: &mut Gids, command: &[u8]) -> (Vec<u8>, u16) {
    let answer = card.transmit(command);
    dialogue::whole(|apdu| card.transmit(apdu), answer)
}

const SELECT_GIDS: &str = "00A4040009A0000003974254465900 = 61124F0BA0000003974254465902017303 4001C0 9000";

/// Section 10, with the golden bytes of section 14.
const INITIALISE: &str = "
    00A4040009A0000003974254465900 = * 9000
    00CB3FFF045C027F7100           = 7F7106970103930103 9000
    00200080                       = 9000
    008700000 47C02810000          = 6986
    00CBA000045C02DF1F00           = 6A82
    002C02800431323334             = 6986
    002401800 8 3132333435363738   = 9000
    00E000000E 620C 820139 8302A000 8C03033000 = 9000
    00440000 = 9000
    00E000000E 620C 820139 8302A010 8C03033000 = 9000
    00440000 = 9000
    00E000000E 620C 820139 8302A011 8C030330FF = 9000
    00440000 = 9000
    00E000000E 620C 820139 8302A012 8C03032000 = 9000
    00440000 = 9000
    00E000000E 620C 820139 8302A013 8C03033030 = 9000
    00440000 = 9000
    00E000000E 620C 820139 8302A014 8C03032020 = 9000
    00440000 = 9000
    00E000001C 621A 820118 8302B080 8C04870020FF A50B A409 800102 830180 9501C0 = 9000
    00440000 = 9000
    00DB3FFF26 7024 840180 A51F 8718 0102030405060708 0102030405060708 0102030405060708 8803B073DC = 9000
    00DBA00091 DF1F818D 01 6d736370000000000000000000000000000000000000000000a00000 000000000000000000636172646964000000000020df000012a00000 000000000000000000636172646170707300000021df000010a00000 000000000000000000636172646366000000000022df000010a00000 6d7363700000000000636d617066696c6500000023df000010a00000 = 9000
    00DBA0100B DF2108 6D73637000000000 = 9000
    00DBA01009 DF2206 000000000000 = 9000
    00DBA01003 DF2300 = 9000
    00DBA01213 DF2010 00112233445566778899AABBCCDDEEFF = 9000
    00A4000C023FFF = 9000
    00440000 = 9000
";

/// A card personalised with the PIN 12345678 and the admin key 0102..08 x 3, selected.
fn personalised(options: Options) -> Gids {
    let mut card = Gids::new(options);
    dialogue(&mut card, INITIALISE);
    card.reset();
    dialogue(&mut card, SELECT_GIDS);
    card
}

fn card() -> Gids {
    personalised(Options::default())
}

const VERIFY: &str = "0020008008 3132333435363738 = 9000";

/// MSE, a fixed challenge, and the response of 9.6.
fn authenticate_admin(card: &mut Gids) {
    card.fix_random(&bytes("A892D75601617C5D"));
    dialogue(
        card,
        "
        0022C1A403830180 = 9000
        00870000047C02810000 = 7C0A8108A892D75601617C5D 9000
        008700000C7C0A8208B0A1674747F4EB87 = 9000
    ",
    );
}

#[test]
fn the_walk_through_of_the_notes() {
    let mut card = card();
    card.fix_random(&bytes("A892D75601617C5D"));
    dialogue(&mut card, "
        0020008004 39393939 = 63C2
        0020008004 39393939 = 63C1
        0020008004 39393939 = 63C0
        0020008008 3132333435363738 = 6983
        00CB3FFF045C027F7100 = 7F7106970100930103 9000
        0022C1A403830180 = 9000
        00870000047C02810000 = 7C0A8108A892D75601617C5D 9000
        008700000C7C0A8208B0A1674747F4EB87 = 9000
        002C02800431323334 = 9000
        002000800431323334 = 9000
        00CB3FFF045C027F7100 = 7F7106970103930103 9000
        # A first container: cardcf, container map, key file, key, key map, map with sizes, certificate, masterfile.
        00DBA01009 DF2206 000001000100 = 9000
        00E0000049 6247 820118 8302B081 8C058F10101000 A537 B809800107830181950140 B809800187830181950140 B809800147830181950140 B609800117830181950140 B609800157830181950140 = 9000
        00440000 = 9000
    ");
    let key = test_key();
    let put = put_key(0x81, &key);
    assert_eq!(chain(&mut card, "DB3FFF", &put), [0x90, 0]);
    dialogue(&mut card, "
        00DBA00010 DF200D 01 01000000 07 9A 81B0 FFFF 0000 = 9000
        00DBA01059 DF2356 330066003600640032006300310061002d0030006200350065002d0034006400370066002d0039006100360031002d00370063003200650038006600310030003400620039003300 0000000000000000 0300 0000 0008 = 9000
        00DBA01009 DF2406 010004000102 = 9000
        00CBA010045C02DF2400 = DF2406010004000102 9000
    ");
    // The default flag set anew.
    let map = card.object(0xA010, 0xDF23).unwrap();
    assert_eq!((map.len(), map[80], &map[82..]), (86, 0x03, &[0, 0, 0, 8][..]));
    let (public, status) = whole(&mut card, &bytes("00CB3FFF0A70088401 81 A5037F498000"));
    assert_eq!(status, 0x9000);
    assert_eq!(public[..7], bytes("7F49820109 8182")[..]);
    assert!(public.ends_with(&bytes("8203010001")));
}

fn test_key() -> Vec<u8> {
    let pem = include_bytes!("../demo/logon.key");
    let (_, pem) = x509_parser::pem::parse_x509_pem(pem).unwrap();
    tlv::find(tlv::only(&pem.contents, 0x30).unwrap(), 0x04).unwrap().to_vec()
}

fn put_key(reference: u8, der: &[u8]) -> Vec<u8> {
    let parts = [bytes("830102 840100"), tlv::object(0x87, der)].concat();
    tlv::object(0x70, &[&[0x84, 1, reference][..], &tlv::object(0xA5, &parts)].concat())
}

#[test]
fn selection_and_discovery() {
    let mut card = card();
    dialogue(
        &mut card,
        "
        00A4040409A000000397425446 59 00 = 6208 820138 8C03033030 9000
        00A4040809A000000397425446 59 00 = 6409 5F2F0160 7F65028000 9000
        00A4040C09A000000397425446 59 = 9000
        00A4040109A000000397425446 59 00 = 6A86
        00A4040009A00000030800001000 = 6A82            # PIV
        00A404000AA00000039743494 45F0100 = 6A82       # Plug and Play
        00CB2F01025C0000 = 4301F4 470308 0180 460C4D79536D6172744C6F676F6E 9000
        00A4000C02A010 = 9000
        00A4000402A010 = 620C8201398302A0108C03033000 9000
        00A4000002A010 = 6A86
        00A4000C02A099 = 6A82
        00A4000C023FFF = 9000
        00A4000000 = 61124F0BA00000039742544659020173034001C0 9000
        00A4010C02A010 = 6A86
    ",
    );
}

#[test]
fn classes_instructions_and_lengths() {
    let mut card = card();
    dialogue(
        &mut card,
        "
        04CBA010045C02DF2200 = 6882
        0CCBA010045C02DF2200 = 6882
        80CBA010045C02DF2200 = 6E00
        0084000008 = 6D00
        00B0000000 = 6D00
        00D6000001FF = 6D00
        00CBA01000000 45C02DF220000 = 6700             # extended length
        00CBA010055C02DF22 = 6700
        00CBFFFF045C02DF2200 = 6A86
        00CBA099045C02DF2200 = 6A82
        00CBA010045C02DF9900 = 6A88
        00CBB080045C02DF2200 = 6981
        00CBA014045C02DF2200 = 6982
        00CBA011045C02DF2200 = 6982
        00CBA010025C0000 = DF21086D73637000000000 DF2206000000000000 DF2300 9000
        00CB0000045C02DF2200 = 6986                     # no file selected
        00A4000C02A010 = 9000
        00CB0000045C02DF2200 = DF2206000000000000 9000  # the selected one
        00CB3FFF045C027F7200 = 7F7106970103930103 9000
        00CB3FFF045C027F7300 = 6A88
        00CB3FFF045C027F7400 = 6984
        00CB3FFF025C0000 = 6984
        00C0000000 = 6985
    ",
    );
    card.reset();
    dialogue(
        &mut card,
        "
        00CBA010045C02DF2200 = 6D00                     # no application selected
        00A4000C02A010 = 6A82
    ",
    );
}

#[test]
fn pins() {
    let mut card = card();
    dialogue(
        &mut card,
        "
        00200080 = 63C3
        0020008003 313233 = 63C3                        # too short: costs nothing
        0020008011 3132333435363738393031323334353637 = 63C3
        0020018008 3132333435363738 = 6A86
        0020008108 3132333435363738 = 6A88
        0020008008 3132333435363739 = 63C2
        0020000008 3132333435363738 = 9000              # the global PIN is the same
        00200080 = 63C3                                 # tells nothing
        00DBA01009 DF2206 000100000000 = 9000
        00200082 = 9000                                 # log out
        00DBA01009 DF2206 000200000000 = 6982
        0024018004 31313131 = 6982                      # needs the PIN
    ",
    );
    assert!(!card.pin_verified());
    // A change parts old and new at the length of the stored PIN.
    dialogue(
        &mut card,
        "
        0024008010 31323334 353637383939393939393939 = 9000
        0020008008 3939393939393939 = 9000
        0024008007 31323334353637 = 63C3                # too short to be two PINs: costs nothing
        0024008021 313131313131313131313131313131313131313131313131313131313131313131 = 63C3
        0024008010 3132333435363738 3132333435363738 = 63C2
        002400800A 3939393939393939 3131 = 6700         # the old one was right, the new one is too short
        0024008008 3939393939393939 = 6700
        0024008010 3939393939393939 3132333435363738 = 9000
    ",
    );
    assert!(card.pin_verified() && card.pin_is(b"12345678"));
    dialogue(
        &mut card,
        "
        0024018003 313131 = 6700
        0024018004 31313131 = 9000
        00DBA01009 DF2206 000300000000 = 6982           # no longer authenticated
        0024028004 31313131 = 6A86
        0024008104 31313131 = 6A88
        002400800A 313131313232323232 32 = 9000
    ",
    );
    // Blocked comes before length.
    card.set_pin_tries_left(0);
    dialogue(
        &mut card,
        "
        00200080 = 6983
        002000800133 = 6983
        002400800831313131 32323232 = 6983
    ",
    );
}

#[test]
fn unblocking() {
    let mut card = card();
    dialogue(&mut card, VERIFY);
    dialogue(&mut card, "002C02800431323334 = 6982      # the PIN is not the admin key");
    authenticate_admin(&mut card);
    dialogue(
        &mut card,
        "
        002C00800431323334 = 6A86
        002C02810431323334 = 6A88
        002C028003313233 = 6700
        00DBA01009 DF2206 000100000000 = 9000           # the administrator may write here
        00DBA01009 DF2206 000000000000 = 9000
        002C02800431323334 = 9000
        002C02800431323334 = 6982                       # everybody is logged out
        00DBA01009 DF2206 000200000000 = 6982
        002000800431323334 = 9000
    ",
    );
}

#[test]
fn cards_with_a_puk() {
    let mut card = Gids::new(Options { puk: true, ..Options::default() });
    let with_puk = INITIALISE
        .replace("00A4000C023FFF = 9000\n", "00A4000C023FFF = 9000\n 002401810838373635 34333231 = 9000\n");
    dialogue(&mut card, &with_puk);
    dialogue(
        &mut card,
        "
        00CB3FFF045C027F7300 = 7F7306970103930103 9000
        002C02800431323334 = 6A86
        002C00800C 3837363534333232 31323334 = 63C2
        002C00800B 3837363534333231 313233 = 6700
        002C00800C 3837363534333231 31323334 = 9000
        002000800431323334 = 9000
        00240081 10 3837363534333231 3131313131313131 = 9000
        002C00800C 3837363534333231 31323334 = 63C2
        002C00800C 3837363534333231 31323334 = 63C1
        002C00800C 3837363534333231 31323334 = 63C0
        002C00800C 3131313131313131 31323334 = 6983
        00CB3FFF045C027F7300 = 7F7306970100930103 9000
    ",
    );
}

#[test]
fn responses_to_challenges() {
    let challenge = "00870000047C02810000 = 7C0A8108*9000";
    let wrong = "008700000C7C0A82080000000000000000 = 6982";
    let mut card = card();
    dialogue(
        &mut card,
        "
        008700000C7C0A8208B0A1674747F4EB87 = 6985       # no challenge
        00870100047C02810000 = 6A86
        0087000003 7B0181 = 6984
        0087000005 7C03810100 = 6984                    # neither 0 nor 16 bytes
    ",
    );
    // Without the key chosen, and of odd length: an exception of the applet. Malformed: no use of the challenge.
    card.fix_random(&bytes("A892D75601617C5D"));
    dialogue(&mut card, challenge);
    dialogue(&mut card, "
        008700000C7C0A8208B0A1674747F4EB87 = 6F00
        002281A403830180 = 9000
        008700000B7C098207B0A1674747F4EB = 6F00
        0087000034 7C32 8230 0000000000000000 0000000000000000 0000000000000000 0000000000000000 0000000000000000 0000000000000000 = 6984
        0020008008 3132333435363738 = 9000              # a VERIFY in between does no harm, nor does reading
        00CBA010045C02DF2200 = *9000
        008700000C7C0A8208B0A1674747F4EB87 = 9000
        008700000C7C0A8208B0A1674747F4EB87 = 6985       # used
    ");
    assert!(card.admin_authenticated() && card.pin_verified());
    // A new challenge ends the authentication, not the PIN's.
    dialogue(&mut card, challenge);
    assert!(!card.admin_authenticated() && card.pin_verified());
    dialogue(&mut card, wrong);
    dialogue(&mut card, "008700000C7C0A8208B0A1674747F4EB87 = 6985");
    // More blocks behind the right one are not looked at.
    card.fix_random(&bytes("A892D75601617C5D"));
    dialogue(&mut card, challenge);
    dialogue(&mut card, "0087000014 7C12 8210 B0A1674747F4EB87 FFFFFFFFFFFFFFFF = 9000");
    // What ends a challenge.
    for ending in ["00200082 = 9000", SELECT_GIDS, "00870000047C02810000 = *9000", wrong] {
        card.fix_random(&bytes("A892D75601617C5D"));
        dialogue(&mut card, "0022C1A403830180 = 9000");
        dialogue(&mut card, challenge);
        dialogue(&mut card, ending);
        card.fix_random(&bytes("A892D75601617C5D"));
        let answer = card.transmit(&bytes("008700000C7C0A8208B0A1674747F4EB87"));
        assert_ne!(answer, [0x90, 0x00], "{ending}");
        assert!(!card.admin_authenticated());
        card.reset();
        card.fixed_random.clear();
        dialogue(&mut card, SELECT_GIDS);
    }
    // A re-SELECT ends the authentication itself.
    authenticate_admin(&mut card);
    dialogue(&mut card, SELECT_GIDS);
    assert!(!card.admin_authenticated());
}

#[test]
fn admin_keys_of_the_notes() {
    for (key, responses) in [
        (ADMIN_KEY, [("A892D75601617C5D", "B0A1674747F4EB87"), ("0011223344556677", "26604D88E55BD3E7")]),
        (
            "000000000000000000000000000000000000000000000000",
            [("A892D75601617C5D", "1951EC3EF81BBABB"), ("0011223344556677", "74F4AE777AA431E8")],
        ),
        (
            "0123456789ABCDEFFEDCBA987654321089ABCDEF01234567",
            [("A892D75601617C5D", "2AE8BBC233FCCFB6"), ("0011223344556677", "41153ED6AC30654B")],
        ),
    ] {
        let mut card = card();
        dialogue(&mut card, VERIFY);
        let put = format!("00DB3FFF217 01F 840180 A51A 8718 {key}");
        dialogue(&mut card, &format!("{put} = 6982"));
        authenticate_admin(&mut card);
        dialogue(&mut card, &format!("{put} = 9000"));
        assert!(card.admin_authenticated());
        for (challenge, response) in responses {
            card.fix_random(&bytes(challenge));
            dialogue(
                &mut card,
                &format!(
                    "
                00870000047C02810000 = 7C0A8108{challenge} 9000
                008700000C7C0A8208{response} = 9000
            "
                ),
            );
        }
    }
}

#[test]
fn mutual_authentication() {
    let mut card = card();
    authenticate_admin(&mut card);
    let third = "0123456789ABCDEFFEDCBA987654321089ABCDEF01234567";
    dialogue(&mut card, &format!("00DB3FFF217 01F 840180 A51A 8718 {third} = 9000"));
    let start = "0087000014 7C12 8110 101112131415161718191A1B1C1D1E1F 00 = 7C128110202122232425262728292A2B2C2D2E2F 9000";
    let own = "202122232425262728292A2B2C2D2E2F";
    card.fix_random(&bytes(own));
    card.fix_random(&bytes("40414243444546"));
    dialogue(&mut card, start);
    dialogue(
        &mut card,
        "008700002C 7C2A 8228 1F8F65042BFC9F6049A00FE04C50B4A9347B464073C4F69FFF03A7F74A2871315ED9758DA6F13FB6 00 = 7C2A8228 658AA9D1395C3FD71173CE726DFCE072C3D1800DFF317CD550103049DC34324C44ECE573C080A941 9000",
    );
    assert!(card.admin_authenticated());
    // One byte wrong, and too short.
    for answer in [
        "008700002C 7C2A 8228 1E8F65042BFC9F6049A00FE04C50B4A9347B464073C4F69FFF03A7F74A2871315ED9758DA6F13FB6 00 = 6982",
        "0087000024 7C22 8220 1F8F65042BFC9F6049A00FE04C50B4A9347B464073C4F69FFF03A7F74A287131 00 = 6982",
    ] {
        card.fix_random(&bytes(own));
        dialogue(&mut card, start);
        dialogue(&mut card, answer);
        assert!(!card.admin_authenticated());
    }
}

#[test]
fn counted_admin_tries() {
    for (told, statuses) in [(true, ["63C1", "63C0"]), (false, ["6982", "6982"])] {
        let options = Options { admin_tries: Some(2), admin_tries_told: told, ..Options::default() };
        let mut card = personalised(options);
        for status in statuses {
            dialogue(
                &mut card,
                &format!(
                    "
                0022C1A403830180 = 9000
                00870000047C02810000 = *9000
                008700000C7C0A82080000000000000000 = {status}
            "
                ),
            );
        }
        card.fix_random(&bytes("A892D75601617C5D"));
        dialogue(
            &mut card,
            "
            00870000047C02810000 = *9000
            008700000C7C0A8208B0A1674747F4EB87 = 6983
        ",
        );
    }
    let mut card = personalised(Options { admin_tries: Some(2), ..Options::default() });
    dialogue(
        &mut card,
        "
        0022C1A403830180 = 9000
        00870000047C02810000 = *9000
        008700000C7C0A82080000000000000000 = 63C1
    ",
    );
    authenticate_admin(&mut card);
    assert_eq!(card.admin_tries_left(), Some(2));
}

#[test]
fn objects_are_emptied_and_then_removed() {
    let mut card = card();
    dialogue(&mut card, "00DBA01006 DF2403 010203 = 6982");
    dialogue(&mut card, VERIFY);
    dialogue(
        &mut card,
        "
        00DBA01006 DF2403 010203 = 9000
        00DBA01006 DF2403 040506 = 9000
        00CBA010045C02DF2400 = DF2403040506 9000
        00DBA01005 DF2402 0708 = 9000
        00CBA010045C02DF2400 = DF24020708 9000
        00DBA01003 DF2400 = 9000
        00CBA010045C02DF2400 = DF2400 9000
        00DBA01003 DF2400 = 9000
        00CBA010045C02DF2400 = 6A88
        00DBA01005 DF2403 0102 = 6984                   # less than announced
        00DBA01006 DF2402 010203 = 6984                 # more
        00DBA01001 DF = 6984
        00DBA0120 4 DF200100 = 6982                     # the cardid is the administrator's
        # The last record moves into the hole.
        00DBA01004 DF2401 01 = 9000
        00DBA01004 DF2501 02 = 9000
        00DBA01005 DF2102 0304 = 9000
        00CBA010025C0000 = DF250102 DF2206000000000000 DF2300 DF240101 DF21020304 9000
    ",
    );
}

#[test]
fn limits() {
    let mut card = card();
    dialogue(&mut card, VERIFY);
    for object in 0..27_u8 {
        dialogue(&mut card, &format!("00DBA01004 DF{:02X}01 55 = 9000", 0x24 + object));
    }
    dialogue(
        &mut card,
        "
        00DBA01004 DF6001 55 = 6A84
        00DBA01005 DF2402 5555 = 9000                   # replacing needs no room for one more
    ",
    );
    let file = |reference: u8| {
        format!(
            "00E0000028 6226 820118 8302B0{reference:02X} 8C058F10101000 A516 B6098001 17 8301{reference:02X}950140 B6098001 57 8301{reference:02X}950140"
        )
    };
    for reference in 0x81..0x81 + 23 {
        dialogue(&mut card, &format!("{} = 9000", file(reference)));
    }
    dialogue(&mut card, &format!("{} = 6A84", file(0xA0)));
    assert_eq!(card.files().len(), 30);

    let mut card = personalised(Options { memory: 400, ..Options::default() });
    dialogue(&mut card, VERIFY);
    assert_eq!(chain(&mut card, "DBA010", &tlv::object(0xDF30, &[5; 300])), [0x6A, 0x84]);
}

#[test]
fn files() {
    let mut card = card();
    let create = "00E000000E 620C 820139 8302A020 8C03033000";
    dialogue(&mut card, &format!("{create} = 6982"));
    dialogue(&mut card, VERIFY);
    dialogue(
        &mut card,
        &format!(
            "
        00E00000 = 6700
        00E0010002 6200 = 6A86
        00E0000002 6100 = 6984
        00E000000E 620C 820138 8302A020 8C03033000 = 6984
        00E0000009 6207 820118 8302A020 = 6984          # a key file without templates
        {create} = 9000
        {create} = 6984
        00DBA02003 DF2000 = 6985                        # not activated
        00440000 = 9000
        00DBA02004 DF200177 = 9000
        00E4000001 00 = 6700
        00E40000 = 9000                                 # the file just made is the selected one
        00CBA020045C02DF2000 = 6A82
        00E40000 = 6986                                 # never the application
    "
        ),
    );
    // GidsApplet lets anybody delete a file, and terminate the application.
    dialogue(
        &mut card,
        "
        00200082 = 9000
        00A4000C02A013 = 9000
        00E40000 = 9000
        00A4000C02A013 = 6A82
        00E60000 = 9000
    ",
    );
    dialogue(&mut card, VERIFY);
    dialogue(&mut card, &format!("{create} = 6285"));

    let mut strict = personalised(Options {
        quirks: Quirks { delete_without_pin: false, empty_verify_never_ok: false, ..Quirks::default() },
        ..Options::default()
    });
    dialogue(
        &mut strict,
        "
        00A4000C02A013 = 9000
        00E40000 = 6982
        00200080 = 63C3
        0020008008 3132333435363738 = 9000
        00200080 = 9000
        00E40000 = 9000
    ",
    );
}

#[test]
fn chains() {
    let mut card = card();
    dialogue(&mut card, VERIFY);
    let object = tlv::object(0xDF30, &(0..=255).cycle().take(600).collect::<Vec<u8>>());
    assert_eq!(chain(&mut card, "DBA010", &object), [0x90, 0]);
    assert_eq!(whole(&mut card, &bytes("00CBA010045C02DF3000")), (object.clone(), 0x9000));

    // An answer in parts: as much as was asked for, 00 for 256 and more; another command drops the rest.
    dialogue(
        &mut card,
        "
        00CBA010045C02DF3010 = DF30820258 000102030405060708090A 6100
        00C0000008 = 0B0C0D0E0F101112 6100
        00CBA010045C02DF2200 = DF2206000000000000 9000
        00C0000000 = 6985
    ",
    );

    // What may be chained, and how.
    dialogue(
        &mut card,
        "
        10CBA010045C02DF22 = 6884
        10DBA01005 DF31820100 = 9000
        00CBA010045C02DF2200 = 6884
        0020008008 3132333435363738 = 6884
        00DBA01203 DF2000 = 6900
        002A9E9A0100 = 6900
        00A4000C02A010 = 6884
    ",
    );
    dialogue(&mut card, SELECT_GIDS);
    dialogue(&mut card, VERIFY);
    // The first part must hold the header; too much and too little.
    dialogue(&mut card, "10DBA01002 DF31 = 6984");
    dialogue(&mut card, SELECT_GIDS);
    dialogue(&mut card, VERIFY);
    for (last, status) in
        [(vec![1; 255], [0x69, 0x84]), (vec![1; 3], [0x69, 0x84]), (vec![1; 251], [0x90, 0])]
    {
        dialogue(&mut card, "10DBA0100A DF31820100 0101010101 = 9000");
        let head = bytes(&format!("00DBA010{:02X}", last.len()));
        assert_eq!(card.transmit(&[head, last].concat()), status);
    }
}

#[test]
fn torn_chains() {
    let old = [0xDF, 0x30, 0x82, 0x02, 0x58].into_iter().chain([0xAA; 600]).collect::<Vec<u8>>();
    for (existing, expected_tail) in [(600, 0xAA_u8), (500, 0x00), (0, 0x00)] {
        let mut card = card();
        dialogue(&mut card, VERIFY);
        if existing > 0 {
            assert_eq!(chain(&mut card, "DBA010", &tlv::object(0xDF30, &vec![0xAA; existing])), [0x90, 0]);
        }
        let new = tlv::object(0xDF30, &[0xBB; 600]);
        let first = [&bytes("10DBA010F0")[..], &new[..240]].concat();
        assert_eq!(card.transmit(&first), [0x90, 0]);
        card.reset();
        dialogue(&mut card, SELECT_GIDS);
        let (left, status) = whole(&mut card, &bytes("00CBA010045C02DF3000"));
        assert_eq!((left.len(), status), (old.len(), 0x9000));
        assert!(left[5..240].iter().all(|byte| *byte == 0xBB), "{existing}");
        assert!(left[240..].iter().all(|byte| *byte == expected_tail), "{existing}");
        // Written again, it is whole again.
        dialogue(&mut card, VERIFY);
        assert_eq!(chain(&mut card, "DBA010", &new), [0x90, 0]);
        assert_eq!(card.object(0xA010, 0xDF30).unwrap(), [0xBB; 600]);
    }

    // Small ones ruin the file for ever, on the card that has this fault.
    for (ruins, read, write) in [(true, "6F00", "6F00"), (false, "DF2206000000000000 9000", "9000")] {
        let quirks = Quirks { small_chain_ruins_file: ruins, ..Quirks::default() };
        let mut card = personalised(Options { quirks, ..Options::default() });
        dialogue(&mut card, VERIFY);
        dialogue(&mut card, "10DBA01005 DF30040102 = 9000");
        card.reset();
        dialogue(&mut card, SELECT_GIDS);
        dialogue(&mut card, VERIFY);
        dialogue(
            &mut card,
            &format!(
                "
            00CBA010045C02DF2200 = {read}
            00DBA01009 DF2206 000000000000 = {write}
        "
            ),
        );
    }
}

#[test]
fn keys() {
    let mut card = card();
    let der = test_key();
    let file = "00E0000049 6247 820118 8302B081 8C058F10101000 A537 B809800107830181950140 B809800187830181950140 B809800147830181950140 B609800117830181950140 B609800157830181950140 = 9000";
    dialogue(&mut card, VERIFY);
    assert_eq!(chain(&mut card, "DB3FFF", &put_key(0x81, &der)), [0x69, 0x84], "no key file");
    dialogue(&mut card, file);
    assert_eq!(chain(&mut card, "DB3FFF", &put_key(0x81, &der)), [0x69, 0x85], "not activated");
    dialogue(
        &mut card,
        "
        00440000 = 9000
        00CB3FFF0A7008840181A5037F498000 = 6F00         # no key yet
        00CB3FFF0A7008840182A5037F498000 = 6984
        00CB3FFF0A7008840180A5037F498000 = 6982         # never the admin key
        0047000008 AC06 800107 830182 00 = 6984
        0047000008 AC06 80010E 830181 00 = 6A81
        0047000008 AC06 800109 830181 00 = 6A81
        00DB3FFF0D 700B 840181 A506 830102 840101 = 6A81 # enciphered
        00DB3FFF12 7010 840181 A50B 830102 840100 8703 300102 = 6984
        00DB3FFF06 7004 83018100 = 6984                 # 84 is not first
    ",
    );
    let mut too_big = put_key(0x81, &der);
    too_big.resize(1500, 0);
    assert_eq!(chain(&mut card, "DB3FFF", &too_big), [0x6A, 0x84]);
    dialogue(&mut card, "00200082 = 6884                 # the refused chain is still open");
    dialogue(&mut card, SELECT_GIDS);
    assert_eq!(chain(&mut card, "DB3FFF", &put_key(0x81, &der)), [0x69, 0x82]);
    dialogue(
        &mut card,
        "
        0047000008 AC06 800107 830181 00 = 6982
        0022 41B6 06 800157 840181 = 6982
        0020008008 3132333435363738 = 9000
        0022 41B6 06 800156 840181 = 6984               # another algorithm
        0022 41B6 06 800157 840182 = 6984
        0022 F3B6 06 800157 840181 = 6984
        002A9E9A0155 00 = 6985                          # nothing chosen
    ",
    );
    assert_eq!(chain(&mut card, "DB3FFF", &put_key(0x81, &der)), [0x90, 0]);

    let key = crate::virt::rsa::RsaKey::from_pkcs1(&der).unwrap();
    dialogue(&mut card, "0022 41B6 06 800157 840181 = 9000");
    dialogue(&mut card, "00200082 = 9000                 # asked when chosen, and not again");
    let (signature, status) = whole(&mut card, &bytes("002A9E9A03 010203 00"));
    assert_eq!((signature, status), (key.sign_pkcs1(&[1, 2, 3]).unwrap(), 0x9000));
    dialogue(&mut card, VERIFY);

    let mut block = vec![0x00, 0x01];
    block.resize(256 - 4, 0xFF);
    block.extend_from_slice(&[0, 1, 2, 3]);
    dialogue(&mut card, "0022 41B6 06 800117 840181 = 9000");
    assert_eq!(chain(&mut card, "2A9E9A", &block), [&key.private(&block).unwrap()[..], &[0x90, 0]].concat());
    dialogue(&mut card, "002A9E9A03 010203 00 = 6700");

    // Deciphering: the block that private() maps onto a padded message.
    let exponent = num_bigint::BigUint::from_bytes_be(&key.exponent());
    let modulus = num_bigint::BigUint::from_bytes_be(&key.modulus());
    let mut message = vec![0x00, 0x02];
    message.resize(256 - 7, 0x77);
    message.extend_from_slice(b"\0secret");
    let cryptogram = num_bigint::BigUint::from_bytes_be(&message).modpow(&exponent, &modulus).to_bytes_be();
    dialogue(&mut card, "0022 41B8 06 800147 840181 = 9000");
    assert_eq!(chain(&mut card, "2A8086", &cryptogram), b"secret\x90\x00");
    dialogue(&mut card, "0022 41B8 06 800107 840181 = 9000");
    assert_eq!(chain(&mut card, "2A8086", &cryptogram), [&message[..], &[0x90, 0]].concat());

    // Gone without any authentication.
    dialogue(
        &mut card,
        "
        00200082 = 9000
        00A4000C02B081 = 9000
        00E40000 = 9000
        00CB3FFF0A7008840181A5037F498000 = 6984
    ",
    );
}

#[test]
fn generated_keys() {
    for (algorithm, head) in [(6, "7F498188818180"), (7, "7F49820109 81820100")] {
        let mut card = card();
        dialogue(&mut card, VERIFY);
        dialogue(&mut card, &format!("
            00E0000028 6226 820118 8302B081 8C058F10101000 A516 B60980011{algorithm}830181950140 B60980015{algorithm}830181950140 = 9000
            00440000 = 9000
        "));
        let (made, status) = whole(&mut card, &bytes(&format!("0047000008 AC06 80010{algorithm} 830181 00")));
        assert_eq!(status, 0x9000);
        assert!(made.starts_with(&bytes(head)) && made.ends_with(&bytes("8203010001")));
        assert_eq!(whole(&mut card, &bytes("00CB3FFF0A7008840181A5037F498000")), (made, 0x9000));
    }
}

#[test]
fn another_application_in_between() {
    let mut card = card();
    dialogue(&mut card, VERIFY);
    dialogue(
        &mut card,
        "
        00A4040008A000000151000000 = *9000              # the card manager
        00CBA010045C02DF2200 = 6D00
    ",
    );
    dialogue(&mut card, SELECT_GIDS);
    dialogue(&mut card, "00DBA01009 DF2206 000100000000 = 6982");
}

#[test]
fn hostile_bytes_do_no_harm() {
    let mut card = card();
    dialogue(&mut card, VERIFY);
    let mut seed = 1_u32;
    let mut next = move || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        seed.to_be_bytes()[0]
    };
    let instructions = [0x20, 0x22, 0x24, 0x2A, 0x2C, 0x44, 0x47, 0x87, 0xA4, 0xC0, 0xCB, 0xDB, 0xE0, 0xE4];
    for round in 0..20_000 {
        let length = usize::from(next()) % 40;
        let mut apdu = vec![next() & 0x10, instructions[usize::from(next()) % instructions.len()], 0, 0];
        let files = [[0, 0], [0x3F, 0xFF], [0xA0, 0x10], [0, 0x80], [0x41, 0xB6], [0x9E, 0x9A]];
        apdu[2..4].copy_from_slice(&files[usize::from(next()) % files.len()]);
        apdu.extend((0..length).map(|_| next()));
        apdu.truncate(usize::from(next()) % (apdu.len() + 1));
        assert!(card.transmit(&apdu).len() >= 2, "{apdu:02X?}");
        if round % 16 == 0 {
            dialogue(&mut card, "00A4040009A0000003974254465900 = *9000");
        }
    }
}
