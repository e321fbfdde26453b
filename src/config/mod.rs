//! The configuration: built-in defaults, then a TOML file, then the environment. One struct a section, each beside the
//! function that reads it, which is the one place where its keys and their defaults are declared.
//!
//! `[budgets.user] capacity` is `VOUCH__BUDGETS__USER__CAPACITY` in the environment, where texts stand without quotes,
//! and lists as TOML arrays or between commas. An empty value leaves a key without a default unset.

mod database;
mod document;
#[cfg(test)]
mod example;
mod federation;
mod found;
mod gateways;
mod homeserver;
mod homeservers;
mod invites;
mod limits;
mod mail;
mod mistake;
mod notices;
mod parse;
mod reader;
mod server;
mod sms;
mod template;
mod unknown;
mod warnings;
mod webhook;
mod words;

use std::path::Path;
use std::{env, iter};

pub use database::{Database, DatabaseUrl, Keys};
pub use federation::Federation;
pub use gateways::{Gateway, GatewayKind, Kannel, OpenMarket, Secret, Twilio};
pub use homeserver::{Host, RoomPattern, ServerPattern, Target, without_brackets};
pub use homeservers::Homeservers;
pub use invites::Invites;
pub use limits::{Bucket, Budgets, Lookup, Retention};
pub use mail::{Mail, MailTransport, Smtp, SmtpCredentials, SmtpSecurity, Validation};
pub use mistake::Mistake;
pub use notices::Notices;
pub use reader::Key;
use reader::Reader;
pub use server::{Log, Server, TlsFiles};
pub use sms::{Area, Route, Sender, Sms};
pub use template::{Slot, Template};
pub use webhook::{ContentType, Escape, Webhook};
pub use words::{Terms, Texts};

/// Everything that can be set.
#[derive(Clone, Debug)]
pub struct Config {
    /// `[server]`
    pub server: Server,
    /// `[database]`
    pub database: Database,
    /// `[keys]`
    pub keys: Keys,
    /// `[terms]`
    pub terms: Terms,
    /// `[brand]`
    pub brand: crate::brand::Brand,
    /// `[texts]`
    pub texts: Texts,
    /// `[mail]`
    pub mail: Mail,
    /// `[sms]`
    pub sms: Sms,
    /// `[validation]`
    pub validation: Validation,
    /// `[notices]`
    pub notices: Notices,
    /// `[invites]`
    pub invites: Invites,
    /// `[federation]`
    pub federation: Federation,
    /// `[homeservers]`
    pub homeservers: Homeservers,
    /// `[lookup]`
    pub lookup: Lookup,
    /// `[budgets]`
    pub budgets: Budgets,
    /// `[retention]`
    pub retention: Retention,
    /// `[log]`
    pub log: Log,
}

impl Config {
    /// Reads the file, if one is named, and of the environment what begins with `VOUCH__`. Paths are taken relative
    /// to the working directory.
    ///
    /// # Errors
    /// Every mistake there is, in the order of the file, then of the environment.
    pub fn load(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, Vec<Mistake>> {
        let mut reader = Reader::new(file, environment);
        let config = Self::read(&mut reader);
        let (_, mistakes) = reader.finish();
        if mistakes.is_empty() { Ok(config) } else { Err(mistakes) }
    }

    /// Every key that can be set, with its default.
    #[must_use]
    pub fn keys() -> Vec<Key> {
        let mut reader = Reader::new(None, iter::empty());
        Self::read(&mut reader);
        reader.finish().0
    }

    fn read(reader: &mut Reader) -> Self {
        Self {
            server: Server::read(reader),
            database: Database::read(reader),
            keys: Keys::read(reader),
            terms: Terms::read(reader),
            brand: words::brand(reader),
            texts: Texts::read(reader),
            mail: Mail::read(reader),
            sms: Sms::read(reader),
            validation: Validation::read(reader),
            notices: Notices::read(reader),
            invites: Invites::read(reader),
            federation: Federation::read(reader),
            homeservers: Homeservers::read(reader),
            lookup: Lookup::read(reader),
            budgets: Budgets::read(reader),
            retention: Retention::read(reader),
            log: Log::read(reader),
        }
    }
}

/// The variables of this process that may set a key. What is not Unicode becomes U+FFFD, and a mistake or an odd name.
pub fn environment() -> impl Iterator<Item = (String, String)> {
    env::vars_os().map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
}

/// What a fresh clone runs with.
impl Default for Config {
    fn default() -> Self {
        Self::read(&mut Reader::new(None, iter::empty()))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    /// Loads a file of that content and those variables; the file's directory is cut from the mistakes.
    fn load(file: &str, variables: &[(&str, &str)]) -> Result<Config, Vec<String>> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("vouch.toml");
        fs::write(&path, file).unwrap();
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let prefix = format!("{}/", directory.path().display());
        Config::load(Some(&path), variables)
            .map_err(|mistakes| mistakes.iter().map(|mistake| mistake.to_string().replace(&prefix, "")).collect())
    }

