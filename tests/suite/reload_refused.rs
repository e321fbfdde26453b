//! SIGHUP while something is wrong: nothing changes, and the operator is told why.

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use vouch_test_support::ca::Ca;

use crate::manager::Manager;
use crate::program::{Binary, Process};
use crate::reload::{PNG, answers, configured, publish, trusting, write};

const OLD: &str = "[server]\ntls_certificate = \"certificate.pem\"\ntls_key = \"key.pem\"\n[brand]\nname = \"Old Club\"\n\
                   logo = \"logo.png\"\n[texts]\ndirectory = \"texts\"\n[log]\nfilter = \"info\"\n";

/// The same with another name.
fn new() -> String {
    OLD.replace("Old", "New")
}

/// A server whose files get a fault, among changes that would be applied on their own.
struct Site {
    folder: TempDir,
    ca: Ca,
    manager: Manager,
    process: Process,
}

impl Site {
    async fn start() -> Self {
        let (folder, ca) = (tempfile::tempdir().unwrap(), Ca::new());
        let (binary, manager) = configured(Binary::bare(folder.path()), folder.path(), OLD);
        ca.write_certificate_for(&["127.0.0.1"], folder.path());
        Self::write(folder.path());
        let process = manager.starts(&binary).await;
        Self { folder, ca, manager, process }
    }

    fn write(folder: &Path) {
        publish(folder, "terms/1.0/en", "We keep logs for ten days.");
        publish(folder, "terms/1.0/fr", "Dix jours.");
        write(folder, "logo.png", PNG);
        write(folder, "texts/en.ftl", "page-tagline = Good morning\n");
    }

    async fn home(&self) -> String {
        let answer = trusting(&self.ca).get(format!("{}/", self.process.server.url)).send().await.unwrap();
        answer.text().await.unwrap()
    }

    /// Introduces a fault next to valid changes, and expects that it is reported and nothing
    /// changes. Then undoes everything.
    async fn refuses(&self, wrong: impl FnOnce(&Path), said: &str) {
        let folder = self.folder.path();
        let [certificate, key] = ["certificate.pem", "key.pem"].map(|name| folder.join(name));
        let before = [&certificate, &key].map(|path| fs::read(path).unwrap());
        write(folder, "vouch.toml", new());
        write(folder, "texts/en.ftl", "page-tagline = Good evening\n");
        publish(folder, "terms/1.1/en", "We keep logs for twenty days.");
        wrong(folder);
        let status = self.manager.reloads(&self.process).await;
        let (begin, problem) = status.split_once(" failed: ").unwrap_or_else(|| panic!("{said}: {status}"));
        assert!(begin.starts_with("serving as before, the reload at 20") && problem.contains(said), "{said}: {status}");
        let home = self.home().await;
        assert!(home.contains("Old Club") && home.contains("Good morning"), "{said}: {home}");
        assert!(home.contains("/policies/terms/1.0/en"), "{said}: {home}");

        write(folder, "vouch.toml", OLD);
        for folder in ["policies", "texts"].map(|name| folder.join(name)).iter().filter(|folder| folder.exists()) {
            fs::remove_dir_all(folder).unwrap();
        }
        for (path, content) in [certificate, key].iter().zip(before) {
            if path.is_dir() {
                fs::remove_dir(path).unwrap();
            }
            fs::write(path, content).unwrap();
        }
        Self::write(folder);
    }
}

fn remove(name: &str) -> impl FnOnce(&Path) {
    move |folder| {
        let path = folder.join(name);
        if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
    }
}

fn change(name: &str, content: impl AsRef<[u8]>) -> impl FnOnce(&Path) {
    move |folder| write(folder, name, content)
}

/// Adds a line to the configuration, whose last section is `[log]`.
fn set(line: &str) -> impl FnOnce(&Path) {
    change("vouch.toml", format!("{}{line}\n", new()))
}

