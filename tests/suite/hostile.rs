//! Hostile input: bytes that no HTTP library would send.

use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::address_visitor::FORM;
use crate::world::{Server, World};

const SMALL: usize = 64 * 1024;

/// Sends raw bytes, and reads until the server closes the connection or has been silent for long.
async fn raw(server: &Server, request: &[u8]) -> Raw {
    let mut stream = connect(server).await;
    stream.write_all(request).await.unwrap();
    read(stream).await
}

pub async fn connect(server: &Server) -> TcpStream {
    TcpStream::connect(server.url.split_once("://").unwrap().1).await.unwrap()
}

/// An answer as received.
struct Raw {
    status: u16,
    head: String,
    body: Value,
}

impl Raw {
    fn error(&self) -> (u16, &str) {
        (self.status, self.body["errcode"].as_str().unwrap_or_default())
    }
}

async fn read(mut stream: TcpStream) -> Raw {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    // A connection reset after the answer does not matter.
    while let Ok(Ok(n @ 1..)) = tokio::time::timeout(Duration::from_secs(10), stream.read(&mut chunk)).await {
        bytes.extend_from_slice(&chunk[..n]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        if let Some(length) = length(head)
            && body.len() >= length
        {
            break;
        }
    }
    parse(&bytes)
}

fn parse(bytes: &[u8]) -> Raw {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Raw { status, head: head.to_lowercase(), body: serde_json::from_str(body).unwrap_or_default() }
}

fn length(head: &str) -> Option<usize> {
    let head = head.to_lowercase();
    head.lines().find_map(|line| line.strip_prefix("content-length: ")).and_then(|length| length.parse().ok())
}

#[tokio::test]
async fn no_spelling_of_a_path_bypasses_authentication() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    for path in [
        "/_matrix/identity/v2/account",
        "//_matrix/identity/v2/account",
        "/_matrix//identity/v2/account",
        "/_matrix/identity//v2/account",
        "/_matrix/identity/v2//account",
        "/_matrix/identity/v2%2faccount",
        "/_matrix/identity/v2/%2faccount",
        "/_matrix%2fidentity/v2/account",
        "/_matrix/identity/v2/terms/../account",
        "/_matrix/identity/v2/./account",
        "/x/../_matrix/identity/v2/account",
        "/_matrix/identity/v2/terms/%2e%2e/account",
        "/_matrix/identity/v2/terms/..%2faccount",
        "/_MATRIX/identity/v2/account",
        "/_matrix/identity/V2/account",
        "/_matrix/identity/v2/ACCOUNT",
        "/_matrix/identity/v2/account/",
        "/_matrix/identity/v2/account//",
        "/_matrix/identity/v2/%61ccount",
        "/_matrix/identity/v2/account%00",
        "/_matrix/identity/v2/account%20",
        "/_matrix/identity/v2/account;x",
        "/_matrix/identity/v2/account?",
        "/_matrix/identity/v2/account#x",
        "/_matrix\\identity\\v2\\account",
        "/_matrix/identity/v2/account%ff",
        "http://localhost/_matrix/identity/v2/account",
        "http://localhost//_matrix/identity/v2/account",
        "*",
        "/",
        "",
        "/policies/..%2f_matrix/identity/v2/account",
        "/_matrix/identity/versions/../v2/account",
    ] {
        let answer =
            raw(&server, format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes()).await;
        assert!(
            matches!(answer.status, 400 | 401 | 404) || matches!(path, "/"),
            "{path}: {} {}",
            answer.status,
            answer.body
        );
        assert!(!answer.body.to_string().contains(&alice.mxid), "{path}");
    }
}

#[tokio::test]
async fn a_chunked_body_is_limited_too() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let head = "POST /_matrix/identity/v2/account/register HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunked = |bodies: &[&str]| -> Vec<u8> {
        let chunks = bodies.iter().map(|body| format!("{:x}\r\n{body}\r\n", body.len()));
        format!("{head}{}0\r\n\r\n", chunks.collect::<String>()).into_bytes()
    };
    let openid = world.homeserver.openid_token("alice").to_string();
    let (one, two) = openid.split_at(openid.len() / 2);
    assert_eq!(raw(&server, &chunked(&[one, two])).await.status, 200);
    let piece = " ".repeat(SMALL / 2);
    assert_eq!(raw(&server, &chunked(&[&openid, &piece, &piece])).await.error(), (413, "M_TOO_LARGE"));
}

/// More than the body limit, and a small part of what is announced or sent.
const BEGINNING: usize = 2 * 1024 * 1024;

