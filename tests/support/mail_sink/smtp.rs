//! The server side of an SMTP conversation.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::message::{Message, decode_base64, lossy};
use super::{Action, Shared, Tls};

/// Serves one connection.
pub(super) async fn converse(stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    match &shared.options.tls {
        Tls::None => Conversation::new(stream, shared, false).greet().await.map(drop),
        Tls::Implicit(config) => {
            let stream = TlsAcceptor::from(Arc::clone(config)).accept(stream).await?;
            Conversation::new(stream, shared, true).greet().await.map(drop)
        }
        Tls::Starttls(config) => {
            let Some(stream) = Conversation::new(stream, shared, false).greet().await? else { return Ok(()) };
            let stream = TlsAcceptor::from(Arc::clone(config)).accept(stream).await?;
            Conversation::new(stream, shared, true).run().await.map(drop)
        }
    }
}

/// One connection, before or after `STARTTLS`.
struct Conversation<'a, S> {
    stream: S,
    shared: &'a Shared,
    tls: bool,
    credentials: Option<(String, String)>,
    input: Vec<u8>,
    /// The number of bytes of `input` that have been processed.
    read: usize,
    output: Vec<u8>,
    /// Replaces the next reply.
    wording: Option<&'static str>,
    from: String,
    to: Vec<String>,
}

/// The action that follows a command.
enum Next {
    GoOn,
    StartTls,
    Close,
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin> Conversation<'a, S> {
    fn new(stream: S, shared: &'a Shared, tls: bool) -> Self {
        let (input, output) = (Vec::with_capacity(16 * 1024), Vec::new());
        let (credentials, wording, from, to) = (None, None, String::new(), Vec::new());
        Self { stream, shared, tls, credentials, input, read: 0, output, wording, from, to }
    }

    async fn greet(mut self) -> std::io::Result<Option<S>> {
        self.reply(self.shared.options.greeting).await;
        self.run().await
    }

    /// Runs until the end. Returns the stream if TLS is to be started on it.
    async fn run(mut self) -> std::io::Result<Option<S>> {
        while let Some(line) = self.line().await? {
            if self.shared.options.keep {
                self.shared.commands.lock().expect("no panic").push(line.clone());
            }
            match self.command(&line).await? {
                Next::GoOn => {}
                Next::StartTls => {
                    self.flush().await?;
                    return Ok(Some(self.stream));
                }
                Next::Close => break,
            }
        }
        self.flush().await?;
        Ok(None)
    }

    async fn command(&mut self, line: &str) -> std::io::Result<Next> {
        match self.scripted(line) {
            Some(Action::HangUp) => return Ok(Next::Close),
            Some(Action::Silence) => std::future::pending().await,
            Some(Action::Reply(reply)) => {
                self.reply(reply).await;
                return Ok(Next::GoOn);
            }
            Some(Action::Reword(reply)) => self.wording = Some(reply),
            None => {}
        }
        let upper = line.to_ascii_uppercase();
        let verb = upper.split([' ', ':']).next().unwrap_or_default();
        match verb {
            "EHLO" => self.announce().await,
            "STARTTLS" if !self.tls && matches!(self.shared.options.tls, Tls::Starttls(_)) => {
                self.reply("220 go ahead").await;
                return Ok(Next::StartTls);
            }
            "AUTH" => self.login(line).await?,
            "MAIL" => {
                self.from = path(line);
                self.reply("250 2.1.0 ok").await;
            }
            "RCPT" => {
                self.to.push(path(line));
                self.reply("250 2.1.5 ok").await;
            }
            "DATA" if self.to.is_empty() => self.reply("554 5.5.1 no valid recipients").await,
            "DATA" => return self.data().await,
            "RSET" => {
                self.to.clear();
                self.reply("250 2.0.0 ok").await;
            }
            "HELO" | "NOOP" => self.reply("250 2.0.0 ok").await,
            "QUIT" => {
                self.reply("221 2.0.0 bye").await;
                return Ok(Next::Close);
            }
            _ => self.reply("502 5.5.2 what?").await,
        }
        Ok(Next::GoOn)
    }

