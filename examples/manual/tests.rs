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

/// Asks bash what it suggests after a command, and compares it with the definition.
fn suggests_all(words: &str, command: &Command) {
    let mut expected: BTreeSet<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    let options = command.get_arguments().filter(|argument| !argument.is_hide_set());
    expected.extend(options.filter_map(Arg::get_long).map(|long| format!("--{long}")));
    expected.insert("--help".to_owned());
    let at = words.split(' ').count();
    let suggested: BTreeSet<_> = bash(&format!("{words} ''"), at).into_iter().collect();
    let missing: Vec<_> = expected.difference(&suggested).collect();
    assert!(missing.is_empty(), "{words}: {missing:?} of {suggested:?}");
    for sub in command.get_subcommands() {
        suggests_all(&format!("{words} {}", sub.get_name()), sub);
    }
}

#[test]
fn bash_completes_every_command() {
    let mut command = vouch::cli::command();
    command.build();
    suggests_all("vouch", &command);
}

/// Asserts that each option is described for its command, as the two shells do that.
fn is_described(names: &[&str], command: &Command, zsh: &str, fish: &str) {
    let label = names.iter().map(|name| format!("({name})\n")).next_back().unwrap_or_default();
    for name in command.get_subcommands().map(Command::get_name) {
        assert!(zsh.contains(&format!("'{name}:")), "zsh: {names:?} {name}");
        assert!(fish.contains(&format!(" -a \"{name}\" ")), "fish: {names:?} {name}");
    }
    assert!(zsh.contains(&label), "zsh: {names:?}");
    for option in command.get_arguments().filter_map(Arg::get_long) {
        assert!(zsh.contains(&format!("--{option}")), "zsh: {names:?} --{option}");
        assert!(fish.contains(&format!(" -l {option} ")), "fish: {names:?} --{option}");
    }
    for sub in command.get_subcommands() {
        is_described(&[names, &[sub.get_name()]].concat(), sub, zsh, fish);
    }
}

#[test]
fn zsh_and_fish_know_every_command_and_option() {
    let folder = written();
    let [zsh, fish] = ["_vouch", "vouch.fish"].map(|name| fs::read_to_string(folder.path().join(name)).unwrap());
    is_described(&[], &vouch::cli::command(), &zsh, &fish);
}

/// Returns the words that a shell suggests.
fn suggested(shell: &str, script: &str) -> Vec<String> {
    let folder = written();
    let output = process::Command::new(shell).args(["-c", script]).current_dir(folder.path()).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().split_whitespace().map(str::to_owned).collect()
}

/// Returns what bash suggests for the word at this place.
fn bash(words: &str, at: usize) -> Vec<String> {
    let line = format!(
        "source vouch.bash; COMP_WORDS=({words}); COMP_CWORD={at}; \
         _vouch vouch \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"; echo \"${{COMPREPLY[@]}}\""
    );
    suggested("bash", &line)
}

#[test]
fn bash_completes_commands_and_options() {
    assert_eq!(bash("vouch ke", 1), ["keys"]);
    assert_eq!(bash("vouch keys im", 2), ["import"]);
    assert_eq!(bash("vouch erase --us", 2), ["--user"]);
    assert_eq!(bash("vouch lookup --medium ms", 3), ["msisdn"]);
}
