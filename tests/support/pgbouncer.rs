//! A `PgBouncer` for tests, in front of a PostgreSQL and on the loopback interface.

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use url::Url;

use crate::program::{Program, free_port, tail};

/// The time that it may take to start, including its installation.
const PATIENCE: Duration = Duration::from_mins(2);

/// A running `PgBouncer`, which stops when dropped.
pub struct PgBouncer {
    url: String,
    /// Dropped before the directory.
    _program: Program,
    _directory: TempDir,
}

impl PgBouncer {
    /// Starts a `PgBouncer` in front of the database with this URL, with settings such as
    /// `pool_mode = session`.
    ///
    /// # Panics
    ///
    /// If `PgBouncer` is not installed and cannot be. Its log says what to install.
    pub fn start(database: &str, settings: &[&str]) -> Self {
        let directory = TempDir::new().expect("there is a temporary directory");
        let path = |name: &str| directory.path().join(name);
        let port = free_port();
        fs::write(path("pgbouncer.ini"), configuration(database, port, settings)).expect("it can be written");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/pgbouncer");
        let variables = vec![("PATH".to_owned(), std::env::var("PATH").expect("it is set"))];
        let program = Program::new(script, directory.path(), path("log"), variables);
        program.start_with(&["run", "pgbouncer.ini"]);
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < PATIENCE, "PgBouncer does not start: {}", tail(&path("log")));
            thread::sleep(Duration::from_millis(10));
        }
        let url = format!("postgres://pooled@127.0.0.1:{port}/pooled");
        Self { url, _program: program, _directory: directory }
    }

    /// Returns the URL of the database behind it.
    pub fn url(&self) -> &str {
        &self.url
    }
}

fn configuration(database: &str, port: u16, settings: &[&str]) -> String {
    let url: Url = database.parse().expect("it is a URL");
    let host = url.host_str().expect("it has a host");
    let server = url.port().unwrap_or(5432);
    let (user, password) = (url.username(), url.password().unwrap_or_default());
    let name = url.path().trim_start_matches('/');
    let settings = settings.join("\n");
    format!(
        "[databases]\n\
         pooled = host={host} port={server} dbname={name} user={user} password={password}\n\
         [pgbouncer]\n\
         listen_addr = 127.0.0.1\n\
         listen_port = {port}\n\
         unix_socket_dir =\n\
         auth_type = any\n\
         {settings}\n"
    )
}
