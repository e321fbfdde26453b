//! What it costs to have a link sent by which somebody sees what is held about an address. Whoever asks for it need not say who he is.

use super::{Account, Network};
use crate::error::Error;
use crate::identity::threepid::{Address, Medium};
use crate::service::Vouch;

impl Vouch {
    /// Charges what the asker may be told is full: his network's messages, and for a text the country and the server, which pay for it.
    pub(in crate::service) async fn spend_proof(&self, to: &Address, from: &Network) -> Result<(), Error> {
        self.spend(&[self.message_network(to.medium(), from)], 1).await?;
        self.spend_text(to).await
    }

    /// Charges the address, apart from the messages that other strangers may cause to it: with this page, which asks for no account, nobody keeps
    /// anybody from proving an address.
    pub(in crate::service) async fn spend_proof_to(&self, to: &Address) -> Result<(), Error> {
        self.spend(&[self.proof_account(to)], 1).await
    }

    /// Gives back what [`Self::spend_proof_to`] charged for a message that was not to be.
    pub(in crate::service) fn refund_proof_to(&self, to: &Address) {
        let (principal, _) = self.proof_account(to);
        self.purse.credits().add(principal, 1, self.clock.now());
    }

    fn proof_account(&self, to: &Address) -> Account {
        let bucket = match to.medium() {
            Medium::Email => self.config.budgets.messages_address,
            Medium::Msisdn => self.config.budgets.texts_number,
        };
        (self.sealer.principal("proof:address", to.to_lookup().as_bytes()), bucket)
    }
}
