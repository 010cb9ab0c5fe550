//! A recorded dialogue played back.
