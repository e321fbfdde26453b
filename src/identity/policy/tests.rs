use std::fs;

use proptest::prelude::*;
use tempfile::TempDir;

use super::files::Number;
use super::*;

const TERMS: &str = "---\nname: Terms of Service\n---\n\nBe kind.\n";

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn load(files: &[(&str, &str)]) -> Result<Policies, String> {
    let folder = folder(files);
    Policies::load(Some(folder.path()))
        .map_err(|error| error.to_string().replace(folder.path().to_str().unwrap(), "policies"))
}

fn base() -> Url {
    Url::parse("https://id.example.org").unwrap()
}

#[test]
fn without_policies_nothing_has_to_be_accepted() {
    for policies in [Policies::load(None).unwrap(), load(&[]).unwrap()] {
        assert!(policies.missing([]).is_empty());
        assert_eq!(policies.to_json(&base()), json!({ "policies": {} }));
    }
}

#[test]
fn the_newest_version_is_in_force_and_older_ones_remain_available() {
    let policies =
        load(&[("terms/1.9/en.md", TERMS), ("terms/1.10/en.md", TERMS), ("terms/1.2/en.md", TERMS)]).unwrap();
    let in_force: Vec<_> = policies.in_force().map(|v| (v.policy(), v.version())).collect();
    assert_eq!(in_force, [("terms", "1.10")]);
    assert_eq!(policies.newest("terms").unwrap().version(), "1.10");
    assert!(policies.find("terms", "1.2", "en").is_some());
    assert!(policies.by_url(&base(), "https://id.example.org/policies/terms/1.9/en").is_some());
}

#[test]
fn a_new_version_has_to_be_accepted_in_any_language() {
    let old = load(&[("terms/1.0/en.md", TERMS), ("privacy/1.0/en.md", TERMS)]).unwrap();
    let accepted = [("terms", "1.0"), ("privacy", "1.0")];
    assert!(old.missing(accepted).is_empty());
    let new = load(&[("terms/1.0/en.md", TERMS), ("terms/1.1/fr.md", TERMS), ("privacy/1.0/en.md", TERMS)]).unwrap();
    assert_eq!(new.missing(accepted).iter().map(|v| v.version()).collect::<Vec<_>>(), ["1.1"]);
    assert!(new.missing([("terms", "1.1"), ("privacy", "1.0")]).is_empty());
    assert_eq!(new.missing([]).len(), 2);
}

#[test]
fn a_policy_object_contains_only_its_version_and_languages() {
    let german = "---\nname: Nutzungsbedingungen\n---\nSei nett.\n";
    let policies = load(&[("terms/1.0/en.md", TERMS), ("terms/1.0/de.md", german)]).unwrap();
    assert_eq!(
        policies.to_json(&Url::parse("https://example.org/id/").unwrap()),
        json!({ "policies": { "terms": {
            "version": "1.0",
            "de": { "name": "Nutzungsbedingungen", "url": "https://example.org/id/policies/terms/1.0/de" },
            "en": { "name": "Terms of Service", "url": "https://example.org/id/policies/terms/1.0/en" },
        }}})
    );
}

#[test]
fn a_document_has_its_text_and_the_hash_of_its_file() {
    let policies = load(&[("terms/1.0/en.md", "---\r\nname: Terms: short\r\n---\r\n\r\nBe *kind*.\r\n")]).unwrap();
    let document = policies.find("terms", "1.0", "en").unwrap().document;
    assert_eq!(document.name, "Terms: short");
    assert_eq!(document.markdown, "Be *kind*.\n");
    let file = b"---\r\nname: Terms: short\r\n---\r\n\r\nBe *kind*.\r\n";
    assert_eq!(document.sha256, <[u8; 32]>::from(Sha256::digest(file)));
}

#[test]
fn hidden_entries_are_ignored() {
    let files = [("terms/1.0/en.md", TERMS), (".git/config", "x"), ("terms/1.0/.en.md.swp", "x")];
    assert_eq!(load(&files).unwrap().in_force().count(), 1);
}

#[test]
fn a_document_is_found_by_its_exact_url_only() {
    let policies = load(&[("terms/1.0/en.md", TERMS)]).unwrap();
    let url = "https://id.example.org/policies/terms/1.0/en";
    assert!(policies.by_url(&base(), url).is_some());
    for other in [
        "https://id.example.org/policies/terms/1.0/en/",
        "https://id.example.org/policies/terms/1.0/en?x",
        "https://id.example.org/policies/terms/1.0",
        "https://id.example.org//policies/terms/1.0/en",
        "https://id.example.org/policies/terms/1/en",
        "https://id.example.org.evil.example/policies/terms/1.0/en",
        "https://ID.example.org/policies/terms/1.0/en",
        "http://id.example.org/policies/terms/1.0/en",
        "/policies/terms/1.0/en",
        "",
    ] {
        assert!(policies.by_url(&base(), other).is_none(), "{other}");
    }
}

