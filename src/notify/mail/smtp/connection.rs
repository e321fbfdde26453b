//! One connection to an SMTP server: commands and replies, extensions, and TLS.

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio_rustls::TlsConnector;

use super::reply::{Reply, Trouble};
use crate::crypto::trust::TlsFault;
use crate::notify::mail::error::{SendError, Step};

/// A byte stream, with or without TLS.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// A connection to an SMTP server.
pub(super) struct Connection {
    stream: BufReader<Box<dyn Stream>>,
    extensions: Extensions,
}

/// The extensions that the server offers: the lines of its reply to `EHLO`, except the first one.
#[derive(Default)]
struct Extensions(Vec<String>);

impl Connection {
    pub(super) fn new(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Self {
        Self { stream: BufReader::new(Box::new(stream)), extensions: Extensions::default() }
    }

    /// Continues with TLS.
    ///
    /// # Errors
    /// [`SendError::Tls`] if the server cannot be verified, or has already sent something, which an
    /// attacker may have injected.
    pub(super) async fn secure(self, tls: &TlsConnector, host: &ServerName<'static>) -> Result<Self, SendError> {
        if !self.stream.buffer().is_empty() {
            return Err(SendError::Tls("the server sent something before TLS was established".to_owned()));
        }
        let handshake = tls.connect(host.clone(), self.stream.into_inner());
        let failed = |fault: TlsFault| SendError::Tls(fault.to_string());
        let stream = handshake.await.map_err(|error| TlsFault::of(&error).map_or(SendError::Lost, failed))?;
        Ok(Self::new(stream))
    }

    /// Waits until the server is ready.
    pub(super) async fn greeting(&mut self) -> Result<(), SendError> {
        let greeting = Reply::read(&mut self.stream).await.and_then(|reply| reply.expect(2));
        greeting.map(drop).map_err(|trouble| trouble.at(Step::Connection))
    }

    /// Gives this client's name, and reads the server's extensions. A server that does not know
    /// `EHLO` has none.
    pub(super) async fn hello(&mut self, name: &str) -> Result<(), SendError> {
        self.extensions = match self.say(&format!("EHLO {name}"), 2).await {
            Ok(reply) => Extensions(reply.lines.into_iter().skip(1).collect()),
            Err(Trouble::Refused(code)) if code.is_permanent() => {
                let plain = self.say(&format!("HELO {name}"), 2).await;
                // Some servers refuse the name, whatever the command, and close the connection.
                plain.map_err(|trouble| match trouble {
                    Trouble::Refused(plain) if !plain.is_permanent() => trouble.at(Step::Hello),
                    _ => SendError::Refused(Step::Hello, code),
                })?;
                Extensions::default()
            }
            Err(trouble) => return Err(trouble.at(Step::Hello)),
        };
        Ok(())
    }

    /// Sends a command, and accepts only a reply whose code begins with this digit.
    pub(super) async fn say(&mut self, command: &str, severity: u16) -> Result<Reply, Trouble> {
        self.ask(command).await?.expect(severity)
    }

    /// Sends a command in one write, and returns the reply.
    pub(super) async fn ask(&mut self, command: &str) -> Result<Reply, Trouble> {
        self.transmit(&format!("{command}\r\n")).await
    }

    /// Sends text that ends in CR LF, and returns the reply. If there is a reply already, the
    /// server is closing the connection, or replies and commands are out of step.
    pub(super) async fn transmit(&mut self, text: &str) -> Result<Reply, Trouble> {
        if !self.stream.buffer().is_empty() {
            return Err(Reply::read(&mut self.stream).await?.unasked());
        }
        self.stream.write_all(text.as_bytes()).await?;
        self.stream.flush().await?;
        Reply::read(&mut self.stream).await
    }

    /// Returns whether the server offers an extension.
    pub(super) fn offers(&self, keyword: &str) -> bool {
        self.extensions.parameters(keyword).is_some()
    }

    /// Returns the parameters of an extension in all of its lines, or `None` if it is not offered.
    pub(super) fn parameters(&self, keyword: &str) -> Option<Vec<&str>> {
        self.extensions.parameters(keyword)
    }

    /// Says goodbye without waiting for the reply.
    pub(super) async fn quit(mut self) {
        // The server may already have closed the connection.
        if self.stream.write_all(b"QUIT\r\n").await.is_ok() {
            self.stream.shutdown().await.ok();
        }
    }
}

impl Extensions {
    /// Keywords are compared without regard to case (RFC 5321 section 2.4). Some servers offer
    /// `AUTH=PLAIN LOGIN`, for Outlook Express, in addition to `AUTH PLAIN LOGIN` or instead of it.
    fn parameters(&self, keyword: &str) -> Option<Vec<&str>> {
        let mut parameters = None;
        for line in &self.0 {
            let mut words = line.split([' ', '\t', '=']).filter(|word| !word.is_empty());
            if words.next().is_some_and(|word| word.eq_ignore_ascii_case(keyword)) {
                parameters.get_or_insert_with(Vec::new).extend(words);
            }
        }
        parameters
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(lines: &[&str], keyword: &str) -> Option<Vec<String>> {
        let extensions = Extensions(lines.iter().map(|&line| line.to_owned()).collect());
        extensions.parameters(keyword).map(|words| words.into_iter().map(str::to_owned).collect())
    }

    #[test]
    fn extensions_are_found_in_any_case_and_spelling() {
        for (lines, expected) in [
            (&["AUTH PLAIN LOGIN"][..], Some(&["PLAIN", "LOGIN"][..])),
            (&["auth plain login"], Some(&["plain", "login"])),
            (&["Auth=PLAIN LOGIN"], Some(&["PLAIN", "LOGIN"])),
            (&["AUTH=PLAIN", "AUTH LOGIN", "SIZE 10"], Some(&["PLAIN", "LOGIN"])),
            (&["AUTH\tPLAIN  LOGIN"], Some(&["PLAIN", "LOGIN"])),
            (&["AUTH"], Some(&[])),
            (&["AUTH="], Some(&[])),
            (&["AUTHENTICATE PLAIN", "XAUTH LOGIN", ""], None),
            (&[], None),
        ] {
            let expected = expected.map(|words| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>());
            assert_eq!(offered(lines, "AUTH"), expected, "{lines:?}");
        }
        for line in ["starttls", "STARTTLS", "StartTLS", "starttls "] {
            assert_eq!(offered(&["8bitmime", line], "STARTTLS"), Some(Vec::new()), "{line}");
        }
    }
}
