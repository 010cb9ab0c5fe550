//! A program that is not Kortti and uses the same card: `another-program READER shared|exclusive`. It connects,
//! does what each line of its standard input says, and tells how that went: `done`, or PC/SC's name of the error.
//! At the end of its input it lets go of the card and leaves it as it is.

// Whatever goes wrong here fails the test that started it.
#![allow(clippy::expect_used, clippy::panic)]

use std::ffi::CString;
use std::io::{BufRead as _, stdin};

use pcsc::{Card, Context, Disposition, Error, Protocols, Scope, ShareMode};

/// SELECT of the card manager, which every Java Card has.
const SELECT: &[u8] = &[0x00, 0xA4, 0x04, 0x00, 0x08, 0xA0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00, 0x00];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [reader, share] = arguments.as_slice() else { panic!("another-program READER shared|exclusive") };
    let share = if share == "exclusive" { ShareMode::Exclusive } else { ShareMode::Shared };
    let reader = CString::new(reader.as_str()).expect("a reader's name");
    let context = Context::establish(Scope::User).expect("the service");
    match context.connect(&reader, share, Protocols::ANY) {
        Err(error) => tell(Err(error)),
        Ok(mut card) => {
            tell(Ok(()));
            while let Some(action) = line() {
                act(&mut card, &action);
            }
            assert!(card.disconnect(Disposition::LeaveCard).is_ok(), "the card is not let go of");
        }
    }
}

fn act(card: &mut Card, action: &str) {
    match action {
        // Without a transaction, as careless programs do.
        "select" => tell(card.transmit(SELECT, &mut [0; 258]).map(drop)),
        "reset" => {
            tell(card.reconnect(ShareMode::Shared, Protocols::ANY, Disposition::ResetCard).map(drop));
        }
        "transaction" => match card.transaction() {
            Err(error) => tell(Err(error)),
            Ok(transaction) => {
                tell(Ok(()));
                // Until the next line, whatever it says.
                line();
                drop(transaction);
            }
        },
        _ => panic!("no such action: {action}"),
    }
}

fn line() -> Option<String> {
    stdin().lock().lines().next().map(|line| line.expect("standard input"))
}

fn tell(result: Result<(), Error>) {
    match result {
        Ok(()) => println!("done"),
        Err(error) => println!("{error:?}"),
    }
}
