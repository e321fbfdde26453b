//! `vouch doctor`: what others see of the server, and the servers that it depends on.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::json;
use socket2::{Domain, Socket, Type};
use vouch_test_support::ca::Ca;
use vouch_test_support::homeserver::Conduct;
use vouch_test_support::mail_sink::{Action, MailSink, Options};
use vouch_test_support::program::free_port;
use vouch_test_support::sms_gateway::{self, SmsGateway};

use crate::doctor::{Report, Well, chmod, recommends};
use crate::program::Binary;
use crate::world::World;

/// A DNS server that knows the addresses of a few names, and that others have none.
pub struct Dns {
    address: SocketAddr,
    names: Arc<Mutex<HashMap<String, [u8; 4]>>>,
}

impl Dns {
    pub fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let (address, names) = (socket.local_addr().unwrap(), Arc::<Mutex<HashMap<String, [u8; 4]>>>::default());
        let known = Arc::clone(&names);
        // It ends with the process.
        std::thread::spawn(move || {
            let mut query = [0; 512];
            while let Ok((length, peer)) = socket.recv_from(&mut query) {
                let _ = socket.send_to(&answer(&query[..length], &known.lock().unwrap()), peer);
            }
        });
        Self { address, names }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn answers(&self, name: &str, address: [u8; 4]) {
        self.names.lock().unwrap().insert(name.to_owned(), address);
    }
}

/// Answers the only question of a query (RFC 1035 section 4).
fn answer(query: &[u8], names: &HashMap<String, [u8; 4]>) -> Vec<u8> {
    let (mut labels, mut at) = (Vec::new(), 12);
    while query[at] > 0 {
        let end = at + 1 + usize::from(query[at]);
        labels.push(String::from_utf8_lossy(&query[at + 1..end]).to_lowercase());
        at = end;
    }
    let question = &query[12..at + 5];
    let is_a = query[at + 1..at + 3] == [0, 1];
    let address = names.get(&labels.join(".")).filter(|_| is_a);
    let mut reply = vec![query[0], query[1], 0x81, 0x80, 0, 1, 0, u8::from(address.is_some()), 0, 0, 0, 0];
    reply.extend(question);
    if let Some(address) = address {
        reply.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
        reply.extend(address);
    }
    reply
}

/// What a reverse proxy does, right or wrong.
#[derive(Clone, Copy)]
enum Way {
    /// It appends the client to `X-Forwarded-For`.
    Appends,
    /// It passes on what the client says, and adds nothing.
    PassesOn,
    /// It writes something other than an address.
    Hides,
    /// It adds a CORS header that the server also sends.
    Shares,
}

/// Starts a reverse proxy for a server, which sees it at 127.0.9.1; returns its URL.
fn proxy(server: SocketAddr, way: Way) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    // It ends with the process.
    std::thread::spawn(move || {
        for client in listener.incoming() {
            // A client may connect and ask nothing.
            let _ = pass(client.unwrap(), server, way);
        }
    });
    url
}

fn pass(mut client: TcpStream, server: SocketAddr, way: Way) -> std::io::Result<()> {
    client.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte)?;
        head.push(char::from(byte[0]));
    }
    let added = match way {
        Way::Appends => format!("X-Forwarded-For: {}\r\n", client.peer_addr()?.ip()),
        Way::Hides => "X-Forwarded-For: unknown\r\n".to_owned(),
        Way::PassesOn | Way::Shares => String::new(),
    };
    let head = head.replace("\r\n\r\n", &format!("\r\n{added}Connection: close\r\n\r\n"));
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::new(127, 0, 9, 1), 0)).into())?;
    socket.connect(&server.into())?;
    let (mut server, mut answer) = (TcpStream::from(socket), Vec::new());
    server.write_all(head.as_bytes())?;
    server.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let more = if matches!(way, Way::Shares) { "Access-Control-Allow-Origin: *\r\n" } else { "" };
    client.write_all(answer.replacen("\r\n", &format!("\r\n{more}"), 1).as_bytes())
}

