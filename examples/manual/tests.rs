use std::collections::BTreeSet;
use std::process;

use clap::Arg;

use super::*;

/// A command, its page and its long options.
struct Page {
    command: String,
    options: Vec<String>,
}

fn pages(name: &str, command: &Command, pages: &mut Vec<Page>) {
    let options = command.get_arguments().filter_map(Arg::get_long).map(str::to_owned).collect();
    pages.push(Page { command: name.to_owned(), options });
    for sub in command.get_subcommands() {
        self::pages(&format!("{name} {}", sub.get_name()), sub, pages);
    }
}

fn written() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path()).unwrap();
    folder
}

#[test]
fn every_command_has_a_page_with_its_options_and_no_page_is_left_over() {
    let folder = written();
    let mut expected = Vec::new();
    pages("vouch", &vouch::cli::command(), &mut expected);
    assert!(expected.iter().any(|page| page.command == "vouch keys import"));
    for page in &expected {
        let name = page.command.replace(' ', "-");
        let text = fs::read_to_string(folder.path().join(format!("{name}.1"))).unwrap();
        assert!(text.contains(&format!(".TH {name} 1")), "{text}");
        let plain = text.replace('\\', "");
        for option in &page.options {
            assert!(plain.contains(&format!("--{option}")), "{name}: --{option}");
        }
    }
    let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let found: BTreeSet<String> = names.filter(|name| name.ends_with(".1")).collect();
    let expected = expected.iter().map(|page| format!("{}.1", page.command.replace(' ', "-"))).collect();
    assert_eq!(found, expected);
}

/// Returns the words that a shell suggests.
fn suggested(shell: &str, script: &str) -> Vec<String> {
    let folder = written();
    let output = process::Command::new(shell).args(["-c", script]).current_dir(folder.path()).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().split_whitespace().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_and_options() {
    let complete = |words: &str, at: usize| {
        let line = format!(
            "source vouch.bash; COMP_WORDS=({words}); COMP_CWORD={at}; \
             _vouch vouch \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"; echo \"${{COMPREPLY[@]}}\""
        );
        suggested("bash", &line)
    };
    assert_eq!(complete("vouch ke", 1), ["keys"]);
    assert_eq!(complete("vouch keys im", 2), ["import"]);
    assert_eq!(complete("vouch erase --us", 2), ["--user"]);
    assert_eq!(complete("vouch lookup --medium ms", 3), ["msisdn"]);
}
