//! Turning an email into an Internet message (RFC 5322).

use std::time::{Duration, UNIX_EPOCH};

use lettre::Address as Recipient;
use lettre::address::Envelope;
use lettre::message::header::{
    ContentDisposition, ContentId, ContentTransferEncoding, ContentType, HeaderName, HeaderValue,
};
use lettre::message::{Body, Mailbox, Message, MultiPart, SinglePart};
use rand::RngExt as _;

use super::{Email, Headers};
use crate::brand::Logo;
use crate::clock::Clock;
use crate::identity::threepid::Address;

/// The maximum length of a subject: no mail program shows more, and lines may have 998 bytes (RFC
/// 5322 section 2.1.1).
const MAX_SUBJECT_CHARS: usize = 200;

/// Headers that stop automatic replies (RFC 3834 section 5), including Exchange's ([MS-OXCMAIL]
/// 2.1.3.2.20).
const NO_ANSWERS: [(HeaderName, &str); 2] = [
    (HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated"),
    (HeaderName::new_from_ascii_str("X-Auto-Response-Suppress"), "All"),
];

/// Composes messages from one sender.
pub(super) struct Composer {
    pub(super) sender: Mailbox,
    pub(super) clock: Clock,
}

impl Composer {
    /// Returns header and body, with lines that end in CR LF. Everything is ASCII, except the
    /// recipient's address if that is not (RFC 6532). Replies go to the operator's contact, if that
    /// is an address.
    pub(super) fn compose(&self, to: &Recipient, email: Email) -> String {
        let text = SinglePart::plain(clean(email.text));
        let html = SinglePart::html(clean(email.html));
        let body = multipart("alternative", "").singlepart(text);
        let body = match email.brand.mail_logo() {
            None => body.singlepart(html),
            Some(logo) => body
                .multipart(multipart("related", "; type=\"text/html\"").singlepart(html).singlepart(logo_part(logo))),
        };
        let contact = email.brand.contact.as_ref().and_then(|contact| contact.href.strip_prefix("mailto:"));
        let envelope = Envelope::new(Some(self.sender.email.clone()), vec![to.clone()]);
        let since_epoch = Duration::from_millis(self.clock.now().unsigned_abs());
        let mut message = Message::builder()
            .envelope(envelope.expect("there is a recipient"))
            .date(UNIX_EPOCH + since_epoch)
            .message_id(Some(format!("<{}@{}>", random_word(), self.sender.email.domain())))
            .from(self.sender.clone())
            .to(to.clone().into())
            .subject(one_line(&email.subject));
        if let Some(reply_to) = contact.and_then(ascii_mailbox) {
            message = message.reply_to(reply_to);
        }
        let no_answers = NO_ANSWERS.map(|(name, value)| (name, value.to_owned()));
        for (name, value) in no_answers.into_iter().chain(email.headers.iter().flat_map(Headers::lines)) {
            message = message.raw_header(HeaderValue::new(name, value));
        }
        let message = message.multipart(body).expect("there is a sender and a recipient");
        String::from_utf8(message.formatted()).expect("headers are UTF-8, and bodies are encoded")
    }
}

/// Returns a mailbox with the ASCII form of its domain, or `None` if its local part is not ASCII: a
/// header with such an address needs SMTPUTF8 for any recipient.
fn ascii_mailbox(text: &str) -> Option<Mailbox> {
    let (local, _) = text.rsplit_once('@').filter(|(local, _)| local.is_ascii())?;
    format!("{local}@{}", Address::email(text).ok()?.domain()?).parse().ok()
}

impl Headers {
    fn lines(&self) -> Vec<(HeaderName, String)> {
        let mut lines = vec![(HeaderName::new_from_ascii_str("Content-Language"), self.language.clone())];
        let Some(unsubscribe) = &self.unsubscribe else { return lines };
        lines.push((HeaderName::new_from_ascii_str("List-Unsubscribe"), format!("<{unsubscribe}>")));
        // Mail programs only send the POST if it is encrypted.
        if unsubscribe.scheme() == "https" {
            let one_click = "List-Unsubscribe=One-Click".to_owned();
            lines.push((HeaderName::new_from_ascii_str("List-Unsubscribe-Post"), one_click));
        }
        lines
    }
}

/// Returns a multipart body with an unpredictable boundary, so that no text can contain it.
/// lettre's own boundaries come from a generator that is not meant to be unpredictable.
fn multipart(kind: &str, parameters: &str) -> MultiPart {
    let content_type = format!("multipart/{kind}; boundary=\"{}\"{parameters}", random_word());
    let content_type = ContentType::parse(&content_type).expect("a content type is well-formed");
    MultiPart::builder().header(content_type).build()
}

fn random_word() -> String {
    format!("{:032x}", rand::rng().random::<u128>())
}

/// Returns one line without control characters, and without anything that looks like an encoded
/// word (RFC 2047).
fn one_line(subject: &str) -> String {
    let visible: String = subject.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let words = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().take(MAX_SUBJECT_CHARS).collect::<String>().replace("=?", "= ?")
}

/// Normalizes line ends to `\n`, which lettre turns into CR LF, and removes other control
/// characters.
fn clean(text: String) -> String {
    let is_harmless = |c: char| !c.is_control() || c == '\n' || c == '\t';
    if text.chars().all(is_harmless) {
        return text;
    }
    let mut text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.retain(is_harmless);
    text
}

fn logo_part(logo: &Logo) -> SinglePart {
    let body = Body::new_with_encoding(logo.bytes.to_vec(), ContentTransferEncoding::Base64);
    SinglePart::builder()
        .header(ContentType::parse(logo.media_type).expect("a content type is well-formed"))
        .header(ContentDisposition::inline())
        .header(ContentId::from("<logo>".to_owned()))
        .body(body.expect("base64 takes any bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use proptest::prelude::*;

    fn composer() -> Composer {
        let sender = "Vouch <vouch@vouch.test>".parse().unwrap();
        Composer { sender, clock: Clock::stopped_at(1_700_000_000_000) }
    }

    fn email(subject: &str, text: &str, html: String) -> Email {
        let brand = Config::default().brand;
        Email { subject: subject.to_owned(), text: text.to_owned(), html, brand, headers: None }
    }

    fn compose(subject: &str, text: &str) -> String {
        composer().compose(&"alice@example.com".parse().unwrap(), email(subject, text, format!("<p>{text}</p>")))
    }

    fn header_names(mail: &str) -> Vec<&str> {
        let head = mail.split("\r\n\r\n").next().unwrap();
        head.split("\r\n").filter(|line| !line.starts_with(' ')).map(|line| line.split(':').next().unwrap()).collect()
    }

    const HEADERS: [&str; 9] = [
        "Date",
        "Message-ID",
        "From",
        "To",
        "Subject",
        "Auto-Submitted",
        "X-Auto-Response-Suppress",
        "MIME-Version",
        "Content-Type",
    ];

    #[test]
    fn replies_go_to_an_ascii_address_or_to_the_sender() {
        for (contact, reply_to) in [
            ("Help@example.org", Some("Help@example.org")),
            ("hilfe@b\u{fc}cher.example", Some("hilfe@xn--bcher-kva.example")),
            ("hilfe@xn--bcher-kva.example", Some("hilfe@xn--bcher-kva.example")),
            ("h\u{fc}lfe@example.org", None),
            ("@example.org", None),
        ] {
            assert_eq!(ascii_mailbox(contact).map(|mailbox| mailbox.to_string()).as_deref(), reply_to, "{contact}");
        }
    }

    #[test]
    fn a_subject_remains_one_header() {
        let mail = compose("Hello\r\nBcc: eve@evil.example\r\n\r\nbody", "text");
        assert_eq!(header_names(&mail), HEADERS);
        assert!(mail.contains("Subject: Hello Bcc: eve@evil.example body\r\n"));
    }

    #[test]
    fn an_encoded_word_in_a_name_is_not_decoded() {
        assert!(compose("=?utf-8?b?RXZl?= invites you", "").contains("Subject: = ?utf-8?b?RXZl?= invites you\r\n"));
    }

    #[test]
    fn message_ids_have_the_senders_domain_and_are_unique() {
        let id = |mail: String| mail.split("Message-ID: ").nth(1).unwrap().split("\r\n").next().unwrap().to_owned();
        let (one, other) = (id(compose("a", "b")), id(compose("a", "b")));
        assert!(one.ends_with("@vouch.test>"), "{one}");
        assert_ne!(one, other);
    }

    #[test]
    fn the_date_comes_from_the_clock() {
        assert!(compose("a", "b").contains("Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n"));
    }

    proptest! {
        #[test]
        fn any_content_has_only_cr_lf_line_ends_and_no_extra_header(
            subject in "[\\PC\\r\\n\\x00-\\x1f=?]{0,300}",
            text in "[\\PC\\r\\n\\t\\x00.-]{0,300}",
        ) {
            let mail = compose(&subject, &text);
            let bare = mail.replace("\r\n", "");
            prop_assert!(!bare.contains(['\r', '\n', '\0']));
            prop_assert!(mail.split("\r\n").all(|line| line.len() <= 998));
            prop_assert_eq!(header_names(&mail), HEADERS);
        }
    }

    #[test]
    #[ignore = "prints a figure: cargo test --release -- --ignored --nocapture cost"]
    fn the_cost_of_composing() {
        let composer = composer();
        let to: Recipient = "alice@example.com".parse().unwrap();
        let (text, html) =
            ("Prüfen Sie Ihre Adresse\n".repeat(40), "<p style=\"margin:0\">Grüße an Sie</p>\n".repeat(120));
        let start = std::time::Instant::now();
        for _ in 0..1_000 {
            std::hint::black_box(composer.compose(&to, email("Bestätigen", &text, html.clone())));
        }
        println!("composing: {:?} a mail of {} bytes", start.elapsed() / 1_000, text.len() + html.len());
    }
}
