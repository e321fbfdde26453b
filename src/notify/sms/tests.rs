//! Sending texts to stub gateways over HTTP.

mod faults;
mod kannel;
mod protocols;

use std::collections::BTreeMap;
use std::fs;

use hyper::Request;
use hyper::body::Bytes;
use vouch_test_support::sms_gateway::{Conduct, SmsGateway};

use super::*;
use crate::config::{Area, Config, Secret, Sms};

const TEXT: &str = "Grüße & \"123456\" 100 % + 😀\n@id.example.org #123456";

fn number() -> Address {
    phone("447700900123")
}

fn phone(digits: &str) -> Address {
    Address::msisdn(digits).unwrap()
}

fn sms(gateway: Gateway) -> Sms {
    Sms { gateways: vec![gateway], sender: Some(Sender::Name("Vouch".to_owned())), ..Config::default().sms }
}

fn sms_sender(sms: &Sms) -> SmsSender {
    SmsSender::new(sms, Clock::stopped_at(0), &Metrics::default()).unwrap()
}

async fn send(sms: &Sms) -> Result<(), SendError> {
    sms_sender(sms).send(&number(), TEXT).await
}

fn twilio(gateway: &SmsGateway) -> config::Twilio {
    config::Twilio {
        account: "AC00000000000000000000000000000001".to_owned(),
        api_key: None,
        token: Secret::from("twilio-token"),
        messaging_service: None,
        url: gateway.url().parse().unwrap(),
    }
}

fn kannel_at(url: &str, password: &str) -> config::Kannel {
    config::Kannel { url: url.parse().unwrap(), user: "vouch".to_owned(), password: password.into(), smsc: None }
}

/// Parses a query or a form.
fn pairs(encoded: &[u8]) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(encoded).into_owned().collect()
}

fn query(request: &Request<Bytes>) -> BTreeMap<String, String> {
    pairs(request.uri().query().unwrap_or_default().as_bytes())
}

fn header<'a>(request: &'a Request<Bytes>, name: &str) -> Option<&'a str> {
    request.headers().get(name).map(|value| value.to_str().unwrap())
}

#[tokio::test]
async fn without_a_gateway_texts_are_private_files() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("sms");
    let sms_sender = sms_sender(&Sms { directory: directory.clone(), ..Config::default().sms });
    sms_sender.make_directory().unwrap();
    sms_sender.send(&number(), TEXT).await.unwrap();
    let files: Vec<_> = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    let [file] = &files[..] else { panic!("{files:?}") };
    assert_eq!(file.extension().unwrap(), "txt");
    assert_eq!(fs::read_to_string(file).unwrap(), format!("To: +447700900123\n\n{TEXT}\n"));
}

#[tokio::test]
async fn with_a_gateway_there_is_no_directory() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("sms");
    let gateway = SmsGateway::start();
    let sms = Sms { directory: directory.clone(), ..sms(Gateway::Twilio(twilio(&gateway))) };
    sms_sender(&sms).make_directory().unwrap();
    assert!(!directory.exists());
}

#[tokio::test]
async fn rules_choose_gateway_and_sender() {
    let (first, second) = (SmsGateway::start(), SmsGateway::start());
    first.behave(Conduct::Answers(201, "{}".to_owned()));
    let folder = tempfile::tempdir().unwrap();
    let prefix = |digits: &str| Area::Prefix(digits.to_owned());
    let sms = Sms {
        directory: folder.path().to_owned(),
        rules: [
            (prefix("1"), Route::Gateway(GatewayKind::Twilio)),
            (prefix("1242"), Route::Reject),
            (Area::Country("GB".to_owned()), Route::Gateway(GatewayKind::Kannel)),
            (prefix("33"), Route::Directory),
        ]
        .into(),
        senders: [(prefix("1"), Sender::Number("12025550123".to_owned()))].into(),
        gateways: vec![Gateway::Twilio(twilio(&first)), Gateway::Kannel(kannel_at(&second.url(), "kannel-password"))],
        ..sms(Gateway::Twilio(twilio(&first)))
    };
    let sms_sender = sms_sender(&sms);
    for (digits, expected) in [
        ("12024561111", Ok(())),
        ("12425551234", Err(SendError::Rejected)),
        ("447400123456", Ok(())),
        ("33612345678", Ok(())),
        ("4915112345678", Err(SendError::Rejected)),
    ] {
        assert_eq!(sms_sender.send(&phone(digits), "x").await, expected, "{digits}");
        assert_eq!(sms_sender.reaches(&phone(digits)), expected.is_ok(), "{digits}");
    }
    let at_first = pairs(first.request().body());
    assert_eq!((at_first["To"].as_str(), at_first["From"].as_str()), ("+12024561111", "+12025550123"));
    let at_second = query(&second.request());
    assert_eq!((at_second["to"].as_str(), at_second["from"].as_str()), ("+447400123456", "Vouch"));
    let file = fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    assert!(fs::read_to_string(file).unwrap().starts_with("To: +33612345678\nFrom: Vouch\n\nx"));
}

#[tokio::test]
async fn an_email_address_cannot_be_texted() {
    let email = Address::email("alice@example.com").unwrap();
    let sms_sender = sms_sender(&Config::default().sms);
    assert!(!sms_sender.reaches(&email));
    assert_eq!(sms_sender.send(&email, "x").await, Err(SendError::Rejected));
}
