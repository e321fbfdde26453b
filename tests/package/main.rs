//! The Debian package in a fresh Debian, from its installation to its purge. scripts/package builds
//! both.

mod debian;

use std::fs;

use debian::{Debian, Service, contents};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use vouch_test_support::ca::Ca;
use vouch_test_support::homeserver::Homeserver;

const CONFIG: &str = "/etc/vouch/vouch.toml";
const STATE: &str = "/var/lib/vouch";
const HOMESERVER: &str = "matrix.example";
const ALICE: &str = "@alice:matrix.example";

/// Returns a command that the manual contains.
#[track_caller]
fn documented(command: &str) -> &str {
    assert!(include_str!("../../docs/installing.md").contains(command), "{command}");
    command
}

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

/// Sends a request, which must succeed, and returns the answer.
async fn ask(service: &Service, method: Method, path: &str, token: &str, body: &Value) -> Value {
    // Another test in this process may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = Client::builder().no_proxy().build().unwrap();
    let request = http.request(method, format!("{}/_matrix/identity/v2{path}", service.url)).bearer_auth(token);
    let answer = request.json(body).send().await.unwrap();
    let (status, answer) = (answer.status(), answer.json().await.unwrap());
    assert_eq!(status, 200, "{path}: {answer}");
    answer
}

/// Registers a user, who accepts the package's policies. Returns the token.
async fn register(service: &Service, homeserver: &Homeserver, localpart: &str) -> String {
    let openid = homeserver.openid_token(localpart);
    let answer = ask(service, Method::POST, "/account/register", "", &openid).await;
    let token = answer["token"].as_str().unwrap().to_owned();
    let terms = ask(service, Method::GET, "/terms", "", &Value::Null).await;
    let urls: Vec<&Value> =
        terms["policies"].as_object().unwrap().values().map(|policy| &policy["en"]["url"]).collect();
    assert_eq!(urls.len(), 2, "{terms}");
    ask(service, Method::POST, "/terms", &token, &json!({ "user_accepts": urls })).await;
    token
}

/// Returns whose the token is.
async fn owner(service: &Service, token: &str) -> Value {
    ask(service, Method::GET, "/account", token, &Value::Null).await["user_id"].take()
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
    let token = register(&service, &homeserver, "alice").await;
    assert_eq!(owner(&service, &token).await, ALICE);
    vouch(&debian, &format!("bind --address alice@mail.example --user {ALICE}"));
    for secret in ["master.key", "signing.key", "vouch.db"] {
        assert_eq!(debian.access(&format!("{STATE}/{secret}")), "600 vouch:vouch");
    }

    // The files are replaced while the server runs; systemd would restart it.
    install(&debian, "/srv/new");
    assert_ne!(version(), old);
    assert_eq!(owner(&service, &token).await, ALICE);
    assert!(service.stop());
    assert_eq!(fs::read(debian.path(CONFIG)).unwrap(), edited);
    assert_eq!(contents(&debian.path("/etc/vouch/policies")), policies);
    assert_eq!(debian.access(CONFIG), "640 root:vouch");
    let service = debian.start("vouch");
    assert_eq!(owner(&service, &token).await, ALICE);
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
