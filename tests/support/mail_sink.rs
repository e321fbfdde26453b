//! An SMTP server for tests and load tests that accepts all messages and delivers none.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, watch};
use tokio_rustls::rustls::ServerConfig;

mod awaited;
mod message;
mod smtp;

pub use awaited::Awaited;
pub use message::{Message, find_part};

/// The time that the `wait_…` functions wait before they fail the test.
const PATIENCE: Duration = Duration::from_secs(20);

/// The behaviour of the sink.
#[derive(Clone)]
pub struct Options {
    /// The address to listen on: by default, a free port of 127.0.0.1.
    pub listen: SocketAddr,
    /// The protection of connections.
    pub tls: Tls,
    /// The delay before each reply.
    pub delay: Duration,
    /// True if `SMTPUTF8` is announced.
    pub smtputf8: bool,
    /// The greeting, without its line end.
    pub greeting: &'static str,
    /// The challenges of `AUTH LOGIN`, without their line ends.
    pub challenges: [&'static str; 2],
    /// Is called with each command line, and with `.` at the end of a message, and may change the
    /// answer.
    pub script: Option<Arc<Script>>,
    /// True if messages are kept for [`MailSink::messages`] and the `wait_…` functions.
    pub keep: bool,
    /// Receives every message, kept or not.
    pub received: Option<mpsc::UnboundedSender<Message>>,
}

/// Returns the answer to a command, or `None` for the default one.
pub type Script = dyn Fn(&str) -> Option<Action> + Send + Sync;

/// An answer other than the default one.
#[derive(Clone)]
pub enum Action {
    /// One reply, without its line end.
    Reply(&'static str),
    /// The default action, but with this reply, which includes its line end.
    Reword(&'static str),
    /// The connection is closed without a reply.
    HangUp,
    /// The server stops replying and reading.
    Silence,
}

/// The protection of connections.
#[derive(Clone)]
pub enum Tls {
    /// None. `STARTTLS` is not announced, as if it had been stripped in transit.
    None,
    /// After `STARTTLS`.
    Starttls(Arc<ServerConfig>),
    /// From the first byte.
    Implicit(Arc<ServerConfig>),
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            tls: Tls::None,
            delay: Duration::ZERO,
            smtputf8: true,
            greeting: "220 sink.test ESMTP",
            challenges: ["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"],
            script: None,
            keep: true,
            received: None,
        }
    }
}

impl Options {
    /// Returns the defaults, except that commands starting with `prefix` (in any case) cause
    /// `action`.
    pub fn when(prefix: &'static str, action: Action) -> Self {
        Self::scripted(vec![(prefix, action)])
    }

    /// Returns the defaults, except that commands cause the first action whose prefix they start
    /// with, in any case.
    pub fn scripted(actions: Vec<(&'static str, Action)>) -> Self {
        let starts =
            |line: &str, prefix: &str| line.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
        let script =
            move |line: &str| actions.iter().find(|(prefix, _)| starts(line, prefix)).map(|(_, action)| action.clone());
        Self { script: Some(Arc::new(script)), ..Self::default() }
    }
}

/// A running server, which stops when dropped.
pub struct MailSink {
    address: SocketAddr,
    shared: Arc<Shared>,
    runtime: Option<Runtime>,
}

struct Shared {
    options: Options,
    messages: Mutex<Vec<Message>>,
    commands: Mutex<Vec<String>>,
    /// The number of messages received. Wakes waiting tests.
    count: watch::Sender<usize>,
    /// The number of connections accepted, and of those still open.
    connections: watch::Sender<(usize, usize)>,
    /// Incremented to close all connections.
    hang_up: watch::Sender<usize>,
}

impl MailSink {
    /// Starts a server without TLS.
    pub async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    /// Starts a server that behaves in this way.
    pub async fn start_with(options: Options) -> Self {
        // Its own thread, so that it also answers while a test waits for a server to stop.
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let bind = runtime.spawn(TcpListener::bind(options.listen));
        let listener = bind.await.expect("no panic").expect("the port is free");
        let address = listener.local_addr().expect("a bound address");
        let shared = Arc::new(Shared {
            options,
            messages: Mutex::default(),
            commands: Mutex::default(),
            count: watch::Sender::new(0),
            connections: watch::Sender::new((0, 0)),
            hang_up: watch::Sender::new(0),
        });
        runtime.spawn(accept(listener, Arc::clone(&shared)));
        Self { address, shared, runtime: Some(runtime) }
    }

    /// Returns its address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the messages kept so far, in order of arrival.
    pub fn messages(&self) -> Vec<Message> {
        self.shared.messages.lock().expect("no panic").clone()
    }

    /// Returns the number of messages received, kept or not.
    pub fn count(&self) -> usize {
        *self.shared.count.borrow()
    }

    /// Returns the command lines received so far, in order of arrival, if messages are kept.
    pub fn commands(&self) -> Vec<String> {
        self.shared.commands.lock().expect("no panic").clone()
    }

    /// Returns the number of connections accepted so far.
    pub fn connections(&self) -> usize {
        self.shared.connections.borrow().0
    }

    /// Waits until `count` messages have been received.
    ///
    /// # Panics
    /// After `PATIENCE`.
    pub async fn wait_for_count(&self, count: usize) {
        let mut counter = self.shared.count.subscribe();
        let arrived = tokio::time::timeout(PATIENCE, counter.wait_for(|now| *now >= count)).await;
        assert!(arrived.is_ok(), "expected {count} messages, received {}", self.count());
    }

    /// Returns the first kept message that fits, waiting for it if necessary.
    ///
    /// # Panics
    /// After `PATIENCE`.
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
        tokio::time::timeout(PATIENCE, search).await.expect("the expected message did not arrive")
    }

    /// Returns the first kept message to `address`, waiting for it if necessary.
    ///
    /// # Panics
    /// The same as [`Self::wait_for`].
    pub async fn wait_to(&self, address: &str) -> Message {
        self.wait_for(|message| message.to.iter().any(|to| to == address)).await
    }

    /// Drops the kept messages, so that the next [`Self::wait_to`] waits for a new one.
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
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        let mut hang_up = shared.hang_up.subscribe();
        shared.connections.send_modify(|(ever, open)| (*ever, *open) = (*ever + 1, *open + 1));
        tokio::spawn(async move {
            tokio::select! {
                // Errors are ignored, because tests check how the client handles them.
                _ = smtp::converse(stream, &shared) => {}
                _ = hang_up.changed() => {}
            }
            shared.connections.send_modify(|(_, open)| *open -= 1);
        });
    }
}

impl Shared {
    fn keep(&self, message: Message) {
        if let Some(received) = &self.options.received {
            // The receiver may have been dropped.
            let _ = received.send(message.clone());
        }
        if self.options.keep {
            self.messages.lock().expect("no panic").push(message);
        }
        self.count.send_modify(|count| *count += 1);
    }
}
