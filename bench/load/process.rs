//! CPU time and memory of processes, as reported by Linux.

use std::fs;
use std::time::Duration;

use crate::Result;

/// Linux reports CPU time in hundredths of a second, whatever the frequency of its timer.
const TICK: Duration = Duration::from_millis(10);

/// Returns the CPU time of a process so far.
pub fn cpu(pid: u32) -> Result<Duration> {
    Ok(Stat::read(pid)?.own())
}

/// Returns the CPU time of a process and its children so far, including children that have exited.
pub fn cpu_with_children(pid: u32) -> Result<Duration> {
    let parent = Stat::read(pid)?;
    let mut total = parent.own() + parent.ended_children;
    for entry in fs::read_dir("/proc")? {
        let child = entry?.file_name().to_str().and_then(|name| name.parse().ok());
        // A child that exits now is included in the parent's time next time.
        if let Some(child) = child.and_then(|child| Stat::read(child).ok()).filter(|child| child.parent == pid) {
            total += child.own();
        }
    }
    Ok(total)
}

/// Returns the CPU time of all processes so far.
pub fn cpu_of_all() -> Result<Duration> {
    let stat = fs::read_to_string("/proc/stat")?;
    let first = stat.lines().next().unwrap_or_default();
    let fields: Vec<u32> = first.split_whitespace().skip(1).filter_map(|field| field.parse().ok()).collect();
    // user, nice, system, idle, iowait, irq, softirq
    let busy = fields.iter().take(7).enumerate().filter(|(index, _)| ![3, 4].contains(index));
    Ok(TICK * busy.map(|(_, ticks)| *ticks).sum())
}

/// Returns the resident memory of a process in megabytes (10⁶ bytes).
pub fn rss_mb(pid: u32) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib * 1024.0 / 1e6)
}

struct Stat {
    parent: u32,
    user: Duration,
    system: Duration,
    ended_children: Duration,
}

impl Stat {
    fn read(pid: u32) -> Result<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // The name, in parentheses, may contain anything.
        let (_, rest) = stat.rsplit_once(") ").ok_or("/proc/PID/stat has no name")?;
        let fields: Vec<&str> = rest.split(' ').collect();
        let field = |index: usize| {
            fields.get(index).and_then(|field| field.parse::<u32>().ok()).ok_or("/proc/PID/stat has too few numbers")
        };
        Ok(Self {
            parent: field(1)?,
            user: TICK * field(11)?,
            system: TICK * field(12)?,
            ended_children: TICK * (field(13)? + field(14)?),
        })
    }

    fn own(&self) -> Duration {
        self.user + self.system
    }
}
