//! Serving until a signal stops the process.

use std::io;
use std::path::PathBuf;
use std::process;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::rt;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::introduction::introduce;
use super::manager::Manager;
use super::reload::Reloads;
use super::{Failure, invalid};
use crate::clock::Clock;
use crate::config::{Config, environment};
use crate::logging;
use crate::server::{Application, Pulse};

/// The signals that stop the process.
struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    fn listen() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn signal(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

pub(super) async fn serve(file: Option<PathBuf>) -> Result<(), Failure> {
    // First of all: SIGHUP would stop the process. One that arrives during startup is handled
    // afterwards.
    let hangup = signal(SignalKind::hangup())?;
    let mut stop = Stop::listen()?;
    let loaded = Config::load_with_settings(file.as_deref(), environment());
    let (config, mut settings) = loaded.map_err(|errors| {
        logging::start(Config::default().log.filter, Config::log_format(file.as_deref(), environment()));
        invalid(&errors)
    })?;
    logging::start(config.log.filter.clone(), config.log.format);
    let timeout = config.server.shutdown_timeout;
    let application = tokio::select! {
        application = Application::start(config, Clock::system()) => application?,
        () = stop.signal() => return Ok(()),
    };
    introduce(&application.services(), application.addresses(), application.metrics_addresses());
    settings.note_created_files();
    let manager = Manager::new();
    let reloader = application.reloader();
    let reloads = Arc::new(Reloads { file, started: settings, reloader, manager: manager.clone() });
    let (pulse, server) = (application.pulse(), application.handle());
    rt::spawn(async move {
        tokio::select! {
            () = reload_when_asked(hangup, reloads, pulse) => {}
            () = stop.signal() => {}
        }
        manager.stopping();
        stop_server(stop, server, timeout).await;
    });
    application.run().await?;
    log::info!("stopped");
    Ok(())
}

/// Reloads at each SIGHUP. Those that arrive during a reload cause only one more.
async fn reload_when_asked(mut hangup: Signal, reloads: Arc<Reloads>, pulse: Arc<Pulse>) {
    pulse.beat().await;
    reloads.manager.ready("serving");
    rt::spawn(reloads.manager.clone().keep_alive(pulse));
    while hangup.recv().await.is_some() {
        reloads.reload().await;
    }
}

/// Lets requests in flight finish, and exits immediately after another signal.
async fn stop_server(mut stop: Stop, server: ServerHandle, timeout: Duration) {
    let seconds = timeout.as_secs();
    log::info!("stopping; requests in flight have {seconds} s to finish, a second signal aborts them");
    rt::spawn(server.stop(true));
    stop.signal().await;
    process::exit(1);
}
