//! The window itself, and the web view in it. All that is known of the platform is here and below.

#[cfg_attr(windows, path = "window/windows.rs")]
#[cfg_attr(target_os = "macos", path = "window/macos.rs")]
#[cfg_attr(not(any(windows, target_os = "macos")), path = "window/gtk.rs")]
mod platform;
mod scheme;

use std::io::Write as _;
use std::sync::{Arc, Mutex};

use shared::lock::Lock;
use shared::place::Place;
use shared::socket::Door;
use shared::{Error, ErrorCode, Result};
use tao::dpi::LogicalSize;
use tao::event::{Event, WindowEvent};
use tao::event_loop::{ControlFlow, DeviceEventFilter, EventLoopBuilder};
use tao::window::{Icon, Theme, Window, WindowBuilder};
use wry::{NewWindowResponse, PermissionResponse, WebContext, WebView, WebViewBuilder};

use crate::clock;
use crate::handover::{Alone, Asked};
use crate::host::{self, Host, Message, Tell};

pub(crate) use platform::{has_display, startup_id};

/// How the window is opened.
pub(crate) struct Order {
    /// Where.
    pub place: Place,
    /// That it is the only one.
    pub alone: Alone,
    /// Whether a WebDriver may drive it.
    pub automation: bool,
    /// Whether it is said when something can be seen.
    pub say_painted: bool,
}

/// The pixels of the icon: red, green, blue and opacity, 64 lines of 64 (made of the page's icon.svg).
const ICON: &[u8] = include_bytes!("../icons/kortti-64.rgba");
const ICON_SIZE: u32 = 64;

/// What lies below the page until it is painted, as in its base.css: `--ground`, light and dark.
const GROUND: (u8, u8, u8, u8) = (0xF3, 0xF6, 0xF7, 0xFF);
const DARK_GROUND: (u8, u8, u8, u8) = (0x0F, 0x16, 0x19, 0xFF);

/// The web view's own menu offers to go back, to reload and the like. Of it, the page needs what serves to edit text.
const MENU_IN_FIELDS_ONLY: &str = "addEventListener('contextmenu', (event) => {
    if (!event.target.closest?.('input, textarea')) event.preventDefault();
}, true);";

/// Opens the window, and ends the process when it is closed.
///
/// # Errors
/// [`ErrorCode::System`] when it cannot be opened.
pub(crate) fn open(order: Order) -> Result<()> {
    platform::prepare()?;
    let event_loop = EventLoopBuilder::<Message>::with_user_event().build();
    event_loop.set_device_event_filter(DeviceEventFilter::Always);
    let tell = teller(event_loop.create_proxy());
    let host = Host::new(order.place, Arc::clone(&tell));

    let window = WindowBuilder::new()
        .with_title("Kortti")
        .with_inner_size(LogicalSize::new(980.0, 720.0))
        .with_min_inner_size(LogicalSize::new(480.0, 400.0))
        .with_window_icon(Icon::from_rgba(ICON.to_vec(), ICON_SIZE, ICON_SIZE).ok())
        .with_visible(false)
        .build(&event_loop)
        .map_err(|error| unusable(&error))?;
    // On some platforms the view asks the context for the page's files for as long as it lives.
    let mut context = order.automation.then(|| {
        let mut context = WebContext::default();
        context.set_allows_automation(true);
        context
    });
    let view = platform::build(builder(context.as_mut(), host, &window), &window)
        .map_err(|error| unusable(&error))?;
    platform::look_after(&view, &tell);
    // Not before, since some of what was just settled holds for processes that the view begins with.
    view.load_url(scheme::PAGE).map_err(|error| unusable(&error))?;
    window.set_visible(true);

    let show = Arc::clone(&tell);
    let lock = order.alone.hear(move |asked| show(Message::Show(asked))).map_err(|error| unusable(&error))?;
    let mut shown =
        Shown { window, view, say_painted: order.say_painted, painted: false, next: None, _lock: lock };
    event_loop.run(move |event, _, flow| {
        // It lives as long as the view.
        let _ = &context;
        *flow = ControlFlow::Wait;
        match event {
            Event::UserEvent(message) => *flow = shown.take(message),
            Event::WindowEvent { event: WindowEvent::CloseRequested | WindowEvent::Destroyed, .. } => {
                *flow = ControlFlow::Exit;
            }
            // What is left there would do nobody harm.
            Event::LoopDestroyed => drop(Door::WINDOW.remove()),
            _ => {}
        }
    })
}

