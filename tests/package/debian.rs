//! A Debian in a directory: its commands run in it by chroot, on the loopback interface of this
//! machine. No systemd runs to start services, so they are started as their unit says.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

pub struct Debian {
    root: PathBuf,
}

/// A service, which is told to stop when dropped.
pub struct Service {
    child: Child,
    /// The URL at which it listens.
    pub url: String,
}

impl Debian {
    /// Returns the Debian that scripts/package made. It contains the packages to install.
    pub fn given() -> Self {
        let root = std::env::var_os("VOUCH_TEST_DEBIAN").expect("scripts/package test sets VOUCH_TEST_DEBIAN");
        Self { root: root.into() }
    }

    /// Returns the path outside of a path inside.
    pub fn path(&self, inside: &str) -> PathBuf {
        self.root.join(inside.trim_start_matches('/'))
    }

    fn command(&self, shell: &str) -> Command {
        let mut command = Command::new("chroot");
        command.arg(&self.root).args(["sh", "-euc", shell]).env_clear().stdin(Stdio::null());
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("DEBIAN_FRONTEND", "noninteractive");
        command
    }

    /// Runs lines of shell as root, and returns what they print. They must succeed.
    #[track_caller]
    pub fn run(&self, shell: &str) -> String {
        let output = self.command(shell).output().unwrap();
        let text = |bytes| String::from_utf8_lossy(bytes).trim_end().to_owned();
        assert!(output.status.success(), "{shell}\n{}\n{}", text(&output.stdout), text(&output.stderr));
        text(&output.stdout)
    }

    /// Returns mode, owner and group of a path.
    #[track_caller]
    pub fn access(&self, path: &str) -> String {
        self.run(&format!("stat -c '%a %U:%G' {path}"))
    }

    pub fn edit(&self, path: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(path)).unwrap();
        assert!(text.contains(from), "{path}: {from}");
        // Written in place, which keeps the owner and the mode.
        fs::write(self.path(path), text.replacen(from, to, 1)).unwrap();
    }

    /// Starts a service as its unit says, and waits until it listens.
    pub fn start(&self, unit: &str) -> Service {
        let unit = fs::read_to_string(self.path(&format!("/usr/lib/systemd/system/{unit}.service"))).unwrap();
        let setting = |name| unit.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).expect(name);
        let (user, group, folder) = (setting("User"), setting("Group"), setting("WorkingDirectory"));
        let line = format!(
            "umask {}; cd {folder}; exec setpriv --reuid {user} --regid {group} --init-groups --no-new-privs \
             --bounding-set -all {}",
            setting("UMask"),
            setting("ExecStart")
        );
        let mut child = self.command(&line).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = String::new();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let url = lines.by_ref().find_map(|line| {
            log.extend([line.as_str(), "\n"]);
            Some(line.split_once(" listens on ")?.1.to_owned())
        });
        // Nobody reads the rest, which must not stop the service.
        std::thread::spawn(|| lines.for_each(drop));
        Service { child, url: url.unwrap_or_else(|| panic!("it does not listen:\n{log}")) }
    }
}

impl Service {
    /// Stops it as systemd does. Returns whether it exited without an error.
    pub fn stop(mut self) -> bool {
        self.terminate();
        self.child.wait().unwrap().success()
    }

    fn terminate(&self) {
        // It may have exited already.
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.terminate();
        let _ = self.child.wait();
    }
}

/// Returns the contents of the files below a directory, by path.
pub fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(contents(&path));
        } else {
            all.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
    all.sort();
    all
}
