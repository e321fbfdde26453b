//! Addresses of all kinds, over servers with and without SMTPUTF8.

use proptest::prelude::*;

use super::*;

/// Local parts in scripts whose vowel signs are combining marks, and one that is not composed.
const LOCAL_PARTS: [&str; 8] = ["ผู้ใช้", "उपयोगकर्ता", "தமிழ்", "বিড়াল", "jose\u{301}", "用户", "пользователь", "مستخدم"];

async fn server_without_smtputf8() -> MailSink {
    MailSink::start_with(Options { smtputf8: false, ..Options::default() }).await
}

#[tokio::test]
async fn local_parts_in_all_scripts_are_sent_with_smtputf8() {
    let sink = MailSink::start().await;
    let mailer = mailer(smtp(&sink, SmtpSecurity::None));
    for local in LOCAL_PARTS {
        let address = Address::email(&format!("{local}@example.com")).unwrap();
        mailer.send(&address, email()).await.unwrap();
        let mail = sink.wait_to(address.as_str()).await;
        assert_eq!(mail.header("To").as_deref(), Some(address.as_str()));
        assert_eq!((mail.subject(), mail.text()), (email().subject, email().text));
        sink.forget();
    }
    let mails = sink.commands().into_iter().filter(|line| line.starts_with("MAIL"));
    assert!(mails.into_iter().all(|line| line == "MAIL FROM:<vouch@vouch.test> SMTPUTF8 BODY=8BITMIME"));
}

#[tokio::test]
async fn smtputf8_is_recognized_in_any_case_and_without_8bitmime() {
    for (hello, parameters) in [
        ("250-sink.test\r\n250-smtputf8\r\n250 8bitmime", " SMTPUTF8 BODY=8BITMIME"),
        ("250-sink.test\r\n250-SmtpUtf8\r\n250 8BitMime", " SMTPUTF8 BODY=8BITMIME"),
        ("250-sink.test\r\n250 SMTPUTF8", " SMTPUTF8"),
    ] {
        let sink = MailSink::start_with(Options::when("EHLO", Action::Reply(hello))).await;
        assert_eq!(send(&mailer(smtp(&sink, SmtpSecurity::None)), "ผู้ใช้@example.com").await, Ok(()), "{hello}");
        assert_eq!(sink.commands()[1], format!("MAIL FROM:<vouch@vouch.test>{parameters}"));
    }
}

#[tokio::test]
async fn without_smtputf8_a_local_part_that_is_not_ascii_is_refused_for_good() {
    let sink = server_without_smtputf8().await;
    let mailer = mailer(smtp(&sink, SmtpSecurity::None));
    for local in LOCAL_PARTS {
        let error = send(&mailer, &format!("{local}@example.com")).await.unwrap_err();
        assert_eq!(error, SendError::NoSmtpUtf8, "{local}");
        assert!(error.is_final());
    }
    assert_eq!(send(&mailer, "juergen@example.com").await, Ok(()));
    assert_eq!(sink.count(), 1);
}

#[tokio::test]
async fn a_server_that_takes_back_its_offer_of_smtputf8_has_none() {
    for (command, reply) in [
        ("MAIL", "555 5.5.4 unsupported"),
        ("MAIL", "501 5.5.4 what?"),
        ("MAIL", "504"),
        ("MAIL", "550 5.6.7 no"),
        ("RCPT", "553 5.6.7 no"),
        (".", "554 5.6.9 cannot be forwarded"),
    ] {
        let sink = MailSink::start_with(Options::when(command, Action::Reply(reply))).await;
        let mailer = mailer(smtp(&sink, SmtpSecurity::None));
        assert_eq!(send(&mailer, "ä@example.com").await, Err(SendError::NoSmtpUtf8), "{command} {reply}");
        let other = send(&mailer, "alice@example.com").await.unwrap_err();
        assert!(matches!(other, SendError::Refused(..)), "{command} {reply}: {other:?}");
    }
    let sink = MailSink::start_with(Options::when("MAIL", Action::Reply("451 4.3.0 later"))).await;
    let error = send(&mailer(smtp(&sink, SmtpSecurity::None)), "ä@example.com").await.unwrap_err();
    assert_eq!(error, refused(Step::Sender, "451 4.3.0"));
}

#[tokio::test]
async fn international_domains_need_no_smtputf8() {
    let sink = server_without_smtputf8().await;
    let mailer = mailer(smtp(&sink, SmtpSecurity::None));
    for (typed, sent) in [
        ("info@bücher.example", "info@xn--bcher-kva.example"),
        ("info@xn--bcher-kva.example", "info@xn--bcher-kva.example"),
        ("info@BÜCHER.example", "info@xn--bcher-kva.example"),
        ("info@例え.jp", "info@xn--r8jz45g.jp"),
        ("info@straße.example", "info@xn--strae-oqa.example"),
        ("info@उदाहरण.example", "info@xn--p1b6ci4b4b3a.example"),
    ] {
        mailer.send(&Address::email(typed).unwrap(), email()).await.unwrap();
        let mail = sink.wait_to(sent).await;
        assert_eq!(mail.header("To").as_deref(), Some(sent));
        assert!(mail.raw.is_ascii());
        sink.forget();
    }
}

#[tokio::test]
async fn unusual_addresses_are_sent_as_smtp_writes_them() {
    let sink = MailSink::start().await;
    let mailer = mailer(smtp(&sink, SmtpSecurity::None));
    let long = format!("{}@example.com", "a".repeat(65));
    for (address, path) in [
        ("o'neil+tag=1/2@sub.example.com", "o'neil+tag=1/2@sub.example.com"),
        ("#$&'*+-/=?^_`{|}~@example.com", "#$&'*+-/=?^_`{|}~@example.com"),
        ("a..b@example.com", "\"a..b\"@example.com"),
        (".a@example.com", "\".a\"@example.com"),
        ("a.@example.com", "\"a.\"@example.com"),
        ("ü..ü@example.com", "\"ü..ü\"@example.com"),
        // Servers have their own limits.
        (&long, &long),
    ] {
        mailer.send(&Address::email(address).unwrap(), email()).await.unwrap();
        let mail = sink.wait_to(path).await;
        assert_eq!(mail.header("To").as_deref(), Some(path));
        sink.forget();
    }
    let phone = Address::msisdn("4915112345678").unwrap();
    assert_eq!(mailer.send(&phone, email()).await, Err(SendError::NoMailbox));
    assert_eq!(sink.messages().len(), 0);
}

proptest! {
    #[test]
    fn no_address_contains_what_smtp_and_headers_give_a_meaning(
        local in prop_oneof!["[\\PC]{1,20}", "[a-z.\\p{L}\\p{M}]{1,20}"], domain in "[a-z]{1,10}\\.example",
    ) {
        let Ok(address) = Address::email(&format!("{local}@{domain}")) else { return Ok(()) };
        let path = recipient(&address).unwrap().to_string();
        let bare = path.strip_prefix('"').map_or(path.clone(), |rest| rest.replacen('"', "", 1));
        prop_assert_eq!(bare, address.as_str());
        prop_assert!(!path.contains(|c: char| c.is_control() || c.is_whitespace() || "<>()[],;:\\".contains(c)));
    }
}