/// Tells the main thread from any other.
fn teller(proxy: tao::event_loop::EventLoopProxy<Message>) -> Tell {
    let proxy = Mutex::new(proxy);
    Arc::new(move |message| {
        if let Ok(proxy) = proxy.lock() {
            // A window that is being closed hears nothing any more.
            let _ = proxy.send_event(message);
        }
    })
}

/// The view: our files and nothing else, nothing kept, no way out of the page.
fn builder<'a>(context: Option<&'a mut WebContext>, host: Arc<Host>, window: &Window) -> WebViewBuilder<'a> {
    let builder = match context {
        // A context that forgets cannot be driven.
        Some(context) => WebViewBuilder::new_with_web_context(context),
        None => WebViewBuilder::new().with_incognito(true),
    };
    builder
        .with_custom_protocol(scheme::NAME.to_owned(), |_, request| scheme::answer(&request))
        .with_ipc_handler(move |request| {
            if !scheme::is_page(&request.uri().to_string()) {
                return;
            }
            if let Err(error) = host.take(request.into_body()) {
                eprintln!("A request of the page was not answered: {error}.");
            }
        })
        .with_navigation_handler(|url| scheme::is_page(&url))
        .with_new_window_req_handler(|_, _| NewWindowResponse::Deny)
        .with_download_started_handler(|_, _| false)
        .with_permission_handler(|_| PermissionResponse::Deny)
        .with_initialization_script(MENU_IN_FIELDS_ONLY)
        .with_background_color(if window.theme() == Theme::Dark { DARK_GROUND } else { GROUND })
        .with_devtools(false)
        .with_autoplay(false)
        .with_general_autofill_enabled(false)
        .with_focused(true)
}

fn unusable(error: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorCode::System, format!("The window cannot be opened: {error}."))
}

/// The window that is open.
struct Shown {
    window: Window,
    view: WebView,
    say_painted: bool,
    /// Whether the page has come so far that it hears.
    painted: bool,
    /// What it is to show then.
    next: Option<Place>,
    _lock: Lock,
}

impl Shown {
    fn take(&mut self, message: Message) -> ControlFlow {
        match message {
            Message::Script(script) => self.run(&script),
            Message::Painted => {
                if self.say_painted && !self.painted {
                    // Nobody need listen.
                    let _ = writeln!(std::io::stdout(), "painted {}", clock::since_start().as_millis());
                }
                self.painted = true;
                if let Some(place) = self.next.take() {
                    self.show(&place);
                }
            }
            Message::Zoom(factor) => {
                if let Err(error) = self.view.zoom(factor) {
                    eprintln!("The size cannot be changed: {error}.");
                }
            }
            Message::Show(Asked { place, startup }) => {
                platform::to_front(&self.window, startup.as_deref());
                if self.painted {
                    self.show(&place);
                } else {
                    self.next = Some(place);
                }
            }
            Message::Broken(words) => {
                eprintln!("{words}");
                return ControlFlow::ExitWithCode(1);
            }
        }
        ControlFlow::Wait
    }

    fn show(&self, place: &Place) {
        if let Message::Script(script) = host::show(place) {
            self.run(&script);
        }
    }

    fn run(&self, script: &str) {
        if let Err(error) = self.view.evaluate_script(script) {
            eprintln!("The page does not hear: {error}.");
        }
    }
}
