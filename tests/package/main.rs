//! The Debian package in a fresh Debian, from its installation to its purge, and the manual's way
//! to a running server. scripts/package builds the package and makes each Debian.

mod debian;
mod internet;
mod machine;
mod page;
mod user;
mod walk;

use std::fs;

use debian::{Debian, contents};
use page::documented;
use reqwest::Client;
use user::User;
use vouch_test_support::ca::Ca;
use vouch_test_support::homeserver::Homeserver;

const CONFIG: &str = "/etc/vouch/vouch.toml";
const STATE: &str = "/var/lib/vouch";
const HOMESERVER: &str = "matrix.example";
const ALICE: &str = "@alice:matrix.example";

/// Installs the package that is in a directory of the Debian.
#[track_caller]
fn install(debian: &Debian, directory: &str) {
    let install = documented("apt-get install ./vouch.deb");
    debian.run(&format!("cd {directory}; {install} --yes --no-install-recommends"));
}

/// Runs an operator's command as the manual says, in any directory.
#[track_caller]
fn vouch(debian: &Debian, arguments: &str) -> String {
    debian.run(&format!("cd /; runuser -u vouch -- vouch {arguments} --config {CONFIG}"))
}

fn is_installed_securely(debian: &Debian) {
    assert_eq!(debian.access(CONFIG), "640 root:vouch");
    assert_eq!(debian.access("/etc/vouch"), "750 root:vouch");
    assert_eq!(debian.access(STATE), "700 vouch:vouch");
    assert_eq!(debian.access("/usr/bin/vouch"), "755 root:root");
    assert_eq!(
        debian.run("getent passwd vouch | cut -d: -f5-"),
        "Matrix identity server:/var/lib/vouch:/usr/sbin/nologin"
    );
    assert_eq!(debian.run("ls /etc/systemd/system/multi-user.target.wants | grep vouch || true"), "");
    assert_eq!(fs::read_dir(debian.path(STATE)).unwrap().count(), 0);
    let check = documented("runuser -u vouch -- vouch check-config --config /etc/vouch/vouch.toml");
    assert_eq!(debian.run(check), "the configuration is valid");
    // No path depends on the working directory.
    let config = fs::read_to_string(debian.path(CONFIG)).unwrap();
    assert!(!config.contains("\"data/") && !config.contains(":data/") && !config.contains("# directory = \"policies"));
    // The directory of the policies is read by the server, and written only by root.
    assert_eq!(debian.access("/etc/vouch/policies/privacy_policy/1.0/en.md"), "644 root:root");
    assert_eq!(fs::read_dir(debian.path(STATE)).unwrap().count(), 0);
}

/// Does what an operator does with an editor.
fn configure(debian: &Debian, ca: &Ca, homeserver: &Homeserver) {
    ca.write_to(&debian.path("/etc/vouch/ca.pem"));
    debian.edit(CONFIG, "[server]\n", "[server]\nlisten = [\"127.0.0.1:0\"]\n");
    let federation = format!(
        "[federation]\nca_file = \"/etc/vouch/ca.pem\"\nallowed_ranges = [\"127.0.0.0/8\"]\noverrides = {{ \"{}\" = \"{}\" }}\n",
        homeserver.name(),
        homeserver.address()
    );
    debian.edit(CONFIG, "[federation]\n", &federation);
}

#[tokio::test]
async fn a_server_is_installed_upgraded_removed_and_purged_and_nothing_is_lost() {
    let (debian, ca) = (Debian::given(), Ca::new());
    let homeserver = Homeserver::start(HOMESERVER, &ca);
    install(&debian, "/srv/old");
    let version = || debian.run("dpkg-query --show --showformat='${Version}' vouch");
    let old = version();
    is_installed_securely(&debian);

    configure(&debian, &ca, &homeserver);
    debian.edit("/etc/vouch/policies/privacy_policy/1.0/en.md", "name: ", "name: Our ");
    let policies = contents(&debian.path("/etc/vouch/policies"));
    let edited = fs::read(debian.path(CONFIG)).unwrap();
    let service = debian.start("vouch");
    // Another test in this process may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = Client::builder().no_proxy().build().unwrap();
    let mut alice = User::register(&http, &service.url, &homeserver, "alice").await;
    assert_eq!(alice.owner().await, ALICE);
    vouch(&debian, &format!("bind --address alice@mail.example --user {ALICE}"));
    for secret in ["master.key", "signing.key", "vouch.db"] {
        assert_eq!(debian.access(&format!("{STATE}/{secret}")), "600 vouch:vouch");
    }

    // The files are replaced while the server runs; systemd would restart it.
    install(&debian, "/srv/new");
    assert_ne!(version(), old);
    assert_eq!(alice.owner().await, ALICE);
    assert!(service.stop());
    assert_eq!(fs::read(debian.path(CONFIG)).unwrap(), edited);
    assert_eq!(contents(&debian.path("/etc/vouch/policies")), policies);
    assert_eq!(debian.access(CONFIG), "640 root:vouch");
    let service = debian.start("vouch");
    alice.url.clone_from(&service.url);
    assert_eq!(alice.owner().await, ALICE);
    assert!(service.stop());

    let state = contents(&debian.path(STATE));
    debian.run(&format!("{} --yes", documented("apt-get remove vouch")));
    assert!(!debian.path("/usr/bin/vouch").exists() && debian.path(CONFIG).exists());
    debian.run(&format!("{} --yes", documented("apt-get purge vouch")));
    assert!(!debian.path(CONFIG).exists());
    assert_eq!(contents(&debian.path(STATE)), state);
    assert_eq!(contents(&debian.path("/etc/vouch/policies")), policies);

    install(&debian, "/srv/new");
    assert!(vouch(&debian, "lookup alice@mail.example").contains(ALICE));
    assert_eq!(contents(&debian.path("/etc/vouch/policies")), policies);
}
