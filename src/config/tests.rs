//! The whole configuration: sources, precedence and error messages.

mod example;

use std::fs;
use std::time::Duration;

use proptest::prelude::*;

use super::reader::SECRETS;
use super::*;

/// Loads a file with this content and these variables. The directory is removed from the errors.
fn load(file: &str, variables: &[(&str, &str)]) -> Result<Config, Vec<String>> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("vouch.toml");
    fs::write(&path, file).unwrap();
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let prefix = format!("{}/", directory.path().display());
    Config::load(Some(&path), variables)
        .map_err(|errors| errors.iter().map(|error| error.to_string().replace(&prefix, "")).collect())
}

fn errors(file: &str, variables: &[(&str, &str)]) -> Vec<String> {
    load(file, variables).expect_err("there should be errors")
}

/// Returns the only error.
fn error(file: &str, variables: &[(&str, &str)]) -> String {
    let errors = errors(file, variables);
    assert_eq!(errors.len(), 1, "{errors:#?}");
    errors.into_iter().next().unwrap()
}

fn shown(config: &Config) -> String {
    format!("{config:#?}")
}

#[test]
fn every_key_can_be_set_to_its_default_by_a_variable() {
    let set = Config::keys();
    let set = set.iter().filter(|key| key.name != "directory").filter_map(|key| {
        let value = key.default.clone()?;
        Some((key.variable(), value.trim_matches('"').to_owned()))
    });
    assert_eq!(shown(&Config::load(None, set).unwrap()), shown(&Config::default()));
}

#[test]
fn the_environment_overrides_the_file() {
    let file = "[brand]\nname = \"File\"\ncontact = \"help@example.org\"\n[budgets.user]\ncapacity = 7";
    let config = load(file, &[("VOUCH__BRAND__NAME", "Environment"), ("VOUCH__BUDGETS__USER__CAPACITY", "9")]).unwrap();
    assert_eq!(config.brand.name, "Environment");
    assert_eq!(config.brand.contact.unwrap().text, "help@example.org");
    assert_eq!(config.budgets.lookup_user, Bucket { capacity: 9, per_hour: 250 });
}

#[test]
fn a_removed_setting_says_what_to_do() {
    for file in ["[budgets.newcomer]\ncapacity = 2000", "[budgets]\nnewcomer = { capacity = 2000 }"] {
        assert!(
            error(file, &[]).contains("[budgets] newcomer: was removed: new accounts have the limit of"),
            "{}",
            error(file, &[])
        );
    }
    assert!(
        error("[budgets]\nstop_server = true", &[]).contains("stop_server: was removed: [budgets.server] is always")
    );
    for name in ["VOUCH__BUDGETS__NEWCOMER__CAPACITY", "VOUCH__BUDGETS__STOP_SERVER"] {
        assert!(error("", &[(name, "1")]).contains(&format!("{name}: was removed: ")), "{}", error("", &[(name, "1")]));
    }
}

#[test]
fn no_account_has_more_than_a_tenth_of_a_limit_that_it_shares() {
    let defaults = load("", &[]).unwrap();
    assert_eq!((defaults.budgets.lookup_user.capacity, defaults.budgets.lowered.len()), (64_000, 0));
    let file = "[budgets.homeserver]\ncapacity = 50000\n[budgets.network]\ncapacity = 60000\n[budgets.texts_server]\ncapacity = 5";
    let config = load(file, &[]).unwrap();
    assert_eq!((config.budgets.lookup_user.capacity, config.budgets.texts_user.capacity), (5_000, 1));
    let warnings = config.warnings();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(
        warnings[0].starts_with(
            "[budgets.user] capacity: is lowered to 5000, a tenth of the capacity of [budgets.homeserver]"
        ),
        "{warnings:?}"
    );
}

#[test]
fn an_empty_variable_unsets_a_key_without_a_default() {
    let config = load("[mail]\nhost = \"smtp.example.org\"", &[("VOUCH__MAIL__HOST", "")]).unwrap();
    assert!(matches!(config.mail.transport, MailTransport::Directory(_)));
}

