//! A process of the real binary with its own TLS, killed when dropped.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use vouch_test_support::ca::Ca;
use vouch_test_support::program::Program;

use super::synapse::{self, Synapse};

pub struct Vouch {
    pub url: String,
    /// Its name for clients and homeservers: host and port.
    pub name: String,
    program: Program,
}

impl Vouch {
    /// Starts a new server that trusts the certificate of the homeserver and sends emails to
    /// `mail`.
    pub fn start(world: &Path, ca: &Ca, port: u16, synapse: &Synapse, mail: SocketAddr) -> Self {
        let folder = world.join("vouch");
        fs::create_dir(&folder).unwrap();
        let (certificate, key) = ca.write_certificate_for(&["localhost"], &folder);
        let name = format!("localhost:{port}");
        let url = format!("https://{name}");
        let settings = [
            ("SERVER__LISTEN", format!("127.0.0.1:{port}")),
            ("SERVER__PUBLIC_URL", url.clone()),
            ("SERVER__WORKERS", "2".to_owned()),
            ("SERVER__TLS_CERTIFICATE", certificate.display().to_string()),
            ("SERVER__TLS_KEY", key.display().to_string()),
            ("TERMS__DIRECTORY", concat!(env!("CARGO_MANIFEST_DIR"), "/policies").to_owned()),
            ("FEDERATION__CA_FILE", world.join("ca.pem").display().to_string()),
            ("FEDERATION__ALLOWED_RANGES", "127.0.0.0/8".to_owned()),
            ("FEDERATION__OVERRIDES", format!(r#"{{ "{}" = "127.0.0.1:{}" }}"#, synapse::NAME, synapse.port)),
            // Generous, because the machine may be busy.
            ("FEDERATION__CONNECT_TIMEOUT", "30s".to_owned()),
            ("FEDERATION__TIMEOUT", "30s".to_owned()),
            ("MAIL__HOST", mail.ip().to_string()),
            ("MAIL__PORT", mail.port().to_string()),
            ("MAIL__SECURITY", "none".to_owned()),
            ("MAIL__TIMEOUT", "30s".to_owned()),
            ("HOMESERVERS__PHONE_CHECKS_FROM", "127.0.0.1".to_owned()),
        ];
        let settings = settings.map(|(key, value)| (format!("VOUCH__{key}"), value)).to_vec();
        let binary = std::env::var_os("VOUCH_TEST_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_vouch").into());
        let program = Program::new(binary, &folder, world.join("vouch.log"), settings);
        program.start();
        Self { url, name, program }
    }

    /// Starts it with the data that it had when it was stopped.
    pub fn start_again(&self) {
        self.program.start();
    }

    /// Kills it, as a crash would.
    pub fn stop(&self) {
        self.program.stop();
    }

    /// Runs an operator's command and returns its output.
    pub fn run(&self, arguments: &[&str]) -> String {
        self.program.run(arguments)
    }
}
