//! The users, and what they do all day.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::task::JoinHandle;
use url::Url;

use crate::Result;
use crate::books::Books;
use crate::client::{Answer, Client};
use crate::world::World;

const SECRET: &str = "across_the_cluster";
/// How long a user waits for a mail before they ask for another.
const MAIL_WITHIN: Duration = Duration::from_secs(10);

/// Starts a user who acts until the books are closed, or until something is refused that should
/// not be.
pub fn start(world: &Arc<World>, books: &Arc<Books>, number: usize) -> JoinHandle<()> {
    let (world, books) = (Arc::clone(world), Arc::clone(books));
    tokio::spawn(async move {
        if let Err(error) = act(&world, &books, number).await {
            books.complain(format!("user{number}: {error}"));
        }
    })
}

async fn act(world: &World, books: &Books, number: usize) -> Result<()> {
    let everywhere = Client::new(&world.http, &world.all_urls());
    let inviter = register(world, &everywhere, &format!("inviter{number}")).await?;
    for turn in 0.. {
        if books.are_closed() {
            break;
        }
        let name = format!("user{number}-{turn}");
        let user = register(world, &everywhere, &name).await?;
        if turn % 5 == 4 {
            erase(&user, books).await?;
        } else {
            live(world, books, &user, &inviter, &name, turn).await?;
        }
    }
    Ok(())
}

/// Registers a user who accepts the terms.
pub async fn register(world: &World, client: &Client, name: &str) -> Result<Client> {
    let openid = world.homeserver.openid_token(name);
    let registered = client.post("/v2/account/register", &openid).await?;
    let token = registered["token"].as_str().ok_or("the answer has no token")?.to_owned();
    let user = client.with_token(token);
    let terms = user.get("/v2/terms").await?;
    let urls: Vec<_> = terms["policies"].as_object().ok_or("there are no policies")?.values().collect();
    let urls: Vec<_> = urls.iter().map(|policy| &policy["en"]["url"]).collect();
    user.post("/v2/terms", &json!({ "user_accepts": urls })).await?;
    Ok(user)
}

/// Looks up addresses, and returns the Matrix IDs of those that are found.
pub async fn look_up(client: &Client, addresses: &[&str]) -> Result<BTreeMap<String, String>> {
    let details = client.get("/v2/hash_details").await?;
    let pepper = details["lookup_pepper"].as_str().ok_or("there is no pepper")?;
    let hashes: BTreeMap<_, _> = addresses.iter().map(|address| (hash(address, pepper), *address)).collect();
    let asked = json!({ "algorithm": "sha256", "pepper": pepper, "addresses": hashes.keys().collect::<Vec<_>>() });
    let found = client.post("/v2/lookup", &asked).await?;
    let found = found["mappings"].as_object().ok_or("there are no mappings")?;
    let text = |mxid: &Value| mxid.as_str().unwrap_or_default().to_owned();
    Ok(found.iter().map(|(hash, mxid)| (hashes[hash].to_owned(), text(mxid))).collect())
}

fn hash(address: &str, pepper: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{address} email {pepper}")))
}

/// Binds an address to which somebody may have been invited, and removes every third one.
async fn live(world: &World, books: &Books, user: &Client, inviter: &Client, name: &str, turn: usize) -> Result<()> {
    let (address, mxid) = (format!("{name}@example.com"), world.homeserver.user_id(name));
    let invitation = if turn.is_multiple_of(2) { Some(invite(inviter, &address).await?) } else { None };
    let sid = prove(world, user, &address).await?;
    let session = json!({ "sid": sid, "client_secret": SECRET, "mxid": mxid });
    user.post("/v2/3pid/bind", &session).await?;
    books.entries().invited.extend(invitation);
    if turn.is_multiple_of(3) {
        let mut asked = session;
        asked["threepid"] = json!({ "medium": "email", "address": address });
        match user.insist(Method::POST, "/v2/3pid/unbind", Some(&asked)).await {
            (Answer::Done(_), _) | (Answer::Refused(404, _), true) => {}
            (answer, _) => return Err(answer.unexpected("unbind")),
        }
        for url in world.urls() {
            if !look_up(&user.at(&[url]), &[&address]).await?.is_empty() {
                books.complain(format!("{url}: {address} is found right after it was unbound"));
            }
        }
        books.entries().unbound.insert(address);
    } else {
        books.entries().bound.insert(address, mxid);
    }
    Ok(())
}

/// Invites an address, and returns the token of the invitation.
async fn invite(inviter: &Client, address: &str) -> Result<String> {
    let asked = json!({
        "medium": "email",
        "address": address,
        "room_id": "!room:hs.example",
        "sender": inviter.get("/v2/account").await?["user_id"],
    });
    let stored = inviter.post("/v2/store-invite", &asked).await?;
    Ok(stored["token"].as_str().ok_or("the invitation has no token")?.to_owned())
}

/// Proves an address with the token in a mail, and returns the session.
async fn prove(world: &World, user: &Client, address: &str) -> Result<String> {
    for attempt in 1.. {
        let mail = world.mail_to(address);
        let asked = json!({ "client_secret": SECRET, "email": address, "send_attempt": attempt });
        let sid = user.post("/v2/validate/email/requestToken", &asked).await?["sid"].take();
        let Ok(Ok(mail)) = tokio::time::timeout(MAIL_WITHIN, mail).await else { continue };
        let links = mail.links();
        let Some(link) = links.iter().find(|link| link.contains("/submitToken?")) else { continue };
        let token =
            Url::parse(link)?.query_pairs().find(|(name, _)| name == "token").map(|(_, token)| token.into_owned());
        let proof = json!({ "sid": sid, "client_secret": SECRET, "token": token });
        user.post("/v2/validate/email/submitToken", &proof).await?;
        return Ok(sid.as_str().ok_or("the session has no ID")?.to_owned());
    }
    unreachable!("the attempts do not end")
}

/// Erases everything about a new user.
async fn erase(user: &Client, books: &Books) -> Result<()> {
    match user.insist(Method::DELETE, "/unstable/im.vouch/account/data", None).await {
        (Answer::Done(_), _) | (Answer::Refused(401, _), true) => {}
        // The proof was used up by an attempt to register or to erase whose answer was lost.
        (Answer::Refused(403, _), _) => return Ok(()),
        (answer, _) => return Err(answer.unexpected("erase")),
    }
    books.entries().erased.push(user.token.clone());
    Ok(())
}
