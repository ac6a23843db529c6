//! What the serving commands share: a runtime, bound sockets, signals.

use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::error::{CommandError, Kind};

/// The runtime of a server. A member serves its clients on threads of its own.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, CommandError> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

/// Binds a port; `flag` is what chooses it.
pub(super) async fn bind(address: SocketAddr, flag: &str) -> Result<TcpListener, CommandError> {
    TcpListener::bind(address).await.map_err(|error| {
        let taken = error.kind() == std::io::ErrorKind::AddrInUse;
        let what = if taken { "is taken".to_owned() } else { format!("cannot be used: {error}") };
        CommandError::new(Kind::Io, format!("port {} of {} {what}", address.port(), address.ip()))
            .hint(format!("choose another with {flag}"))
    })
}

/// Cancelled by SIGINT (Ctrl-C) or SIGTERM; a second one ends the process at once.
pub(super) fn shutdown_signal() -> Result<CancellationToken, CommandError> {
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let token = CancellationToken::new();
    let cancel = token.clone();
    watch(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("draining; a second signal stops at once");
        cancel.cancel();
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        exit_now();
    });
    Ok(token)
}

/// Calls `act` at every SIGHUP.
pub(super) fn on_hangup(act: impl Fn() + Send + 'static) -> Result<(), CommandError> {
    on_signal(SignalKind::hangup(), act)
}

/// Calls `act` at every SIGUSR1.
pub(super) fn on_user_signal(act: impl Fn() + Send + 'static) -> Result<(), CommandError> {
    on_signal(SignalKind::user_defined1(), act)
}

fn on_signal(kind: SignalKind, act: impl Fn() + Send + 'static) -> Result<(), CommandError> {
    let mut signals = signal(kind)?;
    watch(async move {
        while signals.recv().await.is_some() {
            act();
        }
    });
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a signal handler lives as long as the process")]
fn watch(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}

#[expect(clippy::exit, clippy::disallowed_methods, reason = "the second signal asks for just that")]
fn exit_now() -> ! {
    std::process::exit(130)
}