#[test]
fn an_error_names_the_file_and_the_remedy() {
    for (files, said) in [
        (&[("README.md", "x")][..], "policies/README.md: the name of a policy's folder"),
        (&[("Terms/1.0/en.md", TERMS)], "policies/Terms: the name of a policy's folder"),
        (&[("terms/1.0-rc1/en.md", TERMS)], "policies/terms/1.0-rc1: a version's folder is named with numbers"),
        (&[("terms/1..0/en.md", TERMS)], "policies/terms/1..0: a version's folder is named with numbers"),
        (&[("terms/1.0/version.md", TERMS)], "policies/terms/1.0/version.md: a document is named after its language"),
        (&[("terms/1.0/en.txt", TERMS)], "policies/terms/1.0/en.txt: a document is named after its language"),
        (&[("terms/1.0/en.md", TERMS), ("terms/1/en.md", TERMS)], "policies/terms: 1 and 1.0 are the same version"),
        (&[("terms/1.0/en.md", "Be kind.")], "policies/terms/1.0/en.md: must start with front matter"),
        (&[("terms/1.0/en.md", "---\n\n---\nx")], "policies/terms/1.0/en.md: the front matter has no “name: …”"),
        (&[("terms/1.0/en.md", "---\nname:\n---\nx")], "policies/terms/1.0/en.md: “name” must have 1 to 200"),
        (&[("terms/1.0/en.md", "---\ntitle: A\n---\nx")], "policies/terms/1.0/en.md: the front matter has the unknown"),
        (&[("terms/1.0/en.md", "---\nname: A\n---\n \n")], "policies/terms/1.0/en.md: has no text after"),
        (&[("terms/1.0/.keep", "")], "policies/terms/1.0: the version has no document"),
        (&[("terms/.keep", "")], "policies/terms: the policy has no version"),
        (&[("terms/1.0", "x")], "policies/terms/1.0: cannot be read as a folder"),
    ] {
        let error = load(files).unwrap_err();
        assert!(error.starts_with(said), "{error}");
    }
}

#[test]
fn a_missing_directory_is_an_error() {
    let error = Policies::load(Some(Path::new("no/such/folder"))).unwrap_err().to_string();
    assert!(error.starts_with("no/such/folder: cannot be read"), "{error}");
}

#[test]
fn the_included_policies_can_be_read() {
    let policies = Policies::load(Some(Path::new("policies"))).unwrap();
    for version in policies.in_force() {
        let languages: Vec<_> = version.documents().map(|document| document.language).collect();
        assert_eq!(languages, ["de", "en", "es", "fr"], "{}", version.policy());
    }
    assert_eq!(policies.in_force().map(Version::policy).collect::<Vec<_>>(), ["privacy_policy", "terms_of_service"]);
}

proptest! {
    #[test]
    fn a_document_is_found_by_its_own_url(
        policy in "[a-z0-9_-]{1,20}", version in "[0-9]{1,4}(\\.[0-9]{1,4}){0,3}", language in "[a-z]{2,3}(-[A-Z]{2})?"
    ) {
        let path = format!("{policy}/{version}/{language}.md");
        let policies = load(&[(&path, TERMS)]).unwrap();
        let document = policies.find(&policy, &version, &language).unwrap();
        let url = Policies::url(&base(), document);
        let found = policies.by_url(&base(), &url).unwrap();
        let is_same = std::ptr::eq(found.document, document.document) && found.language == language;
        prop_assert!(is_same, "{} is the URL of {:?}", url, found);
        prop_assert!(Url::parse(&url).unwrap().as_str() == url, "normalising the URL must not change it");
    }

    #[test]
    fn versions_are_compared_by_their_numbers(
        a in prop::collection::vec(0u64..200, 1..4), b in prop::collection::vec(0u64..200, 1..4)
    ) {
        let print = |parts: &[u64]| parts.iter().map(u64::to_string).collect::<Vec<_>>().join(".");
        let padded = |parts: &[u64]| (0..4).map(|i| parts.get(i).copied().unwrap_or(0)).collect::<Vec<_>>();
        let order = Number::parse(&print(&a)).unwrap().cmp(&Number::parse(&print(&b)).unwrap());
        prop_assert_eq!(order, padded(&a).cmp(&padded(&b)));
    }
}
