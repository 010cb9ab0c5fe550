//! The methods of the agent, one file per subject.

mod authority;
pub mod cards;
pub mod certificates;
pub(crate) mod checks;
pub mod keys;
pub mod pins;
pub(crate) mod rules;
pub mod settings;
mod touch;
pub mod unblock;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use card::transport::{self, ReaderState, Readers};
use card::virt::VirtualReaders;
use serde_json::value::{RawValue, to_raw_value};
use shared::model::{Desktop, Program};
use shared::rpc::events::Change;
use shared::rpc::methods::{
    AgentReload, AgentStop, CardAccess, CardRelease, CardRepair, CardShow, CertDefault, CertDelete,
    CertGenerate, CertImport, CertInspect, CertList, CertMove, CertPlace, CertView, ConfigShow, Empty, Hello,
    HelloParams, HelloReply, LogRead, PinChange, PinList, PinTries, Status, StatusReply, UnblockCancel,
    UnblockFinish, UnblockPuk, UnblockStart, UnblockStatus, VirtualInsert, VirtualRemove,
};
use shared::rpc::{Fault, Method, PROTOCOL};
use shared::{Error, ErrorCode, Result, VERSION};

use crate::audit::{self, Audit};
use crate::errors;
use crate::policy::Policy;
use crate::registry::Registry;
use crate::surroundings::Surroundings;
use crate::worker::Worker;
use checks::Checks;

/// Everything that a request can reach.
pub struct Service {
    registry: Registry,
    readers: Arc<dyn Readers>,
    virtual_readers: Option<Arc<VirtualReaders>>,
    policy: Policy,
    checks: Checks,
    audit: Audit,
    stopping: AtomicBool,
    stop: Sender<()>,
    running: Mutex<usize>,
    all_done: Condvar,
    /// What the desktop can do, by the connection that said it.
    reports: Mutex<BTreeMap<u64, Desktop>>,
    reporters: AtomicU64,
}

impl Service {
    /// A service on these readers. `stop` is told when the agent is to end.
    pub fn new(
        readers: Arc<dyn Readers>,
        virtual_readers: Option<Arc<VirtualReaders>>,
        policy: Policy,
        surroundings: Surroundings,
        stop: Sender<()>,
    ) -> Arc<Self> {
        let registry = Registry::new(virtual_readers.is_some());
        registry.prefer(policy.now().config.readers.prefer.clone());
        Arc::new(Self {
            registry,
            readers,
            virtual_readers,
            policy,
            audit: Audit::new(surroundings.state.clone()),
            checks: Checks::new(surroundings),
            stopping: AtomicBool::new(false),
            stop,
            running: Mutex::new(0),
            all_done: Condvar::new(),
            reports: Mutex::default(),
            reporters: AtomicU64::default(),
        })
    }

    /// What is known of readers and cards.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The way to the readers.
    pub fn readers(&self) -> &Arc<dyn Readers> {
        &self.readers
    }

    /// The settings, as they are in force.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// What is known of how cards stood.
    pub(crate) fn checks(&self) -> &Checks {
        &self.checks
    }

    /// Whether the agent is ending.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// Takes in what the watcher saw.
    pub fn readers_are(self: &Arc<Self>, seen: &[ReaderState]) {
        let loaded = self.policy.now();
        let ignored = &loaded.config.readers.ignore;
        self.registry.readers_are(seen, ignored, |name| Worker::start(Arc::clone(self), name));
    }

    /// Takes in that the watcher cannot see.
    pub fn service_is_down(&self, error: &transport::Error) {
        self.registry.service_is_down(errors::transport(error).message);
    }

    /// Refuses new requests, tells subscribers, gives up what waits in cards, and waits until what runs is done, at
    /// most so long.
    pub fn finish(&self, patience: Duration) {
        self.stopping.store(true, Ordering::SeqCst);
        self.registry.publish(Change::AgentStopping);
        self.readers.stop();
        self.registry.let_go();
        self.checks.wake();
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.all_done.wait_timeout_while(running, patience, |running| *running > 0);
        drop(waited);
    }