/// Returns a binary that checks this URL, and has nothing else.
fn looking_at(world: &World, url: &str) -> Binary {
    let mut binary = Binary::of(world);
    binary.set("VOUCH__SERVER__PUBLIC_URL", url);
    binary.set("VOUCH__SERVER__NAME", "id.example");
    binary
}

#[tokio::test]
async fn a_name_without_an_address_or_without_dns_is_found() {
    let world = World::on_sqlite().await;
    let mut well = Well::new(&world);
    well.binary.set("VOUCH__SERVER__PUBLIC_URL", "https://nowhere.example");
    let report = well.report(&[]);
    report.says("dns", "problem", "nowhere.example has no address");
    report.says("public url", "problem", "https://nowhere.example/_matrix/identity/versions: it has no address");
    for check in ["public key", "cors", "proxy"] {
        report.says(check, "skipped", "");
    }
    well.binary.set("VOUCH__FEDERATION__DNS_SERVERS", "127.0.0.1:1");
    well.report(&[]).says("dns", "problem", "nowhere.example cannot be resolved (dns)");
    well.binary.set("VOUCH__SERVER__PUBLIC_URL", "http://localhost:1");
    well.report(&[]).says("dns", "skipped", "localhost needs no DNS");
}

#[tokio::test]
async fn problems_with_the_public_certificate_are_found() {
    let world = World::on_sqlite().await;
    let mut well = Well::new(&world);
    let folder = world.folder.path().to_owned();
    well.report(&[]).says("public url", "problem", "no answer: ");
    for (days, name, outcome, found) in [
        (3, "id.example", "warning", "its certificate is valid for 2 more days"),
        (-1, "id.example", "problem", "its certificate has expired"),
        (90, "other.example", "problem", "its certificate is not for the name"),
    ] {
        well.ca.write_certificate_until(days, &[name], &folder);
        chmod(&folder.join("key.pem"), 0o600);
        let server = well.start();
        well.report(&[]).says("public url", outcome, found);
        drop(server);
    }
    Ca::new().write_certificate_until(90, &["id.example"], &folder);
    let _server = well.start();
    well.report(&[]).says("public url", "problem", "was not issued by a trusted authority");
    // Authorities that only homeservers need do not count for others.
    std::fs::copy(folder.join("certificate.pem"), folder.join("ca.pem")).unwrap();
    well.binary.set("VOUCH__FEDERATION__CA_FILE", "ca.pem");
    well.report(&[]).says("public url", "problem", "was not issued by a trusted authority");
}

#[tokio::test]
async fn another_server_at_the_public_url_is_found() {
    let world = World::on_sqlite().await;
    let stub = SmsGateway::start();
    let binary = looking_at(&world, &stub.url());
    for (conduct, found) in [
        (
            sms_gateway::Conduct::Answers(200, "<html>It works!</html>".to_owned()),
            "status 200, and not from an identity",
        ),
        (
            sms_gateway::Conduct::RedirectsTo("https://www.example.org/".to_owned()),
            "status 302, and not from an identity",
        ),
        (sms_gateway::Conduct::Answers(404, "{}".to_owned()), "status 404, and not from an identity"),
        (sms_gateway::Conduct::Answers(503, "{}".to_owned()), "status 503"),
        (sms_gateway::Conduct::HangsUp, "no answer: "),
    ] {
        stub.behave(conduct);
        Report::of(&binary, &[]).says("public url", "problem", found);
    }
    stub.behave(sms_gateway::Conduct::Answers(200, json!({ "versions": ["v1.1"] }).to_string()));
    let report = Report::of(&binary, &[]);
    report.says("public url", "ok", "an identity server answers at");
    report.says("cors", "problem", "GET returns status 200 and 0 times access-control-allow-origin");
    report.says("proxy", "skipped", "does not answer as this version does");
}

