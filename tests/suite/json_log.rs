//! The log as JSON: one object per line, whatever happens.

use std::fs;
use std::net::TcpListener;

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::program::{Binary, Done, refused};

/// Returns level and message of each line, all of which must be objects.
#[track_caller]
fn lines(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().map(|line| {
        let object: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let field = |name: &str| object[name].as_str().unwrap_or_else(|| panic!("no {name}: {line}")).to_owned();
        assert_eq!(object.as_object().unwrap().len(), 4, "{line}");
        let time = OffsetDateTime::parse(&field("time"), &Rfc3339).unwrap();
        assert!(time.offset().is_utc() && field("time").ends_with('Z'), "{line}");
        assert!(field("target").starts_with("vouch"), "{line}");
        (field("level"), field("message"))
    });
    lines.collect()
}

fn in_json(mut binary: Binary) -> Binary {
    binary.set("VOUCH__LOG__FORMAT", "json");
    binary
}

/// Asserts that a server did not start for this reason, which is on a separate line.
#[track_caller]
fn fails(done: &Done, status: i32, reason: &str) {
    assert_eq!((done.status, done.stdout.as_str()), (Some(status), ""), "{done:?}");
    let lines = lines(&done.stderr);
    assert!(lines.iter().any(|(level, message)| level == "ERROR" && message.contains(reason)), "{done:?}");
}

on_both_backends! {
    async fn every_line_of_a_server_is_an_object(world: World) {
        let mut binary = in_json(Binary::of(&world));
        binary.set("VOUCH__LOG__FILTER", "trace");
        binary.set("VOUCH__LOG__ACCESS", "true");
        binary.set("VOUCH__LOOKUP__PLAIN", "true");
        let process = binary.serve().await;
        process.server.get("/_matrix/identity/versions", None).await.ok();
        process.signal("TERM");
        let (status, log) = process.ended().await;
        assert_eq!(status, Some(0), "{log}");
        let lines = lines(&log);
        let said = |level: &str, begin: &str| {
            assert!(lines.iter().any(|line| line.0 == level && line.1.starts_with(begin)), "{level} {begin}: {log}");
        };
        said("INFO", concat!("Vouch ", env!("CARGO_PKG_VERSION"), " listens on http://127.0.0.1:"));
        said("INFO", "keys: created data/master.key and data/signing.key");
        said("WARN", "warning: [lookup] plain: ");
        said("INFO", "request 1: ");
        said("INFO", "stopped");
    }
}

#[test]
fn why_a_server_does_not_start_is_an_object_even_if_nothing_is_to_be_logged() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut binary = in_json(Binary::bare(folder.path()));
    binary.set("VOUCH__LOG__FILTER", "off");
    binary.set("VOUCH__SERVER__LISTEN", &taken.local_addr().unwrap().to_string());
    fails(&binary.run(&[]), 1, "server.listen: ");
    binary.set("VOUCH__TEXTS__DIRECTORY", "texts");
    fs::create_dir(folder.path().join("texts")).unwrap();
    fs::write(folder.path().join("texts/en.ftl"), "no-such-message = \u{7}\n").unwrap();
    fails(&binary.run(&["serve"]), 1, "texts/en.ftl: ");
}

#[test]
fn each_mistake_in_the_configuration_is_an_object() {
    let folder = tempfile::tempdir().unwrap();
    let file = "[log]\nformat = \"json\"\nacess = true\n[mail]\nsecurity = \"ssl\"\n";
    fs::write(folder.path().join("vouch.toml"), file).unwrap();
    let binary = Binary::bare(folder.path());
    let done = binary.run(&["--config", "vouch.toml"]);
    fails(&done, 2, "vouch.toml:3:1: [log] acess: unknown key");
    fails(&done, 2, "vouch.toml:5:12: [mail] security: expected");
    assert_eq!(lines(&done.stderr).len(), 2, "{done:?}");
}

#[test]
fn another_format_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let mut binary = Binary::bare(folder.path());
    for format in ["JSON", "logfmt", "true"] {
        binary.set("VOUCH__LOG__FORMAT", format);
        let said = "environment variable VOUCH__LOG__FORMAT: [log] format: expected \"plain\" or \"json\"\n";
        refused(&binary.run(&[]), 2, said);
    }
}

#[test]
fn commands_still_write_for_people() {
    let folder = tempfile::tempdir().unwrap();
    let mut binary = in_json(Binary::bare(folder.path()));
    refused(&binary.run(&["lookup", "alice@example.org"]), 1, "there is no database at data/vouch.db: run this where");
    binary.set("VOUCH__LOG__ACESS", "true");
    let said = "environment variable VOUCH__LOG__ACESS: does not set a key";
    assert!(binary.run(&["check-config"]).stderr.starts_with(said));
}
