//! Logins as servers expect them.

use super::*;

async fn log_in(options: Options) -> (Result<(), SendError>, MailSink) {
    let sink = MailSink::start_with(options).await;
    let settings = Smtp { credentials: Some(login()), ..smtp(&sink, SmtpSecurity::None) };
    (send(&mailer(settings), "alice@example.com").await, sink)
}

fn offer(reply: &'static str) -> (&'static str, Action) {
    ("EHLO", Action::Reply(reply))
}

fn credentials(sink: &MailSink) -> Option<(String, String)> {
    sink.messages()[0].credentials.clone()
}

const LOGIN_ONLY: &str = "250-sink.test\r\n250 AUTH LOGIN";
/// `\0vouch\0s3cret`
const PLAIN: &str = "AUTH PLAIN AHZvdWNoAHMzY3JldA==";
const LOGIN: &str = "AUTH LOGIN";

#[tokio::test]
async fn mechanisms_are_recognized_in_any_spelling() {
    for (hello, command) in [
        ("250-sink.test\r\n250 AUTH PLAIN LOGIN", PLAIN),
        ("250-sink.test\r\n250 auth plain login", PLAIN),
        ("250-sink.test\r\n250 AUTH=PLAIN LOGIN", PLAIN),
        ("250-sink.test\r\n250-AUTH=LOGIN\r\n250 AUTH LOGIN PLAIN XOAUTH2", PLAIN),
        ("250-sink.test\r\n250-AUTH LOGIN\r\n250-AUTH CRAM-MD5\r\n250 AUTH PLAIN", PLAIN),
        ("250-sink.test\n250 Auth=Login", LOGIN),
        ("250-sink.test\r\n250 AUTH CRAM-MD5 LOGIN", LOGIN),
    ] {
        let (sent, sink) = log_in(Options::scripted(vec![offer(hello)])).await;
        assert_eq!(sent, Ok(()), "{hello}");
        assert_eq!(sink.commands()[1], command, "{hello}");
        assert_eq!(credentials(&sink), Some(("vouch".to_owned(), "s3cret".to_owned())));
    }
}

#[tokio::test]
async fn challenges_of_auth_login_may_say_anything() {
    for challenges in [
        ["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"],
        // "Login:" and "Kennwort:"
        ["334 TG9naW46", "334 S2VubndvcnQ6"],
        // "Benutzername:"
        ["334 QmVudXR6ZXJuYW1lOg==", "334 UGFzc3dvcnQ6"],
        // "User Name\0", as Exchange sends it
        ["334 VXNlciBOYW1lAA==", "334 UGFzc3dvcmQA"],
        ["334 ", "334 "],
        ["334", "334"],
        ["334 Username:", "334 not base64!"],
        ["334-\r\n334 VXNlcm5hbWU6", "330 \u{fc}"],
    ] {
        let options = Options { challenges, ..Options::scripted(vec![offer(LOGIN_ONLY)]) };
        let (sent, sink) = log_in(options).await;
        assert_eq!(sent, Ok(()), "{challenges:?}");
        assert_eq!(credentials(&sink), Some(("vouch".to_owned(), "s3cret".to_owned())));
    }
}

#[tokio::test]
async fn auth_login_is_tried_if_auth_plain_is_refused() {
    for refusal in ["504 5.5.4 not that one", "535 5.7.8 no", "501", "534 5.7.9 too weak", "500 what?"] {
        let (sent, sink) = log_in(Options::when("AUTH PLAIN", Action::Reply(refusal))).await;
        assert_eq!(sent, Ok(()), "{refusal}");
        assert_eq!(credentials(&sink), Some(("vouch".to_owned(), "s3cret".to_owned())));
    }
}

#[tokio::test]
async fn a_response_that_must_not_come_with_the_command_is_sent_afterwards() {
    for refusal in ["501 5.5.2 no argument expected", "500", "504 5.5.4 what?", "334 "] {
        let hello = offer("250-sink.test\r\n250 AUTH PLAIN");
        let (sent, sink) = log_in(Options::scripted(vec![hello, ("AUTH PLAIN A", Action::Reply(refusal))])).await;
        if refusal.starts_with("334") {
            // The sink has forgotten the command, and refuses the response.
            assert_eq!(sink.commands()[2], "AHZvdWNoAHMzY3JldA==");
        } else {
            assert_eq!(sent, Ok(()), "{refusal}");
            assert_eq!(credentials(&sink), Some(("vouch".to_owned(), "s3cret".to_owned())));
        }
    }
}

#[tokio::test]
async fn a_failed_login_names_its_cause() {
    let login = |reply| refused(Step::Login, reply);
    for (actions, error) in [
        (vec![("AUTH", Action::Reply("535 5.7.8 who are you?"))], login("535 5.7.8")),
        (vec![("AUTH", Action::Reply("454 4.7.0 later"))], login("454 4.7.0")),
        (vec![("AUTH", Action::Reply("530 5.7.0 STARTTLS first"))], login("530 5.7.0")),
        (vec![("AUTH PLAIN", Action::Reply("535 no")), ("AUTH LOGIN", Action::Reply("504 no"))], login("535")),
        (vec![("AUTH PLAIN", Action::Reply("504 no")), ("AUTH LOGIN", Action::Reply("535 no"))], login("535")),
        (vec![("AUTH PLAIN", Action::Reply("535 no")), ("AUTH LOGIN", Action::HangUp)], login("535")),
        (vec![("AUTH", Action::Reply("421 4.7.0 bye"))], refused(Step::Connection, "421 4.7.0")),
        (vec![("AUTH", Action::HangUp)], SendError::Lost),
        (vec![offer("250 sink.test")], SendError::NoLogin),
        (vec![offer("250-sink.test\r\n250 SIZE 1")], SendError::NoLogin),
        (vec![offer("502 what?")], SendError::NoLogin),
        (vec![offer("250-sink.test\r\n250 AUTH GSSAPI XOAUTH2")], SendError::NoMechanism),
        (vec![offer("250-sink.test\r\n250 AUTH")], SendError::NoMechanism),
    ] {
        let (sent, sink) = log_in(Options::scripted(actions)).await;
        assert_eq!(sent, Err(error));
        assert!(!sink.commands().iter().any(|line| line.starts_with("MAIL")), "{:?}", sink.commands());
    }
}

#[tokio::test]
async fn a_refused_password_is_not_lost_in_a_timeout() {
    let refused_password = ("AUTH PLAIN", Action::Reply("535 5.7.8 no"));
    let options = Options::scripted(vec![refused_password, ("AUTH LOGIN", Action::Silence)]);
    let sink = MailSink::start_with(options).await;
    let timeout = Duration::from_secs(1);
    let settings = Smtp { credentials: Some(login()), timeout, ..smtp(&sink, SmtpSecurity::None) };
    assert_eq!(send(&mailer(settings), "a@b.c").await, Err(refused(Step::Login, "535 5.7.8")));
}