#[tokio::test]
async fn mistakes_of_a_reverse_proxy_are_found() {
    let world = World::on_sqlite().await;
    let port = free_port();
    let server: SocketAddr = ([127, 0, 0, 1], port).into();
    let mut binary = looking_at(&world, "http://127.0.0.1:1");
    binary.set("VOUCH__SERVER__LISTEN", &server.to_string());
    for (trusted, way, outcome, found) in [
        ("127.0.9.1/32", Way::Appends, "ok", "the server sees this machine's network, 127.0.0.0/24"),
        ("127.0.9.1/32", Way::PassesOn, "problem", "clients can forge their address"),
        ("127.0.9.1/32", Way::Hides, "problem", "does not pass on clients' addresses"),
        ("10.0.0.0/8", Way::Appends, "problem", "the server sees 127.0.9.0/24, which is its reverse proxy"),
        ("127.0.0.0/8", Way::Appends, "skipped", "this machine is in server.trusted_proxies"),
    ] {
        binary.set("VOUCH__SERVER__TRUSTED_PROXIES", trusted);
        binary.set("VOUCH__SERVER__PUBLIC_URL", &proxy(server, way));
        let running = binary.start();
        let report = Report::of(&binary, &[]);
        report.says("proxy", outcome, found);
        report.says("cors", "ok", "web clients of any origin");
        drop(running);
    }
    binary.set("VOUCH__SERVER__PUBLIC_URL", &proxy(server, Way::Shares));
    let _running = binary.start();
    Report::of(&binary, &[]).says("cors", "problem", "2 times access-control-allow-origin");
}

#[tokio::test]
async fn problems_with_mail_are_found() {
    let world = World::on_sqlite().await;
    let mut binary = Binary::of(&world);
    let to = ["--mail-to", "postmaster@example.com"];
    Report::of(&binary, &[]).says("mail", "ok", "accepts the login and the sender");
    assert_eq!(world.mail.count(), 0);
    for (command, reply, arguments, found) in [
        ("MAIL", "550 5.7.60 hunter2 may not send", &[][..], "refuses the sender (mail.sender) (550 5.7.60)"),
        ("EHLO", "421 hunter2 go away", &[], "refuses the connection for now (421)"),
        ("RCPT", "550 5.1.1 hunter2 unknown", &to, "refuses the recipient (550 5.1.1)"),
        (".", "554 5.6.0 hunter2 spam", &to, "refuses the message (554 5.6.0)"),
    ] {
        let script = Options::when(command, Action::Reply(reply));
        let sink = MailSink::start_with(script).await;
        binary.set("VOUCH__MAIL__PORT", &sink.address().port().to_string());
        let report = Report::of(&binary, arguments);
        report.says("mail", "problem", found);
        assert!(!format!("{report:?}").contains("postmaster"), "{report:?}");
    }
    binary.set("VOUCH__MAIL__PORT", &world.mail.address().port().to_string());
    binary.set("VOUCH__MAIL__SECURITY", "starttls");
    Report::of(&binary, &[]).says("mail", "problem", "does not offer STARTTLS");
    binary.set("VOUCH__MAIL__PORT", "1");
    Report::of(&binary, &to).says("mail", "problem", "cannot be reached");
    binary.set("VOUCH__MAIL__HOST", "");
    std::fs::create_dir_all(world.folder.path().join("data/mail")).unwrap();
    Report::of(&binary, &[]).says("mail", "skipped", "written to files");
    Report::of(&binary, &to).says("mail", "warning", "written to a file");
}