#[test]
fn lists_in_the_environment_are_arrays_or_comma_separated() {
    for value in ["127.0.0.1:1, [::1]:0", "[::1]:0,127.0.0.1:1", r#"["127.0.0.1:1", "[::1]:0"]"#] {
        let mut listen = load("", &[("VOUCH__SERVER__LISTEN", value)]).unwrap().server.listen;
        listen.sort();
        assert_eq!(listen, ["127.0.0.1:1".parse().unwrap(), "[::1]:0".parse().unwrap()], "{value}");
    }
}

#[test]
fn overrides_are_a_table_in_the_file_and_an_inline_table_in_the_environment() {
    let in_file = load("[federation.overrides]\n\"example.org\" = \"10.0.0.1:8448\"", &[]).unwrap();
    let table = r#"{ "example.org" = "10.0.0.1:8448" }"#;
    let in_environment = load("", &[("VOUCH__FEDERATION__OVERRIDES", table)]).unwrap();
    for config in [in_file, in_environment] {
        let overrides: Vec<_> = config.federation.overrides.into_iter().collect();
        assert_eq!(overrides, [("example.org".try_into().unwrap(), "10.0.0.1:8448".parse().unwrap())]);
    }
}

#[test]
fn other_variables_are_ignored() {
    let others = [("VOUCH_CONFIG", "x"), ("PATH", "/bin"), ("vouch__x", "y"), ("RUST_LOG", "trace")];
    assert_eq!(shown(&load("", &others).unwrap()), shown(&Config::default()));
}

#[test]
fn an_error_names_file_line_and_key_and_says_what_is_expected() {
    assert_eq!(
        error("[retention]\n\n  consent = 30", &[]),
        "vouch.toml:3:13: [retention] consent: expected a duration such as \"500ms\", \"30s\", \"10m\", \"24h\" or \
         \"7d\", from 0d to 3650d"
    );
    assert_eq!(
        error("", &[("VOUCH__MAIL__SECURITY", "ssl")]),
        "environment variable VOUCH__MAIL__SECURITY: [mail] security: expected \"tls\", \"starttls\" or \"none\""
    );
    assert_eq!(
        error("[federation]\nblocked_servers = [\n  \"a\",\n  \"b c\",\n]", &[]),
        "vouch.toml:4:3: [federation] blocked_servers: expected a Matrix server name or a pattern, such as \
         \"*.example.org\""
    );
}

#[test]
fn all_errors_are_returned() {
    let file =
        "surplus = 1\n[server]\nlisten = [\"here\", \"there\"]\nworkers = \"many\"\n[log]\naccess = 1\n[lgo]\nx = 1";
    let variables = [("VOUCH__BRAND__ACCENT_COLOUR", "red"), ("VOUCH__LOG__ACESS", "true")];
    let expected = [
        "vouch.toml:1:1: surplus: unknown key",
        "vouch.toml:3:11: [server] listen: ",
        "vouch.toml:3:19: [server] listen: ",
        "vouch.toml:4:11: [server] workers: expected a whole number from 0 to 512",
        "vouch.toml:6:10: [log] access: expected true or false",
        "vouch.toml:7:2: lgo: unknown section, did you mean `[log]`?",
        "environment variable VOUCH__BRAND__ACCENT_COLOUR: [brand] accent_colour: ",
        "environment variable VOUCH__LOG__ACESS: does not set a key, did you mean VOUCH__LOG__ACCESS?",
    ];
    let errors = errors(file, &variables);
    assert_eq!(errors.len(), expected.len(), "{errors:#?}");
    for (error, expected) in errors.iter().zip(expected) {
        assert!(error.starts_with(expected), "{error}\n{expected}");
    }
}

