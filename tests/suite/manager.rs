//! A service manager that a server reports to, such as systemd.

use std::path::Path;

use tokio::net::UnixDatagram;
use tokio::time::timeout;

use crate::program::{Binary, PATIENCE, Process};

/// The socket of a service manager.
pub struct Manager(UnixDatagram);

impl Manager {
    /// Listens in a folder, and makes the binary report there.
    pub fn of(binary: &mut Binary, folder: &Path) -> Self {
        let path = folder.join("notify");
        binary.set("NOTIFY_SOCKET", path.to_str().unwrap());
        Self(UnixDatagram::bind(path).unwrap())
    }

    /// Returns the next message.
    pub async fn told(&self) -> String {
        let mut message = [0; 4096];
        let length = timeout(PATIENCE, self.0.recv(&mut message)).await.expect("it tells nothing").unwrap();
        String::from_utf8(message[..length].to_vec()).unwrap()
    }

    /// Returns the messages it has received that nobody has asked for yet.
    pub fn rest(&self) -> String {
        let mut rest = String::new();
        let mut message = [0; 4096];
        while let Ok(length) = self.0.try_recv(&mut message) {
            rest.push_str(std::str::from_utf8(&message[..length]).unwrap());
        }
        rest
    }

    /// Starts a server, and waits until it says that it is ready.
    pub async fn starts(&self, binary: &Binary) -> Process {
        let process = binary.start();
        assert_eq!(self.told().await, "READY=1\nSTATUS=serving\n");
        process
    }

    /// Sends SIGHUP, waits until the server is ready again, and returns its status.
    pub async fn reloads(&self, process: &Process) -> String {
        process.signal("HUP");
        self.reloaded().await
    }

    /// Waits for the end of a reload, and returns the server's status.
    pub async fn reloaded(&self) -> String {
        let begun = self.told().await;
        let time = begun.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").and_then(|time| time.strip_suffix('\n'));
        assert!(time.is_some_and(|time| time.parse::<u64>().unwrap() > 0), "{begun}");
        let ended = self.told().await;
        let status = ended.strip_prefix("READY=1\nSTATUS=").and_then(|status| status.strip_suffix('\n'));
        status.filter(|status| !status.contains('\n')).unwrap_or_else(|| panic!("{ended}")).to_owned()
    }
}
