use crate::config::Config;

use super::*;

fn converted(yaml: &str) -> String {
    Settings::parse(yaml).unwrap().to_toml()
}

#[test]
fn every_setting_becomes_one_here_or_a_remark() {
    let toml = converted(
        "matrix: { domain: example.org, v1: true }\n\
         server:\n  name: id.example.org\n  publicUrl: https://id.example.org\n  port: 8090\n\
         key.path: /var/lib/ma1sd/keys\n\
         threepid:\n  medium:\n    email:\n      identity: { from: id@example.org, name: 'Id \"Server\"' }\n\
         \x20     connectors:\n        smtp: { host: smtp.example.org, port: 465, tls: 3, login: id, password: 'a\\b\"c' }\n\
         \x20   msisdn:\n      connectors:\n        twilio: { accountSid: AC0123456789abcdef0123456789abcdef, authToken: secret, number: '+12025550123' }\n\
         invite:\n  expiration: { after: 60 }\n  policy: { ifSender: { hasRole: [a, b] } }\n\
         dns:\n  overwrite:\n    homeserver:\n      federation:\n\
         \x20       - { name: example.org, value: 'https://10.1.2.3:8448' }\n\
         \x20       - { name: example.com, value: 'http://10.1.2.4' }\n\
         ldap: { enabled: true, connection: { bindPassword: hidden } }\n\
         accountConfig: { allowOnlyTrustDomains: true }\n\
         something: { new: 7 }\n",
    );
    for expected in [
        "[server]\nname = \"id.example.org\"\npublic_url = \"https://id.example.org\"\nlisten = [\"0.0.0.0:8090\"]",
        "security = \"tls\"",
        "invite = \"60m\"",
        "allowed_servers = [\"example.org\"]",
        "overrides = { \"example.org\" = \"10.1.2.3:8448\" }",
        "# - key.path: import the keys with `vouch keys import --sign /var/lib/ma1sd/keys`",
        "# - dns.overwrite.homeserver.federation: example.com at http://10.1.2.4: homeservers are reached by https only",
        "# - ldap: only what people publish themselves",
        "# - invite: everyone who is not blocked may invite",
        "# - something.new: not known",
    ] {
        assert!(toml.contains(expected), "{expected}\n{toml}");
    }
    assert!(!toml.contains("hidden"), "{toml}");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &toml).unwrap();
    let config =
        Config::load(Some(file.path()), std::iter::empty()).map_err(|errors| format!("{errors:?} in\n{toml}")).unwrap();
    assert_eq!(config.server.name.as_str(), "id.example.org");
}

#[test]
fn the_domain_is_the_name_if_there_is_no_other() {
    assert!(converted("matrix.domain: example.org").contains("name = \"example.org\""));
    assert!(converted("matrix:\n  domain: ''\nserver:\n  name: id.example.org").contains("name = \"id.example.org\""));
}

#[test]
fn anything_but_a_configuration_is_refused() {
    for text in ["", "just text", "- a\n- b", "a: [", "a: &x 1\nb: *x", "a: b: c"] {
        assert!(Settings::parse(text).is_err(), "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_refused_or_converted_to_toml(text in "([a-z.]{1,8}: ?[^\\r]{0,12}\n){0,5}") {
        if let Ok(settings) = Settings::parse(&text) {
            proptest::prop_assert!(settings.to_toml().parse::<toml::Table>().is_ok());
        }
    }
}
