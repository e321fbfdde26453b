//! A booted Debian, with systemd and its own address, in a container of systemd-nspawn.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Where a shell keeps its directory from one block of commands to the next.
const DIRECTORY: &str = "/run/directory";

pub struct Machine {
    root: PathBuf,
    container: Child,
    /// The container's first process, as this machine numbers it.
    init: String,
}

impl Machine {
    /// Boots the Debian in a directory, on a bridge, with this address.
    pub fn boot(root: &Path, bridge: &str, address: Ipv4Addr) -> Self {
        let mut command = Command::new("systemd-nspawn");
        command.args(["--boot", "--quiet", "--register=no", "--keep-unit", "--console=pipe", "--resolv-conf=off"]);
        command.arg("--directory").arg(root).arg(format!("--network-bridge={bridge}"));
        let console = fs::File::create(root.with_extension("console")).unwrap();
        let container = command.stdin(Stdio::null()).stdout(console).spawn().unwrap();
        let children = format!("/proc/{0}/task/{0}/children", container.id());
        let init = eventually(|| fs::read_to_string(&children).ok()?.split_whitespace().next().map(str::to_owned));
        let machine = Self { root: root.to_owned(), container, init };
        eventually(|| machine.network(&["link", "set", "host0", "up"]).then_some(()));
        assert!(machine.network(&["address", "add", &format!("{address}/24"), "dev", "host0"]));
        eventually(|| {
            machine.enter(&["systemctl", "is-system-running", "--wait"]).status().unwrap().success().then_some(())
        });
        machine
    }

    /// Returns the path outside of a path inside.
    pub fn path(&self, inside: &str) -> PathBuf {
        self.root.join(inside.trim_start_matches('/'))
    }

    fn network(&self, arguments: &[&str]) -> bool {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.init, "--net", "ip"]).args(arguments).stderr(Stdio::null());
        command.status().unwrap().success()
    }

    fn enter(&self, words: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.init, "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup"]);
        command.args(["env", "HOME=/root", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "TERM=dumb"]).args(words);
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").stdin(Stdio::null()).stderr(Stdio::piped());
        command
    }

    /// Runs lines of shell as root, in the directory of the lines before. Returns what they print,
    /// or what went wrong.
    pub fn attempt(&self, shell: &str) -> Result<String, String> {
        let script = format!("cd \"$(cat {DIRECTORY} 2>/dev/null || echo /root)\"\n{shell}\npwd >{DIRECTORY}");
        let output = self.enter(&["bash", "-euc", &script]).stdout(Stdio::piped()).output().unwrap();
        let text = |bytes| String::from_utf8_lossy(bytes).trim_end().to_owned();
        let (printed, errors) = (text(&output.stdout), text(&output.stderr));
        println!("{shell}\n{printed}\n{errors}");
        if output.status.success() { Ok(printed) } else { Err(format!("{shell}\n{printed}\n{errors}")) }
    }

    /// Like [`Self::attempt`], but they must succeed.
    #[track_caller]
    pub fn run(&self, shell: &str) -> String {
        self.attempt(shell).unwrap_or_else(|problem| panic!("{problem}"))
    }

    /// Repeats lines of shell until they succeed and print this.
    #[track_caller]
    pub fn shows(&self, shell: &str, expected: &str) {
        eventually(|| self.attempt(shell).ok().filter(|printed| printed.contains(expected)));
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // nspawn makes it power off.
        let _ = Command::new("kill").arg(self.container.id().to_string()).status();
        let _ = self.container.wait();
    }
}

/// Asks until there is an answer. What takes longest is Prometheus, which reads every 15 seconds.
#[track_caller]
pub fn eventually<T>(mut ask: impl FnMut() -> Option<T>) -> T {
    for _ in 0..300 {
        if let Some(answer) = ask() {
            return answer;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("it did not happen within 30 seconds");
}
