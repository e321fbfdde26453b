//! Showing the state of the server.

use clap::Args;
use serde_json::json;

use super::operator::in_json;
use super::{Failure, say, table};
use crate::clock::{Clock, DAY, InWords, Millis, Span};
use crate::config::Config;
use crate::crypto::certificate;
use crate::service::{ClockStatus, NodeStatus, Services, Status};

/// Options for printing the state.
#[derive(Args)]
pub(super) struct StatusOptions {
    /// Print JSON, with times in milliseconds since 1970
    #[arg(long)]
    pub json: bool,
}

pub(super) async fn run(config: Config, options: &StatusOptions) -> Result<(), Failure> {
    let tls = config.server.tls.as_ref().map(|files| files.certificate.clone());
    let name = config.server.name.clone();
    let vouch = Services::look(config, Clock::system()).await?;
    let status = vouch.overview.status().await?;
    let certificate = tls.map(|file| Certificate::of(certificate::file_valid_until(&file), status.now));
    if options.json {
        let certificate = certificate.map(
            |Certificate { valid_until, days_left }| json!({ "valid_until": valid_until, "days_left": days_left }),
        );
        let mut object = json!(status);
        object["version"] = env!("CARGO_PKG_VERSION").into();
        object["name"] = name.as_str().into();
        object["certificate"] = json!(certificate);
        say(in_json(&object)?);
    } else {
        say(format_args!("Vouch {}, signing as {name}", env!("CARGO_PKG_VERSION")));
        print(&status);
        line("certificate", &certificate.map_or_else(|| BEHIND_A_PROXY.to_owned(), |one| one.in_words()));
    }
    Ok(())
}

const BEHIND_A_PROXY: &str = "none here, since a reverse proxy terminates TLS; `vouch doctor` checks the proxy's";

/// The certificate in `server.tls_certificate`.
struct Certificate {
    valid_until: Option<Millis>,
    days_left: Option<i64>,
}

impl Certificate {
    fn of(valid_until: Option<Millis>, now: Millis) -> Self {
        Self { valid_until, days_left: valid_until.map(|until| (until - now).div_euclid(DAY)) }
    }

    fn in_words(&self) -> String {
        match (self.valid_until, self.days_left) {
            (Some(until), Some(days)) if days < 0 => format!("expired, at {}", InWords(until)),
            (Some(until), Some(days)) => format!("{days} days left, until {}", InWords(until)),
            _ => "cannot be read".to_owned(),
        }
    }
}

fn print(status: &Status) {
    let now = status.now;
    if !status.nodes.iter().any(|node| node.alive) {
        line("node", "none is running");
    }
    for node in &status.nodes {
        line("node", &node_in_words(node, now));
    }
    line("clock", &clock_in_words(&status.clock));
    line("next pepper", &format!("in {}, at {}", Span(status.next_pepper_at - now), InWords(status.next_pepper_at)));
    for lease in &status.leases {
        line("lease", &format!("{} until {}", lease.name, InWords(lease.held_until)));
    }
    let counts = &status.counts;
    for (name, count) in [
        ("bindings", counts.bindings),
        ("accounts", counts.accounts),
        ("tokens", counts.tokens),
        ("web sessions", counts.web_sessions),
        ("invitations", counts.pending_invitations),
        ("objections", counts.objections),
        ("erasures", counts.pending_erasures),
    ] {
        line(name, &count.to_string());
    }
    if status.queue.is_empty() {
        line("queue", "empty");
    }
    for queue in &status.queue {
        let (waiting, failed, age) = (queue.waiting, queue.failed, Span(now - queue.oldest_queued_at));
        line(
            "queue",
            &format!("{}: {waiting} waiting, {failed} of them failed before, the oldest for {age}", queue.kind),
        );
    }
    line("audit log", &status.audit.to_string());
    if let Some(left) = status.rows_of_former_key {
        line("master key", &format!("being exchanged: {left} rows are still to be renewed"));
    }
    say("");
    let levels = status
        .limits
        .iter()
        .map(|limit| [limit.limit.clone(), limit.level.unwrap_or_default().to_string(), limit.capacity.to_string()]);
    table(["SHARED LIMIT", "LEVEL", "CAPACITY"], levels, 3);
    say("");
}

fn line(name: &str, text: &str) {
    say(format_args!("{name:14}{text}"));
}

fn node_in_words(node: &NodeStatus, now: Millis) -> String {
    let NodeStatus { alive, version, started_at, seen_at } = node;
    let (up, ago) = (Span(seen_at - started_at), Span(now - seen_at));
    if *alive {
        format!("version {version}, up for {} since {}", Span(now - started_at), InWords(*started_at))
    } else {
        format!("version {version}, silent for {ago} after {up}: it crashed or lost the database")
    }
}

fn clock_in_words(clock: &ClockStatus) -> String {
    if let Some(wrong) = &clock.wrong {
        return format!("wrong: {wrong}");
    }
    let database = match clock.database {
        Some(database) => {
            let by = database - clock.machine;
            format!("; the database's is {} {}", Span(by), if by < 0 { "behind" } else { "ahead" })
        }
        None => String::new(),
    };
    let stored = clock.stored.map(|stored| format!("; a node last stored {}", InWords(stored))).unwrap_or_default();
    format!("right{database}{stored}")
}
