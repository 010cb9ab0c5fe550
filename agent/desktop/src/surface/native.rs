//! The surface on Windows and macOS, where an icon and its menu belong to the main thread: it runs the system's loop,
//! and the program's own work has a thread of its own.

use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use tao::event::Event;
use tao::event_loop::{ControlFlow, EventLoopBuilder, EventLoopProxy};
use tao::platform::run_return::EventLoopExtRunReturn as _;
use tray_icon::menu::MenuEvent;
use tray_icon::{MouseButton, MouseButtonState, TrayIconEvent};

use super::{Ear, Heard, NoticesReport, TrayReport, Wanted};
use crate::notices::Notice;
use crate::notices::toast::Toasts;
use crate::tray::Face;
use crate::tray::native::Icon;

/// What the main thread is asked to do.
enum Request {
    Show(Face),
    Want(bool),
    /// Somebody chose the entry of the menu with this id.
    Chosen(String),
    Activated,
    End,
}

/// Runs `work` with a surface, on a thread of its own, while this one, which must be the main thread, serves the
/// icon. Where neither tray nor notices are wanted at the start, nothing of the display is touched.
pub fn run(
    wanted: Wanted,
    heard: impl Fn(Heard) + Send + Sync + 'static,
    work: impl FnOnce(Surface) -> ExitCode + Send + 'static,
) -> ExitCode {
    let ear = Arc::new(Ear::new(heard));
    if !wanted.tray && !wanted.notices {
        ear.tray_is(TrayReport::Off);
        ear.notices_are(NoticesReport::Off);
        return work(Surface { main_thread: None, toasts: Toasts::new(Arc::clone(&ear)), ear });
    }
    let mut event_loop = EventLoopBuilder::<Request>::with_user_event().build();
    #[cfg(target_os = "macos")]
    {
        use tao::platform::macos::{ActivationPolicy, EventLoopExtMacOS as _};
        // No place in the Dock, and no menu bar.
        event_loop.set_activation_policy(ActivationPolicy::Accessory);
    }
    forward_clicks(&event_loop.create_proxy());
    let surface = Surface {
        main_thread: Some(event_loop.create_proxy()),
        toasts: Toasts::new(Arc::clone(&ear)),
        ear: Arc::clone(&ear),
    };
    surface.want(wanted);
    let end = End(event_loop.create_proxy());
    let spawned = thread::Builder::new().name("desktop".to_owned()).spawn(move || {
        let _end = end;
        work(surface)
    });
    let worker = match spawned {
        Ok(worker) => worker,
        Err(error) => {
            tracing::error!("no thread can be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    let mut icon = Icon::new(ear);
    event_loop.run_return(|event, _, control| {
        *control = ControlFlow::Wait;
        match event {
            Event::UserEvent(Request::Show(face)) => icon.show(face),
            Event::UserEvent(Request::Want(wanted)) => icon.want(wanted),
            Event::UserEvent(Request::Chosen(id)) => icon.chosen(&id),
            Event::UserEvent(Request::Activated) => icon.activated(),
            Event::UserEvent(Request::End) => *control = ControlFlow::ExitWithCode(0),
            _ => {}
        }
    });
    drop(icon);
    worker.join().unwrap_or(ExitCode::FAILURE)
}

/// Ends the loop when the work has ended, in whatever way.
struct End(EventLoopProxy<Request>);

impl Drop for End {
    fn drop(&mut self) {
        // The loop may have ended first.
        let _ = self.0.send_event(Request::End);
    }
}

fn forward_clicks(main_thread: &EventLoopProxy<Request>) {
    let proxy = main_thread.clone();
    MenuEvent::set_event_handler(Some(move |event: MenuEvent| {
        let _ = proxy.send_event(Request::Chosen(event.id.0));
    }));
    // On macOS a click opens the menu.
    if cfg!(windows) {
        let proxy = main_thread.clone();
        TrayIconEvent::set_event_handler(Some(move |event: TrayIconEvent| {
            let is_click = matches!(
                event,
                TrayIconEvent::Click { button: MouseButton::Left, button_state: MouseButtonState::Up, .. }
            );
            if is_click {
                let _ = proxy.send_event(Request::Activated);
            }
        }));
    }
}

/// The platform at work.
pub struct Surface {
    main_thread: Option<EventLoopProxy<Request>>,
    toasts: Toasts,
    ear: Arc<Ear>,
}

impl Surface {
    /// Shows this in the tray. Returns at once.
    pub fn show(&self, face: Face) {
        self.ask(Request::Show(face));
    }

    /// Shows a notice. Returns at once.
    pub fn notify(&self, notice: Notice) {
        self.toasts.show(notice);
    }

    /// A click on this notice means nothing any more; these systems do not let it be taken away. Returns at once.
    pub fn withdraw(&self, key: &str) {
        self.toasts.forget(key);
    }

    /// The configuration changed.
    pub fn want(&self, wanted: Wanted) {
        self.toasts.want(wanted.notices);
        self.ask(Request::Want(wanted.tray));
    }

    /// Says that the session cannot be locked from here.
    pub fn lock_session(&self) {
        let words = if cfg!(windows) {
            "Kortti does not lock the session on Windows itself. Use a hook: rundll32.exe user32.dll,LockWorkStation"
        } else {
            "Kortti does not lock the session on macOS itself. Use a hook: pmset displaysleepnow"
        };
        self.ear.tell(Heard::LockAsked(Err(words.to_owned())));
    }

    /// Takes the icon away and ends.
    pub fn stop(self) {
        self.ask(Request::End);
    }

    fn ask(&self, request: Request) {
        if let Some(main_thread) = &self.main_thread {
            // It ends last, unless the system ends it.
            let _ = main_thread.send_event(request);
        }
    }
}
