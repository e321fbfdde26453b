//! The content that people read and accept: the brand, the texts and the policies. A reload
//! replaces all of it at once.

use arc_swap::ArcSwap;

use crate::brand::Brand;
use crate::config::Config;
use crate::error::StartError;
use crate::identity::policy::Policies;
use crate::texts::Texts;

/// The content that people read and accept.
#[derive(Debug)]
pub struct Content {
    /// The operator's name, contact, logo and colour.
    pub brand: Brand,
    /// The texts of pages and messages.
    pub texts: Texts,
    /// The documents that people accept.
    pub policies: Policies,
}

/// The content in effect. Anything that must be consistent is taken from one loaded value.
pub type Published = ArcSwap<Content>;

impl Content {
    /// Describes the differences from earlier content.
    ///
    /// # Errors
    /// If a document has changed or disappeared, since people have accepted it as it was.
    pub fn changes(&self, before: &Self, config: &Config) -> Result<Vec<String>, Vec<StartError>> {
        let directory = config.terms.directory.as_deref();
        let added = self.policies.additions(&before.policies, directory.unwrap_or("policies".as_ref()));
        let added =
            added.map_err(|errors| errors.iter().map(|error| StartError(error.to_string())).collect::<Vec<_>>())?;
        let brand = self.brand.changes(&before.brand);
        Ok(added.into_iter().chain(self.texts.changes(&before.texts)).chain(brand).collect())
    }
}
