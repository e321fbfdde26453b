//! The environment: a server with a temporary directory, a homeserver and a mail server, all on the
//! loopback interface.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::rt::System;
use tempfile::TempDir;
use vouch::clock::Clock;
use vouch::config::{Config, DatabaseUrl, MailTransport, Smtp, SmtpSecurity};
use vouch::server::Application;
use vouch_test_support::ca::Ca;
use vouch_test_support::homeserver::Homeserver;
use vouch_test_support::mail_sink::MailSink;

use crate::Outcome;
use crate::journey::USER_LIMIT;

/// The name of the identity server.
pub const NAME: &str = "id.example";
/// The name of the homeserver.
pub const HOMESERVER: &str = "hs.example";

/// The running servers.
pub struct World {
    pub homeserver: Homeserver,
    pub mail: MailSink,
    folder: TempDir,
    address: SocketAddr,
    handle: ServerHandle,
    thread: JoinHandle<Outcome>,
}

impl World {
    pub async fn open() -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let ca = Ca::new();
        let homeserver = Homeserver::start(HOMESERVER, &ca);
        let mail = MailSink::start().await;
        ca.write_to(&folder.path().join("ca.pem"));
        let config = config(folder.path(), &homeserver, &mail)?;
        let (address, handle, thread) = start(config)?;
        Ok(Self { homeserver, mail, folder, address, handle, thread })
    }

    /// Returns the address on which the server listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn database(&self) -> PathBuf {
        database(self.folder())
    }

    /// Stops the server as SIGTERM does, and returns the directory it leaves behind.
    pub async fn close(self) -> Outcome<Leftovers> {
        self.handle.stop(true).await;
        tokio::task::spawn_blocking(|| self.thread.join()).await?.map_err(|_| "the server panicked")??;
        Ok(Leftovers { folder: self.folder })
    }
}

/// The directory of a stopped server; it is deleted when dropped.
pub struct Leftovers {
    folder: TempDir,
}

impl Leftovers {
    pub fn database(&self) -> PathBuf {
        database(self.folder.path())
    }
}

fn database(folder: &Path) -> PathBuf {
    folder.join("vouch.db")
}

/// The settings an operator would write into `vouch.toml`, except for the federation: the
/// homeserver of the tour is not on the internet.
fn config(folder: &Path, homeserver: &Homeserver, mail: &MailSink) -> Outcome<Config> {
    let mut config = Config::default();
    config.server.listen = vec!["127.0.0.1:0".parse()?];
    config.server.workers = 1;
    config.budgets.lookup_user.capacity = USER_LIMIT;
    config.server.public_url = format!("http://{NAME}").parse()?;
    config.server.name = NAME.try_into()?;
    config.database.url = DatabaseUrl::Sqlite(database(folder));
    config.keys.master_key_file = folder.join("master.key");
    config.keys.signing_key_file = folder.join("signing.key");
    config.terms.directory = Some(Path::new(env!("CARGO_MANIFEST_DIR")).join("policies"));
    config.mail.transport = MailTransport::Smtp(Smtp {
        host: mail.address().ip().into(),
        port: mail.address().port(),
        security: SmtpSecurity::None,
        credentials: None,
        verify_certificate: true,
        ca_file: None,
        timeout: Duration::from_secs(4),
        hello_name: None,
        connections: 1,
    });
    config.sms.directory = folder.join("sms");
    config.federation.ca_file = Some(folder.join("ca.pem"));
    config.federation.allowed_ranges = vec!["127.0.0.0/8".parse()?];
    config.federation.overrides.insert(homeserver.name().try_into()?, homeserver.address().into());
    Ok(config)
}

fn start(config: Config) -> Outcome<(SocketAddr, ServerHandle, JoinHandle<Outcome>)> {
    let (sender, receiver) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        System::new().block_on(async move {
            match Application::start(config, Clock::system()).await {
                Ok(application) => {
                    sender.send(Ok((application.addresses()[0], application.handle())))?;
                    Ok(application.run().await?)
                }
                Err(error) => Ok(sender.send(Err(error))?),
            }
        })
    });
    let (address, handle) = receiver.recv()??;
    Ok((address, handle, thread))
}
