//! An SMTP server for tests and load tests: takes every mail, delivers none, and shows what it was sent.
//!
//! Include it with `#[path = "…/support/mail_sink.rs"] mod mail_sink;`. It knows nothing of the crate under test.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

#[path = "mail_message.rs"]
mod message;

pub use message::{Message, find_part};
use message::{decode_base64, lossy};

/// How long the `wait_…` functions wait before they fail the test.
const PATIENCE: Duration = Duration::from_secs(20);

/// How the sink behaves.
#[derive(Clone)]
pub struct Options {
    /// How connections are protected.
    pub tls: Tls,
    /// How long it thinks before each reply.
    pub delay: Duration,
    /// Whether `SMTPUTF8` is announced.
    pub smtputf8: bool,
    /// Looks at each command line (and at `.`, the end of a mail) and may have it answered in another way.
    pub script: Option<Arc<Script>>,
    /// Whether messages are kept for [`MailSink::messages`] and the `wait_…` functions.
    pub keep: bool,
    /// Gets every message, kept or not.
    pub received: Option<mpsc::UnboundedSender<Message>>,
}

/// What a command is answered with instead; `None` is the usual answer.
pub type Script = dyn Fn(&str) -> Option<Action> + Send + Sync;

/// A departure from the usual answer.
#[derive(Clone)]
pub enum Action {
    /// One reply, without its line end.
    Reply(&'static str),
    /// The connection is closed without a word.
    HangUp,
    /// Nothing is said, and nothing heard any more.
    Silence,
}

/// How connections are protected.
#[derive(Clone)]
pub enum Tls {
    /// Not at all; `STARTTLS` is not announced, as if somebody on the way had stripped it.
    None,
    /// After `STARTTLS`.
    Starttls(Arc<ServerConfig>),
    /// From the first byte.
    Implicit(Arc<ServerConfig>),
}

impl Default for Options {
    fn default() -> Self {
        Self { tls: Tls::None, delay: Duration::ZERO, smtputf8: true, script: None, keep: true, received: None }
    }
}

impl Options {
    /// Everything as usual, but commands that begin with `prefix` (any case) lead to `action`.
    pub fn when(prefix: &'static str, action: Action) -> Self {
        let matches =
            move |line: &str| line.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
        let script = move |line: &str| matches(line).then(|| action.clone());
        Self { script: Some(Arc::new(script)), ..Self::default() }
    }
}

/// A running sink; dropping it stops it.
pub struct MailSink {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

struct Shared {
    options: Options,
    messages: Mutex<Vec<Message>>,
    commands: Mutex<Vec<String>>,
    /// How many messages came; wakes who waits.
    count: watch::Sender<usize>,
    /// Connections accepted so far, and how many of them are open.
    connections: watch::Sender<(usize, usize)>,
    /// Rises when all connections are to be closed.
    hang_up: watch::Sender<usize>,
}

impl MailSink {
    /// A sink without TLS.
    pub async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    /// A sink on a free port of 127.0.0.1.
    pub async fn start_with(options: Options) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        let shared = Arc::new(Shared {
            options,
            messages: Mutex::default(),
            commands: Mutex::default(),
            count: watch::Sender::new(0),
            connections: watch::Sender::new((0, 0)),
            hang_up: watch::Sender::new(0),
        });
        let task = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self { address, shared, task }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The messages kept so far, in order of arrival.
    pub fn messages(&self) -> Vec<Message> {
        self.shared.messages.lock().expect("no panic").clone()
    }

    /// How many messages came, kept or not.
    pub fn count(&self) -> usize {
        *self.shared.count.borrow()
    }

    /// The command lines seen so far, in order of arrival (if messages are kept).
    pub fn commands(&self) -> Vec<String> {
        self.shared.commands.lock().expect("no panic").clone()
    }

    /// How many connections were ever accepted.
    pub fn connections(&self) -> usize {
        self.shared.connections.borrow().0
    }

    /// Waits until `count` messages came.
    ///
    /// # Panics
    /// If they do not within `PATIENCE`.
    pub async fn wait_for_count(&self, count: usize) {
        let mut counter = self.shared.count.subscribe();
        let arrived = tokio::time::timeout(PATIENCE, counter.wait_for(|now| *now >= count)).await;
        assert!(arrived.is_ok(), "{count} messages were awaited, {} came", self.count());
    }

