//! The settings in force: read from their places, and read anew when these change.

use std::sync::{Arc, Mutex, PoisonError};

use shared::config::{Config, Loaded, Places, load};

/// See the module.
pub struct Policy {
    places: Places,
    loaded: Mutex<Arc<Loaded>>,
    /// Held while the places are read, which may take as long as a slow disk: nobody else waits for that.
    reading: Mutex<()>,
}

impl Policy {
    /// Reads these places. What is wrong with them is kept with what they say.
    pub fn read(places: Places) -> Self {
        let loaded = load(&places, &Loaded::default());
        Self { places, loaded: Mutex::new(Arc::new(loaded)), reading: Mutex::default() }
    }

    /// Settings that come from nowhere and stay.
    pub fn fixed(config: Config) -> Self {
        Self {
            places: Places(Vec::new()),
            loaded: Mutex::new(Arc::new(Loaded::of(config))),
            reading: Mutex::default(),
        }
    }

    /// What is in force now. An operation takes it once, so that it is judged by one policy from beginning to end.
    pub fn now(&self) -> Arc<Loaded> {
        Arc::clone(&self.loaded.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Where settings are read from.
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// Reads the places anew. Returns what is in force now, if that or what was refused has changed.
    pub fn reload(&self) -> Option<Arc<Loaded>> {
        if self.places.0.is_empty() {
            return None;
        }
        let _reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.now();
        let now = Arc::new(load(&self.places, &before));
        if now == before {
            return None;
        }
        *self.loaded.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&now);
        Some(now)
    }
}
