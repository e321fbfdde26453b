//! 403: actions that the caller may not perform, or for which they lack proof.

use super::{Error, ErrorKind};

impl Error {
    /// 403 `M_TERMS_NOT_SIGNED`
    #[must_use]
    pub fn terms_not_signed() -> Self {
        Self::new(ErrorKind::Forbidden, "M_TERMS_NOT_SIGNED", "Please accept our terms of service before continuing")
    }

    /// 403 `M_FORBIDDEN`
    #[must_use]
    pub fn forbidden(text: &'static str) -> Self {
        Self::new(ErrorKind::Forbidden, "M_FORBIDDEN", text)
    }

    /// 403 `M_FORBIDDEN`, for binding an address whose owner objects. The caller has proved that
    /// the address is theirs, or operates this server, so they may be told.
    #[must_use]
    pub fn owner_objects() -> Self {
        Self::forbidden("The owner of the address objects to it being listed")
    }

    /// 403 `M_FORBIDDEN`, if there is no fresh proof, or it was already used.
    #[must_use]
    pub fn proof_required() -> Self {
        let text = "This needs a fresh proof of who you are: register again with a new OpenID token, and use the token \
                    you receive within 5 minutes; it counts once";
        Self::new(ErrorKind::ProofRequired, "M_FORBIDDEN", text)
    }

    /// 403 `M_FORBIDDEN`, if no link sent to an address has been opened for this token or web
    /// session.
    #[must_use]
    pub fn confirmation_required() -> Self {
        let text = "This needs a confirmation: request a link to one of your addresses, and open it. If you \
         cannot read any of them, request an erasure (account/erasure), which needs no confirmation but is delayed";
        Self::new(ErrorKind::ConfirmationRequired, "M_FORBIDDEN", text)
    }
}
