//! Exchanging the master key.

use std::time::Duration;

use super::{Failure, complain, operator, say};
use crate::config::Config;
use crate::crypto::master_key::MasterKey;
use crate::service::{KeyExchange, Progress, next_key_file};

/// How often the database is asked how far a running server is.
const POLL: Duration = Duration::from_millis(500);
/// How long a running server is given to find the new key.
const PATIENCE: u32 = 120;

/// Puts a new master key beside the old one, and exchanges it, or waits until the running server
/// has.
pub(super) async fn rotate_master(config: Config) -> Result<(), Failure> {
    if config.keys.master_key.is_some() {
        return Err(Failure::Usage(
            "the master key is in the environment or the configuration: put it in a file first, and set \
             keys.master_key_file in place of keys.master_key"
                .to_owned(),
        ));
    }
    let (file, next_file) = (std::path::absolute(&config.keys.master_key_file)?, next_key_file(&config.keys));
    let services = operator::open(config).await?;
    let exchange = &services.key_exchange;
    if exchange.is_renewing() {
        complain("the master key has been exchanged, and not everything is renewed yet");
        let key = MasterKey::read(&file)?.ok_or_else(|| Failure::Failed("there is no master key".to_owned()))?;
        finish(exchange, &key).await?;
    } else {
        let nodes = exchange.nodes().await?;
        if nodes > 1 {
            return Err(Failure::Failed(too_many(nodes)));
        }
        let key = MasterKey::make(&next_file)?;
        if nodes == 0 {
            exchange.begin(&key).await?;
        } else {
            complain(format_args!("the new key is in {}: waiting for the running server", next_file.display()));
            begun(exchange, &key).await?;
        }
        finish(exchange, &key).await?;
    }
    say(format_args!("The master key is exchanged. Back up {}", file.display()));
    Ok(())
}

fn too_many(nodes: usize) -> String {
    format!("{nodes} nodes run: stop all but one, and start them with the new key once the exchange has begun")
}

/// Waits until the running server has begun.
async fn begun(exchange: &KeyExchange, key: &MasterKey) -> Result<(), Failure> {
    for _ in 0..PATIENCE {
        match exchange.progress(key).await? {
            Progress::NotBegun { nodes: 0 | 1 } => tokio::time::sleep(POLL).await,
            Progress::NotBegun { nodes } => {
                return Err(Failure::Failed(too_many(nodes)));
            }
            Progress::Renewing | Progress::Done => return Ok(()),
        }
    }
    Err(Failure::Failed("the running server has not begun within a minute: its log says why".to_owned()))
}

/// Renews what is left, or waits until a running server has.
async fn finish(exchange: &KeyExchange, key: &MasterKey) -> Result<(), Failure> {
    while exchange.progress(key).await? != Progress::Done {
        if exchange.nodes().await? > 0 || !exchange.renew_all().await? {
            tokio::time::sleep(POLL).await;
        }
    }
    Ok(())
}
