//! Reading values that should not be on the command line, where every user of the machine can see
//! them.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use zeroize::Zeroizing;

use super::Failure;

/// Returns the contents of a file; `-` means standard input.
pub(super) fn read(file: &Path) -> Result<Zeroizing<String>, Failure> {
    let mut text = Zeroizing::new(String::new());
    let read = if file.as_os_str() == "-" {
        io::stdin().read_to_string(&mut text)
    } else {
        File::open(file).and_then(|mut file| file.read_to_string(&mut text))
    };
    read.map_err(|error| Failure::Failed(format!("{}: {error}", file.display())))?;
    Ok(text)
}

/// Returns the only line of a file; `-` means standard input.
pub(super) fn read_line(file: &Path) -> Result<String, Failure> {
    let text = read(file)?;
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    match (lines.next(), lines.next()) {
        (Some(line), None) => Ok(line.to_owned()),
        (None, _) => Err(Failure::Usage(format!("{}: expected an address, but it is empty", file.display()))),
        (Some(_), Some(_)) => Err(Failure::Usage(format!("{}: expected one address, on one line", file.display()))),
    }
}
