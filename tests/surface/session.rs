//! Sleep, coming to the front, and the lock, as logind has them.

use std::io::Read as _;

use harness::bus::Bus;
use harness::driver::Driver;
use harness::logind::Logind;
use serde_json::json;

fn driver(system: Option<&Bus>) -> Driver {
    Driver::starts(None, system, &json!({"session": true}))
}

#[test]
fn sleep_is_told_before_it_comes_and_after_it_went() {
    let bus = Bus::new();
    let logind = Logind::on(&bus);
    let driver = driver(Some(&bus));
    driver.hears_until("SessionActive(true)");
    for _ in 0..3 {
        let mut delay = logind.delayed();
        logind.sleeps(true);
        driver.hears("Sleeping(true)");
        // The machine may sleep now: the lock that delayed it is gone.
        assert_eq!(delay.read(&mut [0]).unwrap(), 0);
        logind.sleeps(false);
        driver.hears("Sleeping(false)");
    }
}

#[test]
fn the_session_goes_behind_another_and_comes_back() {
    let bus = Bus::new();
    let logind = Logind::on(&bus);
    let driver = driver(Some(&bus));
    driver.hears_until("SessionActive(true)");
    logind.is_active(false);
    driver.hears("SessionActive(false)");
    logind.is_active(true);
    driver.hears("SessionActive(true)");
}

#[test]
fn the_session_is_locked_and_the_outcome_told() {
    let bus = Bus::new();
    let logind = Logind::on(&bus);
    let mut driver = driver(Some(&bus));
    driver.hears_until("SessionActive(true)");
    for times in 1..3 {
        driver.does(&json!({"do": "lock"}));
        driver.hears("LockAsked(Ok(()))");
        logind.was_locked(times);
    }
    logind.refuses();
    driver.does(&json!({"do": "lock"}));
    driver.hears(
        "LockAsked(Err(\"logind does not lock the session: org.freedesktop.DBus.Error.AccessDenied: not you. Use a \
         hook that locks the screen instead.\"))",
    );
}

#[test]
fn logind_may_come_later_and_start_again() {
    let bus = Bus::new();
    let mut driver = driver(Some(&bus));
    driver.does(&json!({"do": "lock"}));
    let words = "logind knows no session of this user, so none can be locked. Use a hook that locks the screen instead.";
    driver.hears_until(&format!("LockAsked(Err({words:?}))"));
    for _ in 0..3 {
        let logind = Logind::on(&bus);
        logind.delayed();
        driver.does(&json!({"do": "lock"}));
        driver.hears_until("LockAsked(Ok(()))");
        logind.was_locked(1);
    }
}

#[test]
fn without_a_system_bus_all_else_works() {
    let session = Bus::new();
    let panel = harness::panel::Panel::on(&session);
    let mut driver =
        Driver::starts(Some(&session), None, &json!({"tray": true, "notices": true, "session": true}));
    driver.does(&crate::tray::face("card"));
    panel.shows("kortti-card-symbolic");
    driver.does(&json!({"do": "lock"}));
    let heard = loop {
        let heard = driver.hears_next();
        if heard.starts_with("LockAsked") {
            break heard;
        }
    };
    assert!(heard.contains("the system bus cannot be reached"), "{heard}");
    driver.ends();
}

#[test]
fn headless_touches_no_session_bus() {
    let system = Bus::new();
    let logind = Logind::on(&system);
    let session = Bus::new();
    let mut driver = Driver::starts(Some(&session), Some(&system), &json!({"session": true}));
    driver.does(&crate::tray::face("card"));
    driver.hears_until("SessionActive(true)");
    driver.does(&json!({"do": "lock"}));
    driver.hears_until("LockAsked(Ok(()))");
    logind.was_locked(1);
    let witness = harness::bus::Peer::comes(&session.address(), None, |builder, _| Ok(builder));
    let names = witness.does(async {
        zbus::fdo::DBusProxy::new(witness.connection()).await.unwrap().list_names().await.unwrap()
    });
    let others = names.iter().filter(|name| name.starts_with(':')).count();
    assert_eq!(others, 1, "{names:?}");
}
