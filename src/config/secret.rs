//! A secret that does not appear in logs.

use std::fmt;
use std::ops::Deref;

use zeroize::Zeroizing;

/// Text that is cleared from memory when dropped, and that `Debug` does not show.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }
}

impl Deref for Secret {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}