/// Sends the beginning of a body of a hundred megabytes, waits for the answer, and then sends the
/// rest unless the connection has been closed.
async fn flood(server: &Server, head: &str, chunk: &[u8]) -> Raw {
    let mut stream = connect(server).await;
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut sent = 0;
    while sent < BEGINNING && stream.write_all(chunk).await.is_ok() {
        sent += chunk.len();
    }
    let mut bytes = vec![0; 4096];
    let n = tokio::time::timeout(Duration::from_secs(20), stream.read(&mut bytes)).await.expect("an answer").unwrap();
    while sent < 100 * 1024 * 1024 && stream.write_all(chunk).await.is_ok() {
        sent += chunk.len();
    }
    parse(&bytes[..n])
}

#[tokio::test]
async fn a_hundred_megabytes_are_refused_early_and_not_buffered() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let alice = world.person(&server, "alice").await;
    let before = resident();
    let plain = vec![b' '; 65_536];
    let chunk = [b"10000\r\n", &plain[..], b"\r\n"].concat();
    for (path, token, length, expected) in [
        ("/v2/account/register", &alice.token, true, (413, "M_TOO_LARGE")),
        ("/v2/lookup", &alice.token, true, (413, "M_TOO_LARGE")),
        ("/v2/lookup", &alice.token, false, (413, "M_TOO_LARGE")),
        ("/v2/terms", &alice.token, false, (413, "M_TOO_LARGE")),
        ("/v2/account/logout", &"unknown".to_owned(), true, (401, "M_UNKNOWN_TOKEN")),
    ] {
        let framing = if length { "Content-Length: 104857600" } else { "Transfer-Encoding: chunked" };
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n{framing}\r\n\r\n",
            format_args!("/_matrix/identity{path}")
        );
        let answer = flood(&server, &head, if length { &plain } else { &chunk }).await;
        assert_eq!(answer.error(), expected, "{path}");
        assert!(answer.head.contains("access-control-allow-origin: *"), "{path}");
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < 48 * 1024 * 1024, "memory grew by {grown} bytes");
    alice.get("/account").await.ok();
}

/// Returns the resident memory of this process, which includes the server, in bytes.
pub fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

#[tokio::test]
async fn a_body_sent_a_byte_a_second_times_out() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let answer = drips(&server, "/_matrix/identity/v2/account/register", "application/json").await;
    assert_eq!(answer.error(), (408, "M_UNKNOWN"));
    assert!(answer.head.contains("access-control-allow-origin: *"), "{}", answer.head);
    let page = drips(&server, "/not-me", FORM).await;
    assert_eq!(page.status, 404, "{}", page.head);
}

/// Returns the answer to a POST whose body is sent a byte a second; it must arrive in time.
async fn drips(server: &Server, path: &str, media_type: &str) -> Raw {
    let begun = Instant::now();
    let mut stream = connect(server).await;
    let head = format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {media_type}\r\nContent-Length: 1000\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut reader, mut writer) = stream.into_split();
    let drip = tokio::spawn(async move {
        while writer.write_all(b" ").await.is_ok() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
    let mut bytes = [0; 4096];
    let n = reader.read(&mut bytes).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(6), "it took {:?}", begun.elapsed());
    drip.abort();
    parse(&bytes[..n])
}

#[tokio::test]
async fn an_unfinished_head_times_out() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let begun = Instant::now();
    let answer = raw(&server, b"GET /_matrix/identity/v2 HTTP/1.1\r\nHost: x\r\nX-Slow: ").await;
    assert!(matches!(answer.status, 0 | 408), "{}", answer.head);
    assert!(begun.elapsed() < Duration::from_secs(7), "it took {:?}", begun.elapsed());
}

#[tokio::test]
async fn bytes_that_are_not_http_are_refused() {
    let world = World::on_sqlite().await;
    let server = world.start().await;
    let post = "POST /_matrix/identity/v2/account/register HTTP/1.1\r\nHost: x\r\n";
    let many = format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "X-Many: x\r\n".repeat(10_000));
    let long = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(300_000));
    for request in [
        "nonsense\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01",
        "GET / HTTP/9.9\r\n\r\n",
        &many,
        &long,
        &format!("{post}Content-Length: -1\r\n\r\n"),
        &format!("{post}Content-Length: 1\r\nContent-Length: 2\r\n\r\nx"),
        &format!("{post}Content-Length: 99999999999999999999999\r\n\r\n"),
        &format!("{post}Transfer-Encoding: chunked\r\n\r\nnonsense\r\n"),
        &format!("{post}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ] {
        let mut stream = connect(&server).await;
        // The connection may be closed before everything is sent.
        drop(stream.write_all(request.as_bytes()).await);
        let answer = read(stream).await;
        assert!(matches!(answer.status, 0 | 400..=499), "{request:.60}: {}", answer.head);
    }
    server.get("/_matrix/identity/v2", None).await.ok();
}