    async fn announce(&mut self) {
        let options = &self.shared.options;
        let mut lines = vec!["sink.test", "PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES", "AUTH PLAIN LOGIN"];
        if options.smtputf8 {
            lines.push("SMTPUTF8");
        }
        if !self.tls && matches!(options.tls, Tls::Starttls(_)) {
            lines.push("STARTTLS");
        }
        let last = lines.pop().expect("it has lines");
        self.reply(&format!("250-{}\r\n250 {last}", lines.join("\r\n250-"))).await;
    }

    async fn login(&mut self, line: &str) -> std::io::Result<()> {
        let mut words = line.split(' ').skip(1);
        let mechanism = words.next().unwrap_or_default().to_ascii_uppercase();
        let mut answers: Vec<String> = words.map(str::to_owned).collect();
        let prompts = if mechanism == "LOGIN" { &self.shared.options.challenges[..] } else { &["334 "] };
        for prompt in prompts.iter().skip(answers.len()) {
            self.reply(prompt).await;
            answers.extend(self.line().await?);
        }
        let plain = answers.iter().map(|answer| decode_base64(answer.as_bytes())).collect::<Vec<_>>().join(&b"\0"[..]);
        let mut fields = plain.split(|byte| *byte == 0).filter(|field| !field.is_empty()).map(lossy);
        self.credentials = fields.next().zip(fields.next());
        self.reply("235 2.7.0 welcome").await;
        Ok(())
    }

    async fn data(&mut self) -> std::io::Result<Next> {
        self.reply("354 go ahead").await;
        let mut raw = Vec::with_capacity(8 * 1024);
        loop {
            let Some((start, end)) = self.raw_line().await? else { return Ok(Next::Close) };
            match &self.input[start..end] {
                b".\r\n" => break,
                [b'.', rest @ ..] => raw.extend_from_slice(rest),
                line => raw.extend_from_slice(line),
            }
        }
        let (from, to) = (std::mem::take(&mut self.from), std::mem::take(&mut self.to));
        let action = self.scripted(".");
        if !matches!(action, Some(Action::Reply(_))) {
            self.shared.keep(Message { from, to, tls: self.tls, credentials: self.credentials.clone(), raw });
        }
        match action {
            Some(Action::HangUp) => return Ok(Next::Close),
            Some(Action::Silence) => std::future::pending().await,
            Some(Action::Reply(reply)) => self.reply(reply).await,
            Some(Action::Reword(reply)) => {
                self.wording = Some(reply);
                self.reply("").await;
            }
            None => self.reply("250 2.0.0 taken").await,
        }
        Ok(Next::GoOn)
    }

    fn scripted(&self, line: &str) -> Option<Action> {
        self.shared.options.script.as_ref().and_then(|script| script(line))
    }

    async fn reply(&mut self, reply: &str) {
        if !self.shared.options.delay.is_zero() {
            tokio::time::sleep(self.shared.options.delay).await;
        }
        match self.wording.take() {
            Some(wording) => self.output.extend_from_slice(wording.as_bytes()),
            None => self.output.extend_from_slice(format!("{reply}\r\n").as_bytes()),
        }
    }

    async fn line(&mut self) -> std::io::Result<Option<String>> {
        let range = self.raw_line().await?;
        Ok(range.map(|(start, end)| lossy(&self.input[start..end]).trim_end().to_owned()))
    }

    /// Returns the range of the next line in `input`, including its end, or `None` at the end of
    /// the stream.
    async fn raw_line(&mut self) -> std::io::Result<Option<(usize, usize)>> {
        let mut searched = self.read;
        loop {
            if let Some(at) = self.input[searched..].iter().position(|byte| *byte == b'\n') {
                let line = (self.read, searched + at + 1);
                self.read = line.1;
                return Ok(Some(line));
            }
            // Replies to pipelined commands are sent together, once there is nothing more to read.
            self.flush().await?;
            self.input.drain(..self.read);
            self.read = 0;
            searched = self.input.len();
            if self.stream.read_buf(&mut self.input).await? == 0 {
                return Ok(None);
            }
        }
    }

    async fn flush(&mut self) -> std::io::Result<()> {
        if !self.output.is_empty() {
            self.stream.write_all(&self.output).await?;
            self.stream.flush().await?;
            self.output.clear();
        }
        Ok(())
    }
}

/// Returns the part between `<` and `>`.
fn path(line: &str) -> String {
    let start = line.find('<').map_or(0, |at| at + 1);
    let end = line.find('>').unwrap_or(line.len());
    line.get(start..end).unwrap_or_default().to_owned()
}