#[tokio::test]
async fn problems_with_a_gateway_are_found() {
    let world = World::on_sqlite().await;
    let mut binary = Binary::of(&world);
    let to = ["--text-to", "+491701234567"];
    Report::of(&binary, &[]).says("texts", "skipped", "written to files");
    binary.set("VOUCH__SMS__WEBHOOK__METHOD", "GET");
    let mut with = |url: &str| {
        binary.set("VOUCH__SMS__WEBHOOK__URL", &format!("{url}/hunter2?to={{number}}&text={{text}}"));
        (Report::of(&binary, &[]), Report::of(&binary, &to))
    };
    for report in <[Report; 2]>::from(with("http://127.0.0.1:1")) {
        report.says("texts", "problem", "cannot be reached");
    }
    let encrypted = SmsGateway::start_tls(&Ca::new());
    let (unsent, sent) = with(&encrypted.url());
    unsent.says("texts", "problem", "the gateway webhook cannot be reached: its certificate was not issued");
    sent.says("texts", "problem", "its certificate was not issued");
    let gateway = SmsGateway::start();
    for (status, found) in [(401, "refuses the login"), (400, "refuses the text")] {
        gateway.behave(sms_gateway::Conduct::Answers(status, "hunter2".to_owned()));
        let (unsent, sent) = with(&gateway.url());
        unsent.says("texts", "ok", "webhook can be reached");
        sent.says("texts", "problem", found);
        assert!(!format!("{sent:?}").contains("1701234567"), "{sent:?}");
    }
    assert_eq!(gateway.requests().len(), 2);
}

#[tokio::test]
async fn problems_with_a_homeserver_are_found() {
    let world = World::on_sqlite().await;
    let mut binary = looking_at(&world, "http://127.0.0.1:1");
    let report = |binary: &Binary| Report::of(binary, &["--homeserver", "hs.example"]);
    Report::of(&binary, &[]).says("homeserver", "skipped", "add --homeserver NAME");
    let first = report(&binary);
    first.says("homeserver", "ok", &format!("it is at {}; its certificate is valid for", world.homeserver.address()));
    first.says("homeserver tokens", "ok", "refuses a token");
    first.says("homeserver keys", "ok", "publishes its signing keys");
    first.says("homeserver clients", "warning", "names no identity server");
    recommends(&world, "https://vector.im");
    report(&binary).says("homeserver clients", "warning", "names another identity server");
    recommends(&world, "http://127.0.0.1:1/");
    report(&binary).says("homeserver clients", "ok", "told to use this server");
    let path = "/.well-known/matrix/client";
    world.homeserver.answers_clients(Method::GET, path, StatusCode::NOT_FOUND, json!({}));
    report(&binary).says("homeserver clients", "warning", "returns status 404");

    world.homeserver.publish_keys_until(1);
    report(&binary).says("homeserver keys", "problem", "its signing keys prove nothing");
    world.homeserver.behave(Conduct::Answers(200, json!({ "sub": "@alice:hs.example" }).to_string()));
    let forged = report(&binary);
    forged.says("homeserver tokens", "problem", "names a user for a token that it did not issue");
    forged.says("homeserver clients", "warning", "web clients cannot read");
    world.homeserver.behave(Conduct::Answers(502, "hunter2".to_owned()));
    let broken = report(&binary);
    broken.says("homeserver", "ok", "it is at ");
    broken.says("homeserver tokens", "problem", "(status 502)");
    broken.says("homeserver keys", "problem", "(status 502)");

    binary.set("VOUCH__FEDERATION__BLOCKED_SERVERS", "hs.example");
    report(&binary).says("homeserver tokens", "problem", "may not register here");
    binary.set("VOUCH__FEDERATION__ALLOWED_RANGES", "");
    report(&binary).says("homeserver", "problem", "(filter)");
    binary.set("VOUCH__FEDERATION__ALLOWED_RANGES", "127.0.0.0/8");
    binary.set("VOUCH__FEDERATION__CA_FILE", "");
    report(&binary).says("homeserver", "problem", "its certificate was not issued");
    binary.set("VOUCH__FEDERATION__OVERRIDES", r#"{ "hs.example" = "127.0.0.1:1" }"#);
    report(&binary).says("homeserver", "problem", "(connect: ");
}
