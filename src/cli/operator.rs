//! Commands that read and change the database, with or without a running server.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

use ruma_common::OwnedUserId;
use serde::Serialize;

use super::arguments::{Binding, Erasure, Objection, Sought, Subject};
use super::{Failure, complain, say};
use crate::clock::{Clock, InWords, Millis};
use crate::config::Config;
use crate::notify::emails::Remover;
use crate::service::{Act, Erased, Objector, Services, Subject as Whose};

/// The proof that an address was erased.
#[derive(Serialize)]
struct Receipt<'a> {
    medium: &'static str,
    address: &'a str,
    erased_at: String,
    erased: &'a Erased,
}

pub(super) async fn open(config: Config) -> Result<Arc<Services>, Failure> {
    Ok(Services::open_existing(config, Clock::system()).await?)
}

pub(super) async fn bind(config: Config, binding: &Binding) -> Result<(), Failure> {
    let address = binding.address()?;
    let services = open(config).await?;
    let before = services.bindings.of(&address).await?.filter(|before| before.user_id != binding.user);
    services.bindings.bind_address(&address, &binding.user, services.default_language()).await?;
    let moved = before.map(|before| format!(", no longer to {}", before.user_id)).unwrap_or_default();
    say(format_args!("{} is bound to {}{moved}", address.as_str(), binding.user));
    Ok(())
}

pub(super) async fn unbind(config: Config, binding: &Binding) -> Result<(), Failure> {
    let address = binding.address()?;
    let services = open(config).await?;
    let language = services.default_language();
    if !services.bindings.unbind_address(&address, &binding.user, Remover::Operator, language).await? {
        return Err(Failure::Failed(format!("{} was not bound to {}", address.as_str(), binding.user)));
    }
    say(format_args!("{} is no longer bound to {}", address.as_str(), binding.user));
    Ok(())
}

pub(super) async fn lookup(config: Config, sought: &Sought) -> Result<(), Failure> {
    let address = sought.address()?;
    let services = open(config).await?;
    let found = services.bindings.of(&address).await?;
    let of = Some(Whose::Address(address.clone()));
    services.audit.note_alone(Act::Lookup, of, found.is_some(), None).await?;
    let Some(bound) = found else {
        let objection = objection(services.objections.since(&address).await?);
        return Err(Failure::Failed(format!("{} is not bound{objection}", address.as_str())));
    };
    say(format_args!("{} since {}", bound.user_id, InWords(bound.bound_at)));
    Ok(())
}

pub(super) async fn object(config: Config, objection: &Objection) -> Result<(), Failure> {
    let address = objection.sought.address()?;
    let services = open(config).await?;
    if !objection.withdraw {
        let language = services.default_language();
        services.objections.object(&address, Objector::Operator, language).await?;
        say(format_args!("{} is not bound, and can no longer be bound or invited", address.as_str()));
    } else if services.objections.withdraw(&address, Objector::Operator).await? {
        say(format_args!("{} can be listed and invited again", address.as_str()));
    } else {
        return Err(Failure::Failed(format!("there is no objection for {}", address.as_str())));
    }
    Ok(())
}

/// Returns the remark about an objection that follows a statement about the address.
fn objection(since: Option<Millis>) -> String {
    since.map(|since| format!("; its owner has objected to this since {}", InWords(since))).unwrap_or_default()
}

pub(super) async fn export(config: Config, user: &OwnedUserId) -> Result<(), Failure> {
    let services = open(config).await?;
    let export = services.self_service.export(user).await?;
    services.audit.note_alone(Act::Export, Some(Whose::User(user.clone())), !export.is_empty(), None).await?;
    if export.is_empty() {
        return Err(Failure::Failed(format!("no data is stored about {user}")));
    }
    say(in_json(&export)?);
    Ok(())
}

pub(super) async fn erase(config: Config, erasure: &Erasure) -> Result<(), Failure> {
    let subject = erasure.subject()?;
    let name = match &subject {
        Subject::User(user) => user.as_str(),
        Subject::Address(address) => address.as_str(),
    };
    let services = open(config).await?;
    if !erasure.yes && !is_confirmed(name)? {
        return Err(Failure::Failed("nothing was erased".to_owned()));
    }
    let (erased, receipt) = match &subject {
        Subject::User(user) => {
            let receipt = services.self_service.erase_user(user).await?;
            let signed = in_json(&services.self_service.signed_receipt(&receipt))?;
            (receipt.erased, signed)
        }
        Subject::Address(address) => {
            let erased =
                services.self_service.erase_address(address, Objector::Operator, services.default_language()).await?;
            let erased_at = InWords(services.clock.now()).to_string();
            let (medium, address) = (address.medium().as_str(), address.as_str());
            let receipt = in_json(&Receipt { medium, address, erased_at, erased: &erased })?;
            (erased, receipt)
        }
    };
    if erased == Erased::default() {
        return Err(Failure::Failed(format!("no data is stored about {name}, so nothing was erased")));
    }
    say(receipt);
    Ok(())
}

/// Asks on stderr, so that stdout contains only the receipt.
fn is_confirmed(name: &str) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::Usage("there is no terminal to ask on: add --yes to erase".to_owned()));
    }
    complain(format_args!("All data stored about {name} will be erased. This cannot be undone."));
    write!(io::stderr(), "Type yes to continue: ")?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(answer.trim().eq_ignore_ascii_case("yes"))
}

pub(super) fn in_json(value: &impl Serialize) -> Result<String, Failure> {
    Ok(serde_json::to_string_pretty(value)?)
}
