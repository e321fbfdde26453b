//! Passing on one request of a connection at a time.
//!
//! actix-http reads and decodes as many pipelined requests as arrive, which takes some 100 times
//! the memory of their bytes, and spins when its buffer is full of them. So it gets the next
//! request only after the answer to the previous one has been sent. The end of a request is found
//! with actix-http's own decoder, so both always agree about it.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use actix_http::h1::{Codec, Message, MessageType};
use actix_http::{Request, ServiceConfig};
use actix_web::web::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};
use tokio_util::bytes::Buf as _;
use tokio_util::codec::Decoder as _;

use super::HEAD;
use super::admission::Seat;

/// The maximum length of a head in bytes. Links and tokens of the specification need less than 4
/// KiB; the rest is for proxies, and for cookies of other sites on the same domain. actix-http
/// accepts 128 KiB.
const MAX_HEAD: usize = 16 * 1024;
/// The maximum number of bytes passed to actix-http before it has to decode them. Otherwise its
/// buffer grows, and stays large for as long as the connection is open.
const BURST: usize = 8 * 1024;
/// More fields than actix-http accepts; it answers 431.
const FIELDS: usize = 97;
/// The time allowed for a request to arrive after its head. Handlers are less patient with bodies.
const BODY: Duration = Duration::from_mins(1);
/// The time allowed for reading an answer once the client has let it wait.
const ANSWER: Duration = Duration::from_mins(2);
/// The interim response that actix sends before the body of a request that expects it. The answer
/// follows later.
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// A connection that passes on one request at a time.
pub(super) struct Paced<T> {
    io: T,
    seat: Seat,
    codec: Codec,
    phase: Phase,
    /// The beginning of a request, kept for the decoder.
    undecoded: BytesMut,
    /// Received bytes of the requests after the current one.
    held: BytesMut,
    /// The number of bytes passed on since actix-http last had to decode them.
    burst: usize,
    /// True if anything has been written since the current request began.
    has_answered: bool,
    /// The task that waits for the next request.
    reader: Option<Waker>,
    /// The time by which the current request must have arrived, or its answer must have been read.
    deadline: Option<Pin<Box<Sleep>>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// A request may begin, or its head is arriving.
    Head,
    /// Its body is arriving.
    Body,
    /// It has been passed on, and is being answered.
    Answer,
    /// Its head is too long.
    TooLong,
    /// The received bytes are not HTTP. The server says so and closes the connection.
    Nonsense,
}

impl<T> Paced<T> {
    pub(super) fn new(io: T, seat: Seat, config: ServiceConfig) -> Self {
        Self {
            io,
            seat,
            codec: Codec::new(config),
            phase: Phase::Head,
            undecoded: BytesMut::new(),
            held: BytesMut::new(),
            burst: 0,
            has_answered: false,
            reader: None,
            deadline: None,
        }
    }

    /// Returns the number of these bytes that belong to the current request.
    fn current(&mut self, bytes: &[u8]) -> usize {
        self.undecoded.extend_from_slice(bytes);
        while self.phase != Phase::Answer {
            match self.codec.decode(&mut self.undecoded) {
                Ok(None) => {
                    self.await_rest();
                    if self.undecoded.is_empty() {
                        self.undecoded = BytesMut::new();
                    } else if self.phase == Phase::Head && self.undecoded.len() > MAX_HEAD {
                        self.phase = Phase::TooLong;
                    }
                    return bytes.len();
                }
                Ok(Some(message)) => self.advance(&message),
                Err(_) => self.phase = Phase::Nonsense,
            }
            if self.phase == Phase::Nonsense {
                self.undecoded = BytesMut::new();
                return bytes.len();
            }
        }
        let rest = self.undecoded.len();
        // An idle connection keeps no memory.
        self.undecoded = BytesMut::new();
        if self.has_answered {
            // It was refused before it had fully arrived.
            self.settle();
        }
        bytes.len() - rest
    }

