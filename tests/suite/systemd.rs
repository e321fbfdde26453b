//! Messages to systemd: `Type=notify` and the watchdog.

use std::fs;
use std::net::TcpListener;
use std::os::unix::net::UnixDatagram;

use crate::manager::Manager;
use crate::program::{Binary, PATIENCE, refused};
use crate::reload::{configured, serve, write};
use crate::world::until;

#[tokio::test]
async fn a_server_is_ready_when_it_answers_and_says_when_it_stops() {
    let (_folder, manager, process) = serve("").await;
    assert_eq!(process.server.get("/health", None).await.ok()["status"], "ok");
    assert_eq!(manager.rest(), "");
    process.signal("TERM");
    assert_eq!(manager.told().await, "STOPPING=1\nSTATUS=stopping\n");
    assert_eq!(process.ended().await.0, Some(0));
    assert_eq!(manager.rest(), "");
}

#[tokio::test]
async fn a_server_that_does_not_start_is_never_ready() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut binary = Binary::bare(folder.path());
    let manager = Manager::of(&mut binary, folder.path());
    binary.set("VOUCH__SERVER__LISTEN", &taken.local_addr().unwrap().to_string());
    refused(&binary.run(&[]), 1, "server.listen: ");
    assert_eq!(manager.rest(), "");
}

#[tokio::test]
async fn the_commands_of_operators_tell_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut binary = Binary::bare(folder.path());
    let manager = Manager::of(&mut binary, folder.path());
    binary.set("WATCHDOG_USEC", "1000");
    assert_eq!(binary.run(&["check-config"]).status, Some(0));
    assert_eq!(manager.rest(), "");
}

#[tokio::test]
async fn the_name_of_a_file_cannot_forge_a_message() {
    let (folder, manager, process) = serve("").await;
    write(folder.path(), "vouch.toml", "[texts]\ndirectory = \"texts\"\n");
    write(folder.path(), "texts/en\nMAINPID=1\nREADY=1.ftl", "");
    let status = manager.reloads(&process).await;
    assert!(status.contains("texts/en MAINPID=1 READY=1.ftl: a file of texts must be named"), "{status}");
}

#[tokio::test]
async fn the_watchdog_hears_from_a_server_again_and_again_also_after_a_reload() {
    let folder = tempfile::tempdir().unwrap();
    let mut binary = Binary::bare(folder.path());
    binary.set("WATCHDOG_USEC", "100000");
    let (binary, manager) = configured(binary, folder.path(), "");
    let process = manager.starts(&binary).await;
    for _ in 0..3 {
        assert_eq!(manager.told().await, "WATCHDOG=1\n");
    }
    process.signal("HUP");
    while !manager.told().await.starts_with("READY=1\nSTATUS=serving, reloaded at ") {}
    for _ in 0..3 {
        assert_eq!(manager.told().await, "WATCHDOG=1\n");
    }
}

#[tokio::test]
async fn a_watchdog_of_another_process_is_not_served() {
    let folder = tempfile::tempdir().unwrap();
    let mut binary = Binary::bare(folder.path());
    binary.set("WATCHDOG_USEC", "1000");
    binary.set("WATCHDOG_PID", "1");
    let (binary, manager) = configured(binary, folder.path(), "");
    let process = manager.starts(&binary).await;
    for _ in 0..3 {
        manager.reloads(&process).await;
    }
    process.signal("TERM");
    assert_eq!(manager.told().await, "STOPPING=1\nSTATUS=stopping\n");
}

#[tokio::test]
async fn without_a_service_manager_a_server_serves_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let mut binary = Binary::bare(folder.path());
    binary.set("WATCHDOG_USEC", "1000");
    binary.set("NOTIFY_SOCKET", folder.path().join("none").to_str().unwrap());
    let process = binary.serve().await;
    process.signal("HUP");
    process.signal("TERM");
    let (status, log) = process.ended().await;
    assert_eq!(status, Some(0), "{log}");
    assert!(log.contains("the server's state could not be reported to the service manager: "), "{log}");
}

#[tokio::test]
async fn a_service_manager_that_does_not_listen_holds_nothing_up() {
    let (folder, _manager, process) = serve("").await;
    let others = UnixDatagram::unbound().unwrap();
    others.set_nonblocking(true).unwrap();
    others.connect(folder.path().join("notify")).unwrap();
    while others.send(b"STATUS=full").is_ok() {}
    write(folder.path(), "vouch.toml", "[brand]\nname = \"New Club\"\n");
    process.signal("HUP");
    let home = async || process.server.get("/", None).await.text;
    until(PATIENCE, "the reload waits", async || home().await.contains("New Club")).await;
    write(folder.path(), "vouch.toml", "[brand]\nname = \"Newer Club\"\n");
    process.signal("HUP");
    until(PATIENCE, "the next reload waits", async || home().await.contains("Newer Club")).await;
    process.signal("TERM");
    assert_eq!(process.ended().await.0, Some(0));
}

/// The unit is installed on Debian 12, whose systemd 252 has no `Type=notify-reload`.
#[test]
fn the_unit_waits_for_the_server_and_reloads_it() {
    let unit = fs::read_to_string("deploy/vouch.service").unwrap();
    let settings = |name: &str| {
        let values = unit.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        values.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(settings("Type"), ["notify"]);
    let [check, signal] = &settings("ExecReload")[..] else { panic!("{unit}") };
    assert_eq!(check.replace("check-config", "serve"), settings("ExecStart")[0]);
    assert!(signal.contains("kill -HUP"), "{signal}");
    assert_eq!(settings("WatchdogSec").len(), 1);
}
