//! Where the configuration is: managed policy over the machine's own over the person's own.

use std::path::PathBuf;

use super::layers::Source;

/// A place that may hold settings. A place that does not exist sets nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A TOML file.
    File(PathBuf),
    /// A key of the Windows registry, below HKEY_LOCAL_MACHINE: subkeys are tables, values are settings.
    Registry(String),
    /// A property list of macOS's managed preferences.
    PropertyList(PathBuf),
}

/// The places, from the one that wins to the one that gives way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places(pub Vec<(Source, Place)>);

impl Places {
    /// Those of this user on this machine. None of them can be moved by the environment except the user's own, so that
    /// a policy stays where its administrator put it.
    pub fn of_this_user() -> Self {
        let mut places = Self::of_this_machine();
        if let Some(file) = Self::own_file() {
            places.push((Source::User, Place::File(file)));
        }
        Self(places)
    }

    /// The file of this user: `kortti/config.toml` in the folder for configuration (XDG base directory specification),
    /// `Kortti\config.toml` in the roaming application data on Windows. `None` for a user without a home.
    pub fn own_file() -> Option<PathBuf> {
        let folder = if cfg!(windows) { "Kortti" } else { "kortti" };
        directories::BaseDirs::new().map(|base| base.config_dir().join(folder).join("config.toml"))
    }

    #[cfg(windows)]
    fn of_this_machine() -> Vec<(Source, Place)> {
        // Everybody may make folders and files in the folder for the data of all users; here only administrators write.
        vec![
            (Source::Managed, Place::Registry("SOFTWARE\\Policies\\Kortti".to_owned())),
            (Source::System, Place::Registry("SOFTWARE\\Kortti".to_owned())),
        ]
    }

    #[cfg(target_os = "macos")]
    fn of_this_machine() -> Vec<(Source, Place)> {
        vec![
            (
                Source::Managed,
                Place::PropertyList("/Library/Managed Preferences/org.kortti.agent.plist".into()),
            ),
            (Source::System, Place::File("/Library/Application Support/Kortti/config.toml".into())),
        ]
    }

    #[cfg(not(any(windows, target_os = "macos")))]
    fn of_this_machine() -> Vec<(Source, Place)> {
        vec![
            (Source::Managed, Place::File("/etc/kortti/policy.toml".into())),
            (Source::System, Place::File("/etc/kortti/config.toml".into())),
        ]
    }
}
