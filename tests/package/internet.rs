//! The internet around a new server: names, a certificate authority in place of Let's Encrypt, a
//! homeserver and a mail server. All of it is on a bridge in this process's own network.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::Arc;

use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use vouch_test_support::ca::Ca;
use vouch_test_support::homeserver::Homeserver;
use vouch_test_support::mail_sink::{MailSink, Options, Tls};

use crate::machine::eventually;

/// The bridge to the new server.
pub const BRIDGE: &str = "internet";
/// The address of the new server, which must not be one of a private network.
pub const SERVER: Ipv4Addr = Ipv4Addr::new(198, 20, 0, 2);
/// The name of the new server on the page.
pub const NAME: &str = "id.example.org";

const OTHERS: Ipv4Addr = Ipv4Addr::new(198, 20, 0, 1);
const HOMESERVER: Ipv4Addr = Ipv4Addr::new(198, 20, 0, 3);

pub struct Internet {
    pub ca: Ca,
    pub homeserver: Homeserver,
    pub mail: MailSink,
    /// The certificate of the authority that stands for Let's Encrypt.
    pub authority: PathBuf,
    programs: Vec<Child>,
}

impl Internet {
    /// Starts it, around the Debian in a directory.
    pub async fn start(root: &Path) -> Self {
        run("ip", &["link", "add", BRIDGE, "type", "bridge"]);
        for address in [OTHERS, HOMESERVER] {
            run("ip", &["address", "add", &format!("{address}/24"), "dev", BRIDGE]);
        }
        run("ip", &["link", "set", BRIDGE, "up"]);
        let resolver = root.join("etc/resolv.conf");
        fs::write(&resolver, format!("nameserver {OTHERS}\n")).unwrap();
        // The authority also asks for the names that it certifies.
        run("mount", &["--bind", resolver.to_str().unwrap(), "/etc/resolv.conf"]);
        let folder = root.with_file_name("authority");
        let ca = Ca::new();
        let homeserver = Homeserver::start_at(SocketAddr::from((HOMESERVER, 443)), "example.org", &ca);
        let tls = Tls::Starttls(Arc::new(certified(&ca, "smtp.example.org")));
        let listen = SocketAddr::from((OTHERS, 587));
        let mail = MailSink::start_with(Options { listen, tls, ..Options::default() }).await;
        let authority = folder.join("pki/authorities/local/root.crt");
        let programs = vec![names(), lets_encrypt(&folder)];
        eventually(|| authority.exists().then_some(()));
        Self { ca, homeserver, mail, authority, programs }
    }
}

impl Drop for Internet {
    fn drop(&mut self) {
        for program in &mut self.programs {
            let _ = program.kill();
            let _ = program.wait();
        }
    }
}

fn run(program: &str, arguments: &[&str]) {
    assert!(Command::new(program).args(arguments).status().unwrap().success(), "{program} {arguments:?}");
}

fn certified(ca: &Ca, name: &str) -> ServerConfig {
    let (chain, key) = ca.certificate_for(&[name]);
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    builder.with_single_cert(chain, key).unwrap()
}

/// Starts the server of names, which knows no others.
fn names() -> Child {
    let mut command = Command::new("dnsmasq");
    command.args([
        "--keep-in-foreground",
        "--conf-file=/dev/null",
        "--no-resolv",
        "--no-hosts",
        "--user=root",
        "--pid-file",
    ]);
    command.args(["--bind-interfaces", "--local=/#/"]).arg(format!("--listen-address={OTHERS}"));
    for (name, address) in [
        (NAME, SERVER),
        ("example.org", HOMESERVER),
        ("smtp.example.org", OTHERS),
        ("acme-v02.api.letsencrypt.org", OTHERS),
    ] {
        command.arg(format!("--host-record={name},{address}"));
    }
    command.spawn().unwrap()
}

/// Starts Caddy as a certificate authority under the name of Let's Encrypt.
fn lets_encrypt(folder: &Path) -> Child {
    // A certificate of an earlier run would not be that of this authority.
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder).unwrap();
    let configuration = folder.join("Caddyfile");
    let text = format!(
        "{{\n\tadmin off\n\tskip_install_trust\n\tauto_https disable_redirects\n\tstorage file_system {}\n}}\n\
         https://acme-v02.api.letsencrypt.org {{\n\tbind {OTHERS}\n\ttls internal\n\
         \trewrite /directory /acme/local/directory\n\tacme_server\n}}\n",
        folder.display()
    );
    fs::write(&configuration, text).unwrap();
    let log = fs::File::create(folder.join("log")).unwrap();
    let mut command = Command::new(folder.with_file_name("caddy"));
    command.arg("run").arg("--adapter").arg("caddyfile").arg("--config").arg(configuration);
    command.env("HOME", folder).stderr(log).spawn().unwrap()
}
