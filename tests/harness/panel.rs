//! A panel that shows tray icons: a stand-in for the StatusNotifierWatcher and its host, which reads an item and its
//! menu and clicks in it as a person would.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt as _;
use zbus::message::{Header, Type as MessageType};
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};
use zbus::{MatchRule, MessageStream, interface};

use super::bus::{Bell, Bus, Peer};

const NAME: &str = "org.kde.StatusNotifierWatcher";
const ITEM: &str = "org.kde.StatusNotifierItem";
const MENU: &str = "com.canonical.dbusmenu";

/// How the panel behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// As it should.
    Good,
    /// It refuses every icon.
    Refuses,
    /// It never answers.
    Hangs,
}

/// A panel on a bus; gone from it when dropped.
pub struct Panel {
    peer: Peer,
    items: Items,
}

type Items = Arc<Mutex<Vec<String>>>;

/// What a person sees of an item.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// Its properties, those of strings.
    pub texts: HashMap<String, String>,
    /// Title and text of its tooltip.
    pub tooltip: (String, String),
    /// Width, height and number of bytes of its pixels.
    pub pixels: Vec<(i32, i32, usize)>,
    /// Its menu.
    pub menu: Vec<Entry>,
}

/// An entry of its menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    id: i32,
    /// What it says, as a panel shows it; empty for a line between groups.
    pub label: String,
    /// Whether it can be chosen.
    pub enabled: bool,
    /// Whether it has a check mark; `None` for one that never has.
    pub checked: Option<bool>,
    /// What is in its menu.
    pub entries: Vec<Entry>,
}

struct Watcher {
    manner: Manner,
    items: Items,
    bell: Bell,
}

#[interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    async fn register_status_notifier_item(
        &self,
        service: &str,
        #[zbus(header)] header: Header<'_>,
    ) -> zbus::fdo::Result<()> {
        match self.manner {
            Manner::Good => {}
            Manner::Refuses => return Err(zbus::fdo::Error::Failed("no icons today".to_owned())),
            Manner::Hangs => std::future::pending().await,
        }
        let mut items = self.items.lock().unwrap();
        // A panel watches the connection, not the name.
        items.push(header.sender().expect("a sender").to_string());
        assert!(service.starts_with("org.kde.StatusNotifierItem-"), "{service}");
        drop(items);
        self.bell.send_modify(|count| *count += 1);
        Ok(())
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }
}

impl Panel {
    /// A good one.
    pub fn on(bus: &Bus) -> Self {
        Self::with_manner(bus, Manner::Good)
    }

    /// One that behaves like this.
    ///
    /// # Panics
    /// The bus does not run, or has a panel.
    pub fn with_manner(bus: &Bus, manner: Manner) -> Self {
        let items = Items::default();
        let (registered, mut rung) = (Arc::clone(&items), None);
        let peer = Peer::comes(&bus.address(), Some(NAME), |builder, bell| {
            rung = Some(bell.clone());
            builder
                .serve_at("/StatusNotifierWatcher", Watcher { manner, items: registered, bell: bell.clone() })
        });
        let bell = rung.unwrap();
        // Whatever an item signals makes it worth a look; and one whose connection is gone is no more.
        let mut signals = peer.does(async {
            let rule = MatchRule::builder().msg_type(MessageType::Signal).build();
            MessageStream::for_match_rule(rule, peer.connection(), None).await.unwrap()
        });
        let living = Arc::clone(&items);
        peer.goes_on(async move {
            while let Some(Ok(message)) = signals.next().await {
                if message.header().member().is_some_and(|member| member == "NameOwnerChanged") {
                    let (name, _, new): (String, String, String) = message.body().deserialize().unwrap();
                    if new.is_empty() {
                        living.lock().unwrap().retain(|item| *item != name);
                    }
                }
                bell.send_modify(|count| *count += 1);
            }
        });
        Self { peer, items }
    }

    /// Waits until it shows one item, and there is something to see in it.
    ///
    /// # Panics
    /// There is nothing in time.
    #[track_caller]
    pub fn until<T>(&self, fits: impl Fn(&Look) -> Option<T>) -> T {
        self.peer.until(|| self.look(), |look| look.as_ref().and_then(&fits))
    }

    /// Waits until the icon has this name, and returns all that is seen then.
    ///
    /// # Panics
    /// It does not get it.
    #[track_caller]
    pub fn shows(&self, icon: &str) -> Look {
        self.until(|look| (look.text("IconName") == icon).then(|| look.clone()))
    }

    /// Waits until it shows nothing.
    ///
    /// # Panics
    /// It goes on showing something.
    #[track_caller]
    pub fn is_empty(&self) {
        self.peer.until(|| self.items.lock().unwrap().len(), |count| (*count == 0).then_some(()));
    }

    /// How many items there are.
    ///
    /// # Panics
    /// Never.
    pub fn count(&self) -> usize {
        self.items.lock().unwrap().len()
    }

    /// Clicks on the icon.
    ///
    /// # Panics
    /// There is none.
    #[track_caller]
    pub fn activates(&self) {
        let owner = self.items.lock().unwrap().last().cloned().expect("an item");
        self.call::<()>(&owner, "/StatusNotifierItem", ITEM, "Activate", &(0, 0)).unwrap();
    }

