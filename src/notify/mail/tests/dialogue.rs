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
        ("554 5.3.2 no", SendError::Refused(Step::Connection, Code(554))),
        ("421 4.3.2 busy", SendError::Refused(Step::Connection, Code(421))),
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
    for (command, reply, step, code, text) in [
        ("MAIL", "553 5.7.1 not yours", Step::Sender, 553, "refuses the sender (mail.sender) (553)"),
        ("MAIL", "451 4.3.0 later", Step::Sender, 451, "refuses the sender (mail.sender) for now (451)"),
        ("MAIL", "530 5.7.0 log in first", Step::Sender, 530, "refuses the sender (mail.sender) (530)"),
        ("RCPT", "550 5.1.1 no such user alice@example.com", Step::Recipient, 550, "refuses the recipient (550)"),
        ("RCPT", "550-5.7.1 no\r\n550 5.7.1 relay", Step::Recipient, 550, "refuses the recipient (550)"),
        ("RCPT", "553", Step::Recipient, 553, "refuses the recipient (553)"),
        ("RCPT", "450 4.2.0 greylisted", Step::Recipient, 450, "refuses the recipient for now (450)"),
        ("RCPT", "452 4.2.2 full", Step::Recipient, 452, "refuses the recipient for now (452)"),
        ("RCPT", "421 4.3.2 going down", Step::Connection, 421, "refuses the connection for now (421)"),
        ("DATA", "452 4.3.1 disk full", Step::Message, 452, "refuses the message for now (452)"),
        ("DATA", "554 5.5.1 no", Step::Message, 554, "refuses the message (554)"),
        (".", "554 5.7.1 spam", Step::Message, 554, "refuses the message (554)"),
        (".", "552 5.3.4 too big", Step::Message, 552, "refuses the message (552)"),
        (".", "451 4.7.1 try again", Step::Message, 451, "refuses the message for now (451)"),
        (".", "421 4.3.2 bye", Step::Connection, 421, "refuses the connection for now (421)"),
        ("EHLO", "421 4.3.2 bye", Step::Connection, 421, "refuses the connection for now (421)"),
        ("EHLO", "450 4.7.1 who?", Step::Hello, 450, "refuses this server's name (mail.hello_name) for now (450)"),
    ] {
        let (sent, sink) = send_with(vec![(command, Action::Reply(reply))]).await;
        let error = sent.unwrap_err();
        assert_eq!(error, SendError::Refused(step, Code(code)), "{command} {reply}");
        assert_eq!(error.to_string(), format!("the mail server {text}"));
        assert_eq!(sink.count(), 0);
        let is_final = code >= 500 && matches!(step, Step::Recipient | Step::Message);
        assert_eq!((error.is_final(), error.needs_operator()), (is_final, code >= 500 && !is_final), "{error}");
    }
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
async fn a_server_without_ehlo_is_greeted_with_helo() {
    for refusal in ["502 5.5.1 what?", "500", "504 no", "550 EHLO is not for you"] {
        let (sent, sink) = send_with(vec![("EHLO", Action::Reply(refusal))]).await;
        assert_eq!(sent, Ok(()), "{refusal}");
        let commands = sink.commands();
        assert!(commands[1].starts_with("HELO ") && commands[2].starts_with("MAIL "), "{commands:?}");
    }
    for second in [Action::Reply("550 5.7.1 not your name"), Action::HangUp] {
        let (sent, _) = send_with(vec![("EHLO", Action::Reply("554 no")), ("HELO", second)]).await;
        assert_eq!(sent, Err(SendError::Refused(Step::Hello, Code(554))));
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
async fn what_prevents_a_connection_is_named() {
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
        (SendError::Refused(Step::Login, Code(535)), "refuses the login (mail.user, mail.password) (535)"),
    ] {
        let error = error.to_string();
        assert!(error.starts_with("the mail server") && error.contains(text), "{error}");
    }
}
