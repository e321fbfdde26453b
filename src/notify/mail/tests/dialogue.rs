//! Replies as servers send them, and names that servers accept.

use super::*;

async fn send_with(actions: Vec<(&'static str, Action)>) -> (Result<(), SendError>, MailSink) {
    send_to_sink(Options::scripted(actions)).await
}

#[tokio::test]
async fn any_positive_reply_is_accepted_with_or_without_text() {
    for (command, reply) in [
        ("RCPT", "251 User not local; will forward to <b@example.org>\r\n"),
        ("RCPT", "252 2.5.0 cannot verify, will try\r\n"),
        ("RCPT", "250\r\n"),
        ("RCPT", "200 fine\r\n"),
        ("RCPT", "250-2.1.5 one\r\n250 2.1.5 two\r\n"),
        ("EHLO", "250\r\n"),
        ("EHLO", "250 \r\n"),
        ("EHLO", "251-sink.test\r\n251\r\n"),
        ("EHLO", "250-sink.test\r\n250-SIZE\r\n250\r\n"),
        ("EHLO", "250-sink.test\n250 PIPELINING\n"),
        ("MAIL", "250\r\n"),
        ("MAIL", "251 ok\r\n"),
        ("MAIL", "250 2.1.0 Gr\u{fc}\u{df}e\n"),
        ("DATA", "354\r\n"),
        ("DATA", "354 \n"),
        ("DATA", "350 send it\r\n"),
        ("DATA", "354-one\r\n354 two\r\n"),
        (".", "250\r\n"),
        (".", "251 2.0.0 taken\r\n"),
        (".", "200\n"),
        (".", "250-2.0.0 taken\r\n250 2.0.0 and thank you\r\n"),
        // Servers may close the connection at any time, but the message is taken.
        (".", "250 2.0.0 taken\r\n421 4.4.2 bye\r\n"),
    ] {
        let (sent, sink) = send_with(vec![(command, Action::Reword(reply))]).await;
        assert_eq!((sent, sink.count()), (Ok(()), 1), "{command} {reply:?}");
        assert_eq!(sink.messages()[0].to, ["alice@example.com"]);
    }
}

#[tokio::test]
async fn greetings_of_all_kinds_are_understood() {
    for greeting in ["220", "220 ", "220-sink.test\r\n220-No spam\r\n220", "211 ready", "220 \u{fc}\u{df}"] {
        let (sent, _) = send_to_sink(Options { greeting, ..Options::default() }).await;
        assert_eq!(sent, Ok(()), "{greeting:?}");
    }
    for (greeting, error) in [
        ("554 5.3.2 no", refused(Step::Connection, "554 5.3.2")),
        ("421 4.3.2 busy", refused(Step::Connection, "421 4.3.2")),
        ("354 what", SendError::OutOfStep),
        ("HTTP/1.1 400 Bad Request", SendError::OutOfStep),
        ("* OK IMAP4rev1", SendError::OutOfStep),
    ] {
        let (sent, sink) = send_to_sink(Options { greeting, ..Options::default() }).await;
        assert_eq!(sent, Err(error), "{greeting:?}");
        assert_eq!(sink.commands(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn refusals_name_the_step_and_whether_they_are_for_good() {
    for (command, reply, step, text) in [
        ("MAIL", "553 5.7.1 not yours", Step::Sender, "the sender (mail.sender) (553 5.7.1)"),
        ("MAIL", "451 4.3.0 later", Step::Sender, "the sender (mail.sender) for now (451 4.3.0)"),
        ("MAIL", "530 5.7.0 x", Step::Anonymous, "mail without TLS or a login (mail.security, mail.user) (530 5.7.0)"),
        ("RCPT", "530", Step::Anonymous, "mail without TLS or a login (mail.security, mail.user) (530)"),
        ("RCPT", "550 5.1.1 no such user alice@example.com", Step::Recipient, "the recipient (550 5.1.1)"),
        (
            "RCPT",
            "550-5.7.1 no\r\n550 5.7.1 relay",
            Step::Recipient,
            "the recipient, or this server or its sender (mail.hello_name, mail.user, mail.sender) (550 5.7.1)",
        ),
        ("RCPT", "553", Step::Recipient, "the recipient (553)"),
        ("RCPT", "550 4.1.1 a class of its own", Step::Recipient, "the recipient (550)"),
        ("RCPT", "550 192.0.2.1 is listed", Step::Recipient, "the recipient (550)"),
        ("RCPT", "450 4.2.0 greylisted", Step::Recipient, "the recipient for now (450 4.2.0)"),
        ("RCPT", "452 4.2.2 full", Step::Recipient, "the recipient for now (452 4.2.2)"),
        ("RCPT", "553 5.1.8 unknown", Step::Sender, "the sender (mail.sender) (553 5.1.8)"),
        ("RCPT", "450 4.1.8 not found", Step::Sender, "the sender (mail.sender) for now (450 4.1.8)"),
        ("RCPT", "421 4.3.2 going down", Step::Connection, "the connection for now (421 4.3.2)"),
        ("DATA", "452 4.3.1 disk full", Step::Message, "the message for now (452 4.3.1)"),
        ("DATA", "554 5.5.1 no", Step::Message, "the message (554 5.5.1)"),
        (".", "554 5.6.0 bad", Step::Message, "the message (554 5.6.0)"),
        (".", "552 5.3.4 too big", Step::Message, "the message (552 5.3.4)"),
        (".", "451 4.7.1 try again", Step::Message, "the message for now (451 4.7.1)"),
        (".", "421 4.3.2 bye", Step::Connection, "the connection for now (421 4.3.2)"),
        ("EHLO", "421 4.3.2 bye", Step::Connection, "the connection for now (421 4.3.2)"),
        ("EHLO", "450 4.7.1 who?", Step::Hello, "this server's name (mail.hello_name) for now (450 4.7.1)"),
    ] {
        let (sent, sink) = send_with(vec![(command, Action::Reply(reply))]).await;
        let error = sent.unwrap_err();
        assert_eq!(error, refused(step, reply), "{command} {reply}");
        assert_eq!(error.to_string(), format!("the mail server refuses {text}"));
        assert_eq!(sink.count(), 0);
        let is_permanent = reply.starts_with('5');
        let is_about_email = matches!(step, Step::Recipient | Step::Message);
        assert_eq!(error.refuses_email(), is_permanent && is_about_email, "{error}");
        assert_eq!(error.needs_operator(), is_permanent && !is_about_email, "{error}");
    }
}

#[test]
fn a_refusal_that_may_be_about_this_server_is_not_final() {
    for (step, reply, is_final) in [
        (Step::Recipient, "550 5.1.1 no such user", true),
        (Step::Recipient, "550 5.1.10 null MX", true),
        (Step::Recipient, "552 5.2.2 full", true),
        (Step::Recipient, "550", true),
        (Step::Message, "554 5.6.0 bad", true),
        (Step::Message, "552 no", true),
        (Step::Recipient, "554 5.7.1 relay access denied", false),
        (Step::Recipient, "504 5.5.2 need a fully qualified host name", false),
        (Step::Recipient, "550 5.7.26 SPF", false),
        (Step::Message, "554 5.7.1 spam", false),
        (Step::Recipient, "450 4.1.1", false),
        (Step::Sender, "550 5.1.8", false),
        (Step::Login, "535 5.7.8", false),
    ] {
        assert_eq!(refused(step, reply).is_final(), is_final, "{reply}");
    }
    assert!(SendError::NoSmtpUtf8.is_final() && SendError::NoMailbox.is_final());
    assert!(!SendError::Lost.is_final() && !SendError::NoStarttls.is_final());
}

#[tokio::test]
async fn replies_that_do_not_belong_to_the_command_end_the_dialogue() {
    for (command, reply) in [
        ("DATA", "250 2.0.0 an answer to something else"),
        ("MAIL", "354 go ahead"),
        ("RCPT", "334 "),
        (".", "354 go ahead"),
        ("EHLO", "250-sink.test\r\n550 no"),
        ("RCPT", "150 wait"),
        ("MAIL", "250 ok\r\n250 ok"),
        ("MAIL", "ok"),
    ] {
        let (sent, sink) = send_with(vec![(command, Action::Reply(reply))]).await;
        assert_eq!(sent, Err(SendError::OutOfStep), "{command} {reply}");
        assert_eq!(sink.count(), 0);
    }
}

#[tokio::test]
async fn a_server_may_close_the_connection_after_any_reply() {
    for (command, reply) in [
        ("EHLO", "250 sink.test\r\n421 4.3.2 bye\r\n"),
        ("MAIL", "250 2.1.0 ok\r\n421 4.3.2 bye\r\n"),
        ("RCPT", "250 2.1.5 ok\r\n421-4.3.2 good\r\n421 4.3.2 bye\r\n"),
        ("DATA", "354 go ahead\r\n421 4.3.2 bye\r\n"),
    ] {
        let (sent, _) = send_with(vec![(command, Action::Reword(reply))]).await;
        assert_eq!(sent, Err(refused(Step::Connection, "421 4.3.2")), "{command}");
    }
}

#[tokio::test]
async fn a_server_without_ehlo_is_greeted_with_helo() {
    for refusal in ["502 5.5.1 what?", "500", "504 no", "550 EHLO is not for you"] {
        let (sent, sink) = send_with(vec![("EHLO", Action::Reply(refusal))]).await;
        assert_eq!(sent, Ok(()), "{refusal}");
        let commands = sink.commands();
        assert!(commands[1].starts_with("HELO ") && commands[2].starts_with("MAIL "), "{commands:?}");
    }
    for (second, error) in [
        ("450 4.3.2 busy", refused(Step::Hello, "450 4.3.2")),
        ("421 4.3.2 busy", refused(Step::Connection, "421 4.3.2")),
    ] {
        let (sent, _) = send_with(vec![("EHLO", Action::Reply("500")), ("HELO", Action::Reply(second))]).await;
        assert_eq!(sent, Err(error), "{second}");
    }
    for second in [Action::Reply("550 5.7.1 not your name"), Action::HangUp] {
        let (sent, _) = send_with(vec![("EHLO", Action::Reply("554 no")), ("HELO", second)]).await;
        assert_eq!(sent, Err(refused(Step::Hello, "554")));
    }
}

#[tokio::test]
async fn the_name_is_the_configured_one_or_this_machines_but_not_the_senders_domain() {
    let refused = Action::Reply("550 5.7.1 you are not me");
    for name in [Some("id.example.org"), Some("[192.0.2.1]"), Some("[IPv6:2001:db8::1]"), Some("relayed"), None] {
        let actions = vec![("EHLO vouch.test", refused.clone()), ("HELO vouch.test", refused.clone())];
        let sink = MailSink::start_with(Options::scripted(actions)).await;
        let hello_name = name.map(str::to_owned);
        let mailer = mailer(Smtp { hello_name, ..smtp(&sink, SmtpSecurity::None) });
        assert_eq!(send(&mailer, "alice@example.com").await, Ok(()), "{name:?}");
        let commands = sink.commands();
        let given = commands[0].strip_prefix("EHLO ").unwrap();
        match name {
            Some(name) => assert_eq!(given, name),
            None => assert!(given == "[127.0.0.1]" || given.contains('.'), "{given}"),
        }
    }
}

#[tokio::test]
async fn the_obstacle_to_a_connection_is_named() {
    let sink = MailSink::start().await;
    let settings = smtp(&sink, SmtpSecurity::None);
    let unknown = Smtp { host: "smtp.invalid".try_into().unwrap(), ..settings.clone() };
    assert_eq!(send(&mailer(unknown), "a@b.c").await, Err(SendError::UnknownHost));
    for (action, error) in [(Action::HangUp, SendError::Lost), (Action::Silence, SendError::TimedOut)] {
        let sink = MailSink::start_with(Options::when("EHLO", action)).await;
        let settings = Smtp { timeout: Duration::from_millis(300), ..smtp(&sink, SmtpSecurity::None) };
        assert_eq!(send(&mailer(settings), "a@b.c").await, Err(error));
    }
    for (error, text) in [
        (SendError::UnknownHost, "name cannot be found"),
        (SendError::Connect(io::ErrorKind::ConnectionRefused), "cannot be reached: connection refused"),
        (SendError::Connect(io::ErrorKind::HostUnreachable), "cannot be reached: host unreachable"),
        (SendError::Connect(io::ErrorKind::TimedOut), "cannot be reached: timed out"),
        (SendError::Lost, "closed the connection"),
        (SendError::TimedOut, "took too long"),
        (SendError::NoStarttls, "does not offer STARTTLS"),
        (SendError::Tls("its certificate has expired".to_owned()), "TLS: its certificate has expired"),
        (SendError::NoLogin, "offers no login"),
        (SendError::NoMechanism, "neither AUTH PLAIN nor AUTH LOGIN"),
        (refused(Step::Login, "535 5.7.8"), "refuses the login (mail.user, mail.password) (535 5.7.8)"),
    ] {
        let error = error.to_string();
        assert!(error.starts_with("the mail server") && error.contains(text), "{error}");
    }
}

#[tokio::test]
async fn the_client_says_goodbye_after_a_refusal() {
    for (command, reply) in [("RCPT", "550 5.1.1 nobody"), ("DATA", "554 5.5.1 no"), (".", "554 5.6.0 no")] {
        let (sent, sink) = send_with(vec![(command, Action::Reply(reply))]).await;
        assert!(matches!(sent, Err(SendError::Refused(..))), "{sent:?}");
        let begun = std::time::Instant::now();
        while sink.commands().last().is_none_or(|line| line != "QUIT") {
            assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", sink.commands());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

#[tokio::test]
async fn a_refused_sender_is_named_whenever_it_is_refused() {
    for (command, reply) in [
        ("MAIL", "550 5.7.1 no"),
        ("RCPT", "553 5.1.8 no such domain"),
        ("RCPT", "550 5.7.60 not permitted to send as this sender"),
        (".", "550 5.7.60 not permitted to send as this sender"),
        (".", "554 5.2.252 SendAsDenied"),
    ] {
        let (sent, _) = send_with(vec![(command, Action::Reply(reply))]).await;
        let error = sent.unwrap_err();
        assert!(error.to_string().contains("refuses the sender (mail.sender) ("), "{command} {reply}: {error}");
        assert!(error.needs_operator() && !error.is_final(), "{command} {reply}");
    }
    for (command, reply) in [("RCPT", "553 5.7.1 not owned by user"), ("RCPT", "504 5.5.2 Helo command rejected")] {
        let (sent, _) = send_with(vec![(command, Action::Reply(reply))]).await;
        let error = sent.unwrap_err();
        assert!(error.to_string().contains("or this server or its sender"), "{command} {reply}: {error}");
        assert!(!error.is_final());
    }
}

#[tokio::test]
async fn an_unwanted_email_costs_as_much_as_a_refused_recipient() {
    let refusing = |line: &str| line.starts_with("RCPT").then_some(Action::Reply("550 5.1.1 nobody here"));
    let refusing = MailSink::start_with(Options { script: Some(Arc::new(refusing)), ..Options::default() }).await;
    let accepting = MailSink::start_with(Options::default()).await;
    let (refused, withheld) =
        (mailer(smtp(&refusing, SmtpSecurity::None)), mailer(smtp(&accepting, SmtpSecurity::None)));
    let to = Address::email("alice@example.com").unwrap();
    for _ in 0..3 {
        assert!(refused.send(&to, email()).await.unwrap_err().refuses_email());
        assert_eq!(withheld.withhold(&to, email()).await, Err(SendError::Unwanted));
    }
    assert!(SendError::Unwanted.refuses_email() && !SendError::Unwanted.needs_operator());
    // The last farewell may still be under way.
    let said = |sink: &MailSink| sink.commands().into_iter().filter(|line| line != "QUIT").collect::<Vec<_>>();
    assert_eq!(said(&accepting), said(&refusing));
    assert_eq!((accepting.connections(), refusing.connections()), (3, 3));
    assert!(accepting.messages().is_empty());
    // The connection is not used for the next email, as after a refusal.
    withheld.send(&to, email()).await.unwrap();
    assert_eq!(accepting.connections(), 4);
    assert_eq!(accepting.messages().len(), 1);
}

#[tokio::test]
async fn a_server_that_is_away_is_away_for_unwanted_emails_too() {
    let later = |line: &str| line.starts_with("RCPT").then_some(Action::Reply("451 4.7.1 greylisted"));
    let sink = MailSink::start_with(Options { script: Some(Arc::new(later)), ..Options::default() }).await;
    let mailer = mailer(smtp(&sink, SmtpSecurity::None));
    let to = Address::email("alice@example.com").unwrap();
    assert_eq!(mailer.withhold(&to, email()).await, Err(refused(Step::Recipient, "451 4.7.1")));
    assert_eq!(mailer.withhold(&to, email()).await, mailer.send(&to, email()).await);
}
