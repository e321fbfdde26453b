//! The certificate that TLS handshakes are made with.

use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::clock::{InWords, Millis};
use crate::config::TlsFiles;
use crate::crypto::certificate::{valid_until, validity};
use crate::error::StartError;

/// A certificate chain, and the settings of TLS with it.
pub(super) struct Identity {
    chain: Vec<CertificateDer<'static>>,
    /// Created for each certificate, so that no session of an earlier one is resumed.
    pub(super) settings: Arc<ServerConfig>,
}

impl Identity {
    /// Reads the certificate and its key, which must belong together.
    pub(super) fn read(files: &TlsFiles) -> Result<Self, StartError> {
        let of_certificate = |error: &dyn Display| problem("tls_certificate", &files.certificate, error);
        let chain = CertificateDer::pem_file_iter(&files.certificate).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let chain = chain.map_err(|error| of_certificate(&error))?;
        if chain.is_empty() {
            return Err(of_certificate(&"the file contains no certificate"));
        }
        let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| problem("tls_key", &files.key, &error))?;
        let settings = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| of_certificate(&error))?;
        let settings = settings.with_no_client_auth().with_single_cert(chain.clone(), key);
        let mut settings = settings.map_err(|error| {
            problem("tls_key", &files.key, &format!("does not match server.tls_certificate: {error}"))
        })?;
        settings.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { chain, settings: Arc::new(settings) })
    }

    /// Works like [`Self::read`], and refuses a certificate that clients would refuse now. The rest
    /// of the chain is ignored: some authorities send an expired one for the sake of old clients.
    pub(super) fn read_valid(files: &TlsFiles, now: Millis) -> Result<Self, StartError> {
        let identity = Self::read(files)?;
        let of_certificate = |error: String| Err(problem("tls_certificate", &files.certificate, &error));
        match validity(&identity.chain[0]) {
            Some((_, until)) if until < now => of_certificate(format!("expired at {}", InWords(until))),
            Some((from, _)) if from > now => of_certificate(format!("is not valid before {}", InWords(from))),
            _ => Ok(identity),
        }
    }

    /// Describes the differences from an earlier certificate.
    pub(super) fn changes(&self, before: &Self) -> Option<String> {
        let until = valid_until(&self.chain[0]).map(|until| format!(", valid until {}", InWords(until)));
        let is_new = self.chain != before.chain;
        is_new.then(|| format!("new connections get another certificate{}", until.unwrap_or_default()))
    }
}

fn problem(setting: &str, path: &Path, error: &dyn Display) -> StartError {
    StartError(format!("server.{setting}: {}: {error}", path.display()))
}
