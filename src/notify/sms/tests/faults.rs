//! Gateways that are slow, unavailable or impostors.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use vouch_test_support::ca::{Ca, SelfSigned};

use super::*;

fn through(gateway: &SmsGateway) -> Sms {
    sms(Gateway::Twilio(twilio(gateway)))
}

/// Returns settings that trust an authority. Its file must outlive them.
fn trusting(ca: &Ca, sms: Sms) -> (Sms, tempfile::NamedTempFile) {
    let file = tempfile::NamedTempFile::new().unwrap();
    ca.write_to(file.path());
    (Sms { ca_file: Some(file.path().to_owned()), ..sms }, file)
}

#[tokio::test]
async fn a_gateway_with_a_certificate_from_ca_file_is_trusted() {
    let ca = Ca::new();
    let gateway = SmsGateway::start_tls(&ca);
    gateway.behave(Conduct::Answers(201, "{}".to_owned()));
    let (settings, _file) = trusting(&ca, through(&gateway));
    assert_eq!(send(&settings).await, Ok(()));
}

#[tokio::test]
async fn a_gateway_with_a_self_signed_certificate_in_ca_file_is_trusted() {
    let certificate = SelfSigned::authority_for(&["localhost"]);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), certificate.pem()).unwrap();
    let gateway = SmsGateway::start_with(Some(certificate.into_der()));
    gateway.behave(Conduct::Answers(201, "{}".to_owned()));
    let settings = Sms { ca_file: Some(file.path().to_owned()), ..through(&gateway) };
    assert_eq!(send(&settings).await, Ok(()));
    let other = SmsGateway::start_with(Some(SelfSigned::authority_for(&["localhost"]).into_der()));
    let settings = Sms { ca_file: Some(file.path().to_owned()), ..through(&other) };
    assert_eq!(send(&settings).await, Err(SendError::Tls(TlsFault::Authority)));
}

#[tokio::test]
async fn nothing_is_sent_to_a_gateway_with_the_wrong_certificate() {
    let ca = Ca::new();
    let unknown = SmsGateway::start_tls(&Ca::new());
    let other_name = SmsGateway::start_with(Some(ca.certificate_for(&["sms.example.org"])));
    let expired = SmsGateway::start_with(Some(ca.expired_certificate_for(&["localhost"])));
    for (gateway, fault) in
        [(unknown, TlsFault::UnknownIssuer), (other_name, TlsFault::OtherName), (expired, TlsFault::Expired)]
    {
        let (settings, _file) = trusting(&ca, through(&gateway));
        assert_eq!(send(&settings).await, Err(SendError::Tls(fault)));
        assert!(gateway.requests().is_empty());
    }
}

#[tokio::test]
async fn nothing_is_sent_without_tls_if_tls_is_expected() {
    let plain = SmsGateway::start();
    let settings =
        config::Twilio { url: plain.url().replace("http://", "https://").parse().unwrap(), ..twilio(&plain) };
    assert_eq!(send(&sms(Gateway::Twilio(settings))).await, Err(SendError::Tls(TlsFault::NotTls)));
    assert!(plain.requests().is_empty());
}

#[tokio::test]
async fn a_slow_gateway_times_out() {
    let gateway = SmsGateway::start();
    gateway.behave(Conduct::Slow(Duration::from_mins(1)));
    let timeout = Duration::from_millis(200);
    let settings = Sms { timeout, ..through(&gateway) };
    let begun = Instant::now();
    assert_eq!(send(&settings).await, Err(SendError::TimedOut));
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert_eq!(sms_sender(&settings).patience(), timeout);
}

#[tokio::test]
async fn an_endless_response_is_cut() {
    let gateway = SmsGateway::start();
    gateway.behave(Conduct::Endless);
    let settings = Sms { timeout: Duration::from_mins(1), ..sms(Gateway::Kannel(kannel_at(&gateway.url(), "secret"))) };
    assert_eq!(send(&settings).await, Ok(()));
}

#[tokio::test]
async fn a_gateway_that_hangs_up_or_is_down_is_unreachable() {
    let gateway = SmsGateway::start();
    gateway.behave(Conduct::HangsUp);
    assert_eq!(send(&through(&gateway)).await, Err(SendError::Unreachable));
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nobody = kannel_at(&format!("http://127.0.0.1:{port}/"), "secret");
    assert_eq!(send(&sms(Gateway::Kannel(nobody))).await, Err(SendError::Unreachable));
}

#[tokio::test]
async fn credentials_and_texts_do_not_follow_a_redirect() {
    let (gateway, elsewhere) = (SmsGateway::start(), SmsGateway::start());
    gateway.behave(Conduct::RedirectsTo(elsewhere.url()));
    assert_eq!(send(&through(&gateway)).await, Err(SendError::Refused));
    let kannel = kannel_at(&gateway.url(), "secret");
    assert_eq!(send(&sms(Gateway::Kannel(kannel))).await, Err(SendError::Refused));
    assert_eq!((gateway.requests().len(), elsewhere.connections()), (2, 0));
}

#[test]
fn a_file_without_certificates_is_named_with_its_setting() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let settings = Sms { ca_file: Some(file.path().to_owned()), ..Config::default().sms };
    let error = SmsSender::new(&settings, Clock::stopped_at(0), &Metrics::default()).err().unwrap();
    assert!(error.starts_with(&format!("sms.ca_file: {}: ", file.path().display())), "{error}");
}

#[test]
fn errors_contain_no_number_text_or_secret() {
    let all = [
        SendError::Rejected,
        SendError::Unreachable,
        SendError::TimedOut,
        SendError::Tls(TlsFault::Expired),
        SendError::Login,
        SendError::Refused,
        SendError::File(io::ErrorKind::NotFound),
    ];
    insta::assert_snapshot!(all.map(|error| error.to_string()).join("\n"), @r"
    texts to this number are not allowed
    the SMS gateway cannot be reached
    the SMS gateway took too long
    the SMS gateway's connection cannot be secured by TLS: its certificate has expired
    the SMS gateway refuses the login
    the SMS gateway refuses the text
    the text cannot be written to its file: entity not found
    ");
}

#[tokio::test]
async fn an_unwanted_text_only_takes_its_time() {
    let gateway = SmsGateway::start();
    let sms_sender = sms_sender(&through(&gateway));
    let _ = sms_sender.send(&number(), TEXT).await;
    let requests = gateway.requests().len();
    assert_eq!(sms_sender.withhold(&number()).await, Err(SendError::Refused));
    assert_eq!(gateway.requests().len(), requests);
}
