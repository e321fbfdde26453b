//! docs/installing.md, followed to the letter by an operator who has a bare Debian. Nothing on the
//! page is replaced: the internet around the machine has the names that the page uses.

use std::net::SocketAddr;
use std::path::PathBuf;

use reqwest::{Certificate, Client};
use serde_json::json;
use vouch_test_support::mail_sink::Message;

use crate::internet::{BRIDGE, Internet, NAME, SERVER};
use crate::machine::Machine;
use crate::page;
use crate::user::User;

/// The steps of the page that are left.
struct Page(Vec<&'static str>);

impl Page {
    /// Returns the blocks of the next step, which must have this heading.
    #[track_caller]
    fn step<const COUNT: usize>(&mut self, heading: &str) -> [&'static str; COUNT] {
        assert_eq!(self.0.remove(0), heading);
        page::blocks(heading).try_into().unwrap()
    }
}

/// Makes the machine trust the authorities of this internet, as all machines trust Let's Encrypt.
fn trust(machine: &Machine, internet: &Internet) {
    let folder = machine.path("/usr/local/share/ca-certificates");
    internet.ca.write_to(&folder.join("others.crt"));
    std::fs::copy(&internet.authority, folder.join("authority.crt")).unwrap();
    machine.run("update-ca-certificates");
}

/// Returns a client elsewhere, which trusts what stands for Let's Encrypt.
fn client(internet: &Internet) -> Client {
    // Another test in this process may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let authority = Certificate::from_pem(&std::fs::read(&internet.authority).unwrap()).unwrap();
    let client = Client::builder().tls_certs_only([authority]).no_proxy().pool_max_idle_per_host(0);
    client.resolve(NAME, SocketAddr::from((SERVER, 443))).build().unwrap()
}

fn token_in(mail: &Message) -> String {
    let link = mail.links().into_iter().find(|link| link.contains("/submitToken?")).expect("a link to confirm");
    assert!(link.starts_with("https://id.example.org/"), "{link}");
    let link = url::Url::parse(&link).unwrap();
    link.query_pairs().find(|(key, _)| key == "token").expect("a token").1.into_owned()
}

/// Does what Element does when an email address is added in its settings.
async fn adds_an_address(user: &User, internet: &Internet) {
    let secret = "secret";
    let asked = json!({ "client_secret": secret, "email": "alice@mail.example", "send_attempt": 1 });
    let sid = user.post("/validate/email/requestToken", &asked).await["sid"].take();
    let mail = internet.mail.wait_to("alice@mail.example").await;
    assert_eq!(mail.from, "id@example.org");
    assert_eq!(mail.credentials, Some(("id@example.org".into(), "the password".into())));
    let submitted = json!({ "sid": sid, "client_secret": secret, "token": token_in(&mail) });
    assert_eq!(user.post("/validate/email/submitToken", &submitted).await["success"], true);
    let bound = json!({ "sid": sid, "client_secret": secret, "mxid": user.id });
    assert_eq!(user.post("/3pid/bind", &bound).await["address"], "alice@mail.example");
}

fn count(status: &str, name: &str) -> usize {
    let line = status.lines().find(|line| line.starts_with(name)).expect(status);
    line.split_whitespace().last().unwrap().parse().unwrap()
}

#[tokio::test]
async fn the_page_leads_from_a_bare_debian_to_a_user_and_a_backup() {
    let root = PathBuf::from(std::env::var_os("VOUCH_TEST_MACHINE").expect("scripts/package test sets it"));
    let internet = Internet::start(&root).await;
    let machine = Machine::boot(&root, BRIDGE, SERVER);
    trust(&machine, &internet);
    let mut page = Page(page::steps());

    let [_, installation] = page.step("1. The package");
    machine.run(installation);
    let [postgres] = page.step("2. PostgreSQL");
    machine.run(postgres);
    let [configuration, check] = page.step("3. Configuration");
    machine.run(configuration);
    assert_eq!(machine.run("stat -c '%a %U:%G' /etc/vouch/vouch.toml"), "640 root:vouch");
    assert_eq!(machine.run(check), "the configuration is valid");
    let [start] = page.step("4. Start");
    assert!(machine.run(start).ends_with(page::documented(r#"{"clock":true,"database":true,"directory":true}"#)));

    let [nginx, caddy, asked, doctor] = page.step("5. A reverse proxy with TLS");
    machine.run(nginx);
    machine.shows(asked, "v1.");
    assert!(machine.run(doctor).contains("no problems"));
    internet.mail.wait_to("you@example.org").await;
    // Certificates last for three months; this is what certbot's timer does.
    machine.run("certbot renew --quiet --force-renewal --no-random-sleep-on-renew");
    let user = User::register(&client(&internet), &format!("https://{NAME}"), &internet.homeserver, "alice").await;
    machine.run("systemctl disable --now nginx");
    machine.run(caddy);
    machine.shows(asked, "v1.");

    adds_an_address(&user, &internet).await;
    let [status] = page.step("6. The first user");
    let status = machine.run(status);
    assert_eq!((count(&status, "accounts"), count(&status, "bindings")), (1, 1), "{status}");

    let [prometheus] = page.step("7. Metrics");
    machine.run(prometheus);
    machine.shows("curl --silent --fail http://127.0.0.1:9090/api/v1/query?query=vouch_build_info", "127.0.0.1:9464");
    machine.shows("curl --silent --fail http://127.0.0.1:9090/api/v1/rules", "VouchDown");

    let [backup, check] = page.step("8. Back up");
    machine.run(backup);
    assert!(machine.run(check).contains("with 1 bindings, 1 accounts"));
    assert!(machine.run("systemctl list-timers vouch-backup.timer").contains("vouch-backup.service"));
    let keys = machine.run("tar -tf /root/vouch-keys.tar");
    for file in ["master.key", "signing.key", "vouch.toml", "backup.passphrase", "privacy_policy/1.0/en.md"] {
        assert!(keys.contains(file), "{keys}");
    }
    assert_eq!(page.0, [""; 0]);
}