    fn advance(&mut self, message: &Message<Request>) {
        let is_whole = match message {
            Message::Item(_) => self.codec.message_type() == MessageType::None,
            Message::Chunk(chunk) => chunk.is_none(),
        };
        self.phase = if is_whole { Phase::Answer } else { Phase::Body };
        if is_whole {
            self.deadline = None;
            self.seat.proceed();
        } else if matches!(message, Message::Item(_)) {
            self.seat.wait(true);
            self.deadline = Some(Box::pin(sleep(BODY)));
        }
    }

    /// The current request has been answered.
    fn settle(&mut self) {
        self.phase = Phase::Head;
        self.has_answered = false;
        self.deadline = None;
        self.seat.wait(false);
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }

    /// Ends a head that is too long in a way that actix-http refuses with 431: wherever it was cut
    /// off, the line ends here, and fields follow.
    fn end_head(&mut self, buf: &mut ReadBuf<'_>) {
        let head = std::mem::take(&mut self.undecoded);
        let end = if head.ends_with(b"\n") { "" } else { " HTTP/1.1\r\n" };
        let end = format!("{end}{}", "a:\r\n".repeat(FIELDS));
        buf.put_slice(&end.as_bytes()[..end.len().min(buf.remaining())]);
        self.held = BytesMut::new();
        self.phase = Phase::Nonsense;
    }

    /// Waits for the rest of the client's request.
    fn await_rest(&mut self) {
        if self.deadline.is_none() {
            self.seat.wait(true);
            self.deadline = Some(Box::pin(sleep(HEAD)));
        }
    }

    /// Waits for the client to read. Returns whether it has taken too long.
    fn await_reader(&mut self, cx: &mut Context<'_>) -> bool {
        if !self.seat.is_waiting() {
            self.seat.wait(false);
        }
        self.deadline.get_or_insert_with(|| Box::pin(sleep(ANSWER)));
        self.is_over(cx)
    }

    /// Returns whether the connection has to end because others need its place or its request takes
    /// too long.
    fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        self.seat.is_evicted(cx) || self.deadline.as_mut().is_some_and(|it| it.as_mut().poll(cx).is_ready())
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Paced<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.is_over(cx) {
            // Acts as if the client had closed the connection.
            return Poll::Ready(Ok(()));
        }
        if this.phase == Phase::Answer {
            this.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        if this.phase == Phase::TooLong {
            this.end_head(buf);
            return Poll::Ready(Ok(()));
        }
        if this.burst >= BURST {
            this.burst = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = buf.filled().len();
        if this.held.is_empty() {
            ready!(Pin::new(&mut this.io).poll_read(cx, buf))?;
            if this.phase == Phase::Nonsense || buf.filled().len() == before {
                return Poll::Ready(Ok(()));
            }
            let current = this.current(&buf.filled()[before..]);
            this.held.extend_from_slice(&buf.filled()[before + current..]);
            buf.set_filled(before + current);
        } else {
            let mut held = std::mem::take(&mut this.held);
            let received = held.len().min(buf.remaining());
            let current = this.current(&held[..received]);
            buf.put_slice(&held[..current]);
            held.advance(current);
            if !held.is_empty() {
                this.held = held;
            }
        }
        this.burst += buf.filled().len() - before;
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Paced<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let written = Pin::new(&mut this.io).poll_write(cx, bytes);
        match written {
            Poll::Ready(Ok(written @ 1..)) if bytes[..written] != *CONTINUE => this.has_answered = true,
            Poll::Pending if this.await_reader(cx) => return Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            _ => {}
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let flushed = Pin::new(&mut this.io).poll_flush(cx);
        match flushed {
            Poll::Ready(Ok(())) if this.phase == Phase::Answer && this.has_answered => this.settle(),
            Poll::Pending if this.await_reader(cx) => return Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            _ => {}
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
