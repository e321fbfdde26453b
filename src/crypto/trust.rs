//! The certificate authorities and certificates trusted for TLS: the system's, and the operator's
//! own.

mod fault;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, SignatureVerificationAlgorithm, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

pub use fault::TlsFault;

/// The operator's CA file cannot be read, or contains no certificate.
#[derive(Debug)]
pub struct TrustError {
    /// The file.
    pub path: PathBuf,
    /// The problem with it.
    pub reason: String,
}

impl fmt::Display for TrustError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; it must contain PEM certificates", self.path.display(), self.reason)
    }
}

/// Returns a configuration for TLS 1.2 and 1.3 that trusts the system's certificate authorities,
/// those in `ca_file`, and a server with exactly one of the certificates in `ca_file`. Names and
/// validity are always checked.
///
/// # Errors
/// [`TrustError`] if `ca_file` cannot be used.
///
/// # Panics
/// Never panics: ring supports both versions.
pub fn client_config(ca_file: Option<&Path>) -> Result<ClientConfig, TrustError> {
    let trusted = Trusted::new(rustls_native_certs::load_native_certs().certs, ca_file)?;
    if trusted.roots.is_empty() {
        log::warn!("no certificate authorities found on this system: every TLS connection will fail");
    }
    Ok(configured(Some(trusted)))
}

/// Returns a configuration that accepts any certificate, but only from the owner of its key.
#[must_use]
pub fn unverified_client_config() -> ClientConfig {
    configured(None)
}

fn configured(trusted: Option<Trusted>) -> ClientConfig {
    let crypto = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&crypto));
    let builder = builder.with_safe_default_protocol_versions().expect("ring supports TLS 1.2 and 1.3");
    let verifier = Verifier { trusted, crypto };
    builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth()
}

/// Verifies signatures as rustls does, and certificates against what is trusted.
#[derive(Debug)]
struct Verifier {
    /// `None` accepts any certificate.
    trusted: Option<Trusted>,
    crypto: Arc<CryptoProvider>,
}

/// Verifies as rustls does, but also accepts a server's certificate that is itself in `ca_file`,
/// even if it is an authority's: `openssl req -x509` makes such certificates.
#[derive(Debug)]
struct Trusted {
    roots: RootCertStore,
    /// The certificates in `ca_file`.
    own: Vec<CertificateDer<'static>>,
}

impl Trusted {
    fn new(system: Vec<CertificateDer<'static>>, ca_file: Option<&Path>) -> Result<Self, TrustError> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(system);
        let own = ca_file.map_or(Ok(Vec::new()), |path| {
            add_file(&mut roots, path).map_err(|reason| TrustError { path: path.to_owned(), reason })
        })?;
        Ok(Self { roots, own })
    }

    fn verify(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        now: UnixTime,
        algorithms: &[&dyn SignatureVerificationAlgorithm],
    ) -> Result<(), Error> {
        let certificate = ParsedCertificate::try_from(end_entity)?;
        if self.own.iter().any(|own| own == end_entity) {
            verify_alone(&certificate, now, algorithms)?;
        } else {
            verify_server_cert_signed_by_trust_anchor(&certificate, &self.roots, intermediates, now, algorithms)?;
        }
        verify_server_name(&certificate, server_name)
    }
}

/// Verifies the validity period and the purpose of a certificate that needs no issuer.
fn verify_alone(
    certificate: &ParsedCertificate<'_>,
    now: UnixTime,
    algorithms: &[&dyn SignatureVerificationAlgorithm],
) -> Result<(), Error> {
    match verify_server_cert_signed_by_trust_anchor(certificate, &RootCertStore::empty(), &[], now, algorithms) {
        // webpki checks everything else before it looks for an issuer, and the period before it
        // notices an authority.
        Err(error) if matches!(TlsFault::from(&error), TlsFault::UnknownIssuer | TlsFault::Authority) => Ok(()),
        verdict => verdict,
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Some(trusted) = &self.trusted {
            let algorithms = self.crypto.signature_verification_algorithms.all;
            trusted.verify(end_entity, intermediates, server_name, now, algorithms)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.crypto.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.crypto.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.crypto.signature_verification_algorithms.supported_schemes()
    }
}

/// Adds the certificates in a file to the roots, and returns them.
fn add_file(roots: &mut RootCertStore, path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let mut own = Vec::new();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| error.to_string())? {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate.clone()).map_err(|error| error.to_string())?;
        own.push(certificate);
    }
    if own.is_empty() { Err("no certificate in it".to_owned()) } else { Ok(own) }
}
