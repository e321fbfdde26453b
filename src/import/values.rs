//! Values of another server's rows. Nothing enforces their types or lengths, so nothing is taken
//! for granted.

use ruma_common::OwnedUserId;

/// Returns a text, or `None` if it is not UTF-8 or contains a NUL.
#[must_use]
pub fn text(bytes: Option<&[u8]>) -> Option<&str> {
    std::str::from_utf8(bytes?).ok().filter(|text| !text.contains('\0'))
}

/// Returns a valid Matrix ID.
#[must_use]
pub fn user_id(bytes: Option<&[u8]>) -> Option<OwnedUserId> {
    OwnedUserId::try_from(text(bytes)?).ok()
}

/// Returns a value as shown to the operator.
#[must_use]
pub fn shown(bytes: Option<&[u8]>) -> String {
    let text = String::from_utf8_lossy(bytes.unwrap_or_default());
    text.chars().take(100).flat_map(char::escape_debug).collect()
}
