//! The thread that waits for readers and cards to come and go.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use card::transport::Error;

use crate::service::Service;

/// First pause after the service failed; doubled at each failure up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// Longest pause, so that events come again within 2 seconds of the service's return.
const LAST_PAUSE: Duration = Duration::from_secs(1);

/// Watches until the readers are told to stop.
pub(crate) fn run(service: &Arc<Service>) {
    let mut known = Vec::new();
    let mut pause = FIRST_PAUSE;
    loop {
        match service.readers().wait(&known) {
            Ok(seen) => {
                pause = FIRST_PAUSE;
                service.readers_are(&seen);
                known = seen;
            }
            Err(Error::Cancelled) if service.is_stopping() => return,
            // Somebody wants the readers to be looked at again.
            Err(Error::Cancelled) => known.clear(),
            Err(error) => {
                service.service_is_down(&error);
                known.clear();
                thread::sleep(pause);
                pause = (pause * 2).min(LAST_PAUSE);
            }
        }
    }
}
