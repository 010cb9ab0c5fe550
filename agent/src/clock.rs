//! The time as it goes over the wire.

use std::time::Duration;

use time::OffsetDateTime;
use time::macros::format_description;

/// Now, RFC 3339 in UTC, to the millisecond.
pub(crate) fn now() -> String {
    text(OffsetDateTime::now_utc())
}

/// So much later than now.
pub(crate) fn after(duration: Duration) -> String {
    text(OffsetDateTime::now_utc() + duration)
}

/// From now until so many days later, to the second.
pub(crate) fn days_from_now(days: u16) -> (OffsetDateTime, OffsetDateTime) {
    let now = OffsetDateTime::now_utc();
    let from = now.replace_nanosecond(0).unwrap_or(now);
    (from, from + time::Duration::days(days.into()))
}

/// A time as it goes over the wire.
pub(crate) fn text(time: OffsetDateTime) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    // Formatting a UTC time with a fixed description of its own components cannot fail.
    time.format(&format).unwrap_or_default()
}
