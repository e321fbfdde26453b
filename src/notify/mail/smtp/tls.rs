//! TLS to an SMTP server.

use std::sync::Arc;

use tokio_rustls::TlsConnector;

use crate::config::Smtp;
use crate::crypto::trust::{self, TrustError};
use crate::notify::unusable;

/// Trusts the system's certificate authorities and those in `mail.ca_file`; or any certificate at
/// all, if `mail.verify_certificate` is off.
pub(super) fn connector(settings: &Smtp) -> Result<TlsConnector, String> {
    let config = trust::client_config(settings.ca_file.as_deref())
        .map_err(|TrustError { path, reason }| unusable("mail.ca_file", &path, reason))?;
    let config = if settings.verify_certificate { config } else { trust::unverified_client_config() };
    Ok(TlsConnector::from(Arc::new(config)))
}
