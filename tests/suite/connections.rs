//! Connections: many of them, silent ones, and ones whose clients do not read.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use socket2::{Domain, Socket, Type};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ErrorKind};
use tokio::net::{TcpSocket, TcpStream};

use crate::hostile::{connect, resident};
use crate::program::Binary;
use crate::tls::encrypted;
use crate::world::{Server, World, until};

/// The number of connections of a network that may wait before their first request.
const STRANGERS: usize = 512;
/// A time longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")
}

/// Opens silent connections, oldest first.
async fn silent(server: &Server, number: usize) -> Vec<TcpStream> {
    let mut streams = Vec::new();
    for _ in 0..number {
        streams.push(connect(server).await);
    }
    streams
}

/// Returns whether the server has neither sent anything nor closed the connection.
fn is_open(stream: &TcpStream) -> bool {
    matches!(stream.try_read(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock)
}

/// Waits until no more connections than allowed are open, and returns their number.
async fn until_few_wait(streams: &[TcpStream]) -> usize {
    let open = || streams.iter().filter(|stream| is_open(stream)).count();
    until(PATIENCE, "they are not closed", async || open() <= STRANGERS).await;
    open()
}

async fn until_closed(streams: &[TcpStream]) {
    until(PATIENCE, "they are not closed", async || !streams.iter().any(is_open)).await;
}

/// Sends these bytes, closes the sending side, and returns everything received.
async fn exchange(server: &Server, bytes: &[u8]) -> String {
    let (mut reader, mut writer) = connect(server).await.into_split();
    let write = async {
        writer.write_all(bytes).await.unwrap();
        writer.shutdown().await.unwrap();
    };
    let mut answers = Vec::new();
    let (read, ()) = tokio::join!(tokio::time::timeout(PATIENCE, reader.read_to_end(&mut answers)), write);
    read.expect("an end").unwrap();
    String::from_utf8(answers).unwrap()
}

fn statuses(answers: &str) -> Vec<&str> {
    answers.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect()
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let post = "POST /_matrix/identity/v2/account/register HTTP/1.1\r\nHost: x\r\n";
    let spaced = "{\r\n\r\n\r\n\"x\" : 1\r\n}";
    let few = [
        (get("/health"), "200"),
        (format!("{post}Content-Length: 2\r\n\r\n{{}}"), "400"),
        (get("/nowhere"), "404"),
        (format!("{post}Transfer-Encoding: chunked\r\n\r\n1\r\n{{\r\n1\r\n}}\r\n0\r\n\r\n"), "400"),
        (get("/policies"), "200"),
        (
            "POST /policies HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n".to_owned(),
            "405",
        ),
        (get("/_matrix/identity/v2/account"), "401"),
        (format!("{post}Expect: 100-continue\r\nContent-Length: 0\r\n\r\n"), "100"),
        (String::new(), "400"),
        ("OPTIONS /_matrix/identity/v2/lookup HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), "200"),
        (format!("{post}Content-Length: {}\r\n\r\n{spaced}", spaced.len()), "400"),
    ];
    let (requests, expected): (Vec<_>, Vec<_>) = few.iter().cloned().unzip();
    let answers = exchange(&server, requests.concat().repeat(40).as_bytes()).await;
    assert_eq!(statuses(&answers), expected.repeat(40));
    // Byte by byte: no request ends where a read does.
    let (mut reader, mut writer) = connect(&server).await.into_split();
    let bytes = requests.concat();
    let write = async {
        for byte in bytes.as_bytes() {
            writer.write_all(&[*byte]).await.unwrap();
            writer.flush().await.unwrap();
            tokio::task::yield_now().await;
        }
        writer.shutdown().await.unwrap();
    };
    let mut answers = Vec::new();
    let (read, ()) = tokio::join!(reader.read_to_end(&mut answers), write);
    read.unwrap();
    assert_eq!(statuses(&String::from_utf8(answers).unwrap()), expected);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn clients_that_do_not_read_their_answers_take_little_memory() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let address: std::net::SocketAddr = server.url.strip_prefix("http://").unwrap().parse().unwrap();
    for requests in [get("/policies"), get("/").replace("GET", "HEAD"), get("/policies/privacy_policy/1.0/en")] {
        let requests = requests.repeat(65 * 1024 / requests.len());
        let before = resident();
        let mut streams = Vec::new();
        for _ in 0..400 {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            socket.set_recv_buffer_size(4096).unwrap();
            socket.connect(&address.into()).unwrap();
            socket.set_nonblocking(true).unwrap();
            // The server may take only a part of it.
            socket.send(requests.as_bytes()).unwrap();
            streams.push(socket);
        }
        // Others are served although everything that was sent has been received.
        assert_eq!(server.get("/health", None).await.status, 200);
        assert_eq!(server.get("/policies", None).await.status, 200);
        let grown = resident().saturating_sub(before);
        assert!(grown < 64 * 1024 * 1024, "memory grew by {grown} bytes");
    }
}

/// Connects from a separate /24.
#[cfg(target_os = "linux")]
async fn connect_from(network: u8, server: &Server) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, network, 1], 0).into()).unwrap();
    socket.connect(server.url.strip_prefix("http://").unwrap().parse().unwrap()).await.unwrap()
}