#[test]
fn the_error_for_an_unknown_key_suggests_a_known_one() {
    let after = |file: &str| error(file, &[]).splitn(3, ": ").nth(2).unwrap().to_owned();
    assert_eq!(after("[server]\npublic-url = \"x\""), "unknown key, did you mean `public_url`?");
    assert_eq!(after("[server]\npassword = \"x\""), "unknown key here, `password` belongs in `[mail]`");
    assert_eq!(after("[server]\npasword = \"x\""), "unknown key, did you mean `[mail] password`?");
    assert_eq!(after("[log]\nsomething = 1"), "unknown key: the keys here are filter, format, access");
    assert_eq!(after("public_url = \"x\""), "unknown key here, `public_url` belongs in `[server]`");
    assert_eq!(after("[budgets.usr]\ncapacity = 1"), "unknown section, did you mean `[budgets.user]`?");
    assert_eq!(after("log = 1"), "is a section: write `[log]`, and its keys on the lines below");
    assert_eq!(after("[[log]]\naccess = true"), "is a section: write `[log]`, and its keys on the lines below");
}

#[test]
fn a_syntax_error_has_line_and_column_and_does_not_hide_other_errors() {
    let errors = errors("[server]\nworkers = = 3\n[log]\naccess = 1\n", &[]);
    assert_eq!(errors.len(), 2, "{errors:#?}");
    assert!(errors[0].starts_with("vouch.toml:2:11: not valid TOML: "), "{errors:#?}");
    assert!(errors[1].starts_with("vouch.toml:4:10: [log] access: "), "{errors:#?}");
    assert!(error("[log]\naccess = true\naccess = true\n", &[]).starts_with("vouch.toml:3:1: not valid TOML"));
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let absent = Config::load(Some(Path::new("no/such.toml")), iter::empty()).unwrap_err();
    assert_eq!(absent[0].to_string(), "no/such.toml: there is no such file");
    let directory = Config::load(Some(Path::new("src")), iter::empty()).unwrap_err();
    assert!(directory[0].to_string().starts_with("src: cannot be read: "), "{directory:?}");
}

#[test]
fn half_a_pair_is_an_error_and_an_invalid_half_counts_as_set() {
    let half = |name, value| error("", &[(name, value)]);
    assert!(half("VOUCH__MAIL__USER", "vouch").contains("[mail] user: needs `password`"));
    assert!(half("VOUCH__MAIL__PASSWORD", "secret").contains("[mail] password: needs `user`"));
    assert!(half("VOUCH__SERVER__TLS_KEY", "Cargo.toml").contains("[server] tls_key: needs `tls_certificate`"));
    let faulty = error("[server]\ntls_key = \"Cargo.toml\"\ntls_certificate = \"no/such.pem\"", &[]);
    assert!(faulty.contains("[server] tls_certificate: expected a file: "), "{faulty}");
}

#[test]
fn every_secret_can_be_in_its_own_file() {
    let folder = tempfile::tempdir().unwrap();
    let written = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let password =
        |path: &str| load("[mail]\nhost = \"localhost\"\nuser = \"u\"", &[("VOUCH__MAIL__PASSWORD_FILE", path)]);
    let MailTransport::Smtp(smtp) = password(&written("password", "hunter2\n")).unwrap().mail.transport else {
        panic!()
    };
    assert_eq!(&*smtp.credentials.unwrap().password, "hunter2");
    // Only one newline is removed, and a second one is not part of any secret.
    assert!(password(&written("lines", "hunter2\n\n")).unwrap_err()[0].contains("[mail] password: expected one line"));

    let file = format!(
        "[database]\nurl_file = {:?}\n[sms]\nsender = \"Vouch\"\n[sms.webhook]\nurl_file = {:?}\nheaders_file = {:?}\nbody_file = {:?}",
        written("database", "postgres://u:hunter2@h/d\n"),
        written("url", "https://sms.example.org/{number}?key=hunter2\n"),
        written("headers", "{ Authorization = \"Bearer hunter2\" }\n"),
        written("body", "{ \"text\": \"{text}\" }\n"),
    );
    let config = load(&file, &[]).unwrap();
    assert!(matches!(&config.database.url, DatabaseUrl::Postgres(url) if url.get_password() == Some(b"hunter2")));
    let [Gateway::Webhook(webhook)] = &config.sms.gateways[..] else { panic!("{:?}", config.sms) };
    assert_eq!(webhook.headers["authorization"], "Bearer hunter2");
    assert_eq!(webhook.url.render(|_| "1".to_owned()), "https://sms.example.org/1?key=hunter2");
    assert!(webhook.body.is_some());
    assert!(!shown(&config).contains("hunter2"));

    let keys = Config::keys();
    for (section, name) in SECRETS {
        let file = format!("{name}_file");
        assert!(keys.iter().any(|key| key.section == section && key.name == file), "[{section}] {file}");
    }
}

