//! The server process.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::Result;
use crate::client::{Connection, get};

/// The time that the server may take to become ready.
const TIMEOUT: Duration = Duration::from_mins(5);

/// A running server; it is killed when dropped.
pub struct Server {
    child: Child,
    begun: Instant,
    address: SocketAddr,
    folder: TempDir,
}

impl Server {
    /// Starts the binary with these settings, on a free port.
    pub fn start(settings: &[(String, String)]) -> Result<Self> {
        let folder = TempDir::new()?;
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let log = File::create(folder.path().join("log"))?;
        let begun = Instant::now();
        let child = Command::new(env!("CARGO_BIN_EXE_vouch"))
            .envs(settings.iter().cloned())
            .env("VOUCH__SERVER__LISTEN", address.to_string())
            .env("RUST_LOG", "info")
            .current_dir(&folder)
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        Ok(Self { child, begun, address, folder })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits for the first response, and returns how long it took from the start.
    pub async fn until_answering(&self) -> Result<Duration> {
        self.until("/_matrix/identity/versions").await
    }

    /// Waits until the server is ready for look-ups, and returns how long it took from the start.
    pub async fn until_ready(&self) -> Result<Duration> {
        self.until("/ready").await
    }

    async fn until(&self, path: &str) -> Result<Duration> {
        let request = get(path, "");
        while self.begun.elapsed() < TIMEOUT {
            if let Ok(mut connection) = Connection::open(self.address, 0).await
                && connection.exchange(&request).await.is_ok()
            {
                return Ok(self.begun.elapsed());
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Err(format!("no successful response from {path}; server log:\n{}", self.log()?).into())
    }

    /// Returns the first line of the log that contains `text`.
    pub fn log_line(&self, text: &str) -> Result<String> {
        let log = self.log()?;
        Ok(log
            .lines()
            .find(|line| line.contains(text))
            .ok_or("no line of the server log contains the text")?
            .to_owned())
    }

    fn log(&self) -> Result<String> {
        Ok(fs::read_to_string(self.folder.path().join("log"))?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
