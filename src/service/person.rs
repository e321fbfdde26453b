//! What a person does about his own data, beside looking at it and erasing it. The [visit](super::visits) proves who he is.

use ruma_common::UserId;

use super::{Subject, Visit, Vouch};
use crate::error::Error;
use crate::identity::threepid::Address;
use crate::notify::emails::Remover;
use crate::store::{self, accounts, bindings, visits};
use crate::texts::Language;

impl Vouch {
    /// Unbinds an address from its user, and tells the address; returns whether it was bound to him.
    ///
    /// # Errors
    /// 503 if the database is away.
    pub async fn unbind_own(&self, mxid: &UserId, address: &Address, language: Language) -> Result<bool, Error> {
        self.unbind_address(address, mxid, Remover::User, language).await
    }

    /// Unbinds every address of a user, and tells each.
    ///
    /// # Errors
    /// 503 if the database is away; then some may be unbound and others not.
    pub async fn unbind_all_own(&self, mxid: &UserId, language: Language) -> Result<(), Error> {
        let user = self.sealer.binding_user_index(mxid);
        for row in bindings::of_user(&mut self.store.read_much().await?, user.as_ref()).await? {
            let address = self.sealer.open_bound_address(&row.address_index, &row.address)?;
            self.unbind_own(mxid, &address, language).await?;
        }
        Ok(())
    }

    /// Ends all that a user is signed in with, on this server: access tokens, and visits but for this one.
    ///
    /// # Errors
    /// 503 if the database is away.
    pub async fn log_out_everywhere(&self, mxid: &UserId, this: &Visit) -> Result<(), Error> {
        let account = self.sealer.account_index(mxid);
        let (visitor, this) = (self.visit_subject_index(&Subject::User(mxid.to_owned())), this.token_hash);
        let done = self.store.write(async move |conn| {
            if let Some(account) = accounts::by_user(conn, account.as_ref()).await? {
                accounts::remove_tokens_of(conn, account.id).await?;
            }
            visits::end_others_of(conn, visitor.as_ref(), this.as_ref()).await
        });
        done.await.map_err(|error: store::Error| error)?;
        self.have_bearers_forgotten().await;
        Ok(())
    }
}