#[test]
fn a_secret_and_its_file_exclude_each_other_and_the_file_must_hold_something() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty");
    fs::write(&empty, "\n").unwrap();
    let base = "[mail]\nhost = \"localhost\"\nuser = \"u\"\n";
    let set = |lines: &str| error(&format!("{base}{lines}"), &[]);
    assert_eq!(
        set("password = \"hunter2\"\npassword_file = \"Cargo.toml\""),
        "vouch.toml:5:17: [mail] password_file: is set, and so is `password`: set only one of them"
    );
    let elsewhere = [("VOUCH__MAIL__PASSWORD", "hunter2")];
    assert!(error(&format!("{base}password_file = \"Cargo.toml\""), &elsewhere).contains("and so is `password`"));
    let missing = set("password_file = \"no/such\"");
    assert!(missing.starts_with("vouch.toml:4:17: [mail] password_file: expected a file that holds"), "{missing}");
    assert!(set(&format!("password_file = {empty:?}")).ends_with("but the file is empty"));
    assert!(set("password_file = \"src\"").contains("[mail] password_file: expected a file that holds"));
    let secret = folder.path().join("secret");
    fs::write(&secret, "hunter2").unwrap();
    let alone = error(&format!("[mail]\npassword_file = {secret:?}"), &[]);
    assert!(alone.contains("[mail] password: needs `user`"), "{alone}");
    let key = "[keys]\nmaster_key = \"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\"\nmaster_key_file = \"a\"";
    assert!(error(key, &[]).contains("[keys] master_key_file: is set, and so is `master_key`"));
}

#[test]
fn a_mail_server_that_cannot_be_used_safely_is_an_error() {
    let mail = |lines: &str| error(&format!("[mail]\nhost = \"smtp.example.org\"\n{lines}"), &[]);
    let clear = mail("security = \"none\"\nuser = \"u\"\npassword = \"hunter2\"");
    assert!(clear.starts_with("vouch.toml:3:12: [mail] security: \"none\" would send the password"), "{clear}");
    assert!(mail("sender = \"a@b\u{fc}cher.example\"").contains("[mail] sender: the address must be ASCII"));
    let local = "[mail]\nhost = \"localhost\"\nsecurity = \"none\"\nuser = \"u\"\npassword = \"hunter2\"";
    assert!(load(local, &[]).is_ok());
}

#[test]
fn errors_and_debug_output_contain_no_secrets() {
    let file = "[keys]\nmaster_key = \"hunter2\"\n[mail]\nuser = \"hunter2\"\npassword = [\"hunter2\"]\n\
                [database]\nurl = \"mysql://hunter2:hunter2@host\"\nhunter = hunter2\n";
    let variables =
        [("VOUCH__DATABASE__URL", "postgres://hunter2:hunter2@host:port/x"), ("VOUCH__KEYS__MASTER_KEY", "hunter2")];
    for error in [errors(file, &[]), errors(file, &variables)].concat() {
        assert!(!error.contains("hunter2"), "{error}");
    }
    let key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    let file = format!(
        "[keys]\nmaster_key = \"{key}\"\n[mail]\nuser = \"u\"\npassword = \"hunter2\"\nhost = \"h\"\n[database]\nurl = \"postgres://u:hunter2@h\""
    );
    let shown = shown(&load(&file, &[]).unwrap());
    assert!(!shown.contains("hunter2") && !shown.contains(key), "{shown}");
}

