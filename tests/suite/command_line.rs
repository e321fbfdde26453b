//! The command line itself: help, wrong usage, and the check of the configuration.

use std::fs;
use std::path::Path;

use crate::program::{Binary, done, refused};

#[test]
fn mistyped_arguments_have_status_2() {
    let folder = tempfile::tempdir().unwrap();
    let binary = Binary::bare(folder.path());
    refused(&binary.run(&["lookup", "alice"]), 2, "expected an e-mail address");
    refused(&binary.run(&["export", "--user", "alice"]), 2, "expected a Matrix ID such as @alice:example.org");
    refused(&binary.run(&["erase"]), 2, "required");
    refused(&binary.run(&["sevre"]), 2, "'serve'");
}

#[test]
fn check_config_names_file_key_and_remedy_of_every_mistake() {
    let folder = tempfile::tempdir().unwrap();
    let file = "[server]\npublic-url = \"https://id.example.org\"\n[mail]\nsecurity = \"ssl\"\nuser = \"vouch\"\n";
    fs::write(folder.path().join("vouch.toml"), file).unwrap();
    let mut binary = Binary::bare(folder.path());
    binary.set("VOUCH__LOG__ACESS", "true");
    binary.set("VOUCH__TERMS__DIRECTORY", "no/such");
    for arguments in [&["check-config", "--config", "vouch.toml"][..], &["--config", "vouch.toml", "serve"]] {
        let done = binary.run(arguments);
        for said in [
            "vouch.toml:2:1: [server] public-url: unknown key, did you mean `public_url`?",
            "vouch.toml:4:12: [mail] security: expected \"tls\", \"starttls\" or \"none\"",
            "vouch.toml:5:8: [mail] user: needs `password`",
            "environment variable VOUCH__LOG__ACESS: does not set a key, did you mean VOUCH__LOG__ACCESS?",
            "environment variable VOUCH__TERMS__DIRECTORY: [terms] directory: expected a directory",
        ] {
            refused(&done, 2, said);
        }
        assert_eq!(done.stderr.lines().count(), 5, "{done:?}");
    }
    binary.set("VOUCH_CONFIG", "absent.toml");
    refused(&binary.run(&["check-config"]), 2, "absent.toml: there is no such file");
}

#[test]
fn check_config_reads_what_a_start_reads_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir_all(path("policies/terms/first")).unwrap();
    fs::create_dir(path("texts")).unwrap();
    fs::write(path("texts/en.ftl"), "no-such-message = Hello\n").unwrap();
    fs::create_dir(path("keys")).unwrap();
    fs::write(path("keys/master.key"), "short\n").unwrap();
    let mut binary = Binary::bare(folder.path());
    binary.set("VOUCH__TEXTS__DIRECTORY", "texts");
    binary.set("VOUCH__KEYS__MASTER_KEY_FILE", "keys/master.key");
    let done = binary.run(&["check-config"]);
    for said in [
        "policies/terms/first: a version's folder is named",
        "texts/en.ftl: ",
        "keys/master.key: contains no master key",
    ] {
        refused(&done, 2, said);
    }
    assert!(!path("data").exists());
}

