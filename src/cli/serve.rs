//! Serving, until a signal says stop.

use std::io;
use std::process;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::rt;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::introduction::introduction;
use super::{Failure, complain};
use crate::clock::Clock;
use crate::config::Config;
use crate::server::Application;

/// By which the process is asked to stop.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

pub(super) async fn serve(config: Config) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    let patience = config.server.shutdown_timeout;
    let application = tokio::select! {
        application = Application::start(config, Clock::system()) => application?,
        () = signals.next() => return Ok(()),
    };
    complain(introduction(&application.vouch(), application.addresses()));
    rt::spawn(stop_when_asked(signals, application.handle(), patience));
    application.run().await?;
    log::info!("stopped");
    Ok(())
}

/// The first signal lets requests in flight finish, the second does not wait for them.
async fn stop_when_asked(mut signals: Signals, server: ServerHandle, patience: Duration) {
    signals.next().await;
    log::info!(
        "stopping; requests in flight have {} s to finish, a second signal ends them at once",
        patience.as_secs()
    );
    rt::spawn(server.stop(true));
    signals.next().await;
    process::exit(1);
}
