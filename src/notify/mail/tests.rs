//! Tests of the mailer against SMTP servers that behave well or badly.

mod addresses;
mod dialogue;
mod login;
mod tls;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::error::{Code, Step};
use super::*;
use crate::brand::Logo;
use crate::config::{Mail, MailTransport, Smtp, SmtpCredentials, SmtpSecurity};
use vouch_test_support::mail_sink::{Action, MailSink, Message, Options, find_part};

fn brand() -> Brand {
    config::Config::default().brand
}

fn smtp(sink: &MailSink, security: SmtpSecurity) -> Smtp {
    Smtp {
        host: "127.0.0.1".try_into().unwrap(),
        port: sink.address().port(),
        security,
        credentials: None,
        verify_certificate: true,
        ca_file: None,
        timeout: Duration::from_secs(10),
        hello_name: None,
        connections: 10,
    }
}

fn start(smtp: Smtp) -> Result<Mailer, String> {
    let mail = Mail { sender: "Vouch <vouch@vouch.test>".parse().unwrap(), transport: MailTransport::Smtp(smtp) };
    Mailer::new(&mail, Clock::system(), &Metrics::default())
}

fn mailer(smtp: Smtp) -> Mailer {
    start(smtp).unwrap()
}

fn login() -> SmtpCredentials {
    SmtpCredentials { user: "vouch".to_owned(), password: "s3cret".into() }
}

fn email() -> Email {
    Email {
        subject: "Bestätigen Sie".to_owned(),
        text: "Grüße\n.dot\n\nhttps://vouch.test/confirm?token=1".to_owned(),
        html: "<p>Grüße</p>".to_owned(),
        brand: brand(),
        headers: None,
    }
}

async fn send(mailer: &Mailer, to: &str) -> Result<(), SendError> {
    mailer.send(&Address::email(to).unwrap(), email()).await
}

/// The error for a step that got this reply.
fn refused(step: Step, reply: &str) -> SendError {
    let (number, text) = reply.split_at(3);
    SendError::Refused(step, Code::new(number.parse().unwrap(), text.trim_start_matches(['-', ' '])))
}

/// Sends an email without TLS to a sink with these options, and returns the result and the sink.
async fn send_to_sink(options: Options) -> (Result<(), SendError>, MailSink) {
    let sink = MailSink::start_with(options).await;
    let sent = send(&mailer(smtp(&sink, SmtpSecurity::None)), "alice@example.com").await;
    (sent, sink)
}

#[tokio::test]
async fn a_mail_arrives_whole() {
    let (sent, sink) = send_to_sink(Options::default()).await;
    assert_eq!(sent, Ok(()));
    let mail = sink.wait_to("alice@example.com").await;
    assert_eq!((mail.from.as_str(), mail.to.as_slice()), ("vouch@vouch.test", &["alice@example.com".to_owned()][..]));
    assert_eq!(mail.subject(), "Bestätigen Sie");
    assert_eq!(mail.text(), email().text);
    assert_eq!(mail.html(), email().html);
    assert_eq!(mail.links(), ["https://vouch.test/confirm?token=1"]);
    assert_eq!(mail.header("From").unwrap(), "Vouch <vouch@vouch.test>");
    assert_eq!(mail.header("Auto-Submitted").unwrap(), "auto-generated");
    assert_eq!(mail.header("X-Auto-Response-Suppress").unwrap(), "All");
    assert!(mail.header("Content-Type").unwrap().starts_with("multipart/alternative"));
    assert!(ends_lines_only_with_cr_lf(&mail));
}

fn ends_lines_only_with_cr_lf(mail: &Message) -> bool {
    let text = String::from_utf8(mail.raw.clone()).unwrap().replace("\r\n", "");
    !text.contains(['\r', '\n'])
}

#[tokio::test]
async fn line_breaks_in_an_email_cannot_end_it_or_begin_another() {
    let sink = MailSink::start().await;
    let mailer = mailer(smtp(&sink, SmtpSecurity::None));
    let smuggled = "a\r\n.\r\nMAIL FROM:<eve@evil.example>\r\nb\n.\nc\r.\rd\r\n.\n";
    let subject = "Hi\r\n.\r\nBcc: eve@evil.example";
    let email = Email { subject: subject.to_owned(), text: smuggled.to_owned(), html: smuggled.to_owned(), ..email() };
    mailer.send(&Address::email("alice@example.com").unwrap(), email).await.unwrap();

    let messages = sink.messages();
    let [mail] = &messages[..] else { panic!("{} mails", messages.len()) };
    assert_eq!(mail.to, ["alice@example.com"]);
    assert_eq!(mail.text(), "a\n.\nMAIL FROM:<eve@evil.example>\nb\n.\nc\n.\nd\n.\n");
    assert_eq!(mail.subject(), "Hi . Bcc: eve@evil.example");
    assert_eq!(mail.header("Bcc"), None);
    assert!(ends_lines_only_with_cr_lf(mail));
}

