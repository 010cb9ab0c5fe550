//! GIDS as a [`SmartCard`].

use shared::model::{Card, Finding, PinStatus, Role};
use shared::secret::Pin;

use crate::error::Result;
use crate::smart_card::*;
use crate::transport::Transaction;

pub fn select(_t: &mut dyn Transaction) -> Result<bool> {
    todo!()
}
pub struct Gids<'t>(&'t mut dyn Transaction);
impl<'t> Gids<'t> {
    pub fn selected(t: &'t mut dyn Transaction) -> Self {
        Self(t)
    }
    pub fn resumed(t: &'t mut dyn Transaction, _card: &Card) -> Self {
        Self(t)
    }
}
impl SmartCard for Gids<'_> {
    fn identify(&mut self) -> Result<Card> {
        todo!()
    }
    fn secret_sent(&self) -> bool {
        todo!()
    }
    fn freshness(&mut self) -> Result<Freshness> {
        todo!()
    }
    fn contents(&mut self) -> Result<Contents> {
        todo!()
    }
    fn pins(&mut self) -> Result<Vec<PinStatus>> {
        todo!()
    }
    fn verify(&mut self, _: Role, _: &Pin) -> Result<()> {
        todo!()
    }
    fn change_pin(&mut self, _: Role, _: &Pin, _: &Pin) -> Result<()> {
        todo!()
    }
    fn challenge(&mut self, _: Role) -> Result<Vec<u8>> {
        todo!()
    }
    fn challenge_stands(&mut self) -> Result<bool> {
        todo!()
    }
    fn unblock(&mut self, _: Role, _: UnblockProof<'_>, _: &Pin) -> Result<()> {
        todo!()
    }
    fn place(&mut self, _: &Import<'_>) -> Result<Placement> {
        todo!()
    }
    fn import(&mut self, _: &Import<'_>) -> Result<String> {
        todo!()
    }
    fn set_default(&mut self, _: u8) -> Result<()> {
        todo!()
    }
    fn delete_certificate(&mut self, _: &str) -> Result<()> {
        todo!()
    }
    fn delete_container(&mut self, _: u8) -> Result<Removed> {
        todo!()
    }
    fn repair(&mut self) -> Result<Vec<Finding>> {
        todo!()
    }
}
