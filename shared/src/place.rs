//! Where the window and the page in the browser open: what their command lines, and those of the programs that start them, agree on.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A panel of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Panel {
    /// The card, its PINs, and what a person should know of it.
    Overview,
    /// Change PIN.
    Pin,
    /// Unblock PIN.
    Unblock,
    /// The certificates of a card.
    Certificates,
    /// Version, supported cards, legal notice, and what may be wrong.
    Information,
}

impl Panel {
    /// The names of all panels, as command lines take them.
    pub const NAMES: [&str; 5] = ["overview", "pin", "unblock", "certificates", "information"];

    /// Its name on a command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Pin => "pin",
            Self::Unblock => "unblock",
            Self::Certificates => "certificates",
            Self::Information => "information",
        }
    }
}

impl FromStr for Panel {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Ok(match name {
            "overview" => Self::Overview,
            "pin" => Self::Pin,
            "unblock" => Self::Unblock,
            "certificates" => Self::Certificates,
            "information" => Self::Information,
            _ => return Err("there is no such panel"),
        })
    }
}

/// A panel, and the card that it is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The panel.
    pub panel: Option<Panel>,
    /// The reader's exact name.
    pub reader: Option<String>,
    /// The card's CSN.
    pub card: Option<String>,
}

impl Place {
    /// The place as arguments. Each value is in one argument with its name, so that a reader whose name begins with a dash is none.
    pub fn arguments(&self) -> Vec<String> {
        let panel = self.panel.map(|panel| format!("--panel={}", panel.name()));
        let reader = self.reader.as_ref().map(|reader| format!("--reader={reader}"));
        let card = self.card.as_ref().map(|card| format!("--card={card}"));
        [panel, reader, card].into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_panels() {
        for name in Panel::NAMES {
            let panel: Panel = name.parse().unwrap();
            assert_eq!(panel.name(), name);
            assert_eq!(serde_json::to_value(panel).unwrap(), name);
        }
        assert!("nothing".parse::<Panel>().is_err());
    }

    #[test]
    fn values_stay_in_their_arguments() {
        let place = Place { panel: Some(Panel::Pin), reader: Some("--help; \"0\"".into()), card: None };
        assert_eq!(place.arguments(), ["--panel=pin", "--reader=--help; \"0\""]);
        assert!(Place::default().arguments().is_empty());
    }
}
