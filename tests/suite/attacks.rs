//! Attacks: raw bytes that well-behaved HTTP clients would not send, and attempts to evade the rate
//! limits.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine as _};
use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};
use vouch::config::Bucket;
use vouch_test_support::homeserver::Conduct;

use crate::database::count;
use crate::world::{Person, Server, World, hash};

const HEALTH: &str = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";
const LOOKUP: &str = "POST /_matrix/identity/v2/lookup HTTP/1.1\r\nHost: x\r\n";

fn address(server: &Server) -> String {
    server.url.trim_start_matches("http://").to_owned()
}

/// Sends these bytes, closes the sending side, and returns everything received.
async fn exchange(server: &Server, bytes: impl Into<Vec<u8>>) -> String {
    let (address, bytes) = (address(server), bytes.into());
    let exchange = move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.write_all(&bytes).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answers = Vec::new();
        match stream.read_to_end(&mut answers) {
            Err(error) if error.kind() != ErrorKind::ConnectionReset => panic!("no end: {error}"),
            _ => String::from_utf8_lossy(&answers).into_owned(),
        }
    };
    tokio::task::spawn_blocking(exchange).await.unwrap()
}

fn statuses(answers: &str) -> Vec<&str> {
    answers.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect()
}

#[tokio::test]
async fn answers_allow_cors_and_forbid_caching_however_the_path_is_spelled() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    for path in ["/%5fmatrix/identity/v2/account", "/_%6datrix/identity/v2/%61ccount"] {
        let answer = exchange(&server, format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")).await.to_ascii_lowercase();
        assert_eq!(statuses(&answer.to_ascii_uppercase()), ["401"], "{path}: {answer}");
        assert!(answer.contains("access-control-allow-origin: *"), "{path}: {answer}");
        assert!(answer.contains("cache-control: no-store"), "{path}: {answer}");
    }
}

#[tokio::test]
async fn a_policy_name_is_not_a_path() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    for path in ["/policies/../../Cargo.toml", "/policies/..%2f..%2fCargo.toml/1/en", "/policies/%2e%2e/%2e%2e/en"] {
        let answer = exchange(&server, format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")).await;
        assert_eq!(statuses(&answer), ["404"], "{path}: {answer}");
    }
    let answer = server.get("/?lang=%22%3E%3Cscript%3Ealert(1)%3C/script%3E", None).await;
    assert!(answer.status == 200 && !answer.text.contains("<script"), "{}", answer.text);
}

#[tokio::test]
async fn a_request_with_an_ambiguous_length_closes_the_connection() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    for doubtful in [
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
        "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        "Content-Length: 2, 2\r\n\r\n{}",
        "Content-Length: +2\r\n\r\n{}",
        "Content-Length: 0x2\r\n\r\n{}",
        "Transfer-Encoding: xchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked, identity\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "Transfer-Encoding : chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "Transfer-Encoding:\r\n chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n2\n{}\n0\n\n",
        "Transfer-Encoding: chunked\r\n\r\n2\r\n{}XX0\r\n\r\n",
    ] {
        let bytes = format!("{LOOKUP}Authorization: Bearer {}\r\n{doubtful}{HEALTH}", alice.token);
        let answers = exchange(&server, bytes).await;
        assert_eq!(statuses(&answers), ["400"], "{doubtful}: {answers}");
    }
}

#[tokio::test]
async fn an_unread_body_is_never_parsed_as_a_request() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let heads = [
        (LOOKUP, "401"),
        ("OPTIONS /_matrix/identity/v2/lookup HTTP/1.1\r\nHost: x\r\n", "200"),
        ("PUT /_matrix/identity/v2/lookup HTTP/1.1\r\nHost: x\r\n", "405"),
        ("POST /nowhere HTTP/1.1\r\nHost: x\r\n", "404"),
        ("HEAD / HTTP/1.1\r\nHost: x\r\n", "200"),
    ];
    for (head, status) in heads {
        let length = HEALTH.len();
        for body in [
            format!("Content-Length: {length}\r\n\r\n{HEALTH}"),
            format!("Transfer-Encoding: chunked\r\n\r\n{length:x}\r\n{HEALTH}\r\n0\r\n\r\n"),
        ] {
            let answers = exchange(&server, format!("{head}{body}")).await;
            assert_eq!(statuses(&answers), [status], "{head}: {answers}");
        }
    }
}