#[tokio::test]
async fn a_mistake_is_named_and_changes_nothing() {
    let site = Site::start().await;
    for (wrong, said) in [
        ("acess = true", "vouch.toml:11:1: [log] acess: unknown key"),
        ("format = \"xml\"", "[log] format: expected"),
        ("[texts", "not valid TOML"),
        ("[lookup]\npepper_period = \"never\"", "[lookup] pepper_period: "),
        ("[federation]\nca_file = \"none.pem\"", "[federation] ca_file: "),
    ] {
        site.refuses(set(wrong), said).await;
    }
    site.refuses(change("vouch.toml", new().replace("\"info\"", "\"vouch=loud\"")), "[log] filter: ").await;
    site.refuses(remove("vouch.toml"), "vouch.toml: there is no such file").await;
    site.refuses(change("logo.png", "<html>"), "[brand] logo: expected a PNG, JPEG or SVG file").await;
    site.refuses(remove("logo.png"), "[brand] logo: expected a file").await;
    site.refuses(change("texts/en.ftl", "no-such-message = Hello\n"), "texts/en.ftl: there is no message").await;
    site.refuses(change("texts/de.ftl", "page-tagline"), "texts/de.ftl: ").await;
    site.refuses(remove("texts"), "[texts] directory: ").await;
    site.refuses(change("data/signing.key", "junk"), "data/signing.key").await;

    // All faults are reported at once.
    let wrong = |folder: &Path| {
        write(folder, "texts/en.ftl", "no-such-message = Hello\n");
        write(folder, "certificate.pem", "junk");
    };
    site.refuses(wrong, "texts/en.ftl: there is no message “no-such-message”").await;
}

#[tokio::test]
async fn a_document_that_people_may_have_accepted_cannot_change_or_vanish() {
    let site = Site::start().await;
    let changed = "policies/terms/1.0/en.md: has changed, but people may have accepted it as it was; restore it, and add a \
                   new version";
    site.refuses(change("policies/terms/1.0/en.md", "---\nname: Terms\n---\nElse.\n"), changed).await;
    let title = "---\nname: Other Terms\n---\nWe keep logs for ten days.\n";
    site.refuses(change("policies/terms/1.0/en.md", title), changed).await;
    let missing = "policies/terms/1.0/fr.md: is missing, but people may have accepted it; restore it";
    site.refuses(remove("policies/terms/1.0/fr.md"), missing).await;
    site.refuses(remove("policies/terms/1.0"), missing).await;
    site.refuses(remove("policies"), missing).await;
    site.refuses(set("[terms]\ndirectory = \"\""), missing).await;
    site.refuses(set("[terms]\ndirectory = \"texts/..\""), "certificate.pem").await;
    site.refuses(change("policies/terms/1.1/en.md", "No title"), "policies/terms/1.1/en.md: must start with").await;
    site.refuses(change("policies/terms/1.00/en.md", "---\nname: A\n---\nB\n"), "1.0 and 1.00 are the same version")
        .await;

    publish(site.folder.path(), "terms/1.1/en", "We keep logs for twenty days.");
    let status = site.manager.reloads(&site.process).await;
    assert!(status.starts_with("serving, reloaded at "), "{status}");
    assert!(site.home().await.contains("/policies/terms/1.1/en"));
}

#[tokio::test]
async fn a_certificate_that_clients_would_refuse_is_not_used() {
    let (site, other) = (Site::start().await, Ca::new());
    let elsewhere = tempfile::tempdir().unwrap();
    let (_, other_key) = other.write_certificate_for(&["127.0.0.1"], elsewhere.path());
    site.refuses(change("key.pem", fs::read(other_key).unwrap()), "key.pem: does not match server.tls_certificate")
        .await;
    site.refuses(change("key.pem", "junk"), "server.tls_key: key.pem: ").await;
    site.refuses(remove("key.pem"), "[server] tls_key: ").await;
    site.refuses(change("certificate.pem", ""), "server.tls_certificate: certificate.pem: ").await;
    site.refuses(remove("certificate.pem"), "[server] tls_certificate: ").await;
    let expired = |folder: &Path| drop(other.write_certificate_until(-1, &["127.0.0.1"], folder));
    site.refuses(expired, "server.tls_certificate: certificate.pem: expired at 20").await;
    let early = |folder: &Path| drop(other.write_certificate_from(2, &["127.0.0.1"], folder));
    site.refuses(early, "server.tls_certificate: certificate.pem: is not valid before 20").await;
    let unreadable = |folder: &Path| {
        fs::remove_file(folder.join("key.pem")).unwrap();
        fs::create_dir(folder.join("key.pem")).unwrap();
    };
    site.refuses(unreadable, "tls_key").await;

    other.write_certificate_until(30, &["127.0.0.1"], site.folder.path());
    let status = site.manager.reloads(&site.process).await;
    assert!(status.starts_with("serving, reloaded at "), "{status}");
    assert!(answers(&trusting(&other), &site.process).await && !answers(&trusting(&site.ca), &site.process).await);
    let Site { process, .. } = site;
    process.signal("TERM");
    let (status, log) = process.ended().await;
    assert_eq!(status, Some(0));
    assert_eq!(log.matches("the reload failed, nothing was changed: ").count(), 8, "{log}");
}