#[tokio::test]
async fn a_logo_is_attached_to_the_html() {
    let image = [b"\x89PNG\r\n\x1a\n".as_slice(), &[7; 1_000]].concat();
    let sink = MailSink::start().await;
    let logo = Logo { media_type: "image/png", bytes: image.clone().into() };
    let email = Email { brand: Brand { logo: Some(logo), ..brand() }, ..email() };
    let mailer = mailer(smtp(&sink, SmtpSecurity::None));
    mailer.send(&Address::email("alice@example.com").unwrap(), email.clone()).await.unwrap();

    let mail = sink.wait_to("alice@example.com").await;
    assert_eq!((mail.text(), mail.html()), (email.text, email.html));
    let raw = String::from_utf8(mail.raw.clone()).unwrap();
    assert_eq!(find_part(&raw, "image/png").unwrap(), image);
    assert!(raw.contains("Content-ID: <logo>\r\n"));
    assert!(raw.contains("Content-Type: multipart/related;"));
    assert!(ends_lines_only_with_cr_lf(&mail));
}

/// Settings of a server that is never contacted.
fn unused(security: SmtpSecurity) -> Smtp {
    Smtp {
        host: "mail.example.org".try_into().unwrap(),
        port: 25,
        security,
        credentials: None,
        verify_certificate: true,
        ca_file: None,
        timeout: Duration::from_secs(4),
        hello_name: None,
        connections: 10,
    }
}

#[tokio::test]
async fn a_stopped_server_is_reported_as_refusing_connections() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (host, port) = ("127.0.0.1".try_into().unwrap(), listener.local_addr().unwrap().port());
    drop(listener);
    let settings = Smtp { host, port, ..unused(SmtpSecurity::None) };
    assert_eq!(send(&mailer(settings), "a@b.c").await, Err(SendError::Connect(io::ErrorKind::ConnectionRefused)));
}

#[tokio::test]
async fn the_timeout_applies_to_the_whole_dialogue() {
    // Each reply is in time, but not all of them together.
    let sink = MailSink::start_with(Options { delay: Duration::from_millis(150), ..Options::default() }).await;
    let settings = Smtp { timeout: Duration::from_millis(500), ..smtp(&sink, SmtpSecurity::None) };
    let start = std::time::Instant::now();
    assert_eq!(send(&mailer(settings), "alice@example.com").await, Err(SendError::TimedOut));
    assert!(start.elapsed() < Duration::from_secs(2));
    sink.hang_up().await;
    assert_eq!(sink.count(), 0);
}

#[tokio::test]
async fn an_email_cut_off_by_the_timeout_leaves_nothing_behind() {
    // Another email must not be appended to one whose dialogue was abandoned halfway.
    let stuck = Arc::new(tokio::sync::Semaphore::new(1));
    let script = move |line: &str| {
        let first = line == "DATA" && stuck.try_acquire().map(tokio::sync::SemaphorePermit::forget).is_ok();
        first.then_some(Action::Silence)
    };
    let sink = MailSink::start_with(Options { script: Some(Arc::new(script)), ..Options::default() }).await;
    let mailer = mailer(Smtp { timeout: Duration::from_secs(1), ..smtp(&sink, SmtpSecurity::None) });
    assert_eq!(send(&mailer, "alice@example.com").await, Err(SendError::TimedOut));
    assert_eq!(send(&mailer, "bob@example.com").await, Ok(()));
    let messages = sink.messages();
    assert_eq!(messages.iter().map(|mail| mail.to.clone()).collect::<Vec<_>>(), [["bob@example.com"]]);
    assert_eq!(messages[0].text(), email().text);
}

#[tokio::test]
async fn a_connection_is_reused_for_many_emails() {
    let sink = MailSink::start().await;
    let mailer = mailer(smtp(&sink, SmtpSecurity::None));
    for _ in 0..5 {
        send(&mailer, "alice@example.com").await.unwrap();
    }
    assert_eq!((sink.count(), sink.connections()), (5, 1));
}

#[tokio::test]
async fn the_number_of_connections_is_limited() {
    let sink = MailSink::start().await;
    let mailer = mailer(Smtp { connections: 2, ..smtp(&sink, SmtpSecurity::None) });
    let sent = futures_util::future::join_all((0..20).map(|_| send(&mailer, "alice@example.com"))).await;
    assert!(sent.iter().all(Result::is_ok));
    assert_eq!(sink.count(), 20);
    assert!(sink.connections() <= 2, "{}", sink.connections());
}

