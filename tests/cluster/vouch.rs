//! The nodes of Vouch.

use std::net::SocketAddr;
use std::path::Path;

use vouch_test_support::program::Program;

use crate::database;
use crate::proxy;

/// Where the nodes answer.
pub const PORTS: [u16; 2] = [8101, 8102];

/// Limits that would refuse what a few users do all the time.
const LIMITS: [&str; 17] = [
    "USER",
    "HOMESERVER",
    "NETWORK",
    "SERVER",
    "MESSAGES_USER",
    "MESSAGES_ADDRESS",
    "MESSAGES_NETWORK",
    "MESSAGES_SERVER",
    "INVITES_USER",
    "INVITES_HOMESERVER",
    "INVITES_ADDRESS",
    "INVITES_NETWORK",
    "INVITES_SERVER",
    "REGISTRATIONS_HOMESERVER",
    "REGISTRATIONS_NETWORK",
    "UNBINDINGS_NETWORK",
    "EXPORTS_USER",
];

/// One node.
pub struct Node {
    pub url: String,
    program: Program,
}

impl Node {
    /// Creates a node that has its files in `folder`, without starting it.
    pub fn new(port: u16, folder: &Path, homeserver: (&str, SocketAddr), mail: SocketAddr) -> Self {
        let path = |name: &str| folder.join(name).display().to_string();
        let (name, address) = homeserver;
        let mut settings = vec![
            ("RUST_LOG".to_owned(), "info".to_owned()),
            set("SERVER__LISTEN", format!("127.0.0.1:{port}")),
            set("SERVER__PUBLIC_URL", format!("http://127.0.0.1:{}", proxy::VOUCH)),
            set("DATABASE__URL", database::url(proxy::DATABASE)),
            set("KEYS__MASTER_KEY_FILE", path("master.key")),
            set("KEYS__SIGNING_KEY_FILE", path("signing.key")),
            set("TERMS__DIRECTORY", concat!(env!("CARGO_MANIFEST_DIR"), "/policies").to_owned()),
            set("MAIL__HOST", mail.ip().to_string()),
            set("MAIL__PORT", mail.port().to_string()),
            set("MAIL__SECURITY", "none".to_owned()),
            set("FEDERATION__CA_FILE", path("ca.pem")),
            set("FEDERATION__ALLOWED_RANGES", "127.0.0.0/8".to_owned()),
            set("FEDERATION__OVERRIDES", format!("{{ \"{name}\" = \"{address}\" }}")),
            set("BUDGETS__NEWCOMER_DAYS", "0".to_owned()),
        ];
        settings.extend(LIMITS.map(|limit| set(&format!("BUDGETS__{limit}__CAPACITY"), "1000000000".to_owned())));
        let log = folder.join(format!("vouch{port}.log"));
        let program = Program::new(env!("CARGO_BIN_EXE_vouch"), folder, log, settings);
        Self { url: format!("http://127.0.0.1:{port}"), program }
    }

    pub fn start(&self) {
        self.program.start();
    }

    pub fn kill(&self) {
        self.program.stop();
    }

    /// Its process.
    pub fn pid(&self) -> Option<u32> {
        self.program.pid()
    }
}

fn set(name: &str, value: String) -> (String, String) {
    (format!("VOUCH__{name}"), value)
}
