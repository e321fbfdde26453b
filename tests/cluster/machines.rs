//! Machines: network namespaces with a cable to one switch, and a disk of their own.

use std::fs;
use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::Result;

/// The address of this namespace, in which Vouch and the proxy run.
const HERE: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);

/// The size of a machine's disk.
const DISK: &str = "size=900m,mode=755";

/// One machine.
pub struct Machine {
    pub name: String,
    pub address: Ipv4Addr,
    /// Its disk, which can be filled.
    pub disk: PathBuf,
    cable: String,
}

/// Creates the switch.
pub fn switch() -> Result<()> {
    run("ip", &["link", "set", "lo", "up"])?;
    run("ip", &["link", "add", "br0", "type", "bridge"])?;
    run("ip", &["addr", "add", &format!("{HERE}/24"), "dev", "br0"])?;
    run("ip", &["link", "set", "br0", "up"])
}

impl Machine {
    /// Creates a machine that is connected to the switch.
    pub fn new(number: u8, folder: &Path) -> Result<Self> {
        let (name, cable) = (format!("machine{number}"), format!("cable{number}"));
        let address = Ipv4Addr::new(10, 77, 0, 10 + number);
        let disk = folder.join(&name);
        fs::create_dir(&disk)?;
        run("mount", &["-t", "tmpfs", "-o", DISK, "tmpfs", &disk.display().to_string()])?;
        run("chown", &["postgres:", &disk.display().to_string()])?;
        run("ip", &["netns", "add", &name])?;
        run("ip", &["link", "add", &cable, "type", "veth", "peer", "name", "eth0", "netns", &name])?;
        run("ip", &["link", "set", &cable, "master", "br0", "up"])?;
        run("ip", &["-n", &name, "addr", "add", &format!("{address}/24"), "dev", "eth0"])?;
        run("ip", &["-n", &name, "link", "set", "eth0", "up"])?;
        run("ip", &["-n", &name, "link", "set", "lo", "up"])?;
        Ok(Self { name, address, disk, cable })
    }

    /// Pulls the cable, or plugs it in.
    pub fn connect(&self, connected: bool) -> Result<()> {
        run("ip", &["link", "set", &self.cable, if connected { "up" } else { "down" }])
    }

    /// Fills the disk to the last byte.
    pub fn fill(&self) {
        if let (Ok(mut zeros), Ok(mut filling)) = (fs::File::open("/dev/zero"), fs::File::create(self.filling())) {
            // It fails, since nothing is left.
            let _ = io::copy(&mut zeros, &mut filling);
        }
    }

    /// Gives back what [`Self::fill`] has taken.
    pub fn empty(&self) -> Result<()> {
        Ok(fs::remove_file(self.filling())?)
    }

    fn filling(&self) -> PathBuf {
        self.disk.join("filling")
    }

    /// Starts a program on it, as the user `postgres`.
    pub fn start(&self, program: &str, arguments: &[&str]) -> Result<Child> {
        let log = fs::File::options().append(true).create(true).open(self.log())?;
        let user = ["--reuid=postgres", "--regid=postgres", "--clear-groups", program];
        Ok(Command::new("ip")
            .args(["netns", "exec", &self.name, "setpriv"])
            .args(user)
            .args(arguments)
            .current_dir(&self.disk)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?)
    }

    /// What its programs wrote. It is not on its own disk, which is full at times.
    pub fn log(&self) -> PathBuf {
        self.disk.with_extension("log")
    }
}

/// Runs a command that must succeed.
pub fn run(program: &str, arguments: &[&str]) -> Result<()> {
    let output = Command::new(program).args(arguments).output().map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{program} {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr)).into())
}

/// Sends a signal to a process.
pub fn signal(pid: u32, signal: &str) -> Result<()> {
    run("kill", &[&format!("-{signal}"), &pid.to_string()])
}
