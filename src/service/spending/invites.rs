//! What invitations cost.

use super::{Failure, Need, Network, Principal, TRIES, charge};
use crate::error::Error;
use crate::identity::budget;
use crate::identity::threepid::Address;
use crate::service::{Caller, Vouch};
use crate::store::budgets;

impl Vouch {
    /// Charges one invitation to the inviter, his homeserver, the network and the address, or to none of them. Returns what was charged.
    pub(in crate::service) async fn spend_invite(
        &self,
        caller: &Caller,
        from: &Network,
        to: &Address,
    ) -> Result<Vec<(Principal, u32)>, Error> {
        let (now, needs) = (self.clock.now(), self.invite_needs(caller, from, to));
        for _ in 0..TRIES {
            let needs = needs.clone();
            let charged = self.store.write(async move |conn| {
                // A homeserver's invitations come all at once, and all from one network.
                budgets::hold(conn, needs[0].0).await?;
                charge(conn, &needs, now, budget::take_exactly).await
            });
            match charged.await {
                Ok(charged) => return Ok(charged),
                Err(Failure::Overtaken) => {}
                Err(Failure::Refused(error)) => return Err(error),
            }
        }
        Err(Error::away())
    }

    /// Gives back what an invitation cost that was not to be.
    pub(in crate::service) async fn refund_invite(&self, charged: Vec<(Principal, u32)>) -> Result<(), Error> {
        self.give_back_some(charged).await
    }

    /// The network first. A text costs the operator money, so it also counts with all others to its country and to everybody.
    fn invite_needs(&self, caller: &Caller, from: &Network, to: &Address) -> Vec<Need> {
        let (budgets, homeserver) = (&self.config.budgets, caller.mxid.server_name());
        let mut needs = vec![
            (self.sealer.principal("invite:network", from.to_string().as_bytes()), budgets.invites_network, 1),
            (self.sealer.principal("invite:user", caller.user_index.as_ref()), budgets.invites_user, 1),
            (self.sealer.principal("invite:address", to.to_lookup().as_bytes()), budgets.invites_address, 1),
        ];
        if !budgets.trusted_homeservers.iter().any(|trusted| trusted == homeserver) {
            let principal = self.homeserver_principal("invite:homeserver", homeserver);
            needs.push((principal, budgets.invites_homeserver, 1));
        }
        needs.extend(self.payers(to).into_iter().map(|(of, bucket)| (of, bucket, 1)));
        needs
    }
}