/// Sends a request on each of many connections, and returns how much memory they take while they
/// stay open, and the statuses of the answers.
#[cfg(target_os = "linux")]
async fn grown_by(server: &Server, request: &[u8]) -> (usize, BTreeSet<String>) {
    let before = resident();
    let (mut streams, mut statuses) = (Vec::new(), BTreeSet::new());
    for n in 0..400 {
        let mut stream = connect_from(if n % 2 == 0 { 1 } else { 2 }, server).await;
        // It may be refused before it has been read.
        let _ = stream.write_all(request).await;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        statuses.insert(String::from_utf8_lossy(&answer[9..]).into_owned());
        streams.push(stream);
    }
    assert_eq!(server.get("/health", None).await.status, 200);
    (resident().saturating_sub(before), statuses)
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn idle_connections_keep_little_memory_whatever_they_have_sent() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let head = |rest: &str, n: usize| format!("GET /health HTTP/1.1\r\nHost: x\r\nX-Pad: {}{rest}", "x".repeat(n));
    let path = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(120_000));
    let body = "x".repeat(60_000);
    let post = format!(
        "POST /_matrix/identity/v2/account/register HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    for (request, expected) in [
        (head("\r\n\r\n", 15_000), "200"),
        (head("\r\n\r\n", 120_000), "431"),
        (head("", 120_000), "431"),
        (path, "431"),
        (post, "400"),
        (get("/health").repeat(400), "200"),
    ] {
        let (grown, statuses) = grown_by(&server, request.as_bytes()).await;
        assert!(statuses.iter().eq([expected]), "{} {statuses:?}", &request[..40]);
        assert!(grown < 48 * 1024 * 1024, "{} memory grew by {grown} bytes", &request[..40]);
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn half_sent_look_ups_take_little_memory() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let (mallory, alice) = (world.person(&server, "mallory").await, world.person(&server, "alice").await);
    let head = format!(
        "POST /_matrix/identity/v2/lookup HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Length: 700000\r\n\r\n",
        mallory.token
    );
    let request = [head.as_bytes(), &vec![b' '; 600_000]].concat();
    let before = resident();
    let send = async |network: u8| {
        let mut stream = connect_from(network, &server).await;
        // It may be refused before it has been read.
        let _ = stream.write_all(&request).await;
        stream
    };
    let mut streams = Vec::new();
    for n in 0..200 {
        streams.push(send(n).await);
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < 48 * 1024 * 1024, "memory grew by {grown} bytes");
    let mut refused = streams.pop().unwrap();
    let mut answer = [0; 12];
    refused.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 429");
    // Others are not affected, and small bodies are always taken.
    assert_eq!(mallory.looks_up("nobody@example.com").await, None);
    let asked =
        json!({ "algorithm": "sha256", "pepper": alice.pepper().await, "addresses": vec!["x".repeat(64); 3_000] });
    alice.post("/lookup", asked).await.ok();
}

#[tokio::test]
async fn a_new_client_takes_the_place_of_the_oldest_silent_one() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let mut streams = silent(&server, STRANGERS).await;
    let mut speaking = connect(&server).await;
    speaking.write_all(b"GET /health HTTP/1.1\r\nHost: ").await.unwrap();
    // It would be the oldest one by then.
    streams.extend(silent(&server, STRANGERS).await);
    speaking.write_all(b"x\r\n\r\n").await.unwrap();
    let mut answer = [0; 15];
    speaking.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
    let newcomer = Server::at(server.url.clone());
    assert_eq!(newcomer.get("/health", None).await.status, 200);
    assert!(until_few_wait(&streams).await > STRANGERS / 2);
}

#[tokio::test]
async fn a_tls_handshake_does_not_wait_for_silent_ones() {
    let world = World::on_sqlite().await;
    let server = encrypted(&world);
    let half_a_greeting = connect(&server).await;
    half_a_greeting.try_write(b"\x16\x03\x01\x02\x00\x01").unwrap();
    let streams = silent(&server, 2 * STRANGERS).await;
    assert_eq!(server.get("/health", None).await.status, 200);
    assert!(until_few_wait(&streams).await > STRANGERS / 2, "it waited until they gave up");
    // They still have a deadline.
    until_closed(&streams).await;
    until_closed(&[half_a_greeting]).await;
}

#[tokio::test]
async fn the_head_of_every_request_has_a_deadline() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    for rest in ["GET /health HTTP/1.1\r\n", "\r\n", "POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding:"] {
        let mut stream = connect(&server).await;
        stream.write_all(format!("{}{rest}", get("/health")).as_bytes()).await.unwrap();
        let mut answers = String::new();
        // This is well before the keep-alive time has passed.
        tokio::time::timeout(PATIENCE, stream.read_to_string(&mut answers)).await.expect("it is closed").unwrap();
        assert_eq!(statuses(&answers), ["200"], "{rest}");
    }
}

#[tokio::test]
async fn a_server_with_few_files_left_still_serves_new_clients() {
    let world = World::on_sqlite().await;
    let process = Binary::of(&world).under("ulimit -n 128; exec $0 \"$@\"").serve().await;
    let streams = silent(&process.server, 1_000).await;
    for _ in 0..3 {
        // Another client each time.
        let server = Server::at(process.server.url.clone());
        assert_eq!(server.get("/_matrix/identity/versions", None).await.status, 200);
    }
    drop(streams);
    assert_eq!(process.server.get("/ready", None).await.status, 200);
}
