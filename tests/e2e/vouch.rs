//! The real binary in a process of its own, with its own TLS, killed when dropped.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use vouch_test_support::ca::Ca;

use crate::synapse::{self, Synapse};

pub struct Vouch {
    pub url: String,
    /// As clients and homeservers name it: host and port.
    pub name: String,
    folder: PathBuf,
    settings: Vec<(String, String)>,
    /// None while it is stopped.
    child: Mutex<Option<Child>>,
}

impl Vouch {
    /// Starts a new server that trusts the homeserver's certificate and sends its mails to `mail`.
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
            // A busy machine is no reason to fail.
            ("FEDERATION__CONNECT_TIMEOUT", "30s".to_owned()),
            ("FEDERATION__TIMEOUT", "30s".to_owned()),
            ("MAIL__HOST", mail.ip().to_string()),
            ("MAIL__PORT", mail.port().to_string()),
            ("MAIL__SECURITY", "none".to_owned()),
            ("MAIL__TIMEOUT", "30s".to_owned()),
            ("HOMESERVERS__PHONE_CHECKS_FROM", "127.0.0.1".to_owned()),
        ];
        let settings = settings.map(|(key, value)| (format!("VOUCH__{key}"), value)).to_vec();
        let vouch = Self { url, name, folder, settings, child: Mutex::default() };
        vouch.start_again();
        vouch
    }

    /// Starts it with all that it had when it was stopped.
    pub fn start_again(&self) {
        let log = self.folder.parent().unwrap().join("vouch.log");
        let log = File::options().append(true).create(true).open(log).unwrap();
        let mut command = self.command();
        command.stdout(log.try_clone().unwrap()).stderr(log);
        *self.child.lock().unwrap() = Some(command.spawn().unwrap());
    }

    /// Stops it as a crash would; what it had acknowledged stays.
    pub fn stop(&self) {
        if let Some(mut child) = self.child.lock().unwrap().take() {
            // It may have ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Runs a command of the operator to its end; returns what it says.
    pub fn run(&self, arguments: &[&str]) -> String {
        let output = self.command().args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vouch"));
        command.current_dir(&self.folder).env_clear().envs(self.settings.iter().cloned()).stdin(Stdio::null());
        command
    }
}

impl Drop for Vouch {
    fn drop(&mut self) {
        self.stop();
    }
}
