//! Logging in to an SMTP server (RFC 4954).

use base64::prelude::{BASE64_STANDARD, Engine};
use tokio::time::{Instant, timeout};

use super::connection::Connection;
use super::reply::Trouble;
use crate::config::SmtpCredentials;
use crate::notify::mail::error::{Code, SendError, Step};

/// Logs in by `PLAIN` or `LOGIN`, whichever the server offers. If it offers both and refuses one,
/// the other is tried, since some servers offer mechanisms that they have not set up. That takes at
/// most half of the time until the deadline: servers are slow to refuse a wrong password, and the
/// refusal must not be lost in a timeout.
pub(super) async fn log_in(
    connection: &mut Connection,
    credentials: &SmtpCredentials,
    deadline: Instant,
) -> Result<(), SendError> {
    let offered = connection.parameters("AUTH").ok_or(SendError::NoLogin)?;
    let offers = |mechanism| offered.iter().any(|word| word.eq_ignore_ascii_case(mechanism));
    let logged_in = match (offers("PLAIN"), offers("LOGIN")) {
        (true, true) => match plain(connection, credentials).await {
            Err(Trouble::Refused(first)) if first.is_permanent() => {
                let patience = deadline.saturating_duration_since(Instant::now()) / 2;
                let second = timeout(patience, login(connection, credentials)).await;
                second.unwrap_or(Err(Trouble::Lost)).map_err(|second| clearer(first, second))
            }
            logged_in => logged_in,
        },
        (true, false) => plain(connection, credentials).await,
        (false, true) => login(connection, credentials).await,
        (false, false) => return Err(SendError::NoMechanism),
    };
    logged_in.map_err(|trouble| trouble.at(Step::Login))
}

/// `AUTH PLAIN` (RFC 4616). Some servers refuse a response that comes with the command, but accept
/// it afterwards.
async fn plain(connection: &mut Connection, credentials: &SmtpCredentials) -> Result<(), Trouble> {
    let response = encode(&format!("\0{}\0{}", credentials.user, &*credentials.password));
    match exchange(connection, &format!("AUTH PLAIN {response}"), &[&response]).await {
        Err(Trouble::Refused(code)) if (500..=504).contains(&code.number) => {
            exchange(connection, "AUTH PLAIN", &[&response]).await
        }
        logged_in => logged_in,
    }
}

/// `AUTH LOGIN`, which no standard describes: the server asks for user and password, in this order,
/// with any prompts.
async fn login(connection: &mut Connection, credentials: &SmtpCredentials) -> Result<(), Trouble> {
    let responses = [encode(&credentials.user), encode(&credentials.password)];
    exchange(connection, "AUTH LOGIN", &responses.each_ref().map(String::as_str)).await
}

/// Sends the command, and a response for each challenge.
async fn exchange(connection: &mut Connection, command: &str, responses: &[&str]) -> Result<(), Trouble> {
    let mut reply = connection.ask(command).await?;
    for response in responses {
        if reply.code.severity() != 3 {
            break;
        }
        reply = connection.ask(response).await?;
    }
    reply.expect(2).map(drop)
}

/// Returns why the login failed after both mechanisms failed. 535 (wrong credentials) is more
/// informative than 504 (the mechanism does not work), and servers may close the connection after
/// the first refusal.
fn clearer(first: Code, second: Trouble) -> Trouble {
    match second {
        Trouble::Refused(code) if code.is_permanent() => Trouble::Refused(first.max(code)),
        Trouble::Refused(_) => second,
        Trouble::Lost | Trouble::OutOfStep => Trouble::Refused(first),
    }
}

fn encode(text: &str) -> String {
    BASE64_STANDARD.encode(text)
}
