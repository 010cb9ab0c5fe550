//! PC/SC.