    /// Calls the method of that name for a program, and records that where it is a write or the refusal of one.
    ///
    /// # Errors
    /// A fault that never quotes the request.
    pub fn dispatch(
        &self,
        caller: &Program,
        method: &str,
        params: Option<&RawValue>,
    ) -> std::result::Result<Box<RawValue>, Fault> {
        let request = || audit::request(&self.registry, method, params);
        let Some(before) = request() else { return self.serve(method, params) };
        let result = self.serve(method, params);
        // A card that was just being identified is known now.
        let request = if before.names_a_card() { before } else { request().unwrap_or(before) };
        self.audit.record(&self.policy.now().config.audit, method, request, caller, &result);
        result
    }

    fn serve(&self, method: &str, params: Option<&RawValue>) -> std::result::Result<Box<RawValue>, Fault> {
        if self.is_stopping() {
            return Err(fault(-32000, Error::new(ErrorCode::NoAgent, "The agent is ending.")));
        }
        match method {
            Hello::NAME => call::<Hello>(params, |hello| welcome(&hello)),
            Status::NAME => call::<Status>(params, |Empty {}| Ok(self.status())),
            ConfigShow::NAME => call::<ConfigShow>(params, |Empty {}| Ok(settings::show(self))),
            AgentReload::NAME => call::<AgentReload>(params, |Empty {}| Ok(settings::reload(self))),
            CardRelease::NAME => call::<CardRelease>(params, |params| settings::release(self, &params)),
            CardShow::NAME => call::<CardShow>(params, |params| cards::show(self, &params)),
            CardAccess::NAME => call::<CardAccess>(params, |params| cards::access(self, &params)),
            CardRepair::NAME => call::<CardRepair>(params, |params| cards::repair(self, params)),
            PinList::NAME => call::<PinList>(params, |params| pins::list(self, &params)),
            PinChange::NAME => call::<PinChange>(params, |params| pins::change(self, params)),
            PinTries::NAME => call::<PinTries>(params, |params| pins::set_tries(self, params)),
            UnblockStart::NAME => call::<UnblockStart>(params, |params| unblock::start(self, &params)),
            UnblockStatus::NAME => call::<UnblockStatus>(params, |params| unblock::status(self, &params)),
            UnblockFinish::NAME => call::<UnblockFinish>(params, |params| unblock::finish(self, params)),
            UnblockCancel::NAME => call::<UnblockCancel>(params, |params| unblock::cancel(self, &params)),
            UnblockPuk::NAME => call::<UnblockPuk>(params, |params| unblock::puk(self, params)),
            CertList::NAME => call::<CertList>(params, |params| certificates::list(self, &params)),
            CertView::NAME => call::<CertView>(params, |params| certificates::view(self, params)),
            CertInspect::NAME => call::<CertInspect>(params, |params| certificates::inspect(self, &params)),
            CertImport::NAME => call::<CertImport>(params, |params| certificates::import(self, params)),
            CertPlace::NAME => call::<CertPlace>(params, |params| keys::place(self, &params)),
            CertGenerate::NAME => call::<CertGenerate>(params, |params| keys::generate(self, params)),
            CertMove::NAME => call::<CertMove>(params, |params| keys::move_to(self, params)),
            CertDefault::NAME => {
                call::<CertDefault>(params, |params| certificates::set_default(self, params))
            }
            CertDelete::NAME => call::<CertDelete>(params, |params| certificates::delete(self, params)),
            LogRead::NAME => call::<LogRead>(params, |params| self.audit.read(&params)),
            AgentStop::NAME => call::<AgentStop>(params, |Empty {}| {
                self.request_stop();
                Ok(Empty {})
            }),
            VirtualInsert::NAME => call::<VirtualInsert>(params, |params| {
                told(self.virtual_readers()?.insert(&params.reader, params.card.as_deref()))
            }),
            VirtualRemove::NAME => {
                call::<VirtualRemove>(params, |params| told(self.virtual_readers()?.remove(&params.reader)))
            }
            _ => Err(fault(-32601, Error::new(ErrorCode::BadRequest, "There is no method of that name."))),
        }
    }