#[test]
fn the_default_name_is_derived_from_the_public_url() {
    let named = |url| load("", &[("VOUCH__SERVER__PUBLIC_URL", url)]).unwrap().server.name;
    assert_eq!(named("https://id.example.org/base/"), "id.example.org");
    assert_eq!(named("https://id.example.org:8443"), "id.example.org:8443");
    assert_eq!(named("http://[::1]:8090"), "[::1]:8090");
    assert!(error("", &[("VOUCH__SERVER__PUBLIC_URL", "https://my_host")]).contains("set `name`"));
}

#[test]
fn an_empty_list_of_addresses_to_listen_on_is_an_error() {
    assert!(error("[server]\nlisten = []", &[]).contains("[server] listen: expected at least one"));
}

#[test]
fn the_default_port_depends_on_the_security() {
    for (security, port) in [("tls", 465), ("starttls", 587), ("none", 25)] {
        let config = load("", &[("VOUCH__MAIL__HOST", "localhost"), ("VOUCH__MAIL__SECURITY", security)]).unwrap();
        assert!(matches!(config.mail.transport, MailTransport::Smtp(smtp) if smtp.port == port), "{security}");
    }
}

#[test]
fn a_policy_directory_that_is_set_must_exist() {
    assert!(error("[terms]\ndirectory = \"no/such\"", &[]).contains("[terms] directory: expected a directory"));
    assert_eq!(load("", &[("VOUCH__TERMS__DIRECTORY", "src")]).unwrap().terms.directory, Some("src".into()));
    assert_eq!(load("[terms]\ndirectory = \"\"", &[]).unwrap().terms.directory, None);
}

#[test]
fn numbers_and_durations_have_ranges() {
    for (name, value) in [
        ("VOUCH__LOOKUP__PEPPER_PERIOD", "59m"),
        ("VOUCH__LOOKUP__PEPPER_PERIOD", "8d"),
        ("VOUCH__LOOKUP__MAX_ADDRESSES", "0"),
        ("VOUCH__BUDGETS__USER__PER_HOUR", "-1"),
        ("VOUCH__BUDGETS__USER__CAPACITY", "99999999999999999999999999999999999999999999"),
        ("VOUCH__MAIL__PORT", "65536"),
    ] {
        assert!(error("", &[(name, value)]).contains(&format!("variable {name}: [")), "{name}");
    }
    assert_eq!(
        load("[lookup]\npepper_period = \"168h\"", &[]).unwrap().lookup.pepper_period,
        Duration::from_hours(168)
    );
    assert_eq!(load("[lookup]\nmax_addresses = 1_000", &[]).unwrap().lookup.max_addresses, 1_000);
}

#[test]
fn a_pepper_that_lasts_too_long_is_refused_with_the_reason() {
    for long in ["30d", "169h", "604801s"] {
        let problem = error(&format!("[lookup]\npepper_period = \"{long}\""), &[]);
        assert!(problem.contains("from 1h to 7d: the specification wants peppers to change often"), "{problem}");
    }
    assert_eq!(load("", &[]).unwrap().lookup.pepper_period, Duration::from_hours(168));
}

proptest! {
    #[test]
    fn no_variable_and_no_file_causes_a_panic(index in 0..Config::keys().len(), value: String, name: String, file: String) {
        let variables = [(Config::keys()[index].variable(), value), (format!("VOUCH__{name}"), String::new())];
        let _ = Config::load(None, variables.into_iter());
        let _ = load(&file, &[]);
    }

    #[test]
    fn every_error_is_one_line(key: String, value in "[ -~\n]*") {
        let file = format!("{} = 1\n[server]\nworkers = {value}", toml::Value::String(key));
        for error in load(&file, &[]).map_or_else(|errors| errors, |_| Vec::new()) {
            prop_assert_eq!(error.lines().count(), 1, "{}", error);
        }
    }
}
