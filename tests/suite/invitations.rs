//! Invitations, as the server keeps them.

use ruma_common::UserId;
use vouch::crypto::base62;
use vouch::crypto::master_key::MasterKey;
use vouch::crypto::vault::{Column, Purpose, Vault, token_hash};
use vouch::store::invites::{self, NewInvite};
use vouch::store::{Error, Store, accounts, bindings};

use crate::world::Person;

/// Who is invited where.
pub struct Invitation<'a> {
    pub room: &'a str,
    pub address: &'a str,
}

/// Invites an address that is bound to nobody; returns the invitation's token.
pub async fn invites(inviter: &Person<'_>, invitation: Invitation<'_>) -> String {
    tries_to_invite(inviter, invitation).await.expect("the address is bound to nobody")
}

/// The same, if it is bound to nobody.
pub async fn tries_to_invite(inviter: &Person<'_>, invitation: Invitation<'_>) -> Option<String> {
    let config = &inviter.world.config;
    let vault = Vault::new(&MasterKey::read(&config.keys.master_key_file).unwrap().unwrap());
    let store = Store::connect(&config.database).await.unwrap();
    let mxid = UserId::parse(inviter.mxid.as_str()).unwrap();
    let account = vault.index(Purpose::Account, &[mxid.as_bytes()]);
    let parts: [&[u8]; 2] = [b"email", invitation.address.as_bytes()];
    let (bound, index) = (vault.index(Purpose::BindingAddress, &parts), vault.index(Purpose::InviteAddress, &parts));
    let token = base62::random(32);
    let key = vault.index(Purpose::EphemeralKey, &[token.as_bytes()]);
    let seal = |column, value: &str| vault.seal(column, &key, value);
    let mut new = NewInvite {
        token_hash: token_hash(&token).to_vec(),
        account_id: 0,
        address_index: index.as_ref().to_vec(),
        address: seal(Column::InviteAddress, &format!("{} email", invitation.address)),
        token: seal(Column::InviteToken, &token),
        room_id: seal(Column::InviteRoom, invitation.room),
        sender: seal(Column::InviteSender, mxid.as_str()),
        key_index: key.as_ref().to_vec(),
        created_at: inviter.world.clock.now(),
    };
    let kept = store.write(async move |conn| {
        invites::hold_address(conn, index.as_ref()).await?;
        if bindings::by_address(conn, bound.as_ref()).await?.is_some() {
            return Ok::<_, Error>(false);
        }
        new.account_id = accounts::by_user(conn, account.as_ref()).await?.unwrap().id;
        let until = new.created_at + vouch::clock::DAY;
        invites::insert(conn, new, until).await?;
        Ok(true)
    });
    kept.await.unwrap().then_some(token)
}
