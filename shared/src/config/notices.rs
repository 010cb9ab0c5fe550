//! The settings of what is told by notices.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a notice is about. The names are those of the keys under `notify`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// A card came in, and what is on it.
    CardIn,
    /// A card went out.
    CardOut,
    /// A card that Kortti does not know, or that is empty, mute or not allowed.
    UnknownCard,
    /// A certificate expires soon.
    CertExpiring,
    /// A certificate has expired.
    CertExpired,
    /// The card itself expires soon, or has.
    CardExpiring,
    /// Few tries of a PIN are left.
    LowTries,
    /// A PIN is blocked.
    PinBlocked,
    /// Somebody else changed or unblocked a PIN.
    PinChanged,
    /// The PIN has to be changed.
    PinChangeRequired,
    /// The device must be touched.
    Touch,
    /// Another program keeps the card.
    CardBusy,
}

impl NoticeKind {
    /// All of them, in the order in which people are shown them.
    pub const ALL: [Self; 12] = [
        Self::CardIn,
        Self::CardOut,
        Self::UnknownCard,
        Self::CertExpiring,
        Self::CertExpired,
        Self::CardExpiring,
        Self::LowTries,
        Self::PinBlocked,
        Self::PinChanged,
        Self::PinChangeRequired,
        Self::Touch,
        Self::CardBusy,
    ];
}

/// What is told by notices, and in which words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default, deny_unknown_fields)]
pub struct Notify {
    /// Whether there are notices at all.
    pub enabled: bool,
    /// [`NoticeKind::CardIn`]
    pub card_in: bool,
    /// [`NoticeKind::CardOut`]
    pub card_out: bool,
    /// [`NoticeKind::UnknownCard`]
    pub unknown_card: bool,
    /// [`NoticeKind::CertExpiring`]
    pub cert_expiring: bool,
    /// [`NoticeKind::CertExpired`]
    pub cert_expired: bool,
    /// [`NoticeKind::CardExpiring`]
    pub card_expiring: bool,
    /// [`NoticeKind::LowTries`]
    pub low_tries: bool,
    /// [`NoticeKind::PinBlocked`]
    pub pin_blocked: bool,
    /// [`NoticeKind::PinChanged`]
    pub pin_changed: bool,
    /// [`NoticeKind::PinChangeRequired`]
    pub pin_change_required: bool,
    /// [`NoticeKind::Touch`]
    pub touch: bool,
    /// [`NoticeKind::CardBusy`]
    pub card_busy: bool,
    /// How many days before its end a certificate, or a card, is spoken of: once at each stage.
    pub expiring_days: Vec<u16>,
    /// From how many tries left on there are few.
    pub low_tries_at: u8,
    /// For how many seconds a notice is shown; 0 leaves that to the desktop.
    pub duration_s: u16,
    /// Other titles, by the kind of notice. In them and in texts `{card}`, `{reader}`, `{certificate}`, `{days}`, `{tries}`
    /// and `{holder}` stand for what they name.
    pub title: BTreeMap<NoticeKind, String>,
    /// Other texts, by the kind of notice.
    pub text: BTreeMap<NoticeKind, String>,
}

impl Default for Notify {
    fn default() -> Self {
        Self {
            enabled: true,
            card_in: true,
            card_out: true,
            unknown_card: true,
            cert_expiring: true,
            cert_expired: true,
            card_expiring: true,
            low_tries: true,
            pin_blocked: true,
            pin_changed: true,
            pin_change_required: true,
            touch: true,
            card_busy: true,
            expiring_days: vec![60, 30, 10, 1],
            low_tries_at: 1,
            duration_s: 0,
            title: BTreeMap::new(),
            text: BTreeMap::new(),
        }
    }
}

impl Notify {
    /// Whether notices of a kind are wanted.
    pub fn wants(&self, kind: NoticeKind) -> bool {
        self.enabled
            && match kind {
                NoticeKind::CardIn => self.card_in,
                NoticeKind::CardOut => self.card_out,
                NoticeKind::UnknownCard => self.unknown_card,
                NoticeKind::CertExpiring => self.cert_expiring,
                NoticeKind::CertExpired => self.cert_expired,
                NoticeKind::CardExpiring => self.card_expiring,
                NoticeKind::LowTries => self.low_tries,
                NoticeKind::PinBlocked => self.pin_blocked,
                NoticeKind::PinChanged => self.pin_changed,
                NoticeKind::PinChangeRequired => self.pin_change_required,
                NoticeKind::Touch => self.touch,
                NoticeKind::CardBusy => self.card_busy,
            }
    }
}
