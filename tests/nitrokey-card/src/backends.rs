//! The parts of the operating system that are crates of their own, and which request goes to which: PINs, RSA, and
//! files that are long or encrypted. As in the firmware (nitrokey-3-firmware, `components/apps/src/dispatch.rs`).

use trussed::Platform;
use trussed::backend::{Backend as _, BackendId};
use trussed::serde_extensions::{ExtensionDispatch, ExtensionId, ExtensionImpl};
use trussed::service::ServiceResources;
use trussed_auth::AuthExtension;
use trussed_auth_backend::{AuthBackend, AuthContext, FilesystemLayout};
use trussed_chunked::ChunkedExtension;
use trussed_core::Error;
use trussed_core::api::{Reply, Request, reply, request};
use trussed_core::types::Location;
use trussed_hpke::HpkeExtension;
use trussed_rsa_alloc::SoftwareRsa;
use trussed_staging::{StagingBackend, StagingContext};
use trussed_wrap_key_to_file::WrapKeyToFileExtension;

/// Who serves the PIV application, in this order.
pub(crate) const BACKENDS: &[BackendId<Backend>] = &[
    BackendId::Custom(Backend::Rsa),
    BackendId::Custom(Backend::Auth),
    BackendId::Custom(Backend::Staging),
    BackendId::Core,
];

/// A part of the operating system.
pub(crate) enum Backend {
    Rsa,
    Auth,
    Staging,
}

/// A kind of request that the core does not have.
#[derive(Clone, Copy)]
pub(crate) enum Extension {
    Auth,
    Chunked,
    Hpke,
    WrapKeyToFile,
}

impl From<Extension> for u8 {
    fn from(extension: Extension) -> Self {
        match extension {
            Extension::Auth => 0,
            Extension::Chunked => 1,
            Extension::Hpke => 2,
            Extension::WrapKeyToFile => 3,
        }
    }
}

impl TryFrom<u8> for Extension {
    type Error = Error;

    fn try_from(id: u8) -> Result<Self, Error> {
        match id {
            0 => Ok(Self::Auth),
            1 => Ok(Self::Chunked),
            2 => Ok(Self::Hpke),
            3 => Ok(Self::WrapKeyToFile),
            _ => Err(Error::RequestNotAvailable),
        }
    }
}

macro_rules! number {
    ($($request:ty: $extension:ident),*) => {$(
        impl ExtensionId<$request> for Backends {
            type Id = Extension;
            const ID: Extension = Extension::$extension;
        }
    )*};
}

number!(
    AuthExtension: Auth,
    ChunkedExtension: Chunked,
    HpkeExtension: Hpke,
    WrapKeyToFileExtension: WrapKeyToFile
);

/// All of them.
pub(crate) struct Backends {
    auth: AuthBackend,
    staging: StagingBackend,
}

/// What they remember of an application.
#[derive(Default)]
pub(crate) struct Context {
    auth: AuthContext,
    staging: StagingContext,
}

impl Default for Backends {
    fn default() -> Self {
        Self {
            auth: AuthBackend::new(Location::Internal, FilesystemLayout::V1),
            staging: StagingBackend::new(),
        }
    }
}

impl ExtensionDispatch for Backends {
    type BackendId = Backend;
    type Context = Context;
    type ExtensionId = Extension;

    fn core_request<P: Platform>(
        &mut self,
        backend: &Backend,
        ctx: &mut trussed::types::Context<Context>,
        request: &Request,
        resources: &mut ServiceResources<P>,
    ) -> Result<Reply, Error> {
        match backend {
            Backend::Rsa => SoftwareRsa.request(&mut ctx.core, &mut (), request, resources),
            Backend::Auth => self.auth.request(&mut ctx.core, &mut ctx.backends.auth, request, resources),
            Backend::Staging => {
                self.staging.request(&mut ctx.core, &mut ctx.backends.staging, request, resources)
            }
        }
    }

    fn extension_request<P: Platform>(
        &mut self,
        backend: &Backend,
        extension: &Extension,
        ctx: &mut trussed::types::Context<Context>,
        request: &request::SerdeExtension,
        resources: &mut ServiceResources<P>,
    ) -> Result<reply::SerdeExtension, Error> {
        /// The request is of this kind, and goes to this one.
        macro_rules! serve {
            ($request:ty, $backend:ident) => {
                ExtensionImpl::<$request>::extension_request_serialized(
                    &mut self.$backend,
                    &mut ctx.core,
                    &mut ctx.backends.$backend,
                    request,
                    resources,
                )
            };
        }
        match (backend, extension) {
            (Backend::Auth, Extension::Auth) => serve!(AuthExtension, auth),
            (Backend::Staging, Extension::Chunked) => serve!(ChunkedExtension, staging),
            (Backend::Staging, Extension::Hpke) => serve!(HpkeExtension, staging),
            (Backend::Staging, Extension::WrapKeyToFile) => serve!(WrapKeyToFileExtension, staging),
            _ => Err(Error::RequestNotAvailable),
        }
    }
}
