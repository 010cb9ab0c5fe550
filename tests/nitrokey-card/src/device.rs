//! The device around the PIV application: flash memory, the services of its operating system Trussed, and the layer
//! that joins command chains and parts long answers. They are put together as in the firmware of the Nitrokey 3
//! (nitrokey-3-firmware, `components/boards/src/init.rs` and `components/apps/src/lib.rs`), without its other
//! applications.

use std::cell::RefCell;
use std::rc::Rc;

use apdu_dispatch::dispatch::ApduDispatch;
use apdu_dispatch::interchanges::{Channel, Data, Requester};
use littlefs2::{const_ram_storage, path};
use piv_authenticator::{Authenticator, Options};
use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore as _, SeedableRng as _};
use trussed::pipe::{ServiceEndpoint, TrussedChannel};
use trussed::platform::{Platform, Syscall};
use trussed::types::CoreContext;
use trussed::virt::{StorageConfig, Store, StoreConfig, UserInterface};
use trussed::{ClientImplementation, Service};

use crate::backends::{BACKENDS, Backend, Backends, Context};

/// Answer to reset: T=1, and as issuer's data "Nitrokey" in 13 bytes (`CARD_ISSUER` of the firmware's
/// `components/boards/src/init.rs`, put together as `construct_atr` of usbd-ccid does).
pub(crate) const ATR: [u8; 19] = *b"\x3B\x8F\x01\x80\x5DNitrokey\0\0\0\0\0\x6A";

/// Status word 6700 (ISO 7816-4 section 5.1.3): wrong length.
const TOO_LONG: [u8; 2] = [0x67, 0x00];

/// The external flash memory, in which PIV keeps keys and objects. That of a Nitrokey 3 has 2 MiB, shared with the
/// other applications.
const FLASH: usize = 512 * 1024;

const_ram_storage!(Flash, FLASH);

/// A device that keeps its flash memory when it is not running.
pub(crate) struct Device {
    flash: StoreConfig<'static>,
    random: ChaCha8Rng,
    /// The number of the chip. The card's GUID is made of it.
    uuid: [u8; 16],
}

impl Device {
    /// One as it leaves the factory.
    pub(crate) fn new(seed: Option<u64>) -> Self {
        let mut random = seed.map_or_else(ChaCha8Rng::from_entropy, ChaCha8Rng::seed_from_u64);
        let external = StorageConfig { storage: Box::new(Flash::new()), format: true };
        let mut uuid = [0; 16];
        random.fill_bytes(&mut uuid);
        Self { flash: StoreConfig { external, ..StoreConfig::ram() }, random, uuid }
    }

    /// Runs it, for as long as `use_it` does.
    pub(crate) fn start<R>(&mut self, use_it: impl FnOnce(&mut Running<'_>) -> R) -> R {
        let mut seed = [0; 32];
        self.random.fill_bytes(&mut seed);
        let random = ChaCha8Rng::from_seed(seed);
        let options = Options::new().uuid(Some(self.uuid));
        let result = self.flash.with_store(|store| {
            let service = Service::with_dispatch(
                Board { random, store, user_interface: UserInterface::new() },
                Backends::default(),
            );
            let (requests, contact, contactless) = (TrussedChannel::new(), Channel::new(), Channel::new());
            let (client, server) = requests.split().expect("a new channel");
            let endpoint = ServiceEndpoint::new(server, CoreContext::new(path!("piv").into()), BACKENDS);
            let system = System(Rc::new(RefCell::new((service, [endpoint]))));
            let client = ClientImplementation::new(client, system, None);

            let (reader, from_reader) = contact.split().expect("a new channel");
            let (_, from_antenna) = contactless.split().expect("a new channel");
            use_it(&mut Running {
                reader,
                dispatch: ApduDispatch::new(from_reader, from_antenna),
                piv: Authenticator::new(client, options),
            })
        });
        // Only the memory that is volatile begins empty again.
        self.flash.internal.format = false;
        self.flash.external.format = false;
        result
    }
}

/// A device that runs.
pub(crate) struct Running<'a> {
    reader: Requester<'a>,
    dispatch: ApduDispatch<'a>,
    piv: Authenticator<ClientImplementation<'a, System<'a>, Backends>>,
}

impl Running<'_> {
    /// What the device answers to a command APDU.
    ///
    /// # Panics
    /// As the firmware does. The device must then be started anew.
    pub(crate) fn exchange(&mut self, command: &[u8]) -> Vec<u8> {
        // The device tells the reader's driver this bound, which then refuses by itself.
        let Ok(command) = Data::from_slice(command) else { return TOO_LONG.to_vec() };
        self.reader.request(command).expect("the last command has been answered");
        self.dispatch.poll(&mut [&mut self.piv]);
        self.reader.take_response().expect("an answer").to_vec()
    }
}

/// The operating system as an application sees it: a request is served when it is made.
struct System<'a>(Rc<RefCell<Server<'a>>>);

/// What serves the requests, and where they come from.
type Server<'a> = (Service<Board<'a>, Backends>, [ServiceEndpoint<'a, Backend, Context>; 1]);

impl Syscall for System<'_> {
    fn syscall(&mut self) {
        let (service, endpoints) = &mut *self.0.borrow_mut();
        service.process(endpoints);
    }
}

/// The hardware as the operating system sees it.
struct Board<'a> {
    random: ChaCha8Rng,
    store: Store<'a>,
    user_interface: UserInterface,
}

impl<'a> Platform for Board<'a> {
    type R = ChaCha8Rng;
    type S = Store<'a>;
    type UI = UserInterface;

    fn rng(&mut self) -> &mut ChaCha8Rng {
        &mut self.random
    }

    fn store(&self) -> Store<'a> {
        self.store
    }

    fn user_interface(&mut self) -> &mut UserInterface {
        &mut self.user_interface
    }
}
