//! The environment of the server: a database, a homeserver, a mail server, and the settings to use
//! them.

use std::fs;
use std::ops::Range;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use ruma_common::{OwnedUserId, UserId};
use tempfile::TempDir;
use tokio::sync::oneshot;
use vouch::clock::Clock;
use vouch::config::Config;
use vouch::identity::threepid::Address;
use vouch::service::Services;
use vouch_test_support::ca::Ca;
use vouch_test_support::homeserver::Homeserver;
use vouch_test_support::mail_sink::{Awaited, MailSink, Message};
use vouch_test_support::postgres::Cluster;

use crate::Result;

/// As in production: acknowledged commits survive a power cut.
pub const POSTGRES_SETTINGS: [&str; 4] =
    ["fsync=on", "full_page_writes=on", "synchronous_commit=on", "shared_buffers=512MB"];

/// The number of bindings loaded at once.
const BATCH: u32 = 20_000;

/// Rate limits that never refuse a request. A user's limit has its default capacity, so that it is
/// charged in the database as often as in production, but drains at once. The limits shared by many
/// users have a large capacity.
const BUDGETS: [(&str, &str); 11] = [
    ("NEWCOMER_DAYS", "0"),
    ("USER__PER_HOUR", WIDE),
    ("HOMESERVER__CAPACITY", WIDE),
    ("NETWORK__CAPACITY", WIDE),
    ("SERVER__CAPACITY", WIDE),
    ("MESSAGES_USER__CAPACITY", WIDE),
    ("MESSAGES_ADDRESS__CAPACITY", WIDE),
    ("MESSAGES_NETWORK__CAPACITY", WIDE),
    ("MESSAGES_SERVER__CAPACITY", WIDE),
    ("REGISTRATIONS_NETWORK__CAPACITY", WIDE),
    ("REGISTRATIONS_HOMESERVER__CAPACITY", WIDE),
];
const WIDE: &str = "1000000000";

pub struct World {
    pub homeserver: Homeserver,
    /// The environment variables of the server.
    pub settings: Vec<(String, String)>,
    cluster: Option<Cluster>,
    awaited: Awaited,
    _mail: MailSink,
    folder: TempDir,
}

impl World {
    pub async fn new(on_postgres: bool) -> Result<Self> {
        let folder = TempDir::new()?;
        let path = |name: &str| folder.path().join(name).display().to_string();
        let ca = Ca::new();
        ca.write_to(path("ca.pem").as_ref());
        let homeserver = Homeserver::start("hs.example", &ca);
        let awaited = Awaited::default();
        let mail = MailSink::start_with(awaited.options(|_| true)).await;
        let cluster = on_postgres.then(|| Cluster::start_with(&POSTGRES_SETTINGS));
        let database = cluster.as_ref().map_or(format!("sqlite:{}", path("vouch.db")), |it| it.url().to_owned());
        let set = |name: &str, value: String| (format!("VOUCH__{name}"), value);
        let mut settings = vec![
            set("DATABASE__URL", database),
            set("KEYS__MASTER_KEY_FILE", path("master.key")),
            set("KEYS__SIGNING_KEY_FILE", path("signing.key")),
            set("TERMS__DIRECTORY", concat!(env!("CARGO_MANIFEST_DIR"), "/policies").to_owned()),
            set("MAIL__HOST", mail.address().ip().to_string()),
            set("MAIL__PORT", mail.address().port().to_string()),
            set("MAIL__SECURITY", "none".to_owned()),
            set("FEDERATION__CA_FILE", path("ca.pem")),
            set("FEDERATION__ALLOWED_RANGES", "127.0.0.0/8".to_owned()),
            set("FEDERATION__OVERRIDES", format!("{{ \"hs.example\" = \"{}\" }}", homeserver.address())),
        ];
        settings.extend(BUDGETS.map(|(name, value)| set(&format!("BUDGETS__{name}"), value.to_owned())));
        Ok(Self { homeserver, settings, cluster, awaited, _mail: mail, folder })
    }

    /// Fills the database with bindings sealed by the server's own code, and returns how long that
    /// took.
    pub async fn load(&self, bindings: u32) -> Result<Duration> {
        let begun = Instant::now();
        let config = Config::load(None, self.settings.iter().cloned()).map_err(|errors| format!("{errors:?}"))?;
        let vouch = Services::open(config, Clock::system()).await.map_err(|error| error.to_string())?;
        for first in (0..bindings).step_by(usize::try_from(BATCH)?) {
            let batch = batch(first..bindings.min(first.saturating_add(BATCH)))?;
            vouch.bindings.load(&batch).await.map_err(|error| error.errcode())?;
        }
        self.settle().await?;
        Ok(begun.elapsed())
    }

    /// Changes a setting of the server.
    pub fn set(&mut self, name: &str, value: &str) {
        self.settings.push((format!("VOUCH__{name}"), value.to_owned()));
    }

    /// Does what `PostgreSQL` would do in the background some minutes later, during the
    /// measurement.
    async fn settle(&self) -> Result<()> {
        let Some(cluster) = &self.cluster else { return Ok(()) };
        let (client, connection) = tokio_postgres::connect(cluster.url(), tokio_postgres::NoTls).await?;
        let connection = tokio::spawn(connection);
        client.batch_execute("VACUUM ANALYZE").await?;
        client.batch_execute("CHECKPOINT").await?;
        drop(client);
        Ok(connection.await??)
    }

    /// Returns the main process of the database server, if there is one.
    pub fn postmaster(&self) -> Result<Option<u32>> {
        let Some(cluster) = &self.cluster else { return Ok(None) };
        let file = fs::read_to_string(cluster.path().join("data/postmaster.pid"))?;
        Ok(Some(file.lines().next().unwrap_or_default().parse()?))
    }

    /// Returns where a new master key waits for the server.
    pub fn next_master_key(&self) -> PathBuf {
        self.folder.path().join("master.key.next")
    }

    /// Returns the next mail to an address. Must be called before the mail is requested.
    pub fn mail_to(&self, address: &str) -> oneshot::Receiver<Message> {
        self.awaited.mail_to(address)
    }
}

/// Returns the address of the binding with this number.
pub fn address_of(number: u32) -> String {
    format!("person{number:08}@example.com")
}

/// Returns the Matrix ID of the binding with this number.
pub fn owner_of(number: u32) -> String {
    format!("@person{number:08}:example.org")
}

fn batch(numbers: Range<u32>) -> Result<Vec<(Address, OwnedUserId)>> {
    let binding = |number| -> Result<(Address, OwnedUserId)> {
        let address = Address::email(&address_of(number)).map_err(|_| "not a valid address")?;
        Ok((address, UserId::parse(owner_of(number))?))
    };
    numbers.map(binding).collect()
}