    /// Chooses what stands at the end of this path of labels.
    ///
    /// # Panics
    /// There is no such path, or it cannot be chosen.
    #[track_caller]
    pub fn clicks(&self, path: &[&str]) {
        self.until(|look| {
            let entry = look.entry(path)?;
            assert!(entry.enabled && entry.entries.is_empty(), "{path:?} cannot be chosen");
            let owner = self.items.lock().unwrap().last().cloned()?;
            let arguments = (entry.id, "clicked", Value::from(0_i32), 0_u32);
            // A menu that has changed since has given its entries new numbers, and does nothing at an old one.
            self.call::<()>(&owner, "/MenuBar", MENU, "Event", &arguments)
        });
    }

    /// What the newest item looks like now; `None` when there is none.
    fn look(&self) -> Option<Look> {
        let owner = self.items.lock().unwrap().last().cloned()?;
        let properties: HashMap<String, OwnedValue> =
            self.call(&owner, "/StatusNotifierItem", "org.freedesktop.DBus.Properties", "GetAll", &(ITEM,))?;
        let mut look = Look::default();
        for (name, value) in properties {
            match (name.as_str(), Value::from(value)) {
                ("ToolTip", value) => {
                    let (_, _, title, text) =
                        <(String, Vec<(i32, i32, Vec<u8>)>, String, String)>::try_from(value).unwrap();
                    look.tooltip = (title, text);
                }
                ("IconPixmap", value) => {
                    let pixels = Vec::<(i32, i32, Vec<u8>)>::try_from(value).unwrap();
                    look.pixels =
                        pixels.iter().map(|(width, height, data)| (*width, *height, data.len())).collect();
                }
                ("Menu", value) => {
                    let path = OwnedObjectPath::try_from(value).unwrap();
                    assert_eq!(path.as_str(), "/MenuBar");
                }
                (_, Value::Str(text)) => {
                    look.texts.insert(name, text.to_string());
                }
                _ => {}
            }
        }
        type Layout = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);
        let arguments = (0, -1, Vec::<String>::new());
        let (_, layout): (u32, Layout) = self.call(&owner, "/MenuBar", MENU, "GetLayout", &arguments)?;
        look.menu = layout.2.into_iter().map(|value| entry(Value::from(value))).collect();
        Some(look)
    }

    /// `None` when the item is gone meanwhile.
    fn call<T: serde::de::DeserializeOwned + zbus::zvariant::Type>(
        &self,
        owner: &str,
        path: &str,
        interface: &str,
        method: &str,
        arguments: &(impl serde::Serialize + zbus::zvariant::DynamicType),
    ) -> Option<T> {
        self.peer.does(async {
            let call =
                self.peer.connection().call_method(Some(owner), path, Some(interface), method, arguments);
            call.await.ok().map(|answer| answer.body().deserialize().unwrap())
        })
    }

    /// Waits for so long and makes sure that no second item appears.
    ///
    /// # Panics
    /// One does.
    pub fn stays_at_one_for(&self, time: Duration) {
        let end = std::time::Instant::now() + time;
        while std::time::Instant::now() < end {
            assert_eq!(self.count(), 1);
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Look {
    /// A property that is a string.
    pub fn text(&self, name: &str) -> &str {
        self.texts.get(name).map_or("", String::as_str)
    }

    /// The entry at the end of this path of labels.
    pub fn entry(&self, path: &[&str]) -> Option<&Entry> {
        let (last, above) = path.split_last()?;
        let within = above.iter().try_fold(&self.menu, |entries, label| {
            entries.iter().find(|entry| entry.label == *label).map(|entry| &entry.entries)
        })?;
        within.iter().find(|entry| entry.label == *last)
    }

    /// Every path of labels to something that can be chosen.
    pub fn paths(&self) -> Vec<Vec<String>> {
        let mut found = Vec::new();
        collect(&self.menu, &mut Vec::new(), &mut found);
        found
    }
}

fn collect(entries: &[Entry], above: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    for entry in entries {
        above.push(entry.label.clone());
        if entry.entries.is_empty() && entry.enabled && !entry.label.is_empty() {
            found.push(above.clone());
        }
        collect(&entry.entries, above, found);
        above.pop();
    }
}

/// Reads an entry of the layout (com.canonical.dbusmenu).
fn entry(value: Value<'_>) -> Entry {
    let (id, properties, children) =
        <(i32, HashMap<String, OwnedValue>, Vec<OwnedValue>)>::try_from(value).unwrap();
    let text = |name: &str| properties.get(name).map(|value| String::try_from(value.clone()).unwrap());
    let checked = properties.get("toggle-state").map(|value| i32::try_from(value).unwrap() == 1);
    Entry {
        id,
        label: as_shown(&text("label").unwrap_or_default()),
        enabled: properties.get("enabled").is_none_or(|value| bool::try_from(value).unwrap()),
        checked: checked.filter(|_| text("toggle-type").as_deref() == Some("checkmark")),
        entries: children.into_iter().map(|child| entry(Value::from(child))).collect(),
    }
}

/// An underscore marks the letter of a key, and two stand for one (com.canonical.dbusmenu, "label").
fn as_shown(label: &str) -> String {
    let mut shown = String::new();
    let mut characters = label.chars();
    while let Some(character) = characters.next() {
        shown.extend(if character == '_' { characters.next() } else { Some(character) });
    }
    shown
}
