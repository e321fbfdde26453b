//! `vouch check-config`: what is wrong with the configuration, in words.

use std::io::{self, Write};
use std::path::Path;

use super::Config;

/// Writes every mistake, or that there is none and what to beware of. Returns whether the configuration is valid.
///
/// # Errors
/// If `out` cannot be written to.
pub fn check(
    file: Option<&Path>,
    environment: impl Iterator<Item = (String, String)>,
    out: &mut impl Write,
) -> io::Result<bool> {
    match Config::load(file, environment) {
        Ok(config) => {
            writeln!(out, "the configuration is valid")?;
            for warning in config.warnings() {
                writeln!(out, "warning: {warning}")?;
            }
            Ok(true)
        }
        Err(mistakes) => {
            for mistake in mistakes {
                writeln!(out, "{mistake}")?;
            }
            Ok(false)
        }
    }
}

/// The variables of this process that may set a key. What is not Unicode becomes U+FFFD, and a mistake or an odd name.
pub fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(variables: &[(&str, &str)]) -> (bool, String) {
        let mut out = Vec::new();
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let valid = check(None, variables, &mut out).unwrap();
        (valid, String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_valid_configuration_is_said_to_be_valid() {
        assert_eq!(checked(&[]), (true, "the configuration is valid\n".to_owned()));
    }

    #[test]
    fn warnings_follow_a_valid_configuration() {
        let (valid, text) = checked(&[("VOUCH__LOOKUP__PLAIN", "true")]);
        assert!(valid);
        assert!(text.starts_with("the configuration is valid\nwarning: [lookup] plain: "), "{text}");
    }

    #[test]
    fn each_mistake_has_a_line() {
        let (valid, text) = checked(&[("VOUCH__LOOKUP__PLAIN", "maybe"), ("VOUCH__MAIL__HOST", "a b")]);
        assert!(!valid);
        assert_eq!(text.lines().count(), 2, "{text}");
    }
}
