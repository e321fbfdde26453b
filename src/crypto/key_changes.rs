//! Changes to the signing key file by the operator: adding a key or choosing the one that signs. No
//! key is ever removed.

use std::path::Path;

use ruma_common::ServerName;
use zeroize::Zeroizing;

use super::key_file::{self, KeyFileError};
use super::signing::{NamedKey, SigningKeys, new_line};

impl SigningKeys {
    /// Puts a new key at the start of the file, so that it signs after the next start. Returns all
    /// keys.
    ///
    /// # Errors
    /// If the file does not exist, or cannot be read or written.
    pub fn renew(path: &Path, server_name: &ServerName) -> Result<Self, KeyFileError> {
        let file = key_file::change(path, |text| {
            let text = text.ok_or("it does not exist: the server creates it, with a key, when it first starts")?;
            Self::parse(text, server_name)?;
            Ok(Zeroizing::new(format!("{}{}", *new_line(), text)))
        })?;
        Self::parse_file(path, &file, server_name)
    }

    /// Adds the key of a line `ed25519 <version> <seed>` to the file, creating it if necessary: at
    /// the start if the key is to sign, and at the end otherwise. A key that is already there stays
    /// or moves to the start. Returns all keys.
    ///
    /// # Errors
    /// If the line is not a valid key, if the file has a different key of that version, or if it
    /// cannot be read or written.
    pub fn import(path: &Path, server_name: &ServerName, line: &str, signs: bool) -> Result<Self, KeyFileError> {
        Self::import_all(path, server_name, &[Zeroizing::new(line.to_owned())], signs)
    }

    /// Adds the keys of several lines, all or none. If they are to sign, the first one does.
    ///
    /// # Errors
    /// The same as for [`Self::import`].
    pub fn import_all(
        path: &Path,
        server_name: &ServerName,
        lines: &[Zeroizing<String>],
        signs: bool,
    ) -> Result<Self, KeyFileError> {
        let parse = |line: &Zeroizing<String>| {
            let key = NamedKey::parse(line).filter(|_| line.trim().lines().count() == 1);
            let key = key.ok_or_else(|| {
                KeyFileError::new(path, "unchanged: the key to import must be one line \"ed25519 <version> <seed>\"")
            })?;
            Ok((key, Zeroizing::new(format!("{}\n", line.trim()))))
        };
        let new = lines.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
        let file = key_file::change(path, |text| {
            let mut text = Zeroizing::new(text.unwrap_or_default().to_owned());
            for (nth, (key, line)) in new.iter().enumerate() {
                text = match text.as_str() {
                    "" => line.clone(),
                    text => with_key(text, server_name, key, line, signs && nth == 0)?,
                };
            }
            Ok(text)
        })?;
        Self::parse_file(path, &file, server_name)
    }
}

/// Returns the text of the file with the key.
fn with_key(
    text: &str,
    server_name: &ServerName,
    key: &NamedKey,
    line: &str,
    signs: bool,
) -> Result<Zeroizing<String>, String> {
    let present = SigningKeys::parse(text, server_name)?.public_key(key.id());
    if present.as_ref().is_some_and(|present| *present != key.public_key()) {
        return Err(format!("unchanged: it has a different key {}", key.id()));
    }
    if present.is_some() && !signs {
        return Ok(Zeroizing::new(text.to_owned()));
    }
    let is_same = |line: &str| NamedKey::parse(line).is_some_and(|other| other.id() == key.id());
    let mut lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty() && !is_same(line)).collect();
    lines.insert(if signs { 0 } else { lines.len() }, line.trim_end());
    // Allocated once, so that no copy of a secret is left behind.
    let mut changed = Zeroizing::new(String::with_capacity(text.len() + line.len() + 1));
    for line in lines {
        changed.push_str(line);
        changed.push('\n');
    }
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const FIRST: &str = "ed25519 1 YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1";
    const SECOND: &str = "ed25519 a_2 ZJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1";

    fn name() -> &'static ServerName {
        <&ServerName>::try_from("domain").unwrap()
    }

    /// Returns the key IDs after importing a line into a file with that text, or the error.
    fn imported(text: &str, line: &str, signs: bool) -> Result<Vec<String>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("signing.key");
        fs::write(&path, text).unwrap();
        let keys = SigningKeys::import(&path, name(), line, signs);
        let after = fs::read_to_string(&path).unwrap();
        let keys = keys.map_err(|error| {
            assert_eq!(after, text, "an error changes nothing");
            error.to_string()
        })?;
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");
        Ok(keys.all().map(|(id, _)| id.to_owned()).collect())
    }

    #[test]
    fn an_imported_key_is_put_in_its_place() {
        assert_eq!(imported(FIRST, SECOND, false).unwrap(), ["ed25519:1", "ed25519:a_2"]);
        assert_eq!(imported(FIRST, SECOND, true).unwrap(), ["ed25519:a_2", "ed25519:1"]);
        let both = format!("\n{FIRST}\n\n{SECOND}");
        assert_eq!(imported(&both, SECOND, false).unwrap(), ["ed25519:1", "ed25519:a_2"]);
        assert_eq!(imported(&both, SECOND, true).unwrap(), ["ed25519:a_2", "ed25519:1"]);
        assert_eq!(imported(&both, &format!("{FIRST}=\n"), true).unwrap(), ["ed25519:1", "ed25519:a_2"]);
    }

    #[test]
    fn an_invalid_key_or_a_different_one_of_that_name_is_refused() {
        let other = SECOND.replace("a_2", "1");
        assert!(imported(FIRST, &other, true).unwrap_err().contains("different key ed25519:1"));
        for line in ["", "\n", "ed25519 1", &format!("signingkey = {SECOND}"), &format!("{SECOND}\n{SECOND}")] {
            assert!(imported(FIRST, line, true).unwrap_err().contains("one line"), "{line:?}");
        }
        assert!(imported("nonsense", SECOND, true).unwrap_err().contains("line 1"));
    }

    #[test]
    fn a_new_key_comes_first_and_needs_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("signing.key");
        assert!(SigningKeys::renew(&path, name()).err().unwrap().to_string().contains("does not exist"));
        assert!(!path.exists());
        SigningKeys::import(&path, name(), FIRST, false).unwrap();
        let keys = SigningKeys::renew(&path, name()).unwrap();
        let ids: Vec<_> = keys.all().map(|(id, _)| id.to_owned()).collect();
        assert_eq!((ids.len(), ids[1].as_str()), (2, "ed25519:1"));
        assert_eq!(keys.current().0, ids[0]);
    }
}
