//! HTTP/1.1 as far as it is needed here. It shares the machine with the server, so it does little: a request is bytes made
//! beforehand, an answer a status and a body.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::Result;

/// The bytes of a request without a body; without a token if that is empty.
pub fn get(path: &str, token: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: load\r\n{}\r\n", authorization(token)).into_bytes()
}

/// The bytes of a request with a JSON body.
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

/// A keep-alive connection, one request at a time.
pub struct Connection {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Connection {
    /// Connects from a network of its own for each `number`, as people do.
    pub async fn open(server: SocketAddr, number: u8) -> Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((IpAddr::V4(Ipv4Addr::new(127, 0, number, 1)), 0).into())?;
        let stream = socket.connect(server).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, answer: Vec::with_capacity(128 * 1024) })
    }

    /// Sends a request and returns the body of the answer; any other than 200 is an error.
    pub async fn exchange(&mut self, request: &[u8]) -> Result<&[u8]> {
        self.stream.write_all(request).await?;
        self.answer.clear();
        let head = loop {
            self.receive().await?;
            if let Some(head) = Head::parse(&self.answer)? {
                break head;
            }
        };
        while self.answer.len() < head.bytes + head.content_length {
            self.receive().await?;
        }
        let body = &self.answer[head.bytes..];
        if head.is_ok { Ok(body) } else { Err(String::from_utf8_lossy(&self.answer).into()) }
    }

    /// As [`Self::exchange`], for answers that are looked into.
    pub async fn json(&mut self, request: &[u8]) -> Result<Value> {
        Ok(serde_json::from_slice(self.exchange(request).await?)?)
    }

    async fn receive(&mut self) -> Result<()> {
        let received = self.stream.read_buf(&mut self.answer).await?;
        if received > 0 { Ok(()) } else { Err("the server closed the connection".into()) }
    }
}

struct Head {
    bytes: usize,
    is_ok: bool,
    content_length: usize,
}

impl Head {
    fn parse(answer: &[u8]) -> Result<Option<Self>> {
        let Some(end) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { return Ok(None) };
        let head = std::str::from_utf8(&answer[..end])?;
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length").then_some(value)
        });
        let content_length = length.ok_or("an answer without a length")?.parse()?;
        Ok(Some(Self { bytes: end + 4, is_ok: head.starts_with("HTTP/1.1 200 "), content_length }))
    }
}
