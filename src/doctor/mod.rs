//! Checks of everything that the server depends on, from where it runs, for the operator.
//!
//! The checks are a closed list. Each looks at one thing, has a deadline, and reports what it found
//! and what to do about it. They run concurrently, none stops another, and none changes anything
//! except that it may send a message to a recipient named by the operator. Their results contain
//! neither secrets nor personal data.

mod database;
mod files;
mod homeserver;
mod messages;
mod public;

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use futures_util::future::join_all;
use ruma_common::OwnedServerName;
use serde::Serialize;
use tokio::time::timeout;

use crate::clock::{Clock, DAY, InWords, Millis};
use crate::config::{Config, ConfigError, environment};
use crate::federation::Federation;
use crate::identity::threepid::Address;
use crate::metrics::Metrics;
use crate::server::Application;
use crate::service::Inspection;

/// The time allowed for a check.
const PATIENCE: Duration = Duration::from_secs(30);
/// The time allowed for connecting to the database.
const CONNECT: Duration = Duration::from_secs(15);
/// The remaining validity below which a certificate should already have been renewed.
const SOON: Millis = 14 * DAY;

/// Objects to check besides the server itself.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The configuration file.
    pub file: Option<PathBuf>,
    /// The recipient of a test mail.
    pub mail_to: Option<Address>,
    /// The recipient of a test text.
    pub text_to: Option<Address>,
    /// A homeserver whose users will use this server.
    pub homeserver: Option<OwnedServerName>,
}

/// The outcome of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// All is well.
    Ok,
    /// It works, but is probably unintended or will not last.
    Warning,
    /// It does not work.
    Problem,
    /// It was not checked.
    Skipped,
}

/// The result of a check.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// The outcome.
    pub outcome: Outcome,
    /// A description of the state.
    pub found: String,
    /// The remedy, if one is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// A check and its result.
#[derive(Clone, Debug, Serialize)]
pub struct Checked {
    /// The name of the check.
    pub check: &'static str,
    /// The result.
    #[serde(flatten)]
    pub finding: Finding,
}

impl Finding {
    fn ok(found: impl Into<String>) -> Self {
        Self { outcome: Outcome::Ok, found: found.into(), remedy: None }
    }

    fn skipped(because: impl Into<String>) -> Self {
        Self { outcome: Outcome::Skipped, found: because.into(), remedy: None }
    }

    fn warning(found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { outcome: Outcome::Warning, found: found.into(), remedy: Some(remedy.into()) }
    }

    fn problem(found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { outcome: Outcome::Problem, found: found.into(), remedy: Some(remedy.into()) }
    }
}

/// The objects that the checks look at.
struct Context {
    config: Config,
    options: Options,
    clock: Clock,
    database: Result<Inspection, String>,
    federation: Result<Federation, String>,
}

type Run = for<'c> fn(&'c Context) -> Pin<Box<dyn Future<Output = Finding> + 'c>>;

/// All checks, in the order in which they are shown.
const CHECKS: [(&str, Run); 21] = [
    ("configuration", |context| Box::pin(async move { configuration(context) })),
    ("secrets", |context| Box::pin(async move { files::secrets(context) })),
    ("folders", |context| Box::pin(async move { files::folders(context) })),
    ("disk space", |context| Box::pin(async move { files::space(context) })),
    ("database", |context| Box::pin(async move { database::reached(context) })),
    ("schema", |context| Box::pin(database::schema(context))),
    ("clock", |context| Box::pin(database::clock(context))),
    ("master key", |context| Box::pin(database::master_key(context))),
    ("signing key", |context| Box::pin(database::signing_key(context))),
    ("audit log", |context| Box::pin(database::audit_log(context))),
    ("dns", |context| Box::pin(public::dns(context))),
    ("public url", |context| Box::pin(public::versions(context))),
    ("public key", |context| Box::pin(public::key(context))),
    ("cors", |context| Box::pin(public::cors(context))),
    ("proxy", |context| Box::pin(public::proxy(context))),
    ("mail", |context| Box::pin(messages::mail(context))),
    ("texts", |context| Box::pin(messages::texts(context))),
    ("homeserver", |context| Box::pin(homeserver::reached(context))),
    ("homeserver tokens", |context| Box::pin(homeserver::tokens(context))),
    ("homeserver keys", |context| Box::pin(homeserver::keys(context))),
    ("homeserver clients", |context| Box::pin(homeserver::clients(context))),
];

/// Runs all checks.
pub async fn examine(config: Config, options: Options) -> Vec<Checked> {
    let clock = Clock::system();
    let federation =
        Federation::new(&config.federation, clock.clone(), &Metrics::default()).map_err(|error| error.to_string());
    let database = match timeout(CONNECT, Inspection::open(&config, clock.clone())).await {
        Ok(opened) => opened.map_err(|error| error.to_string()),
        Err(_) => Err(format!("the database did not answer within {} s", CONNECT.as_secs())),
    };
    let context = Context { config, options, clock, database, federation };
    let checks = CHECKS.map(|(check, run)| {
        let finding = timeout(PATIENCE, run(&context));
        async move {
            let late = || Finding::problem(format!("no result within {} s", PATIENCE.as_secs()), "find out what hangs");
            Checked { check, finding: finding.await.unwrap_or_else(|_| late()) }
        }
    });
    join_all(checks).await
}

/// Returns the result if the configuration cannot be read.
#[must_use]
pub fn unreadable(errors: &[ConfigError]) -> Vec<Checked> {
    let errors = errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    let mut checked = vec![Checked {
        check: CHECKS[0].0,
        finding: Finding::problem(errors, "correct these settings; vouch.example.toml describes every one"),
    }];
    let skipped = || Finding::skipped("the configuration cannot be read");
    checked.extend(CHECKS[1..].iter().map(|(check, _)| Checked { check, finding: skipped() }));
    checked
}

/// Checks the settings, and the files that they name.
fn configuration(context: &Context) -> Finding {
    let problems = Application::check(&context.config);
    if !problems.is_empty() {
        let problems = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        return Finding::problem(problems, "correct these files or the settings that name them");
    }
    let warnings = context.config.warnings();
    if !warnings.is_empty() {
        return Finding::warning(warnings.join("\n"), "change these settings, unless they are intended");
    }
    Finding::ok("the settings and the files that they name are valid")
}

/// Adds the remaining validity of a certificate to a result that is otherwise good.
fn certificate(found: &str, valid_until: Option<Millis>, clock: &Clock) -> Finding {
    let Some(until) = valid_until else { return Finding::ok(found) };
    let left = until - clock.now();
    let found = format!("{found}; its certificate is valid for {} more days, until {}", left / DAY, InWords(until));
    if left < SOON {
        Finding::warning(found, "renew the certificate, and find out why that did not happen automatically")
    } else {
        Finding::ok(found)
    }
}

/// Returns the files that hold secrets according to the settings.
fn secret_files(context: &Context) -> Vec<PathBuf> {
    Config::secret_files(context.options.file.as_deref(), environment())
}
