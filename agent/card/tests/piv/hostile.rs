//! A card that answers anything at all: nothing panics, nothing goes on for ever, and no secret is sent twice.

use card::transport::{Error, Result, Transaction};
use card::{Change, Import, ManagementProof, NewKey, PinEntry, SmartCard, UnblockProof, edge};
use shared::model::{KeyAlgorithm, KeyFamily, Role};

use super::rig::{GERDA, GERDA_RENEWED, HANS, PIN, PUK, Rig, pin};

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit.max(1)).unwrap()).unwrap()
    }

    fn byte(&mut self) -> u8 {
        self.next().to_be_bytes()[0]
    }
}

/// A card whose answers are right, but for some.
struct Liar<'t> {
    card: &'t mut dyn Transaction,
    numbers: Numbers,
    /// One answer in so many is wrong.
    honesty: usize,
    exchanges: usize,
    secrets: usize,
}

impl Transaction for Liar<'_> {
    fn atr(&self) -> &[u8] {
        self.card.atr()
    }

    fn control(&mut self, code: u32, data: &[u8]) -> Result<Vec<u8>> {
        self.card.control(code, data)
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>> {
        self.exchanges += 1;
        assert!(self.exchanges < 5000, "it does not end");
        let pin = matches!(command[1], 0x20 | 0x24 | 0x2C) && command.len() > 5;
        // What was in the witness; the request for one is shorter.
        let key = command[1] == 0x87 && command[3] == 0x9B && command.len() > 16;
        self.secrets += usize::from(pin || key);
        let mut answer = self.card.transmit(command)?;
        let numbers = &mut self.numbers;
        if command[1] == 0xA4 || numbers.below(self.honesty) > 0 {
            return Ok(answer);
        }
        let statuses = [
            0x9000, 0x6100, 0x6101, 0x61FF, 0x6C00, 0x6C10, 0x63C0, 0x63CF, 0x6300, 0x6982, 0x6983, 0x6A80,
            0x6A82,
        ];
        match numbers.below(7) {
            0 => return Err(Error::Removed),
            1 => answer.clear(),
            2 => answer.truncate(numbers.below(answer.len())),
            3 => {
                for _ in 0..3 {
                    let at = numbers.below(answer.len());
                    let byte = numbers.byte();
                    if let Some(place) = answer.get_mut(at) {
                        *place = byte;
                    }
                }
            }
            4 => answer = (0..numbers.below(300)).map(|_| numbers.byte()).collect(),
            5 => {
                let end = answer.len().saturating_sub(2);
                answer.truncate(end);
                let status: u16 = statuses[numbers.below(statuses.len())];
                answer.extend_from_slice(&status.to_be_bytes());
            }
            _ => {
                answer = vec![0x53, 0x82, 0xFF, 0xFF, 0x70, 0x84, 0xFF, 0xFF, 0xFF, 0xFF, 0x90, 0x00];
            }
        }
        Ok(answer)
    }

    fn keep_alive(&mut self) -> Result<()> {
        self.card.keep_alive()
    }
}

#[test]
fn any_answer_at_all() {
    let own = pin(PIN);
    let (puk, new) = (pin(PUK), pin("765432"));
    type Act<'a> = &'a dyn Fn(&mut dyn SmartCard);
    let (renewed, public_key) = (GERDA_RENEWED.der(), GERDA_RENEWED.public_key());
    let import = Import {
        certificate: &renewed,
        public_key: &public_key,
        private_key: None,
        chain: &[],
        container: Some(0x9A),
        default: false,
    };
    let new_key = NewKey {
        container: Some(0x9D),
        algorithm: KeyAlgorithm { family: KeyFamily::Ec, bits: 256 },
        pin_use: None,
        touch_use: None,
        default: true,
    };
    let factory = |card: &mut dyn SmartCard| {
        drop((card.management_key(), card.authorise(ManagementProof::Factory)));
    };
    let acts: [(Act<'_>, usize); 10] = [
        (
            &|card| {
                drop((
                    card.verify(Role::USER, PinEntry::Typed(&own)),
                    card.authorise(ManagementProof::Stored),
                ));
            },
            2,
        ),
        (&|card| drop((factory(card), card.place(&import), card.import(&import), card.repair())), 1),
        (
            &|card| {
                factory(card);
                drop((card.place_key(&new_key), card.generate(&new_key), card.sign(0x9D, b"text", None)));
            },
            1,
        ),
        (
            &|card| {
                factory(card);
                drop((card.admits(&Change::Move { from: 0x82, to: 0x83 }), card.move_key(0x82, 0x83)));
                drop((card.set_default(0x9A), card.delete_container(0x9C), card.renew_identifier()));
            },
            1,
        ),
        (&|card| drop((card.identify(), card.contents(), card.freshness())), 0),
        (&|card| drop((card.pins(), card.freshness())), 0),
        (&|card| drop(card.verify(Role::USER, PinEntry::Typed(&own))), 1),
        (&|card| drop(card.change_pin(Role::USER, PinEntry::Typed(&own), PinEntry::Typed(&new))), 1),
        (&|card| drop(card.change_pin(Role::ADMIN, PinEntry::Typed(&puk), PinEntry::Typed(&puk))), 1),
        (
            &|card| {
                drop(card.unblock(
                    Role::USER,
                    UnblockProof::Puk(PinEntry::Typed(&puk)),
                    PinEntry::Typed(&new),
                ));
            },
            1,
        ),
    ];
    for profile in ["yubikey-5.7", "yubikey-4", "pivapplet", "plain"] {
        let extra = if profile.starts_with("yubikey") { "mscmap = true\nkey-history = true" } else { "" };
        let people = [(0x9A, &GERDA), (0x9C, &HANS), (0x82, &GERDA)];
        let rig = Rig::with_people(profile, &people, extra);
        for seed in 1..=60 {
            for (number, (act, secrets)) in acts.iter().enumerate() {
                rig.reinsert();
                rig.piv(|piv| {
                    piv.set_pin_tries_left(3);
                    piv.set_puk_tries_left(3);
                });
                let mut connection = rig.connect();
                let mut transaction = connection.begin().unwrap();
                let numbers = Numbers(seed * 7919 + u64::try_from(number).unwrap());
                let honesty = 1 + usize::try_from(seed % 9).unwrap();
                let mut liar = Liar { card: &mut *transaction, numbers, honesty, exchanges: 0, secrets: 0 };
                if let Ok(mut card) = edge::open(&mut liar, None) {
                    act(&mut *card);
                }
                assert!(liar.secrets <= *secrets, "{profile} {seed} {number}");
            }
        }
    }
}