    fn mistakes(file: &str, variables: &[(&str, &str)]) -> Vec<String> {
        load(file, variables).expect_err("there should be mistakes")
    }

    /// The only mistake.
    fn mistake(file: &str, variables: &[(&str, &str)]) -> String {
        let mistakes = mistakes(file, variables);
        assert_eq!(mistakes.len(), 1, "{mistakes:#?}");
        mistakes.into_iter().next().unwrap()
    }

    fn shown(config: &Config) -> String {
        format!("{config:#?}")
    }

    #[test]
    fn every_key_can_be_set_to_its_default_by_a_variable() {
        let keys: Vec<Key> = Config::keys();
        let set = keys.iter().filter(|key| key.name != "directory").filter_map(|key| {
            let value = key.default.clone()?;
            Some((key.variable(), value.trim_matches('"').to_owned()))
        });
        assert_eq!(shown(&Config::load(None, set).unwrap()), shown(&Config::default()));
    }

    #[test]
    fn the_environment_goes_before_the_file() {
        let file = "[brand]\nname = \"File\"\ncontact = \"help@example.org\"\n[budgets.user]\ncapacity = 7";
        let config =
            load(file, &[("VOUCH__BRAND__NAME", "Environment"), ("VOUCH__BUDGETS__USER__CAPACITY", "9")]).unwrap();
        assert_eq!(config.brand.name, "Environment");
        assert_eq!(config.brand.contact.unwrap().text, "help@example.org");
        assert_eq!(config.budgets.lookup_user, Bucket { capacity: 9, per_hour: 50 });
    }

    #[test]
    fn an_empty_variable_unsets_what_has_no_default() {
        let config = load("[mail]\nhost = \"smtp.example.org\"", &[("VOUCH__MAIL__HOST", "")]).unwrap();
        assert!(matches!(config.mail.transport, MailTransport::Directory(_)));
    }

