//! Replies of SMTP servers (RFC 5321 section 4.2).

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

use crate::notify::mail::error::{Code, SendError, Step};

/// The longest reply, in bytes. Lines have up to 512, but there is no limit on their number.
const MAX_REPLY: u64 = 64 * 1024;
/// The reply to any command before the server closes the connection (RFC 5321 section 3.8).
const SHUTTING_DOWN: u16 = 421;
/// The reply to any command that needs TLS or a login first (RFC 3207 section 4, RFC 4954 section
/// 6).
const NOT_ALLOWED_YET: u16 = 530;

/// A reply.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub code: Code,
    /// The text of each line, which may be empty.
    pub lines: Vec<String>,
}

/// The reason why a command did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The connection broke.
    Lost,
    /// The reply does not follow the grammar, or does not match the command.
    OutOfStep,
    /// The server rejected the command.
    Refused(Code),
}

impl Trouble {
    /// Returns whether the connection is of no further use, whatever the command was.
    pub(super) fn ends_connection(self) -> bool {
        !matches!(self, Self::Refused(code) if code.number != SHUTTING_DOWN)
    }

    /// Names the step that failed.
    pub(super) fn at(self, step: Step) -> SendError {
        match self {
            Self::Lost => SendError::Lost,
            Self::OutOfStep => SendError::OutOfStep,
            Self::Refused(code) => {
                let step = match (code.number, step) {
                    (SHUTTING_DOWN, _) => Step::Connection,
                    (NOT_ALLOWED_YET, Step::Sender | Step::Recipient | Step::Message) => Step::Anonymous,
                    (_, Step::Recipient | Step::Message) if code.is_about_sender() => Step::Sender,
                    _ => step,
                };
                SendError::Refused(step, code)
            }
        }
    }
}

impl From<io::Error> for Trouble {
    fn from(_: io::Error) -> Self {
        Self::Lost
    }
}

impl Reply {
    /// Reads the next reply: lines of a code, which is followed by `-` in all of them except the
    /// last. The text is optional, and lines may end in LF only.
    ///
    /// # Errors
    /// [`Trouble::Lost`] if the connection breaks before the end of the reply;
    /// [`Trouble::OutOfStep`] if it is not a reply, or is endless.
    pub(super) async fn read(stream: &mut (impl AsyncBufRead + Unpin)) -> Result<Self, Trouble> {
        let mut stream = stream.take(MAX_REPLY);
        let (mut first_number, mut lines) = (None, Vec::new());
        loop {
            let mut line = Vec::new();
            stream.read_until(b'\n', &mut line).await?;
            if !line.ends_with(b"\n") {
                return Err(if stream.limit() == 0 { Trouble::OutOfStep } else { Trouble::Lost });
            }
            let (number, is_last, text) = parse_line(&line).ok_or(Trouble::OutOfStep)?;
            if *first_number.get_or_insert(number) != number {
                return Err(Trouble::OutOfStep);
            }
            lines.push(text);
            if is_last {
                return Ok(Self { code: Code::new(number, &lines[0]), lines });
            }
        }
    }

    /// Returns the meaning of a reply that no command has asked for.
    pub(super) fn unasked(self) -> Trouble {
        if self.code.number == SHUTTING_DOWN { Trouble::Refused(self.code) } else { Trouble::OutOfStep }
    }

    /// Accepts a reply whose code begins with this digit.
    ///
    /// # Errors
    /// [`Trouble::Refused`] for 4yz and 5yz, and [`Trouble::OutOfStep`] for any other code.
    pub(super) fn expect(self, severity: u16) -> Result<Self, Trouble> {
        match self.code.severity() {
            found if found == severity => Ok(self),
            4 | 5 => Err(Trouble::Refused(self.code)),
            _ => Err(Trouble::OutOfStep),
        }
    }
}

