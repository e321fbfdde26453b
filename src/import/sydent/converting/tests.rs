use crate::config::Config;

use super::*;

fn converted(conf: &str) -> String {
    Settings::parse(conf).unwrap().to_toml()
}

#[test]
fn every_setting_becomes_one_here_or_a_remark() {
    let toml = converted(
        "[DEFAULT]\n\
         log.level = WARNING\n\
         [general]\n\
         server.name = id.example.org\n\
         address_lookup_limit = 5000\n\
         homeserver_allow_list = hs1.example, hs2.example\n\
         ip.whitelist = 10.1.2.0/24\n\
         sentry_dsn = https://sentry.example\n\
         something.new = 7\n\
         [http]\n\
         clientapi.http.bind_address = ::1\n\
         clientapi.http.port = 8090\n\
         obey_x_forwarded_for = True\n\
         client_http_base = https://id.example.org\n\
         [email]\n\
         # a comment\n\
         email.from = Id Server <no#reply@id.example.org>\n\
         email.smtphost = smtp.example.org\n\
         email.smtpport = 587\n\
         email.smtpusername = id\n\
         email.smtppassword = a;b#c%%d\"e\n\
         email.tlsmode = STARTTLS\n\
         email.ratelimit_sender.burst = 5\n\
         email.ratelimit_sender.rate_hz = 0.01\n\
         email.third_party_invite_room_blocklist = !a:hs.example\n\
         [sms]\n\
         username = 000-000-000-00000\n\
         password = secret\n\
         originators.44 = long:447700900000,alpha:Matrix\n\
         originators.default = alpha:Matrix\n\
         smsrule.250 = reject\n",
    );
    for line in [
        "name = \"id.example.org\"",
        "listen = [\"[::1]:8090\"]",
        "trusted_proxies = [\"127.0.0.1\", \"::1\"]",
        "max_addresses = 5000",
        "allowed_servers = [\"hs1.example\", \"hs2.example\"]",
        "sender = \"Id Server <no#reply@id.example.org>\"",
        "security = \"starttls\"",
        "per_hour = 36",
        "filter = \"warn\"",
        "senders = { \"+44\" = \"+447700900000\" }",
        "# - sentry_dsn: there is none",
        "# - something.new (in [general]): not known",
        "# - originators.default = alpha:Matrix: set [sms] sender",
    ] {
        assert!(toml.lines().any(|found| found == line), "{line} is not in:\n{toml}");
    }
    let parsed: toml::Table = toml.parse().unwrap();
    assert_eq!(parsed["mail"]["password"].as_str(), Some("a;b#c%d\"e"));
    assert_eq!(parsed["sms"]["rules"]["*"].as_str(), Some("openmarket"));
    assert_accepted(&toml);
}

#[test]
fn the_configuration_of_the_shared_database_is_accepted() {
    let toml = converted(include_str!("../../../../tests/data/sydent.conf"));
    assert!(toml.contains("public_url = \"https://id.example.org\""), "{toml}");
    assert_accepted(&toml);
}

#[track_caller]
fn assert_accepted(toml: &str) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), toml).unwrap();
    Config::load(Some(file.path()), std::iter::empty()).map_err(|errors| format!("{errors:?} in\n{toml}")).unwrap();
}

#[test]
fn both_forms_of_the_signing_key_are_read() {
    let seed = "ed25519 0 YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA0";
    let hex = "6090c103d5e7af6b15a970fd563ed75549e6159719ae5c3c31dee4316fb75c0d";
    let key = |line: &str| Settings::parse(&format!("[crypto]\ned25519.signingkey = {line}\n")).unwrap().signing_key();
    let (id, public) = key(seed).unwrap();
    assert_eq!((id.as_str(), public.as_str()), ("ed25519:0", "XGX0JRS2Af3be3knz2fBiRbApjm2Dh61gXDJA8kcJNI"));
    assert_eq!(key(hex), key(seed));
    for bad in ["", "zz", "ed25519 0", "é", "abc"] {
        assert_eq!(key(bad), None, "{bad}");
    }
}
