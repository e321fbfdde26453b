//! Writes the files that packages install next to the program: its manual pages, one for each
//! command, and its completions for bash, zsh and fish. Both come from the definition of the
//! command line.
//!
//! ```sh
//! cargo run --example manual DIRECTORY
//! ```

use std::path::Path;
use std::{env, fs, io};

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;

#[cfg(test)]
mod tests;

fn main() -> io::Result<()> {
    let directory = env::args_os().nth(1).ok_or_else(|| io::Error::other("usage: manual DIRECTORY"))?;
    write(Path::new(&directory))
}

/// Writes `vouch.1`, `vouch-keys.1`, `vouch-keys-new.1` and so on, and `vouch.bash`, `_vouch` and
/// `vouch.fish`.
fn write(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    let mut command = vouch::cli::command();
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(shell, &mut command, "vouch", directory)?;
    }
    command.build();
    write_pages(&command, directory)
}

fn write_pages(command: &Command, directory: &Path) -> io::Result<()> {
    for sub in command.get_subcommands() {
        write_pages(sub, directory)?;
    }
    let page = Man::new(command.clone()).source(concat!("vouch ", env!("CARGO_PKG_VERSION"))).manual("Vouch");
    let mut text = Vec::new();
    page.render(&mut text)?;
    // The text after the options has columns, so its lines are not filled.
    let text = String::from_utf8_lossy(&text).replace(".SH EXTRA\n", ".SH NOTES\n.nf\n");
    fs::write(directory.join(page.get_filename()), text)
}