    /// The first kept message that fits, waiting for it if need be.
    ///
    /// # Panics
    /// If none comes within `PATIENCE`.
    pub async fn wait_for(&self, fits: impl Fn(&Message) -> bool) -> Message {
        let mut counter = self.shared.count.subscribe();
        let search = async {
            loop {
                counter.borrow_and_update();
                let found = self.shared.messages.lock().expect("no panic").iter().find(|m| fits(m)).cloned();
                match found {
                    Some(message) => return message,
                    None => counter.changed().await.expect("the sink runs"),
                }
            }
        };
        tokio::time::timeout(PATIENCE, search).await.expect("the awaited message did not come")
    }

    /// The first kept message to `address`, waiting for it if need be.
    ///
    /// # Panics
    /// As [`Self::wait_for`].
    pub async fn wait_to(&self, address: &str) -> Message {
        self.wait_for(|message| message.to.iter().any(|to| to == address)).await
    }

    /// Forgets the kept messages, so that the next [`Self::wait_to`] waits for a new one.
    pub fn forget(&self) {
        self.shared.messages.lock().expect("no panic").clear();
    }

    /// Closes all connections, as a server does with idle ones, and waits until they are closed.
    pub async fn hang_up(&self) {
        let mut connections = self.shared.connections.subscribe();
        self.shared.hang_up.send_modify(|times| *times += 1);
        connections.wait_for(|(_, open)| *open == 0).await.expect("the sink runs");
    }
}

impl Drop for MailSink {
    fn drop(&mut self) {
        self.task.abort();
        self.shared.hang_up.send_modify(|times| *times += 1);
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        let mut hang_up = shared.hang_up.subscribe();
        shared.connections.send_modify(|(ever, open)| (*ever, *open) = (*ever + 1, *open + 1));
        tokio::spawn(async move {
            tokio::select! {
                // A conversation that fails is the client's affair: tests look at what the client makes of it.
                _ = converse(stream, &shared) => {}
                _ = hang_up.changed() => {}
            }
            shared.connections.send_modify(|(_, open)| *open -= 1);
        });
    }
}

async fn converse(stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
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
    /// How much of `input` has been dealt with.
    read: usize,
    output: Vec<u8>,
    from: String,
    to: Vec<String>,
}

/// How a command leaves the conversation.
enum Next {
    GoOn,
    StartTls,
    Close,
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin> Conversation<'a, S> {
    fn new(stream: S, shared: &'a Shared, tls: bool) -> Self {
        let (input, output) = (Vec::with_capacity(16 * 1024), Vec::new());
        Self { stream, shared, tls, credentials: None, input, read: 0, output, from: String::new(), to: Vec::new() }
    }

    async fn greet(mut self) -> std::io::Result<Option<S>> {
        self.reply("220 sink.test ESMTP").await;
        self.run().await
    }

    /// Runs until the end; gives the stream back when TLS is to start on it.
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
        let prompts: &[&str] = if mechanism == "LOGIN" { &["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"] } else { &["334 "] };
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
        self.output.extend_from_slice(reply.as_bytes());
        self.output.extend_from_slice(b"\r\n");
    }

    async fn line(&mut self) -> std::io::Result<Option<String>> {
        let range = self.raw_line().await?;
        Ok(range.map(|(start, end)| lossy(&self.input[start..end]).trim_end().to_owned()))
    }

    /// Where in `input` the next line lies, its end included; `None` at the end of the stream.
    async fn raw_line(&mut self) -> std::io::Result<Option<(usize, usize)>> {
        let mut searched = self.read;
        loop {
            if let Some(at) = self.input[searched..].iter().position(|byte| *byte == b'\n') {
                let line = (self.read, searched + at + 1);
                self.read = line.1;
                return Ok(Some(line));
            }
            // Replies to pipelined commands leave together, when there is nothing more to read.
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

impl Shared {
    fn keep(&self, message: Message) {
        if let Some(received) = &self.options.received {
            // Nobody listening any more is no reason to stop.
            let _ = received.send(message.clone());
        }
        if self.options.keep {
            self.messages.lock().expect("no panic").push(message);
        }
        self.count.send_modify(|count| *count += 1);
    }
}

/// What stands between `<` and `>`.
fn path(line: &str) -> String {
    let start = line.find('<').map_or(0, |at| at + 1);
    let end = line.find('>').unwrap_or(line.len());
    line.get(start..end).unwrap_or_default().to_owned()
}
