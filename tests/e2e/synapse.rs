//! A real Synapse process, killed when dropped.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use base64::prelude::{BASE64_STANDARD_NO_PAD, Engine};
use serde_json::{Map, Value, json};
use vouch_test_support::ca::Ca;

use super::world::installed;

/// The name of the homeserver. It is not in the DNS; Vouch has an override for it.
pub const NAME: &str = "hs.example";

pub struct Synapse {
    pub url: String,
    pub port: u16,
    folder: PathBuf,
    /// `None` while it is stopped.
    child: Mutex<Option<Child>>,
}

impl Synapse {
    /// Starts a new homeserver that delegates the validation of phone numbers to the identity
    /// server at `delegate`, with additional settings.
    pub fn start(world: &Path, ca: &Ca, port: u16, delegate: &str, settings: &Map<String, Value>) -> Self {
        let folder = world.join("synapse");
        fs::create_dir(&folder).unwrap();
        let (certificate, key) = ca.write_certificate_for(&[NAME, "localhost"], &folder);
        let seed = BASE64_STANDARD_NO_PAD.encode(rand::random::<[u8; 32]>());
        fs::write(folder.join("signing.key"), format!("ed25519 e2e {seed}\n")).unwrap();
        let mut config = config(&folder, port, delegate, &certificate, &key);
        config.as_object_mut().unwrap().extend(settings.clone());
        // JSON is valid YAML.
        fs::write(folder.join("homeserver.yaml"), config.to_string()).unwrap();
        let synapse = Self { url: format!("https://localhost:{port}"), port, folder, child: Mutex::default() };
        synapse.start_again();
        synapse
    }

    /// Starts it with the data that it had when it was stopped.
    pub fn start_again(&self) {
        let world = self.folder.parent().unwrap();
        let log = File::options().append(true).create(true).open(world.join("synapse.log")).unwrap();
        let mut command = Command::new(installed().join("bin/python"));
        command.args(["-m", "synapse.app.homeserver", "-c", "homeserver.yaml"]).current_dir(&self.folder);
        command.env_clear().env("SSL_CERT_FILE", world.join("ca.pem"));
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        *self.child.lock().unwrap() = Some(command.spawn().expect("scripts/e2e has installed it"));
    }

    /// Kills it, as a crash would.
    pub fn stop(&self) {
        if let Some(mut child) = self.child.lock().unwrap().take() {
            // It may have exited already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Synapse {
    fn drop(&mut self) {
        self.stop();
    }
}

fn config(folder: &Path, port: u16, delegate: &str, certificate: &Path, key: &Path) -> Value {
    let mut config = json!({
        "server_name": NAME,
        "public_baseurl": format!("https://localhost:{port}/"),
        "listeners": [{
            "type": "http",
            "bind_addresses": ["127.0.0.1"],
            "port": port,
            "tls": true,
            "resources": [{ "names": ["client", "federation"] }],
        }],
        "tls_certificate_path": certificate,
        "tls_private_key_path": key,
        "signing_key_path": folder.join("signing.key"),
        "media_store_path": folder.join("media"),
        "database": { "name": "sqlite3", "args": { "database": folder.join("homeserver.db") } },
        "macaroon_secret_key": "not secret",
        "form_secret": "not secret",
        "report_stats": false,
        "trusted_key_servers": [],
        "enable_registration": true,
        "enable_registration_without_verification": true,
        // The minimum, for speed.
        "bcrypt_rounds": 4,
        // The identity server is on this machine.
        "ip_range_whitelist": ["127.0.0.1"],
        "account_threepid_delegates": { "msisdn": delegate },
    });
    let plenty = json!({ "per_second": 1000, "burst_count": 1000 });
    for limit in ["rc_registration", "rc_message", "rc_3pid_validation", "rc_third_party_invite", "rc_joins_per_room"] {
        config[limit] = plenty.clone();
    }
    config["rc_invites"] = json!({ "per_room": plenty, "per_user": plenty, "per_issuer": plenty });
    config
}