#[test]
fn the_example_is_valid_and_so_are_the_defaults() {
    let folder = tempfile::tempdir().unwrap();
    let mut binary = Binary::bare(folder.path());
    assert_eq!(done(binary.run(&["check-config"])), "the configuration is valid\n");
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/vouch.example.toml");
    binary.set("VOUCH_CONFIG", example);
    assert_eq!(done(binary.run(&["check-config"])), "the configuration is valid\n");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn warnings_are_no_mistakes() {
    let folder = tempfile::tempdir().unwrap();
    let mut binary = Binary::bare(folder.path());
    binary.set("VOUCH__LOOKUP__PLAIN", "true");
    let checked = binary.run(&["check-config"]);
    assert_eq!((checked.status, checked.stdout.as_str()), (Some(0), "the configuration is valid\n"));
    assert!(checked.stderr.starts_with("warning: [lookup] plain: "), "{checked:?}");
}

/// Returns the words of every command, and none for the program without a command.
fn commands() -> Vec<Vec<String>> {
    fn add(command: &clap::Command, words: &[String], all: &mut Vec<Vec<String>>) {
        all.push(words.to_vec());
        for sub in command.get_subcommands() {
            add(sub, &[words, &[sub.get_name().to_owned()]].concat(), all);
        }
    }
    let mut all = Vec::new();
    add(&vouch::cli::command(), &[], &mut all);
    all
}

#[test]
fn every_command_has_a_help_for_people_and_says_what_is_wrong_with_an_argument() {
    let folder = tempfile::tempdir().unwrap();
    let binary = Binary::bare(folder.path());
    let (commands, mut wrong) = (commands(), Vec::new());
    assert!(commands.len() > 25, "{commands:?}");
    for words in &commands {
        let run = |argument: &str| {
            let words = words.iter().map(String::as_str);
            binary.run(&words.chain([argument]).collect::<Vec<_>>())
        };
        let name = [&["help".to_owned()], &words[..]].concat().join("_");
        insta::assert_snapshot!(name.as_str(), done(run("--help")));
        assert_eq!(run("-h").status, Some(0), "{words:?}");
        let refused = run("--no-such-option");
        assert_eq!((refused.status, refused.stdout.as_str()), (Some(2), ""), "{words:?}");
        wrong.push(format!(
            "$ {} --no-such-option\n{}",
            name.replacen("help", "vouch", 1).replace('_', " "),
            refused.stderr
        ));
    }
    insta::assert_snapshot!("wrong_option", wrong.join("\n"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is created");
}

#[test]
fn what_is_stored_for_how_long_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    insta::assert_snapshot!("retention", done(Binary::bare(folder.path()).run(&["retention"])));
}

#[test]
fn check_config_warns_of_a_public_server_whose_mails_are_files_and_whose_proxy_is_not_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let mut binary = Binary::bare(folder.path());
    binary.set("VOUCH__SERVER__PUBLIC_URL", "https://id.example.org");
    let checked = binary.run(&["check-config"]);
    assert_eq!((checked.status, checked.stdout.as_str()), (Some(0), "the configuration is valid\n"));
    for warning in ["warning: [mail] host: is not set", "warning: [server] trusted_proxies: is empty"] {
        assert!(checked.stderr.contains(warning), "{checked:?}");
    }
}

#[test]
fn a_secret_in_a_file_is_used_and_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("database"), "postgres://u:hunter2@[::1]:1/d\n").unwrap();
    let mut binary = Binary::bare(folder.path());
    binary.set("VOUCH__DATABASE__URL_FILE", "database");
    let done = binary.run(&["lookup", "alice@example.org"]);
    refused(&done, 1, "PostgreSQL");
    assert!(!done.stderr.contains("hunter2"), "{done:?}");
    binary.set("VOUCH__DATABASE__URL", "sqlite:data/vouch.db");
    refused(&binary.run(&["check-config"]), 2, "[database] url_file: is set, and so is `url`: set only one of them");
}

/// A command without the server's configuration works on other files than the server does.
#[test]
fn the_commands_in_the_operations_manual_name_the_configuration() {
    let manual = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/operations.md")).unwrap();
    let (_, manual) = manual.split_once("## Keys").unwrap();
    let blocks = manual.split("```").skip(1).step_by(2);
    let commands = blocks.flat_map(str::lines).filter(|line| line.contains("vouch keys") || line.contains("-- vouch"));
    let commands: Vec<&str> = commands.filter(|line| !line.starts_with("cp ")).collect();
    assert!(commands.len() >= 7, "{commands:?}");
    for command in commands {
        assert!(command.contains("--config /etc/vouch/vouch.toml"), "{command}");
    }
}

/// Operators who are told to watch for a line would wait in vain if the server never wrote it.
#[test]
fn the_log_lines_in_the_operations_manual_are_written() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manual = fs::read_to_string(root.join("docs/operations.md")).unwrap();
    let (_, listed) = manual.split_once("- Log lines worth an alert: ").unwrap();
    let (listed, _) = listed.split_once("\n- ").unwrap();
    // Lines of the manual wrap, and so do string literals.
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let sources = words(&sources(&root.join("src")).replace("\\\n", ""));
    let (listed, mut found) = (words(listed), 0);
    for line in listed.split('"').skip(1).step_by(2) {
        // Values that the server fills in are skipped.
        for part in line.split("...").map(str::trim).filter(|part| !part.is_empty()) {
            assert!(sources.contains(part), "nothing writes \"{part}\"");
        }
        found += 1;
    }
    assert!(found >= 10, "{listed}");
}

/// Returns the text of all source files below a folder.
fn sources(folder: &Path) -> String {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { sources(&path) } else { fs::read_to_string(path).unwrap() }).collect()
}