    #[test]
    fn lists_in_the_environment_are_arrays_or_have_commas() {
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
    fn other_variables_are_none_of_ours() {
        let others = [("VOUCH_CONFIG", "x"), ("PATH", "/bin"), ("vouch__x", "y"), ("RUST_LOG", "trace")];
        assert_eq!(shown(&load("", &others).unwrap()), shown(&Config::default()));
    }

    #[test]
    fn a_mistake_names_file_line_key_and_remedy() {
        assert_eq!(
            mistake("[retention]\n\n  consent = 30", &[]),
            "vouch.toml:3:13: [retention] consent: expected a duration such as \"500ms\", \"30s\", \"10m\", \"24h\" or \
             \"7d\", from 0d to 3650d"
        );
        assert_eq!(
            mistake("", &[("VOUCH__MAIL__SECURITY", "ssl")]),
            "environment variable VOUCH__MAIL__SECURITY: [mail] security: expected \"tls\", \"starttls\" or \"none\""
        );
        assert_eq!(
            mistake("[federation]\nblocked_servers = [\n  \"a\",\n  \"b c\",\n]", &[]),
            "vouch.toml:4:3: [federation] blocked_servers: expected a Matrix server name or a pattern, such as \
             \"*.example.org\""
        );
    }

    #[test]
    fn no_mistake_hides_another() {
        let file = "surplus = 1\n[server]\nlisten = [\"here\", \"there\"]\nworkers = \"many\"\n[log]\naccess = 1\n[lgo]\nx = 1";
        let variables = [("VOUCH__BRAND__ACCENT_COLOUR", "red"), ("VOUCH__LOG__ACESS", "true")];
        let expected = [
            "vouch.toml:1:1: surplus: unknown key",
            "vouch.toml:3:11: [server] listen: ",
            "vouch.toml:3:19: [server] listen: ",
            "vouch.toml:4:11: [server] workers: expected a whole number from 0 to 512",
            "vouch.toml:6:10: [log] access: expected true or false",
            "vouch.toml:7:2: lgo: unknown section, did you mean `[log]`?",
            "environment variable VOUCH__BRAND__ACCENT_COLOUR: [brand] accent_colour: ",
            "environment variable VOUCH__LOG__ACESS: sets no key, did you mean VOUCH__LOG__ACCESS?",
        ];
        let mistakes = mistakes(file, &variables);
        assert_eq!(mistakes.len(), expected.len(), "{mistakes:#?}");
        for (mistake, expected) in mistakes.iter().zip(expected) {
            assert!(mistake.starts_with(expected), "{mistake}\n{expected}");
        }
    }

    #[test]
    fn an_unknown_key_is_told_what_was_meant() {
        let after = |file: &str| mistake(file, &[]).splitn(3, ": ").nth(2).unwrap().to_owned();
        assert_eq!(after("[server]\npublic-url = \"x\""), "unknown key, did you mean `public_url`?");
        assert_eq!(after("[server]\npassword = \"x\""), "unknown key here, `password` belongs in `[mail]`");
        assert_eq!(after("[server]\npasword = \"x\""), "unknown key, did you mean `[mail] password`?");
        assert_eq!(after("[log]\nsomething = 1"), "unknown key: there are filter, access");
        assert_eq!(after("public_url = \"x\""), "unknown key here, `public_url` belongs in `[server]`");
        assert_eq!(after("[budgets.usr]\ncapacity = 1"), "unknown section, did you mean `[budgets.user]`?");
        assert_eq!(after("log = 1"), "is a section: write `[log]`, and its keys on the lines below");
        assert_eq!(after("[[log]]\naccess = true"), "is a section: write `[log]`, and its keys on the lines below");
    }

    #[test]
    fn what_is_no_toml_is_told_with_line_and_column_beside_the_other_mistakes() {
        let mistakes = mistakes("[server]\nworkers = = 3\n[log]\naccess = 1\n", &[]);
        assert_eq!(mistakes.len(), 2, "{mistakes:#?}");
        assert!(mistakes[0].starts_with("vouch.toml:2:11: not valid TOML: "), "{mistakes:#?}");
        assert!(mistakes[1].starts_with("vouch.toml:4:10: [log] access: "), "{mistakes:#?}");
        assert!(mistake("[log]\naccess = true\naccess = true\n", &[]).starts_with("vouch.toml:3:1: not valid TOML"));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        let absent = Config::load(Some(Path::new("no/such.toml")), iter::empty()).unwrap_err();
        assert_eq!(absent[0].to_string(), "no/such.toml: there is no such file");
        let directory = Config::load(Some(Path::new("src")), iter::empty()).unwrap_err();
        assert!(directory[0].to_string().starts_with("src: cannot be read: "), "{directory:?}");
    }

    #[test]
    fn half_a_pair_is_a_mistake_and_a_faulty_half_is_still_a_half() {
        let half = |name, value| mistake("", &[(name, value)]);
        assert!(half("VOUCH__MAIL__USER", "vouch").contains("[mail] user: needs `password`"));
        assert!(half("VOUCH__MAIL__PASSWORD", "secret").contains("[mail] password: needs `user`"));
        assert!(half("VOUCH__SERVER__TLS_KEY", "Cargo.toml").contains("[server] tls_key: needs `tls_certificate`"));
        let faulty = mistake("[server]\ntls_key = \"Cargo.toml\"\ntls_certificate = \"no/such.pem\"", &[]);
        assert!(faulty.contains("[server] tls_certificate: expected a file: "), "{faulty}");
    }

    #[test]
    fn secrets_are_never_repeated() {
        let file = "[keys]\nmaster_key = \"hunter2\"\n[mail]\nuser = \"hunter2\"\npassword = [\"hunter2\"]\n\
                    [database]\nurl = \"mysql://hunter2:hunter2@host\"\nhunter = hunter2\n";
        let variables = [
            ("VOUCH__DATABASE__URL", "postgres://hunter2:hunter2@host:port/x"),
            ("VOUCH__KEYS__MASTER_KEY", "hunter2"),
        ];
        for mistake in [mistakes(file, &[]), mistakes(file, &variables)].concat() {
            assert!(!mistake.contains("hunter2"), "{mistake}");
        }
        let key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
        let file = format!(
            "[keys]\nmaster_key = \"{key}\"\n[mail]\nuser = \"u\"\npassword = \"hunter2\"\nhost = \"h\"\n[database]\nurl = \"postgres://u:hunter2@h\""
        );
        let shown = shown(&load(&file, &[]).unwrap());
        assert!(!shown.contains("hunter2") && !shown.contains(key), "{shown}");
    }

    #[test]
    fn the_name_follows_the_public_url() {
        let named = |url| load("", &[("VOUCH__SERVER__PUBLIC_URL", url)]).unwrap().server.name;
        assert_eq!(named("https://id.example.org/base/"), "id.example.org");
        assert_eq!(named("https://id.example.org:8443"), "id.example.org:8443");
        assert_eq!(named("http://[::1]:8090"), "[::1]:8090");
        assert!(mistake("", &[("VOUCH__SERVER__PUBLIC_URL", "https://my_host")]).contains("set `name`"));
    }

    #[test]
    fn nothing_to_listen_on_is_a_mistake() {
        assert!(mistake("[server]\nlisten = []", &[]).contains("[server] listen: expected at least one"));
    }

    #[test]
    fn the_port_follows_the_security() {
        for (security, port) in [("tls", 465), ("starttls", 587), ("none", 25)] {
            let config = load("", &[("VOUCH__MAIL__HOST", "localhost"), ("VOUCH__MAIL__SECURITY", security)]).unwrap();
            assert!(matches!(config.mail.transport, MailTransport::Smtp(smtp) if smtp.port == port), "{security}");
        }
    }

    #[test]
    fn a_policy_directory_that_was_set_must_be_there() {
        assert!(mistake("[terms]\ndirectory = \"no/such\"", &[]).contains("[terms] directory: expected a directory"));
        assert_eq!(load("", &[("VOUCH__TERMS__DIRECTORY", "src")]).unwrap().terms.directory, Some("src".into()));
        assert_eq!(load("[terms]\ndirectory = \"\"", &[]).unwrap().terms.directory, None);
    }

    #[test]
    fn numbers_and_durations_keep_to_their_ranges() {
        for (name, value) in [
            ("VOUCH__LOOKUP__PEPPER_PERIOD", "59m"),
            ("VOUCH__LOOKUP__PEPPER_PERIOD", "31d"),
            ("VOUCH__LOOKUP__MAX_ADDRESSES", "0"),
            ("VOUCH__BUDGETS__USER__PER_HOUR", "-1"),
            ("VOUCH__BUDGETS__USER__CAPACITY", "99999999999999999999999999999999999999999999"),
            ("VOUCH__MAIL__PORT", "65536"),
        ] {
            assert!(mistake("", &[(name, value)]).contains(&format!("variable {name}: [")), "{name}");
        }
        assert_eq!(
            load("[lookup]\npepper_period = \"30d\"", &[]).unwrap().lookup.pepper_period,
            Duration::from_hours(720)
        );
        assert_eq!(load("[lookup]\nmax_addresses = 1_000", &[]).unwrap().lookup.max_addresses, 1_000);
    }

    proptest! {
        #[test]
        fn no_variable_and_no_file_makes_it_panic(index in 0..Config::keys().len(), value: String, name: String, file: String) {
            let variables = [(Config::keys()[index].variable(), value), (format!("VOUCH__{name}"), String::new())];
            let _ = Config::load(None, variables.into_iter());
            let _ = load(&file, &[]);
        }

        #[test]
        fn every_mistake_is_one_line(key: String, value in "[ -~\n]*") {
            let file = format!("{} = 1\n[server]\nworkers = {value}", toml::Value::String(key));
            for mistake in load(&file, &[]).map_or_else(|mistakes| mistakes, |_| Vec::new()) {
                prop_assert_eq!(mistake.lines().count(), 1, "{}", mistake);
            }
        }
    }
}
