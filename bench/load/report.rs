//! The table of results.

use std::fs;
use std::time::Duration;

use crate::Result;
use crate::measure::Measurement;

/// Notes printed below the table.
pub const NOTES: &str = "\
Look-ups: 5 % of the addresses are bound, and each response is checked. Each user repeatedly looks up the same book of 10,000
addresses, as clients do, which is charged to the rate limit only once. `all new`: every address is new to the user and charged.
Rate limits never refuse a request: a user's limit has a capacity of 10,000, and so is charged in the database as often as in
production, but drains at once; limits shared by many users have a capacity of 1,000,000,000. Each connection comes from a
different network. CPU times are those of the whole process, in µs per request or journey. Load and others: the number of cores
used by this load test and by all other processes; the higher the latter, the less reliable the results. The server caches an
access token for one second.";

/// Prints the header of the table.
pub fn head() {
    println!(
        "{:<38}{:>10}{:>13}{:>9}{:>9}{:>12}{:>14}{:>9}{:>7}{:>8}",
        "", "req/s", "addresses/s", "p50 ms", "p99 ms", "server µs", "database µs", "RSS MB", "load", "others"
    );
}

/// Prints a row, for requests with this number of addresses each.
pub fn row(name: &str, addresses: usize, measured: &Measurement) {
    let seconds = measured.elapsed.as_secs_f64();
    let each = |cpu: Duration| cpu.as_secs_f64() * 1e6 / measured.count();
    let rate = measured.rate();
    let addresses = if addresses > 0 { format!("{:.0}", rate * float(addresses)) } else { String::new() };
    let database = measured.database.map(|cpu| format!("{:.0}", each(cpu))).unwrap_or_default();
    println!(
        "{name:<38}{rate:>10.0}{addresses:>13}{:>9.2}{:>9.2}{:>12.0}{database:>14}{:>9.0}{:>7.2}{:>8.2}",
        measured.millis(50),
        measured.millis(99),
        each(measured.server),
        measured.rss_mb,
        measured.load.as_secs_f64() / seconds,
        measured.others.as_secs_f64() / seconds,
    );
}

impl Measurement {
    /// Returns the number of runs, at least one.
    pub fn count(&self) -> f64 {
        float(self.times.len()).max(1.0)
    }

    /// Returns the number of runs per second.
    pub fn rate(&self) -> f64 {
        float(self.times.len()) / self.elapsed.as_secs_f64()
    }

    /// Returns a percentile of the durations, in milliseconds.
    pub fn millis(&self, percent: usize) -> f64 {
        self.times.get(self.times.len() * percent / 100).map_or(0.0, |time| time.as_secs_f64() * 1e3)
    }
}

fn float(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::INFINITY, f64::from)
}

/// Describes the machine and its load before the test.
pub fn machine() -> Result<String> {
    let info = fs::read_to_string("/proc/cpuinfo")?;
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("unknown processor", |(_, model)| model);
    let load = fs::read_to_string("/proc/loadavg")?;
    let load = load.split(' ').next().unwrap_or_default();
    Ok(format!(
        "{} cores of {model}, shared with the load test; load average before: {load}",
        std::thread::available_parallelism()?
    ))
}
