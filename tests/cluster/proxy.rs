//! `HAProxy`, which leads to the primary, and users to a node that is ready.

use std::fmt::Write as _;
use std::path::Path;

use vouch_test_support::program::Program;

use crate::Result;
use crate::database::Member;

/// Where the primary answers.
pub const DATABASE: u16 = 5000;
/// Where a node answers that is ready.
pub const VOUCH: u16 = 8100;

/// Starts it.
pub fn start(folder: &Path, members: &[Member], nodes: &[u16]) -> Result<Program> {
    let mut settings = format!(
        "global
    maxconn 1000
defaults
    timeout connect 2s
    timeout client 1h
    timeout server 1h
    timeout check 1s
    retries 1
listen database
    mode tcp
    bind 127.0.0.1:{DATABASE}
    option httpchk OPTIONS /primary
    http-check expect status 200
    default-server inter 1s fall 2 rise 1 on-marked-down shutdown-sessions
"
    );
    for member in members {
        let (name, address) = (&member.machine.name, member.machine.address);
        writeln!(settings, "    server {name} {address}:5432 check port 8008")?;
    }
    write!(
        settings,
        "listen vouch
    mode http
    bind 127.0.0.1:{VOUCH}
    option httpchk GET /ready
    default-server inter 1s fall 2 rise 1
"
    )?;
    for port in nodes {
        writeln!(settings, "    server vouch{port} 127.0.0.1:{port} check")?;
    }
    let path = folder.join("haproxy.cfg");
    std::fs::write(&path, settings)?;
    let program = Program::new("/usr/sbin/haproxy", folder, folder.join("haproxy.log"), Vec::new());
    program.start_with(&["-f", &path.display().to_string()]);
    Ok(program)
}

/// Starts it again after it was killed.
pub fn start_again(folder: &Path, program: &Program) {
    program.start_with(&["-f", &folder.join("haproxy.cfg").display().to_string()]);
}
