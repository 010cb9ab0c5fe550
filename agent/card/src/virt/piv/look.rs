//! What a test or a description may see of a card and do to it that no card lets anybody.

use zeroize::Zeroizing;

use super::management::{ManagementKey, key_length};
use super::pins::Reference;
use super::slots::{self, Slot};
use super::{Options, Piv};

impl Piv {
    /// The next random bytes that the card takes for challenges are these.
    pub fn fix_random(&mut self, bytes: &[u8]) {
        self.fixed_random.extend(bytes);
    }

    /// Sizes, limits and habits.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The same, to be changed from now on.
    pub fn options_mut(&mut self) -> &mut Options {
        &mut self.options
    }

    /// Whether this is the PIN. Uses no try.
    pub fn pin_is(&self, pin: &[u8]) -> bool {
        self.pin.is(pin)
    }

    /// Whether this is the PUK. Uses no try.
    pub fn puk_is(&self, puk: &[u8]) -> bool {
        self.puk.is(puk)
    }

    /// Whether this is the global PIN. Uses no try.
    pub fn global_pin_is(&self, pin: &[u8]) -> bool {
        self.global_pin.as_ref().is_some_and(|own| own.is(pin))
    }

    /// Tries that the PIN has left.
    pub fn pin_tries_left(&self) -> u8 {
        self.pin.left
    }

    /// Tries that the PUK has left.
    pub fn puk_tries_left(&self) -> u8 {
        self.puk.left
    }

    /// Tries that the global PIN has left; `None` on a card without one.
    pub fn global_pin_tries_left(&self) -> Option<u8> {
        self.global_pin.as_ref().map(|pin| pin.left)
    }

    /// Sets the tries that the PIN has left.
    pub fn set_pin_tries_left(&mut self, left: u8) {
        self.pin.left = left;
    }

    /// Sets the tries that the PUK has left.
    pub fn set_puk_tries_left(&mut self, left: u8) {
        self.puk.left = left;
    }

    /// Whether a PIN counts as verified now: the card's own, or the global one.
    pub fn pin_verified(&self) -> bool {
        self.pin.verified || self.global_pin.as_ref().is_some_and(|pin| pin.verified)
    }

    /// Whether the management key counts as presented now.
    pub fn managed(&self) -> bool {
        self.session.managed
    }

    /// The algorithm of the management key: 03, 08, 0A or 0C.
    pub fn management_algorithm(&self) -> u8 {
        self.management.algorithm
    }

    /// The management key.
    pub fn management_key(&self) -> Zeroizing<Vec<u8>> {
        self.management.key.clone()
    }

    /// Whether this is the management key.
    pub fn management_key_is(&self, key: &[u8]) -> bool {
        self.management.key.as_slice() == key
    }

    /// All data objects: identifier, and what stands in tag 53.
    pub fn objects(&self) -> Vec<(u32, Vec<u8>)> {
        self.objects.iter().map(|(id, value)| (*id, value.clone())).collect()
    }

    /// What stands in tag 53 of a data object.
    pub fn object(&self, id: u32) -> Option<Vec<u8>> {
        self.objects.get(&id).cloned()
    }

    /// Writes a data object past every rule but the limits; with `None` removes it.
    ///
    /// # Errors
    /// The status word that a full card answers.
    pub fn set_object(&mut self, id: u32, value: Option<&[u8]>) -> Result<(), u16> {
        self.store_object(id, value.unwrap_or_default())
    }

    /// The slots that hold a key, in their order.
    pub fn slots(&self) -> Vec<u8> {
        self.slots.keys().copied().collect()
    }

    /// The algorithm of the key in a slot (card-piv.md 5).
    pub fn key_algorithm(&self, slot: u8) -> Option<u8> {
        self.slots.get(&slot).and_then(|slot| slots::algorithm_of(slot.key.kind()))
    }

    /// The public part of the key in a slot: 81 modulus and 82 exponent, or 86 point.
    pub fn public_key(&self, slot: u8) -> Option<Vec<u8>> {
        self.slots.get(&slot).map(|slot| slots::public_key(&slot.key))
    }

    /// PIN policy and touch policy of the key in a slot (card-piv.md 3).
    pub fn policies(&self, slot: u8) -> Option<(u8, u8)> {
        self.slots.get(&slot).map(|slot| (slot.policies.pin, slot.policies.touch))
    }

    /// Erases the key in a slot. Returns whether there was one.
    pub fn erase_key(&mut self, slot: u8) -> bool {
        self.slots.remove(&slot).is_some()
    }

    pub(in crate::virt) fn set_key(&mut self, number: u8, slot: Slot) {
        self.slots.insert(number, slot);
    }

    /// Sets those that are given.
    pub(in crate::virt) fn set_pins(
        &mut self,
        pin: Option<&[u8]>,
        puk: Option<&[u8]>,
        global_pin: Option<&[u8]>,
    ) {
        let given = [(&mut self.pin, pin), (&mut self.puk, puk)];
        given
            .into_iter()
            .for_each(|(reference, value)| value.into_iter().for_each(|value| reference.set(value)));
        self.global_pin = global_pin.map(|pin| Reference::new(pin, self.options.pin_tries));
    }

    /// Sets the management key. Returns whether the card takes one of this algorithm and length.
    pub(in crate::virt) fn set_management(&mut self, algorithm: u8, key: &[u8], touch: bool) -> bool {
        let fits = self.options.management_algorithms.contains(&algorithm)
            && key_length(algorithm) == Some(key.len());
        if fits {
            self.management = ManagementKey { algorithm, key: Zeroizing::new(key.to_vec()), touch };
        }
        fits
    }
}
