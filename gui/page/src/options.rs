use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use shared::place::{Panel, Place};

/// Where the page opens, as the command lines of both its hosts have it.
#[derive(Clone, Debug, Default, Args)]
pub struct Where {
    /// The panel
    #[arg(long, value_parser = PossibleValuesParser::new(Panel::NAMES).try_map(|name| name.parse::<Panel>()))]
    panel: Option<Panel>,
    /// The reader that it is about, by its exact name
    #[arg(long, value_name = "NAME")]
    reader: Option<String>,
    /// The card that it is about, by its serial number (CSN)
    #[arg(long, value_name = "CSN")]
    card: Option<String>,
}

impl From<Where> for Place {
    fn from(Where { panel, reader, card }: Where) -> Self {
        Self { panel, reader, card }
    }
}