    fn status(&self) -> StatusReply {
        let reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        StatusReply { desktop: reports.values().next_back().cloned(), ..self.registry.status() }
    }

    /// Asks the agent to end.
    pub fn request_stop(&self) {
        let _ = self.stop.send(());
    }

    fn virtual_readers(&self) -> Result<&VirtualReaders> {
        self.virtual_readers.as_deref().ok_or_else(|| {
            Error::new(
                ErrorCode::NotSupported,
                "This agent works on real readers. Virtual ones need: kortti agent start --virtual",
            )
        })
    }

    /// Counts as running until the value is dropped.
    pub(crate) fn work(&self) -> Running<'_> {
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        Running(self)
    }
}

/// Something that an ending agent waits for: a request until it is answered, a subscriber until it knows, a worker
/// that has a card.
pub(crate) struct Running<'s>(&'s Service);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        *self.0.running.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.0.all_done.notify_all();
    }
}

fn welcome(hello: &HelloParams) -> Result<HelloReply> {
    if hello.protocol == PROTOCOL {
        return Ok(HelloReply { version: VERSION.to_owned(), protocol: PROTOCOL });
    }
    Err(Error::new(
        ErrorCode::ProtocolVersion,
        format!(
            "The agent speaks protocol {PROTOCOL}, you speak {}. Restart it: kortti agent stop",
            hello.protocol
        ),
    ))
}

fn told(result: std::result::Result<(), String>) -> Result<Empty> {
    result.map(|()| Empty {}).map_err(|words| Error::new(ErrorCode::NotFound, words))
}

pub(crate) fn call<M: Method>(
    params: Option<&RawValue>,
    act: impl FnOnce(M::Params) -> Result<M::Reply>,
) -> std::result::Result<Box<RawValue>, Fault> {
    let text = params.map_or("{}", RawValue::get);
    // serde's own words would quote what it did not like.
    let params = serde_json::from_str(text).map_err(|_| {
        let words = format!("The parameters do not fit the method {}.", M::NAME);
        fault(-32602, Error::new(ErrorCode::BadRequest, words))
    })?;
    let reply = act(params).map_err(|error| fault(-32000, error))?;
    to_raw_value(&reply)
        .map_err(|_| fault(-32000, Error::new(ErrorCode::System, "The answer could not be written.")))
}

/// The error member of an answer.
pub fn fault(code: i32, error: Error) -> Fault {
    Fault { code, message: error.message.clone(), data: error }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use shared::config::Config;
    use shared::rpc::methods::{ALL, DesktopReport, Subscribe};

    use super::*;

    fn service() -> Arc<Service> {
        let readers = Arc::new(VirtualReaders::from_description("").unwrap());
        let service = Service::new(
            readers.clone(),
            Some(readers),
            Policy::fixed(Config::default()),
            Surroundings::default(),
            channel().0,
        );
        service.readers_are(&[]);
        service
    }

    #[test]
    fn every_method_is_served() {
        for method in ALL.iter().filter(|method| ![Subscribe::NAME, DesktopReport::NAME].contains(method)) {
            let answer = service().dispatch(&Program::default(), method, None);
            assert!(!answer.is_err_and(|fault| fault.code == -32601), "{method}");
        }
        assert_eq!(service().dispatch(&Program::default(), "no.such.method", None).unwrap_err().code, -32601);
    }

    #[test]
    fn bad_parameters_are_not_quoted() {
        for (method, params) in [
            ("pin.change", r#"{"current":13579,"new":"24680"}"#),
            ("pin.change", r#"{"current":"13579","new":24680}"#),
            ("unblock.finish", r#"{"response":["13579"],"new":"24680"}"#),
            ("pin.change", r#""13579""#),
        ] {
            let raw = RawValue::from_string(params.to_owned()).unwrap();
            let fault = service().dispatch(&Program::default(), method, Some(&raw)).unwrap_err();
            let printed = format!("{fault:?}");
            assert_eq!(fault.code, -32602, "{params}");
            assert!(!printed.contains("13579") && !printed.contains("24680"), "{printed}");
        }
    }
}
