//! Tests of what is sent to SMTP servers with and without TLS.

use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;

use super::*;
use vouch_test_support::ca::SelfSigned;
use vouch_test_support::mail_sink::Tls;

use crate::crypto::trust::TlsFault;

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
fn an_unusable_ca_file_is_named_with_its_setting() {
    let [empty, junk] = std::array::from_fn(|_| tempfile::NamedTempFile::new().unwrap());
    std::fs::write(junk.path(), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    for path in [empty.path(), junk.path(), Path::new("/nonexistent/ca.pem")] {
        let settings = Smtp { ca_file: Some(path.to_owned()), ..unused(SmtpSecurity::Starttls) };
        let error = start(settings).err().unwrap();
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
    assert_eq!(send(&mailer(settings), "alice@example.com").await, Err(SendError::NoStarttls));
    sink.hang_up().await;
    assert!(sink.commands().iter().all(|line| line.starts_with("EHLO")), "{:?}", sink.commands());
}

#[tokio::test]
async fn a_rejected_starttls_ends_the_connection() {
    let server = Authority::new().server("127.0.0.1");
    let options = Options::when("STARTTLS", Action::Reply("454 4.7.0 not now"));
    let sink = MailSink::start_with(Options { tls: Tls::Starttls(server), ..options }).await;
    let settings = Smtp { credentials: Some(login()), ..smtp(&sink, SmtpSecurity::Starttls) };
    let refused = refused(Step::Starttls, "454 4.7.0");
    assert_eq!(send(&mailer(settings), "alice@example.com").await, Err(refused));
    sink.hang_up().await;
    assert!(!sink.commands().iter().any(|line| line.starts_with("AUTH") || line.starts_with("MAIL")));
}

#[tokio::test]
async fn a_certificate_from_an_unknown_authority_or_for_another_name_is_refused() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    for (server, why) in [
        (stranger.server("127.0.0.1"), "not issued by a trusted authority"),
        (authority.server("mail.test"), "not for the name"),
    ] {
        for (tls, security) in [
            (Tls::Starttls(Arc::clone(&server)), SmtpSecurity::Starttls),
            (Tls::Implicit(Arc::clone(&server)), SmtpSecurity::Tls),
        ] {
            let sink = MailSink::start_with(tls_options(tls)).await;
            let settings = Smtp { credentials: Some(login()), ..authority.trusted(smtp(&sink, security)) };
            let error = send(&mailer(settings.clone()), "a@b.c").await.unwrap_err();
            assert!(matches!(&error, SendError::Tls(reason) if reason.contains(why)), "{why} {security:?}: {error}");
            sink.hang_up().await;
            assert!(!sink.commands().iter().any(|line| line.starts_with("AUTH") || line.starts_with("MAIL")));

            let settings = Smtp { verify_certificate: false, ..settings };
            assert_eq!(send(&mailer(settings), "a@b.c").await, Ok(()), "{why} {security:?}");
        }
    }
}

#[tokio::test]
async fn a_self_signed_certificate_in_ca_file_is_accepted() {
    for (names, expected) in
        [(["127.0.0.1"], Ok(())), (["mail.test"], Err(SendError::Tls(TlsFault::OtherName.to_string())))]
    {
        let certificate = SelfSigned::authority_for(&names);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), certificate.pem()).unwrap();
        let server = Arc::new(certificate.server_config());
        for (tls, security) in [
            (Tls::Starttls(Arc::clone(&server)), SmtpSecurity::Starttls),
            (Tls::Implicit(Arc::clone(&server)), SmtpSecurity::Tls),
        ] {
            let sink = MailSink::start_with(tls_options(tls)).await;
            let settings = Smtp { ca_file: Some(file.path().to_owned()), ..smtp(&sink, security) };
            assert_eq!(send(&mailer(settings), "a@b.c").await, expected, "{names:?} {security:?}");
        }
    }
}

#[tokio::test]
async fn a_server_without_tls_is_refused_if_tls_is_required() {
    let sink = MailSink::start().await;
    let error = SendError::Tls("it does not speak TLS".to_owned());
    assert_eq!(send(&mailer(smtp(&sink, SmtpSecurity::Tls)), "a@b.c").await, Err(error));
}

#[tokio::test]
async fn bytes_injected_before_tls_end_the_connection() {
    let server = Authority::new().server("127.0.0.1");
    for injected in ["220 go ahead\r\n250 injected\r\n", "220 go ahead\r\n220", "220 go ahead\n421 bye\r\n"] {
        let options = Options::when("STARTTLS", Action::Reword(injected));
        let sink = MailSink::start_with(Options { tls: Tls::Starttls(Arc::clone(&server)), ..options }).await;
        let settings = Smtp { credentials: Some(login()), ..smtp(&sink, SmtpSecurity::Starttls) };
        let error = send(&mailer(settings), "alice@example.com").await.unwrap_err();
        assert!(matches!(error, SendError::Tls(_)), "{error}");
        sink.hang_up().await;
        assert_eq!(sink.commands().len(), 2, "{:?}", sink.commands());
    }
}

#[tokio::test]
async fn starttls_is_recognized_in_any_case() {
    let authority = Authority::new();
    for offer in ["250-sink.test\r\n250 starttls", "250-sink.test\r\n250-8bitmime\r\n250-StartTLS\r\n250 help"] {
        let options = Options { tls: Tls::Starttls(authority.server("127.0.0.1")), ..Options::default() };
        // Over TLS, the server announces its default extensions.
        let first = std::sync::atomic::AtomicBool::new(true);
        let script = move |line: &str| {
            let is_first = line.starts_with("EHLO") && first.swap(false, std::sync::atomic::Ordering::Relaxed);
            is_first.then_some(Action::Reply(offer))
        };
        let sink = MailSink::start_with(Options { script: Some(Arc::new(script)), ..options }).await;
        let settings = authority.trusted(smtp(&sink, SmtpSecurity::Starttls));
        send(&mailer(Smtp { credentials: Some(login()), ..settings }), "alice@example.com").await.unwrap();
        assert!(sink.wait_to("alice@example.com").await.tls);
    }
}