#[tokio::test]
async fn slow_clients_delay_nobody_else() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    let half_a_body = format!("{LOOKUP}Authorization: Bearer {}\r\nContent-Length: 9\r\n\r\n{{", alice.token);
    let mut slow = Vec::new();
    for beginning in ["", "GET /health HTTP/1.1\r\nX:", &half_a_body] {
        for _ in 0..150 {
            let mut stream = TcpStream::connect(address(&server)).unwrap();
            stream.write_all(beginning.as_bytes()).unwrap();
            slow.push(stream);
        }
    }
    let begun = Instant::now();
    alice.get("/account").await.ok();
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    let until_closed = move || {
        for mut stream in slow {
            stream.set_read_timeout(Some(Duration::from_secs(15))).unwrap();
            stream.read_to_end(&mut Vec::new()).expect("it is closed");
        }
    };
    tokio::task::spawn_blocking(until_closed).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_client_that_does_not_read_is_disconnected() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let address: std::net::SocketAddr = address(&server).parse().unwrap();
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(&address.into()).unwrap();
    socket.set_nonblocking(true).unwrap();
    let mut stream = TcpStream::from(socket);
    let requests = HEALTH.replace("/health", "/policies").repeat(100);
    let begun = Instant::now();
    let error = loop {
        match stream.write(requests.as_bytes()) {
            Err(error) if error.kind() != ErrorKind::WouldBlock => break error,
            _ => tokio::time::sleep(Duration::from_millis(20)).await,
        }
        assert!(begun.elapsed() < Duration::from_mins(1), "the connection is still open");
    };
    assert!(matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{error}");
}

async fn looks_up(person: &Person<'_>, pepper: &str, addresses: Vec<String>) -> u16 {
    let asked = json!({ "algorithm": "sha256", "pepper": pepper, "addresses": addresses });
    person.post("/lookup", asked).await.status
}

fn hashes(pepper: &str, numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|number| hash(&format!("stranger{number}@example.com"), pepper)).collect()
}

on_both_backends! {
    async fn an_address_is_charged_once_however_it_is_spelled(world: World) {
        let mut world = world;
        world.config.budgets.lookup_user = Bucket { capacity: 3, per_hour: 1 };
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let pepper = alice.pepper().await;
        let digest = BASE64_URL_SAFE_NO_PAD.decode(&hashes(&pepper, 0..1)[0]).unwrap();
        let hex = digest.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        let spellings = [BASE64_URL_SAFE_NO_PAD.encode(&digest), BASE64_STANDARD.encode(&digest), hex.to_uppercase(), hex];
        assert_eq!(looks_up(&alice, &pepper, spellings.to_vec()).await, 200);
        for spelling in spellings {
            assert_eq!(looks_up(&alice, &pepper, vec![spelling]).await, 200);
        }
        assert_eq!(looks_up(&alice, &pepper, hashes(&pepper, 1..3)).await, 200);
        assert_eq!(looks_up(&alice, &pepper, hashes(&pepper, 3..4)).await, 429);
    }

    async fn a_homeserver_has_one_rate_limit_under_all_its_names(world: World) {
        let mut world = world;
        world.config.budgets.lookup_homeserver = Bucket { capacity: 20, per_hour: 5 };
        for name in ["hs.example:1", "HS.example"] {
            let place = world.homeserver.address().into();
            world.config.federation.overrides.insert(name.try_into().unwrap(), place);
        }
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let pepper = alice.pepper().await;
        // A new domain has 30 %.
        assert_eq!(looks_up(&alice, &pepper, hashes(&pepper, 0..6)).await, 200);
        for name in ["hs.example:1", "HS.example"] {
            let mxid = format!("@mallory:{name}");
            world.homeserver.behave(Conduct::Answers(200, json!({ "sub": mxid }).to_string()));
            let asked = json!({ "matrix_server_name": name, "access_token": "x" });
            let answer = server.post("/_matrix/identity/v2/account/register", None, &asked).await.ok();
            let token = answer["token"].as_str().unwrap().to_owned();
            let mallory = Person { world: &world, server: &server, mxid, token };
            mallory.accepts_everything().await;
            assert_eq!(looks_up(&mallory, &pepper, hashes(&pepper, 6..7)).await, 429, "{name}");
        }
    }

    async fn a_rate_limited_request_leaves_no_trace(world: World) {
        let mut world = world;
        world.config.budgets.messages_user = Bucket { capacity: 2, per_hour: 1 };
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        for n in 0..6 {
            let asked = json!({ "client_secret": "s", "email": format!("a{n}@example.com"), "send_attempt": 1 });
            let answer = alice.post("/validate/email/requestToken", asked).await;
            assert_eq!(answer.status, if n < 2 { 200 } else { 429 }, "{}", answer.text);
        }
        assert_eq!(count(&world, "sessions").await, 2);
    }
}

#[tokio::test]
async fn errors_reveal_nothing_about_the_private_network() {
    let mut world = World::on_sqlite().await;
    world.config.federation.allowed_ranges.clear();
    world.config.federation.dns_servers = vec!["127.0.0.1:1".parse().unwrap()];
    let server = world.start().await;
    let open = world.homeserver.address();
    let closed = "127.0.0.1:1".to_owned();
    let names = [open.to_string(), closed, format!("[::ffff:127.0.0.1]:{}", open.port()), "hs.example".to_owned()];
    let others = ["[::1]", "0.0.0.0", "169.254.169.254", "0x7f.1", "localhost", "no-such-host.invalid"];
    for name in names.iter().map(String::as_str).chain(others) {
        let asked = json!({ "matrix_server_name": name, "access_token": "x" });
        let answer = server.post("/_matrix/identity/v2/account/register", None, &asked).await;
        let told: Value =
            json!({ "errcode": "M_UNKNOWN", "error": "The homeserver could not be asked about the token" });
        assert_eq!((answer.status, answer.body), (502, told), "{name}");
    }
}
