//! A homeserver whose users will use this server.

use hyper::StatusCode;
use ruma_common::OwnedServerName;
use serde_json::Value;

use super::{Context, Finding, certificate};
use crate::federation::{Cause, Error, Federation};

/// A token that no homeserver has issued.
const NO_TOKEN: &str = "vouch-doctor-asks-whether-bad-tokens-are-refused";
/// The ID of a key that no homeserver has.
const NO_KEY: &str = "ed25519:vouch-doctor";

/// Returns the homeserver and the client, or the reason why another check is skipped.
fn named(context: &Context) -> Result<(&OwnedServerName, &Federation), Finding> {
    let server = context.options.homeserver.as_ref().ok_or_else(|| Finding::skipped("add --homeserver NAME"))?;
    let federation = context.federation.as_ref().map_err(|_| Finding::skipped("[federation] cannot be used"))?;
    Ok((server, federation))
}

/// Checks its address and certificate.
pub(super) async fn reached(context: &Context) -> Finding {
    let (server, federation) = match named(context) {
        Ok(named) => named,
        Err(skipped) => return skipped,
    };
    match federation.find(server).await {
        Ok(found) => certificate(&format!("it is at {}", found.targets.join(", ")), found.valid_until, &context.clock),
        Err(cause) => Finding::problem(format!("it cannot be reached ({cause})"), remedy(cause)),
    }
}

/// Checks that it refuses a token that it did not issue.
pub(super) async fn tokens(context: &Context) -> Finding {
    let (server, federation) = match named(context) {
        Ok(named) => named,
        Err(skipped) => return skipped,
    };
    match federation.userinfo(server, NO_TOKEN).await {
        Err(Error::Rejected) => Finding::ok("it refuses a token that it did not issue"),
        Err(Error::Blocked) => Finding::problem(
            "its users may not register here",
            "add it to federation.allowed_servers, or remove it from federation.blocked_servers",
        ),
        Err(Error::Unavailable { cause, .. }) => {
            Finding::problem(format!("it does not confirm whose an OpenID token is ({cause})"), remedy(cause))
        }
        Ok(_) | Err(Error::Untrusted) => Finding::problem(
            "it names a user for a token that it did not issue",
            "do not admit this homeserver (federation.blocked_servers): anybody could be any of its users",
        ),
    }
}

/// Checks that it publishes the keys with which it signs requests to unbind.
pub(super) async fn keys(context: &Context) -> Finding {
    let (server, federation) = match named(context) {
        Ok(named) => named,
        Err(skipped) => return skipped,
    };
    match federation.signing_key(server, NO_KEY).await {
        Ok(_) => Finding::ok("it publishes its signing keys"),
        Err(Error::Unavailable { cause, .. }) => {
            Finding::problem(format!("its signing keys cannot be fetched ({cause})"), remedy(cause))
        }
        Err(_) => Finding::problem(
            "its signing keys prove nothing: they have expired, name another server, or did not sign themselves",
            "correct the homeserver's clock and server_name; until then, its requests to unbind are refused",
        ),
    }
}

/// Checks that it tells its clients to use this server.
pub(super) async fn clients(context: &Context) -> Finding {
    let (server, federation) = match named(context) {
        Ok(named) => named,
        Err(skipped) => return skipped,
    };
    let ours = context.config.server.public_url.as_str().trim_end_matches('/');
    let document = format!("https://{}/.well-known/matrix/client", server.host());
    let advice = format!("make {document} contain \"m.identity_server\": {{\"base_url\": \"{ours}\"}}");
    let answer = match federation.client_document(server).await {
        Ok(answer) if answer.status() == StatusCode::OK => answer,
        Ok(answer) => {
            let found = format!("{document} returns status {}", answer.status().as_u16());
            return Finding::warning(found, advice);
        }
        Err(cause) => return Finding::warning(format!("{document} cannot be fetched ({cause})"), advice),
    };
    let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    let named = body["m.identity_server"]["base_url"].as_str().map(|url| url.trim_end_matches('/'));
    let origins: Vec<_> = answer.headers().get_all("access-control-allow-origin").iter().collect();
    if !body.is_object() {
        Finding::warning(format!("{document} is not a JSON object"), advice)
    } else if origins.len() != 1 || origins[0] != "*" {
        let remedy = "make the web server send Access-Control-Allow-Origin: * exactly once with it";
        Finding::warning(format!("web clients cannot read {document}"), remedy)
    } else if named == Some(ours) {
        Finding::ok("its clients are told to use this server")
    } else {
        let found = if named.is_some() { "another identity server" } else { "no identity server" };
        Finding::warning(format!("{document} names {found}"), advice)
    }
}

/// Returns the remedy if a homeserver gives no valid answer.
pub(super) fn remedy(cause: Cause) -> &'static str {
    match cause {
        Cause::Name | Cause::NoAddress => {
            "check the name, its A, AAAA and SRV records, and /.well-known/matrix/server on the homeserver"
        }
        Cause::Dns => "check that this machine's resolvers answer (/etc/resolv.conf, or federation.dns_servers)",
        Cause::Filter => "its address is not public: if it is yours, add it to federation.allowed_ranges",
        Cause::Connect(_) | Cause::Timeout => {
            "check that it is running, its port (8448 by default) and the firewalls in between"
        }
        Cause::Tls(_) => "give it a certificate for its server name, or add its authority to federation.ca_file",
        Cause::Http | Cause::Body | Cause::TooLarge | Cause::Redirect | Cause::Status(_) | Cause::Document => {
            "check the homeserver's log, the federation listener (`openid` and `federation` resources in Synapse) and its proxy"
        }
    }
}