#[tokio::test]
async fn an_idle_connection_closed_by_the_server_is_replaced() {
    let sink = MailSink::start().await;
    let mailer = mailer(smtp(&sink, SmtpSecurity::None));
    send(&mailer, "alice@example.com").await.unwrap();
    sink.hang_up().await;
    send(&mailer, "bob@example.com").await.unwrap();
    assert_eq!((sink.count(), sink.connections()), (2, 2));
}

#[tokio::test]
async fn a_connection_that_the_server_no_longer_accepts_is_replaced() {
    for (command, action) in [
        ("MAIL", Action::Reply("421 4.7.0 too many messages")),
        ("MAIL", Action::Reply("450 4.7.1 too many messages")),
        ("RCPT", Action::HangUp),
        ("DATA", Action::HangUp),
    ] {
        let sink = MailSink::start_with(second_time(command, action)).await;
        let mailer = mailer(smtp(&sink, SmtpSecurity::None));
        send(&mailer, "alice@example.com").await.unwrap();
        send(&mailer, "bob@example.com").await.unwrap();
        assert_eq!((sink.count(), sink.connections()), (2, 2), "{command}");
    }
}

#[tokio::test]
async fn an_unresponsive_connection_is_replaced_in_time() {
    let sink = MailSink::start_with(second_time("MAIL", Action::Silence)).await;
    let mailer = mailer(Smtp { timeout: Duration::from_secs(2), ..smtp(&sink, SmtpSecurity::None) });
    send(&mailer, "alice@example.com").await.unwrap();
    send(&mailer, "bob@example.com").await.unwrap();
    assert_eq!((sink.count(), sink.connections()), (2, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_connection_from_a_finished_worker_is_replaced() {
    let sink = MailSink::start().await;
    let mailer = Arc::new(mailer(smtp(&sink, SmtpSecurity::None)));
    let first = Arc::clone(&mailer);
    let worker = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(send(&first, "alice@example.com"))
    });
    assert_eq!(worker.join().unwrap(), Ok(()));
    assert_eq!(send(&mailer, "bob@example.com").await, Ok(()));
    assert_eq!(sink.count(), 2);
}

/// Returns options for a sink that acts differently when the command is sent for the second time.
fn second_time(command: &'static str, action: Action) -> Options {
    let times = std::sync::atomic::AtomicUsize::new(0);
    let second =
        move |line: &str| line.starts_with(command) && times.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 1;
    let script = move |line: &str| second(line).then(|| action.clone());
    Options { script: Some(Arc::new(script)), ..Options::default() }
}

#[tokio::test]
async fn an_email_whose_final_reply_was_lost_is_not_sent_again() {
    let sink = MailSink::start_with(second_time(".", Action::HangUp)).await;
    let mailer = mailer(smtp(&sink, SmtpSecurity::None));
    send(&mailer, "alice@example.com").await.unwrap();
    assert_eq!(send(&mailer, "bob@example.com").await, Err(SendError::Lost));
    assert_eq!((sink.count(), sink.connections()), (2, 1));
}

#[tokio::test]
async fn without_a_server_emails_become_files() {
    let place = tempfile::tempdir().unwrap();
    let transport = MailTransport::Directory(place.path().join("mail"));
    let mail = Mail { sender: "Vouch <vouch@localhost>".parse().unwrap(), transport };
    let mailer = Mailer::new(&mail, Clock::system(), &Metrics::default()).unwrap();
    mailer.make_directory().unwrap();
    send(&mailer, "alice@example.com").await.unwrap();
    let file = std::fs::read_dir(place.path().join("mail")).unwrap().next().unwrap().unwrap();
    let raw = std::fs::read(file.path()).unwrap();
    let read = Message { from: String::new(), to: Vec::new(), tls: false, credentials: None, raw };
    assert_eq!(read.header("To").unwrap(), "alice@example.com");
    assert_eq!(read.text(), email().text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "prints a figure: cargo test --release --lib mail -- --ignored --nocapture"]
async fn the_cost_of_sending() {
    let sink = MailSink::start_with(Options { keep: false, ..Options::default() }).await;
    let mailer = Arc::new(mailer(smtp(&sink, SmtpSecurity::None)));
    let start = std::time::Instant::now();
    let senders = (0..10).map(|_| {
        let mailer = Arc::clone(&mailer);
        tokio::spawn(async move {
            for _ in 0..500 {
                send(&mailer, "alice@example.com").await.unwrap();
            }
        })
    });
    futures_util::future::join_all(senders).await;
    sink.wait_for_count(5_000).await;
    println!("{:.0} mails a second, sink included", 5_000.0 / start.elapsed().as_secs_f64());
}
