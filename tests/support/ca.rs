//! A certificate authority for tests. Clients trust it if they are given its certificate.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use time::{Duration, OffsetDateTime};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A certificate authority with its own key.
pub struct Ca {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Ca {
    /// Creates an authority.
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "Vouch test authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let issuer = CertifiedIssuer::self_signed(params, new_key()).expect("the parameters are valid");
        Self { issuer }
    }

    /// Returns the certificate of the authority in PEM, for clients to trust.
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// Writes [`Self::pem`] to `path`.
    pub fn write_to(&self, path: &Path) {
        fs::write(path, self.pem()).expect("the directory exists");
    }

    /// Issues a certificate for DNS names and IP addresses. Returns it with its key, as rustls'
    /// `with_single_cert` expects.
    pub fn certificate_for(&self, names: &[&str]) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        self.sign(&params_for(names)).into_der()
    }

    /// Issues a certificate that expired in 2001.
    pub fn expired_certificate_for(&self, names: &[&str]) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let mut params = params_for(names);
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(2001, 1, 1);
        self.sign(&params).into_der()
    }

    /// Writes a new certificate for `names` and its key to `dir` in PEM. Returns both paths.
    pub fn write_certificate_for(&self, names: &[&str], dir: &Path) -> (PathBuf, PathBuf) {
        self.write(&params_for(names), dir)
    }

    /// Works like [`Self::write_certificate_for`], with a certificate that is valid for this many
    /// days.
    pub fn write_certificate_until(&self, days: i64, names: &[&str], dir: &Path) -> (PathBuf, PathBuf) {
        let mut params = params_for(names);
        params.not_after = OffsetDateTime::now_utc() + Duration::days(days);
        self.write(&params, dir)
    }

    /// Works like [`Self::write_certificate_for`], with a certificate that becomes valid in this
    /// many days.
    pub fn write_certificate_from(&self, days: i64, names: &[&str], dir: &Path) -> (PathBuf, PathBuf) {
        let mut params = params_for(names);
        params.not_before = OffsetDateTime::now_utc() + Duration::days(days);
        self.write(&params, dir)
    }

    fn write(&self, params: &CertificateParams, dir: &Path) -> (PathBuf, PathBuf) {
        let Signed { certificate, key } = self.sign(params);
        let (certificate_file, key_file) = (dir.join("certificate.pem"), dir.join("key.pem"));
        fs::write(&certificate_file, certificate.pem()).expect("the directory exists");
        fs::write(&key_file, key.serialize_pem()).expect("the directory exists");
        (certificate_file, key_file)
    }

    fn sign(&self, params: &CertificateParams) -> Signed {
        let key = new_key();
        let certificate = params.signed_by(&key, &self.issuer).expect("the parameters are valid");
        Signed { certificate, key }
    }
}

impl Default for Ca {
    fn default() -> Self {
        Self::new()
    }
}

/// A self-signed certificate that claims to be an authority's, such as `openssl req -x509` makes.
pub struct SelfSigned(Signed);

impl SelfSigned {
    /// Creates a certificate for DNS names and IP addresses.
    pub fn authority_for(names: &[&str]) -> Self {
        let (mut params, key) = (params_for(names), new_key());
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.extended_key_usages.clear();
        let certificate = params.self_signed(&key).expect("the parameters are valid");
        Self(Signed { certificate, key })
    }

    /// Returns the certificate in PEM.
    pub fn pem(&self) -> String {
        self.0.certificate.pem()
    }

    /// Returns the key in PEM.
    pub fn key_pem(&self) -> String {
        self.0.key.serialize_pem()
    }

    /// Returns the certificate with its key, as rustls' `with_single_cert` expects.
    pub fn into_der(self) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        self.0.into_der()
    }

    /// Returns a server's configuration with it.
    pub fn server_config(self) -> ServerConfig {
        let (chain, key) = self.into_der();
        ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring has the default versions")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("the key belongs to the certificate")
    }
}

struct Signed {
    certificate: Certificate,
    key: KeyPair,
}

impl Signed {
    fn into_der(self) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        (vec![self.certificate.der().clone()], PrivateKeyDer::from(self.key))
    }
}

fn new_key() -> KeyPair {
    KeyPair::generate().expect("the system has randomness")
}

fn params_for(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let mut params = CertificateParams::new(names).expect("names are ASCII");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}
