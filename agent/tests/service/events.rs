//! A snapshot first, then numbered changes; who lags behind is cut off.

use shared::rpc::events::{Cause, Change};
use shared::rpc::methods::{OnCard, PinList};

use crate::harness::{OTHER, READER, Rig};

#[test]
fn an_insertion_is_told_before_anything_is_read() {
    let rig = Rig::new();
    let mut events = rig.events();
    events.next();
    rig.readers.insert(OTHER, None).unwrap();
    assert!(
        matches!(events.next().unwrap(), Change::CardInserted { reader, atr } if reader == OTHER && !atr.0.is_empty())
    );
    assert!(
        matches!(events.next().unwrap(), Change::CardIdentified { reader, initialised: true, .. } if reader == OTHER)
    );
    rig.readers.remove(READER).unwrap();
    let removed = events.next().unwrap();
    assert!(
        matches!(removed, Change::CardRemoved { reader, csn: Some(_), cause: Cause::Hardware } if reader == READER)
    );
    rig.readers.remove_reader(OTHER).unwrap();
    assert!(matches!(events.next().unwrap(), Change::CardRemoved { .. }));
    assert!(matches!(events.next().unwrap(), Change::ReaderRemoved { .. }));
    rig.readers.add_reader(OTHER);
    assert!(matches!(events.next().unwrap(), Change::ReaderAdded { .. }));
}

#[test]
fn sequence_numbers_have_no_gaps_and_a_slow_subscriber_is_cut_off() {
    let rig = Rig::new();
    let slow = rig.subscribe();
    let mut last = slow.snapshot.sequence;
    for _ in 0..100 {
        let mut events = rig.events();
        rig.readers.remove(READER).unwrap();
        events.find(|change| matches!(change, Change::CardRemoved { .. }));
        rig.readers.insert(READER, Some("anna")).unwrap();
        events.find(|change| matches!(change, Change::CardIdentified { .. }));
    }
    let mut kept = 0;
    // The queue ends by itself: the agent has dropped its side.
    for event in slow.events {
        assert_eq!(event.sequence, last + 1);
        last = event.sequence;
        kept += 1;
    }
    assert!(kept < 300, "{kept} events were kept for a subscriber that takes none");
    assert!(rig.call::<PinList>(&OnCard::default()).is_ok());
}
