//! A minimal HTTP/1.1 client. It shares the machine with the server, so it does as little as
//! possible: requests are prepared as bytes, and only the status, length and body of a response are
//! parsed.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::Result;

/// Returns the bytes of a GET request. An empty token is omitted.
pub fn get(path: &str, token: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: load\r\n{}\r\n", authorization(token)).into_bytes()
}

/// Returns the bytes of a GET request of a browser, which accepts gzip.
pub fn get_compressed(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: load\r\nAccept-Encoding: gzip\r\n\r\n").into_bytes()
}

/// Returns the bytes of a POST request with a JSON body. An empty token is omitted.
pub fn post(path: &str, token: &str, body: &str) -> Vec<u8> {
    let (authorization, length) = (authorization(token), body.len());
    format!(
        "POST {path} HTTP/1.1\r\nHost: load\r\n{authorization}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

fn authorization(token: &str) -> String {
    if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") }
}

/// A keep-alive connection that sends one request at a time.
pub struct Connection {
    stream: TcpStream,
    response: Vec<u8>,
}

impl Connection {
    /// Connects from a different network for each `number`, as real users do.
    pub async fn open(server: SocketAddr, number: u8) -> Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((IpAddr::V4(Ipv4Addr::new(127, 0, number, 1)), 0).into())?;
        let stream = socket.connect(server).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, response: Vec::with_capacity(128 * 1024) })
    }

    /// Sends a request and returns the body of the response. A status other than 200 is an error.
    pub async fn exchange(&mut self, request: &[u8]) -> Result<&[u8]> {
        self.stream.write_all(request).await?;
        self.response.clear();
        let head = loop {
            self.receive().await?;
            if let Some(head) = Head::parse(&self.response)? {
                break head;
            }
        };
        while self.response.len() < head.bytes + head.content_length {
            self.receive().await?;
        }
        let body = &self.response[head.bytes..];
        if head.is_ok { Ok(body) } else { Err(String::from_utf8_lossy(&self.response).into()) }
    }

    /// Works like [`Self::exchange`], but parses the body.
    pub async fn json(&mut self, request: &[u8]) -> Result<Value> {
        Ok(serde_json::from_slice(self.exchange(request).await?)?)
    }

    async fn receive(&mut self) -> Result<()> {
        let received = self.stream.read_buf(&mut self.response).await?;
        if received > 0 { Ok(()) } else { Err("the server closed the connection".into()) }
    }
}

struct Head {
    bytes: usize,
    is_ok: bool,
    content_length: usize,
}

impl Head {
    fn parse(response: &[u8]) -> Result<Option<Self>> {
        let Some(end) = response.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { return Ok(None) };
        let head = std::str::from_utf8(&response[..end])?;
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length").then_some(value)
        });
        let content_length = length.ok_or("the response has no Content-Length")?.parse()?;
        Ok(Some(Self { bytes: end + 4, is_ok: head.starts_with("HTTP/1.1 200 "), content_length }))
    }
}
