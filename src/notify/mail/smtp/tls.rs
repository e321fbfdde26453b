//! TLS to an SMTP server.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};
use tokio_rustls::TlsConnector;

use crate::config::Smtp;
use crate::crypto::trust::{self, TrustError};
use crate::notify::unusable;

/// Trusts the system's certificate authorities and those in `mail.ca_file`; or any certificate at
/// all, if `mail.verify_certificate` is off.
pub(super) fn connector(settings: &Smtp) -> Result<TlsConnector, String> {
    let mut config = trust::client_config(settings.ca_file.as_deref())
        .map_err(|TrustError { path, reason }| unusable("mail.ca_file", &path, reason))?;
    if !settings.verify_certificate {
        config.dangerous().set_certificate_verifier(Arc::new(AnyCertificate(ring::default_provider())));
    }
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Accepts any certificate, but only from the owner of its key.
#[derive(Debug)]
struct AnyCertificate(CryptoProvider);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
