//! What is sent to SMTP servers with and without TLS.

use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;

use super::*;
use vouch_test_support::mail_sink::Tls;

/// A certificate authority in a file, and servers with its certificates.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    file: tempfile::NamedTempFile,
}

impl Authority {
    fn new() -> Self {
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), issuer.pem()).unwrap();
        Self { issuer, file }
    }

    fn server(&self, name: &str) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, &self.issuer).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key.serialize_der().try_into().unwrap());
        Arc::new(config.unwrap())
    }

    fn trusted(&self, settings: Smtp) -> Smtp {
        Smtp { ca_file: Some(self.file.path().to_owned()), ..settings }
    }
}

fn tls_options(tls: Tls) -> Options {
    Options { tls, ..Options::default() }
}

#[test]
fn credentials_without_tls_are_refused_except_on_this_machine() {
    let settings =
        |host: &str| Smtp { host: host.to_owned(), credentials: Some(login()), ..unused(SmtpSecurity::None) };
    let error = start(settings("mail.example.org"), &brand()).err().unwrap();
    assert!(error.starts_with("mail.security: ") && error.contains("starttls"), "{error}");
    assert!(!error.contains("s3cret"));
    for host in ["localhost", "127.0.0.1", "::1"] {
        assert!(start(settings(host), &brand()).is_ok(), "{host}");
    }
    assert!(start(unused(SmtpSecurity::None), &brand()).is_ok());
}

#[test]
fn an_unusable_ca_file_is_named_with_its_setting() {
    let [empty, junk] = std::array::from_fn(|_| tempfile::NamedTempFile::new().unwrap());
    std::fs::write(junk.path(), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    for path in [empty.path(), junk.path(), Path::new("/nonexistent/ca.pem")] {
        let settings = Smtp { ca_file: Some(path.to_owned()), ..unused(SmtpSecurity::Starttls) };
        let error = start(settings, &brand()).err().unwrap();
        assert!(error.starts_with(&format!("mail.ca_file: {}: ", path.display())), "{error}");
    }
}

#[tokio::test]
async fn login_works_over_starttls_and_tls() {
    let authority = Authority::new();
    let server = authority.server("127.0.0.1");
    for (tls, security) in
        [(Tls::Starttls(Arc::clone(&server)), SmtpSecurity::Starttls), (Tls::Implicit(server), SmtpSecurity::Tls)]
    {
        let sink = MailSink::start_with(tls_options(tls)).await;
        let settings = authority.trusted(smtp(&sink, security));
        send(&mailer(Smtp { credentials: Some(login()), ..settings }), "alice@example.com").await.unwrap();
        let mail = sink.wait_to("alice@example.com").await;
        assert!(mail.tls);
        assert_eq!(mail.credentials, Some(("vouch".to_owned(), "s3cret".to_owned())));
    }
}

#[tokio::test]
async fn without_starttls_no_login_and_no_address_is_sent() {
    let sink = MailSink::start().await;
    let settings = Smtp { credentials: Some(login()), ..smtp(&sink, SmtpSecurity::Starttls) };
    assert_eq!(send(&mailer(settings), "alice@example.com").await, Err(SendError::Tls));
    sink.hang_up().await;
    assert!(sink.commands().iter().all(|line| line.starts_with("EHLO")), "{:?}", sink.commands());
}

#[tokio::test]
async fn a_rejected_starttls_ends_the_connection() {
    let server = Authority::new().server("127.0.0.1");
    let options = Options::when("STARTTLS", Action::Reply("454 4.7.0 not now"));
    let sink = MailSink::start_with(Options { tls: Tls::Starttls(server), ..options }).await;
    let settings = Smtp { credentials: Some(login()), ..smtp(&sink, SmtpSecurity::Starttls) };
    assert_eq!(send(&mailer(settings), "alice@example.com").await, Err(SendError::Tls));
    sink.hang_up().await;
    assert!(!sink.commands().iter().any(|line| line.starts_with("AUTH") || line.starts_with("MAIL")));
}

#[tokio::test]
async fn a_certificate_from_an_unknown_authority_or_for_another_name_is_refused() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    for (server, why) in [(stranger.server("127.0.0.1"), "authority"), (authority.server("mail.test"), "name")] {
        for (tls, security) in [
            (Tls::Starttls(Arc::clone(&server)), SmtpSecurity::Starttls),
            (Tls::Implicit(Arc::clone(&server)), SmtpSecurity::Tls),
        ] {
            let sink = MailSink::start_with(tls_options(tls)).await;
            let settings = Smtp { credentials: Some(login()), ..authority.trusted(smtp(&sink, security)) };
            assert_eq!(send(&mailer(settings.clone()), "a@b.c").await, Err(SendError::Tls), "{why} {security:?}");
            sink.hang_up().await;
            assert!(!sink.commands().iter().any(|line| line.starts_with("AUTH") || line.starts_with("MAIL")));

            let settings = Smtp { verify_certificate: false, ..settings };
            assert_eq!(send(&mailer(settings), "a@b.c").await, Ok(()), "{why} {security:?}");
        }
    }
}

#[tokio::test]
async fn a_server_without_tls_is_refused_if_tls_is_required() {
    let sink = MailSink::start().await;
    assert_eq!(send(&mailer(smtp(&sink, SmtpSecurity::Tls)), "a@b.c").await, Err(SendError::Tls));
}
