use std::fs;

use super::super::{Config, ConfigError, GatewayKind};
use super::{Area, Route, Sender, Sms};

const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";

fn load(file: &str, variables: &[(&str, &str)]) -> Result<Config, Vec<ConfigError>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vouch.toml");
    fs::write(&path, file).unwrap();
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::load(Some(&path), variables)
}

fn sms(file: &str) -> Sms {
    load(file, &[]).unwrap().sms
}

/// Returns whether one of the errors contains this text.
fn says(file: &str, problem: &str) -> bool {
    load(file, &[]).unwrap_err().iter().any(|error| error.to_string().contains(problem))
}

/// Returns the only error, without the folder.
fn error(file: &str) -> String {
    let errors = load(file, &[]).expect_err("there should be an error");
    let [error] = &errors[..] else { panic!("{errors:#?}") };
    error.to_string().split_once("vouch.toml:").expect("it is in the file").1.to_owned()
}

fn twilio(more: &str) -> String {
    format!("[sms.twilio]\naccount = \"{ACCOUNT}\"\ntoken = \"hunter2\"\n{more}")
}

const KANNEL: &str =
    "[sms.kannel]\nurl = \"http://127.0.0.1:13013/cgi-bin/sendsms\"\nuser = \"u\"\npassword = \"hunter2\"\n";

fn webhook(more: &str) -> String {
    format!("[sms.webhook]\nurl = \"https://sms.example.org/{{number}}?key=hunter2\"\n{more}")
}

#[test]
fn without_gateways_messages_are_written_to_the_directory() {
    assert_eq!(sms("").otherwise(), Route::Directory);
}

#[test]
fn the_only_gateway_is_used_unless_there_are_rules() {
    let file = format!("[sms]\nsender = \"Vouch\"\n{}", twilio(""));
    assert_eq!(sms(&file).otherwise(), Route::Gateway(GatewayKind::Twilio));
    let file = format!("[sms]\nsender = \"Vouch\"\nrules = {{ \"+44\" = \"twilio\" }}\n{}", twilio(""));
    assert_eq!(sms(&file).otherwise(), Route::Reject);
}

