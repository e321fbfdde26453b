//! What operators see of SMS gateways.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::program::Binary;

#[tokio::test]
async fn without_a_gateway_texts_are_written_to_files_and_the_start_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let log = Binary::bare(folder.path()).serve().await.log();
    let said = "texts     not sent but written to data/sms as .txt files, because [sms] has no gateway";
    assert!(log.contains(said), "{log}");
    let directory = fs::metadata(folder.path().join("data/sms")).unwrap();
    assert_eq!(directory.permissions().mode() & 0o777, 0o700);
}

#[tokio::test]
async fn the_start_names_gateways_but_not_their_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let mut binary = Binary::bare(folder.path());
    binary.set("VOUCH__SMS__RULES", r#"{ "*" = "webhook", "+1" = "openmarket" }"#);
    binary.set("VOUCH__SMS__OPENMARKET__ACCOUNT", "000-000-000-00001");
    binary.set("VOUCH__SMS__OPENMARKET__PASSWORD", "hunter2");
    binary.set("VOUCH__SMS__WEBHOOK__URL", "https://sms.example.org/hunter2?to={number}&text={text}");
    binary.set("VOUCH__SMS__WEBHOOK__METHOD", "GET");
    binary.set("VOUCH__SMS__WEBHOOK__HEADERS", r#"{ Authorization = "Bearer hunter2" }"#);
    binary.set("VOUCH__LOG__FILTER", "trace");
    let log = binary.serve().await.log();
    assert!(log.contains("texts     through openmarket and webhook"), "{log}");
    assert!(!log.contains("hunter2"), "{log}");
    assert!(!folder.path().join("data/sms").exists());
}

#[test]
fn check_config_reports_wrong_gateway_settings() {
    let folder = tempfile::tempdir().unwrap();
    let file = "[sms]\nca_file = \"ca.pem\"\n[sms.rules]\n\"+44\" = \"kannel\"\n\"44\" = \"reject\"\n[sms.openmarket]\n\
                account = \"1\"\n[sms.webhook]\nurl = \"https://sms.example.org\"\nbdy = \"{text}\"\n";
    fs::write(folder.path().join("vouch.toml"), file).unwrap();
    fs::write(folder.path().join("ca.pem"), "no certificate\n").unwrap();
    let mut binary = Binary::bare(folder.path());
    binary.set("VOUCH_CONFIG", "vouch.toml");
    let done = binary.run(&["check-config"]);
    for said in [
        "vouch.toml:3:1: [sms] rules: sends messages through kannel, but `[sms.kannel]` is not set up",
        "vouch.toml:5:1: [sms] rules: expected the first digits of numbers, such as \"+44\"",
        "vouch.toml:7:11: [sms.openmarket] account: needs `password`",
        "vouch.toml:9:7: [sms.webhook] url: {text} and {number} (or {digits}) must be here or in `body`",
        "vouch.toml:10:1: [sms.webhook] bdy: unknown key, did you mean `body`?",
    ] {
        assert!(done.stderr.contains(said), "{said}\n{done:?}");
    }
    assert_eq!((done.status, done.stderr.lines().count()), (Some(2), 5), "{done:?}");

    fs::write(folder.path().join("vouch.toml"), "[sms]\nca_file = \"ca.pem\"\n").unwrap();
    let done = binary.run(&["check-config"]);
    assert!(done.stderr.contains("sms.ca_file: ca.pem: no certificate in it"), "{done:?}");
}
