//! What the desktop can do, as the agent is told for `kortti status`.

use shared::model::{Desktop, Part, PartState};

use crate::surface::{Heard, NoticesReport, SessionReport, TrayReport};

/// How the parts stand, as far as they have told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Report(Desktop);

impl Report {
    /// Before anything was heard.
    pub(crate) fn new(headless: bool) -> Self {
        let not_yet = || part(PartState::Missing, "it has not answered yet");
        let off = || part(PartState::Off, "kortti-desktop was started with --headless");
        let shown = || if headless { off() } else { not_yet() };
        Self(Desktop { tray: shown(), notices: shown(), session: not_yet() })
    }

    /// Takes in what the platform told. Whether that is news.
    pub(crate) fn hear(&mut self, heard: &Heard, headless: bool) -> bool {
        let before = self.0.clone();
        match heard {
            Heard::TrayIs(report) if !headless => self.0.tray = tray(report),
            Heard::NoticesAre(report) if !headless => self.0.notices = notices(report),
            Heard::SessionIs(report) => self.0.session = session(report),
            Heard::LockAsked(Ok(())) => self.0.session = session(&SessionReport::Works),
            Heard::LockAsked(Err(words)) => self.0.session = part(PartState::Missing, words),
            _ => {}
        }
        self.0 != before
    }

    /// All of it.
    pub(crate) fn desktop(&self) -> Desktop {
        self.0.clone()
    }
}

fn part(state: PartState, detail: &str) -> Part {
    Part { state, detail: detail.to_owned() }
}

fn tray(report: &TrayReport) -> Part {
    match report {
        TrayReport::Shown => part(PartState::Works, "the icon is in the panel"),
        TrayReport::NoHost => part(
            PartState::Missing,
            "nothing on this desktop shows tray icons; GNOME needs the extension AppIndicator",
        ),
        TrayReport::NoBus => part(PartState::Missing, "there is no session bus"),
        TrayReport::Off => part(PartState::Off, "switched off; see tray.visible in kortti config"),
    }
}

fn session(report: &SessionReport) -> Part {
    match report {
        SessionReport::Works => {
            part(PartState::Works, "the session manager tells of sleep, and locks the session")
        }
        SessionReport::NoSession => part(
            PartState::Missing,
            "logind knows no session of this user, so none can be locked; use a hook that locks the screen instead",
        ),
        SessionReport::NoLogind => part(
            PartState::Missing,
            "no logind runs, so a card that sleep takes away may count as pulled; lock the screen with a hook",
        ),
        SessionReport::NoBus => part(PartState::Missing, "there is no system bus, so no logind"),
    }
}

fn notices(report: &NoticesReport) -> Part {
    match report {
        NoticesReport::Works { server, actions } => {
            let buttons = if *actions { "" } else { ", which shows no buttons" };
            part(PartState::Works, &format!("{}{buttons}", crate::text::line(server, 80)))
        }
        NoticesReport::OnDemand => {
            part(PartState::Works, "a notification daemon is started by the first one")
        }
        NoticesReport::NoDaemon => {
            part(PartState::Missing, "no notification daemon runs; start one, such as dunst")
        }
        NoticesReport::NoAnswer => {
            part(PartState::Missing, "the notification daemon does not answer; restart it")
        }
        NoticesReport::NoBus => part(PartState::Missing, "there is no session bus"),
        NoticesReport::Off => part(PartState::Off, "switched off; see notify.enabled in kortti config"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_news_is_news() {
        let mut report = Report::new(false);
        assert!(report.hear(&Heard::TrayIs(TrayReport::Shown), false));
        assert!(!report.hear(&Heard::TrayIs(TrayReport::Shown), false));
        assert!(report.hear(&Heard::TrayIs(TrayReport::NoHost), false));
        let server = "dunst\n1.9".to_owned();
        assert!(report.hear(&Heard::NoticesAre(NoticesReport::Works { server, actions: false }), false));
        for (told, is_news) in [
            (SessionReport::NoBus, true),
            (SessionReport::NoLogind, true),
            (SessionReport::NoLogind, false),
            (SessionReport::NoSession, true),
        ] {
            assert_eq!(report.hear(&Heard::SessionIs(told), false), is_news);
            assert_eq!(report.desktop().session.state, PartState::Missing);
            assert!(!report.desktop().session.detail.contains("not answered"));
        }
        assert!(report.hear(&Heard::SessionIs(SessionReport::Works), false));
        assert!(!report.hear(&Heard::Sleeping(true), false));
        let Desktop { tray, notices, session } = report.desktop();
        assert_eq!(
            [tray.state, notices.state, session.state],
            [PartState::Missing, PartState::Works, PartState::Works]
        );
        assert_eq!(notices.detail, "dunst 1.9, which shows no buttons");
    }

    #[test]
    fn without_a_display_the_parts_are_off_whatever_is_heard() {
        let mut report = Report::new(true);
        assert!(!report.hear(&Heard::TrayIs(TrayReport::Off), true));
        assert!(!report.hear(&Heard::NoticesAre(NoticesReport::NoBus), true));
        assert!(report.hear(&Heard::LockAsked(Err("no logind".into())), true));
        let Desktop { tray, notices, session } = report.desktop();
        assert_eq!((tray.state, notices.state), (PartState::Off, PartState::Off));
        assert_eq!((session.state, session.detail.as_str()), (PartState::Missing, "no logind"));
    }
}