/// Returns the number, whether the line is the last one, and the text.
fn parse_line(line: &[u8]) -> Option<(u16, bool, String)> {
    let (number, rest) = line.trim_ascii_end().split_first_chunk::<3>()?;
    let number = number.iter().all(u8::is_ascii_digit).then(|| str::from_utf8(number).ok()?.parse().ok())??;
    let (is_last, text) = match rest {
        [b'-', text @ ..] => (false, text),
        [digit, ..] if digit.is_ascii_digit() => return None,
        text => (true, text),
    };
    Some((number, is_last, String::from_utf8_lossy(text.trim_ascii()).into_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::io::BufReader;

    use super::*;

    /// Reads a reply that arrives in pieces of `size` bytes; returns it and the number of bytes
    /// left.
    fn read(bytes: &[u8], size: usize) -> (Result<Reply, Trouble>, usize) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut stream = BufReader::with_capacity(size.max(1), bytes);
        let reply = runtime.block_on(Reply::read(&mut stream));
        (reply, stream.buffer().len() + stream.get_ref().len())
    }

    fn reply(number: u16, lines: &[&str]) -> Reply {
        Reply { code: Code::new(number, lines[0]), lines: lines.iter().map(|&line| line.to_owned()).collect() }
    }

    #[test]
    fn replies_are_read_with_any_text_and_any_line_end() {
        for (text, expected) in [
            ("250\r\n", reply(250, &[""])),
            ("250 \r\n", reply(250, &[""])),
            ("354\n", reply(354, &[""])),
            ("251 User not local; will forward\r\n", reply(251, &["User not local; will forward"])),
            ("252 2.1.5 maybe\r\n", reply(252, &["2.1.5 maybe"])),
            ("299 \u{fc}\r\n", reply(299, &["\u{fc}"])),
            ("250-mx.test\r\n250-SIZE 1000\r\n250 starttls\r\n", reply(250, &["mx.test", "SIZE 1000", "starttls"])),
            ("250-mx.test\n250-8BITMIME\n250\n", reply(250, &["mx.test", "8BITMIME", ""])),
            ("220-\r\n220-no spam\r\n220 \r\n", reply(220, &["", "no spam", ""])),
            ("550-5.7.1 one\r\r\n550 5.7.1 two\r\n", reply(550, &["5.7.1 one", "5.7.1 two"])),
            ("250\tok\r\n", reply(250, &["ok"])),
            ("334 4oCmJA==\r\n", reply(334, &["4oCmJA=="])),
        ] {
            for size in [1, 4, 1_000] {
                let (read, left) = read(text.as_bytes(), size);
                assert_eq!((read.as_ref(), left), (Ok(&expected), 0), "{text:?}");
            }
        }
    }

    #[test]
    fn anything_but_a_reply_is_refused() {
        for text in [
            "HTTP/1.1 400 Bad Request\r\n",
            "\r\n",
            "25\r\n",
            "25x ok\r\n",
            "2500 ok\r\n",
            "250-a\r\n550 b\r\n",
            " 250 ok\r\n",
        ] {
            assert_eq!(read(text.as_bytes(), 1_000).0, Err(Trouble::OutOfStep), "{text:?}");
        }
        for text in ["", "250", "250 ok\r", "250-a\r\n", "250-a\r\n250 b"] {
            assert_eq!(read(text.as_bytes(), 1_000).0, Err(Trouble::Lost), "{text:?}");
        }
    }

    #[test]
    fn long_replies_are_read_and_endless_ones_are_not() {
        let long = "550-policy ".to_owned() + &"x".repeat(2_000) + "\r\n";
        assert_eq!(read((long.repeat(20) + "550 end\r\n").as_bytes(), 4_096).0.unwrap().lines.len(), 21);
        assert_eq!(read(long.repeat(100).as_bytes(), 4_096).0, Err(Trouble::OutOfStep));
        assert_eq!(read("250 ".repeat(50_000).as_bytes(), 4_096).0, Err(Trouble::OutOfStep));
    }

    #[test]
    fn only_the_first_digit_decides() {
        for code in [200, 211, 220, 235, 250, 251, 252, 299] {
            assert!(reply(code, &[""]).expect(2).is_ok(), "{code}");
            assert_eq!(reply(code, &[""]).expect(3), Err(Trouble::OutOfStep), "{code}");
        }
        for code in [300, 334, 354, 399] {
            assert!(reply(code, &[""]).expect(3).is_ok(), "{code}");
            assert_eq!(reply(code, &[""]).expect(2), Err(Trouble::OutOfStep), "{code}");
        }
        for code in [400, 421, 450, 499, 500, 550, 599] {
            assert_eq!(reply(code, &[""]).expect(2), Err(Trouble::Refused(Code::new(code, ""))), "{code}");
        }
        for code in [0, 100, 199, 600, 999] {
            assert_eq!(reply(code, &[""]).expect(2), Err(Trouble::OutOfStep), "{code}");
        }
    }

    proptest! {
        #[test]
        fn fuzz_any_bytes_are_a_reply_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..300), size in 1_usize..40) {
            let (whole, left) = read(&bytes, 1_000);
            let (pieces, left_of_pieces) = read(&bytes, size);
            prop_assert_eq!(&whole, &pieces);
            if let Ok(reply) = whole {
                // Nothing beyond the last line was read.
                prop_assert_eq!(left, left_of_pieces);
                let read = &bytes[..bytes.len() - left];
                prop_assert_eq!(read.split_inclusive(|byte| *byte == b'\n').count(), reply.lines.len());
                prop_assert!(reply.code.number < 1_000);
            }
        }

        #[test]
        fn fuzz_bytes_that_look_like_a_reply_are_one_or_an_error(
            text in "([0-5]{2,4}[- \\t]?([\\PC]{0,20})\\r?\\n?){0,6}", size in 1_usize..40,
        ) {
            prop_assert_eq!(read(text.as_bytes(), 1_000).0, read(text.as_bytes(), size).0);
        }

        #[test]
        fn fuzz_a_reply_is_read_as_it_was_written(
            code in 200_u16..600,
            lines in prop::collection::vec("([!-~\u{e0}-\u{ff}]([ -~]{0,60}[!-~])?)?", 1..8),
            bare in any::<bool>(),
            rest in "[ -~\\r\\n]{0,20}",
        ) {
            let end = if bare { "\n" } else { "\r\n" };
            let (last, others) = lines.split_last().unwrap();
            let mut written: Vec<_> = others.iter().map(|line| format!("{code}-{line}{end}")).collect();
            written.push(if last.is_empty() { format!("{code}{end}") } else { format!("{code} {last}{end}") });
            let text = written.concat() + &rest;
            let (reply, left) = read(text.as_bytes(), 1_000);
            prop_assert_eq!(reply, Ok(Reply { code: Code::new(code, &lines[0]), lines }));
            prop_assert_eq!(left, rest.len());
        }
    }
}
