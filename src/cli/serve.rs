//! Serving until a signal stops the process.

use std::io;
use std::process;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::rt;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Failure;
use super::introduction::introduce;
use crate::clock::Clock;
use crate::config::Config;
use crate::server::Application;

/// The signals that the process handles.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for a signal to stop. SIGHUP, by which other servers reload their settings, does not
    /// stop this one.
    async fn stop(&mut self) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hangup.recv() => log::warn!("SIGHUP is ignored: restart the server to apply new settings"),
            }
        }
    }
}

pub(super) async fn serve(config: Config) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    let timeout = config.server.shutdown_timeout;
    let application = tokio::select! {
        application = Application::start(config, Clock::system()) => application?,
        () = signals.stop() => return Ok(()),
    };
    introduce(&application.services(), application.addresses(), application.metrics_addresses());
    rt::spawn(stop_when_asked(signals, application.handle(), timeout));
    application.run().await?;
    log::info!("stopped");
    Ok(())
}

/// Lets requests in flight finish after the first signal, and exits immediately after the second.
async fn stop_when_asked(mut signals: Signals, server: ServerHandle, timeout: Duration) {
    signals.stop().await;
    let seconds = timeout.as_secs();
    log::info!("stopping; requests in flight have {seconds} s to finish, a second signal aborts them");
    rt::spawn(server.stop(true));
    signals.stop().await;
    process::exit(1);
}
