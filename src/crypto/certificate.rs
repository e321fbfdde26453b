//! The validity of certificates.

use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_cert::Certificate;
use x509_cert::der::Decode;

use crate::clock::{Millis, in_millis};

/// Returns the beginning and end of a certificate's validity, or `None` if it cannot be read.
#[must_use]
pub fn validity(certificate: &CertificateDer<'_>) -> Option<(Millis, Millis)> {
    let validity = Certificate::from_der(certificate).ok()?.tbs_certificate.validity;
    let [from, until] = [validity.not_before, validity.not_after].map(|time| in_millis(time.to_unix_duration()));
    Some((from, until))
}

/// Returns the end of a certificate's validity, or `None` if it cannot be read.
#[must_use]
pub fn valid_until(certificate: &CertificateDer<'_>) -> Option<Millis> {
    validity(certificate).map(|(_, until)| until)
}

/// Returns the time until which all certificates of a chain are valid.
#[must_use]
pub fn chain_valid_until(chain: &[CertificateDer<'_>]) -> Option<Millis> {
    chain.iter().filter_map(valid_until).min()
}

/// Returns the time until which all certificates in a PEM file are valid, or `None` if it cannot be
/// read.
#[must_use]
pub fn file_valid_until(path: &Path) -> Option<Millis> {
    let chain: Vec<_> = CertificateDer::pem_file_iter(path).ok()?.collect::<Result<_, _>>().ok()?;
    chain_valid_until(&chain)
}