#[test]
fn rules_and_senders_are_tables_in_the_file_and_in_the_environment() {
    let in_file = format!(
        "{KANNEL}[sms.rules]\n\"*\" = \"kannel\"\n\"+1242\" = \"reject\"\nGB = \"directory\"\n[sms.senders]\n\"+1\" = \"+12025550123\"\n"
    );
    let in_file = load(&in_file, &[]).unwrap().sms;
    let variables = [
        ("VOUCH__SMS__RULES", r#"{ "*" = "kannel", "+1242" = "reject", GB = "directory" }"#),
        ("VOUCH__SMS__SENDERS", r#"{ "+1" = "+12025550123" }"#),
        ("VOUCH__SMS__KANNEL__PASSWORD", "hunter2"),
    ];
    let in_environment = load(&KANNEL.replace("password = \"hunter2\"\n", ""), &variables).unwrap().sms;
    for sms in [in_file, in_environment] {
        let rules: Vec<_> = sms.rules.into_iter().collect();
        let expected = [
            (Area::Anywhere, Route::Gateway(GatewayKind::Kannel)),
            (Area::Country("GB".to_owned()), Route::Directory),
            (Area::Prefix("1242".to_owned()), Route::Reject),
        ];
        assert_eq!(rules, expected);
        assert_eq!(sms.senders[&Area::Prefix("1".to_owned())], Sender::Number("12025550123".to_owned()));
    }
}

#[test]
fn areas_are_prefixes_countries_or_everything() {
    for area in ["+1", "+1242", "+44", "GB", "US", "*"] {
        assert!(Area::parse(area).is_ok(), "{area}");
    }
    for none in ["", "44", "+", "+0", "+4a", "+1234567890123456", "gb", "XX", "GBR", "**", "0044", "AQ", "001", "ZZ"] {
        assert!(Area::parse(none).is_err(), "{none}");
    }
}

#[test]
fn senders_are_numbers_short_codes_or_names() {
    for (text, sender) in [
        ("+12025550123", Sender::Number("12025550123".to_owned())),
        ("12345", Sender::ShortCode("12345".to_owned())),
        ("Vouch", Sender::Name("Vouch".to_owned())),
        ("My House 24", Sender::Name("My House 24".to_owned())),
    ] {
        assert_eq!(Sender::parse(text).as_ref(), Ok(&sender));
        assert_eq!(sender.to_string(), text);
    }
    for none in ["", "+", "+12", "12", "123456789", "A Long Name 1", "Büro", "a\nb", "+49name"] {
        assert!(Sender::parse(none).is_err(), "{none}");
    }
}

#[test]
fn a_rule_for_a_missing_gateway_is_an_error() {
    assert_eq!(
        error("[sms]\nrules = { \"+44\" = \"kannel\" }"),
        "2:9: [sms] rules: sends messages through kannel, but `[sms.kannel]` is not set up"
    );
    assert!(error("[sms.rules]\n\"+44\" = \"cannel\"").starts_with("2:1: [sms] rules: expected \"twilio\", "));
    assert!(
        error("[sms.rules]\n\"44\" = \"reject\"").starts_with("2:1: [sms] rules: expected the first digits of numbers")
    );
}

#[test]
fn several_gateways_need_rules() {
    let file = format!("{}messaging_service = \"{}\"\n{KANNEL}", twilio(""), ACCOUNT.replace("AC", "MG"));
    assert_eq!(
        error(&file),
        "6:7: [sms.kannel] url: is a second gateway, in addition to twilio: choose between them in `[sms] rules`"
    );
    let file = format!("[sms]\nrules = {{ \"*\" = \"kannel\", \"+1\" = \"twilio\" }}\n{file}");
    assert_eq!(sms(&file).gateways.len(), 2);
}

#[test]
fn incomplete_credentials_are_an_error() {
    let account = format!("[sms.twilio]\naccount = \"{ACCOUNT}\"");
    assert!(error(&account).contains("[sms.twilio] account: needs `token`"));
    assert!(error("[sms.twilio]\ntoken = \"hunter2\"").contains("[sms.twilio] token: needs `account`"));
    assert!(error("[sms.openmarket]\naccount = \"1\"").contains("[sms.openmarket] account: needs `password`"));
    assert!(error("[sms.kannel]\nurl = \"http://[::1]/\"").contains("[sms.kannel] url: needs `user`"));
    assert!(error("[sms.kannel]\nsmsc = \"main\"").contains("[sms.kannel] smsc: needs `url`"));
    assert!(error("[sms.webhook]\nbody = \"{}\"").contains("[sms.webhook] body: needs `url`"));
}

#[test]
fn twilio_needs_a_sender() {
    assert!(error(&twilio("")).starts_with("2:11: [sms.twilio] account: Twilio needs a sender"));
    sms(&format!("[sms.senders]\n\"+1\" = \"+12025550123\"\n{}", twilio("")));
}

#[test]
fn identifiers_of_twilio_have_a_prefix_and_a_length() {
    for (key, prefix) in [("account", "AC"), ("api_key", "SK"), ("messaging_service", "MG")] {
        let expected = format!("[sms.twilio] {key}: expected {prefix} and 32 hexadecimal digits");
        for sid in ["", "123", "XX0123456789abcdef0123456789abcdef", "g123456789abcdef0123456789abcdef"] {
            assert!(says(&format!("[sms.twilio]\n{key} = \"{prefix}{sid}\""), &expected), "{key} {sid}");
        }
    }
}

#[test]
fn gateways_on_the_internet_are_reached_by_https() {
    let plain = error(&format!("[sms]\nsender = \"V\"\n{}", twilio("url = \"http://api.example.org\"")));
    assert!(plain.contains("[sms.twilio] url: expected an https URL"), "{plain}");
    sms(&format!("[sms]\nsender = \"V\"\n{}", twilio("url = \"http://localhost:8000\"")));
    let warnings = |file: &str| load(file, &[]).unwrap().warnings();
    let kannel = format!("[sms]\nsender = \"V\"\n{KANNEL}");
    assert_eq!(warnings(&kannel), Vec::<String>::new());
    assert!(warnings(KANNEL)[0].starts_with("[sms.kannel] url: there is no `sender` in [sms]"));
    let elsewhere = warnings(&kannel.replace("127.0.0.1", "kannel.example.org"));
    assert!(elsewhere[0].starts_with("[sms.kannel] url: is http"), "{elsewhere:?}");
    let hook = warnings("[sms.webhook]\nurl = \"http://sms.example.org/{number}/{text}\"");
    assert!(hook[0].starts_with("[sms.webhook] url: is http"), "{hook:?}");
}

#[test]
fn a_webhook_must_contain_number_and_text() {
    for (more, problem) in [
        ("", "[sms.webhook] url: {text} and {number} (or {digits}) must be here"),
        ("body = '{\"text\":\"{message}\"}'", "[sms.webhook] body: has an unknown placeholder"),
        ("body = '{\"n\":{digits},\"text\":{text}}'", "[sms.webhook] body: is not the JSON"),
        ("body = 'text={text}'", "[sms.webhook] body: is not the JSON that `content_type` promises"),
        ("body = '{\"text\":\"{text}\"}'\nmethod = \"GET\"", "[sms.webhook] body: is not sent with the method GET"),
        ("body = '\"{text}\"'\nmethod = \"DELETE\"", "[sms.webhook] method: expected \"POST\""),
        ("body = '\"{text}\"'\ncontent_type = \"image/png\"", "[sms.webhook] content_type: expected "),
        ("body = '\"{text}\"'\nheaders = { Host = \"x\" }", "[sms.webhook] headers: expected the name of a header"),
        ("body = '\"{text}\"'\nheaders = { X = \"a\\nb\" }", "[sms.webhook] headers: expected one line"),
        ("body = '\"{text}\"'\nsuccess_status = [\"20x\"]", "[sms.webhook] success_status: expected a status"),
        ("body = '\"{text}\"'\nsuccess_status = [\"299-200\"]", "[sms.webhook] success_status: expected a status"),
    ] {
        assert!(says(&webhook(more), problem), "{more}: {problem}");
    }
    sms(&webhook("body = '{\"n\":{digits},\"text\":\"{text}\"}'"));
    sms(&webhook("body = 'text={text}'\ncontent_type = \"application/x-www-form-urlencoded\""));
}

#[test]
fn values_cannot_change_the_host_of_a_webhook() {
    for url in [
        "https://{sender}.example.org/{text}/{number}",
        "https://sms.example.org{number}/{text}",
        "{text}",
        "ftp://a/{text}{number}",
        "https://u:p@a/{text}{number}",
        "https://a/#{text}{number}",
    ] {
        let error = error(&format!("[sms.webhook]\nurl = \"{url}\""));
        assert!(error.contains("placeholders only after the host"), "{url}: {error}");
    }
}

#[test]
fn errors_and_debug_output_contain_no_secrets_of_gateways() {
    let file = format!(
        "[sms]\nsender = \"V\"\nrules = {{ \"*\" = \"webhook\" }}\n{}{KANNEL}[sms.openmarket]\naccount = \"1\"\npassword = \"hunter2\"\n{}",
        twilio(""),
        webhook(
            "headers = { Authorization = \"Bearer hunter2\" }\nbody = '{ \"key\": \"hunter2\", \"text\": \"{text}\" }'"
        ),
    );
    let shown = format!("{:#?}", load(&file, &[]).unwrap());
    assert!(shown.contains("Twilio") && !shown.contains("hunter2"), "{shown}");
    let faulty = "[sms.twilio]\naccount = \"hunter2\"\ntoken = [\"hunter2\"]\n[sms.webhook]\nurl = \"hunter2\"\nheaders = { \"hunter2 \" = \"hunter2\\n\" }\nbody = \"{hunter}hunter2\"\n[sms.kannel]\nurl = \"http://u:hunter2@h/\"\n";
    for error in load(faulty, &[]).unwrap_err() {
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
