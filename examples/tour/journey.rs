//! The steps of the tour.

use std::collections::BTreeMap;

use ruma_common::CanonicalJsonObject;
use ruma_common::serde::Base64;
use ruma_signatures::verify_json;
use serde_json::{Value, json};

use crate::search::{self, Secret};
use crate::show::{self, Narrator, without_secrets};
use crate::visitor::{Show, Visitor, decode, hash};
use crate::world::{HOMESERVER, NAME, World};
use crate::{Outcome, check};

const ALICE: &str = "alice@mail.example";
const BOB: &str = "bob@mail.example";
/// An address that is not bound.
const CAROL: &str = "carol@mail.example";
/// The number of addresses that an account may look up at once here (capacity in `[budgets.user]`).
pub const USER_LIMIT: u32 = 2_000;

/// Runs all steps. Returns the values that must not be on the disk.
pub async fn run(narrator: &Narrator, world: &World) -> Outcome<Vec<Secret>> {
    let journey = Journey { narrator, world };
    journey.arrive()?;
    let alice = journey.register_alice().await?;
    journey.accept_terms(&alice).await?;
    let session = journey.prove(&alice, ALICE).await?;
    journey.bind(&alice, &session).await?;
    let bob = journey.bring_bob().await?;
    let found = journey.find(&bob).await?;
    journey.reject_a_stranger().await?;
    journey.unbind(&alice, &session, &bob).await?;
    let people = [ALICE, BOB, &mxid("alice"), &mxid("bob"), HOMESERVER, "mail.example"];
    let mut secrets: Vec<Secret> = people.into_iter().map(Secret::new).collect();
    secrets.push(Secret::named("Alice's look-up hash, as sent", found.as_str()));
    secrets.push(Secret::named("Alice's look-up hash, as 32 bytes", decode(&found)?));
    secrets.push(Secret::named("Alice's access token", alice.token.as_deref().unwrap_or_default()));
    secrets.push(Secret::named("Alice's client secret", session.client_secret));
    search::search(narrator, &world.database(), &secrets)?;
    search::show_rows(narrator, &world.database())?;
    Ok(secrets)
}

struct Journey<'a> {
    narrator: &'a Narrator,
    world: &'a World,
}

/// A validation session as its client knows it.
struct Session {
    sid: String,
    client_secret: String,
}

impl Session {
    /// Returns a request body that names the session and has these other fields.
    fn with(&self, others: &Value) -> Value {
        let mut body = json!({ "sid": self.sid, "client_secret": self.client_secret });
        for (name, value) in others.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        body
    }
}

impl<'a> Journey<'a> {
    fn visitor(&self) -> Outcome<Visitor<'a>> {
        Visitor::new(self.narrator, self.world)
    }

    fn arrive(&self) -> Outcome {
        self.narrator.chapter("The server");
        self.narrator.step(&format!(
            "A server called {NAME} has started with an empty directory, and created its keys and database. A homeserver, \
             {HOMESERVER}, and a mail server are running too. All three listen on this machine only."
        ));
        for name in ["master.key", "signing.key", "vouch.db"] {
            let length = std::fs::metadata(self.world.folder().join(name))?.len();
            self.narrator.lines(&format!("{name:<12} {length:>7} bytes"));
        }
        Ok(())
    }

    async fn register_alice(&self) -> Outcome<Visitor<'a>> {
        self.narrator.chapter("Alice wants to be found");
        self.narrator.step(
            "Alice registers. Her client has requested an OpenID token from her homeserver and passes it on. The token proves \
             who she is, but gives no access to her Matrix account.",
        );
        let mut alice = self.visitor()?;
        self.register(&mut alice, "alice").await?;
        let requested = self.world.homeserver.requests().iter().map(|request| request.uri().to_string()).next_back();
        let requested = requested.filter(|uri| uri.starts_with("/_matrix/federation/v1/openid/userinfo?"));
        show::note("Before it responded, the server asked the homeserver whose token that is:");
        self.narrator.lines(&format!(
            "GET https://{HOMESERVER}{}",
            without_secrets(&requested.ok_or("the homeserver was not asked")?)
        ));
        self.narrator.step("She cannot do anything yet, because she has not accepted the terms.");
        let rejected = alice.get("/hash_details", 403).await?;
        check(rejected["errcode"] == "M_TERMS_NOT_SIGNED", "the terms must be accepted first")?;
        Ok(alice)
    }

    async fn register(&self, visitor: &mut Visitor<'_>, localpart: &str) -> Outcome {
        let openid = self.world.homeserver.openid_token(localpart);
        let registered = visitor.post("/account/register", &openid, 200).await?;
        visitor.token = Some(text(&registered, "token")?);
        Ok(())
    }

    async fn accept_terms(&self, visitor: &Visitor<'_>) -> Outcome {
        let in_full = visitor.show == Show::Fully;
        if in_full {
            self.narrator.step("Her client fetches the terms. Each policy has a URL for each version and language.");
        }
        let terms = visitor.get("/terms", 200).await?;
        let policies = terms["policies"].as_object().ok_or("there are no policies")?;
        let urls: Vec<&str> = policies.values().filter_map(|policy| policy["en"]["url"].as_str()).collect();
        if in_full {
            self.narrator.step("She reads one of them, as anyone can in a browser.");
            visitor.open(urls.first().ok_or("there is nothing to read")?).await?;
            self.narrator.step(
                "She accepts both. The server records the policy, its version and language, the checksum of the document, and \
                 the time.",
            );
        }
        visitor.post("/terms", &json!({ "user_accepts": urls }), 200).await?;
        if in_full {
            self.narrator.step("Now she can use the server.");
        }
        visitor.get("/account", 200).await.map(drop)
    }

    async fn prove(&self, visitor: &Visitor<'_>, email: &str) -> Outcome<Session> {
        let in_full = visitor.show == Show::Fully;
        if in_full {
            self.narrator
                .step("She enters her address. Her client chooses a secret, so that nobody else can use the session.");
        }
        let client_secret = format!("{:016x}", rand::random::<u64>());
        let body = json!({ "email": email, "client_secret": client_secret, "send_attempt": 1 });
        let response = visitor.post("/validate/email/requestToken", &body, 200).await?;
        let session = Session { sid: text(&response, "sid")?, client_secret };
        let mail = self.world.mail.wait_to(email).await;
        if in_full {
            self.narrator.step(
                "She receives this mail. It says which Matrix ID requested it, and what to do if that was not her.",
            );
            let (from, to) = (mail.header("From").unwrap_or_default(), mail.header("To").unwrap_or_default());
            self.narrator.lines(&format!("From: {from}\nTo: {to}\nSubject: {}\n\n", mail.subject()));
            self.narrator.lines(&without_secrets(&mail.text()));
            self.narrator.step("She opens the link.");
        }
        let link = mail.links().into_iter().find(|link| link.contains("/submitToken?"));
        let heading = visitor.open(&link.ok_or("the mail has no link")?).await?;
        check(heading == "Your address is confirmed", "the link validates the address")?;
        if in_full {
            self.narrator.step("Her client asks which address the session has validated.");
        }
        let named = format!("/3pid/getValidated3pid?sid={}&client_secret={}", session.sid, session.client_secret);
        let validated = visitor.get(&named, 200).await?;
        check(validated["address"] == email, "the session has validated the address")?;
        Ok(session)
    }

    async fn bind(&self, alice: &Visitor<'_>, session: &Session) -> Outcome {
        self.narrator.step("Nothing has been published so far. Now she binds the address to her Matrix ID. The server signs the association.");
        let bound = alice.post("/3pid/bind", &session.with(&json!({ "mxid": mxid("alice") })), 200).await?;
        self.narrator.step(
            "Anyone can fetch the public key and verify the signature. The tour does so with a different library from the server's.",
        );
        let signatures = bound["signatures"][NAME].as_object().ok_or("the server did not sign")?;
        let id = signatures.keys().next().ok_or("the server did not sign")?;
        let key = text(&alice.get(&format!("/pubkey/{id}"), 200).await?, "public_key")?;
        let keys = BTreeMap::from([(NAME.to_owned(), BTreeMap::from([(id.clone(), Base64::parse(key)?)]))]);
        let signed: CanonicalJsonObject = serde_json::from_value(bound.clone())?;
        verify_json(&keys, &signed)?;
        show::note("The signature is valid.");
        Ok(())
    }

    async fn bring_bob(&self) -> Outcome<Visitor<'a>> {
        self.narrator.chapter("Bob looks for his contacts");
        self.narrator.step("Bob does what Alice did. The same requests, in brief:");
        println!();
        let mut bob = self.visitor()?;
        bob.show = Show::Briefly;
        self.register(&mut bob, "bob").await?;
        self.accept_terms(&bob).await?;
        let session = self.prove(&bob, BOB).await?;
        bob.post("/3pid/bind", &session.with(&json!({ "mxid": mxid("bob") })), 200).await?;
        bob.show = Show::Fully;
        Ok(bob)
    }

    /// Returns the hash by which Bob finds Alice.
    async fn find(&self, bob: &Visitor<'_>) -> Outcome<String> {
        self.narrator.step(
            "He wants to know who in his address book is on Matrix. His client does not send their addresses. It asks for the \
             pepper, which changes every day.",
        );
        let pepper = text(&bob.get("/hash_details", 200).await?, "lookup_pepper")?;
        self.narrator.step("It hashes each address together with the pepper.");
        let hashes = [ALICE, CAROL].map(|email| hash(email, &pepper));
        for (email, hash) in [ALICE, CAROL].iter().zip(&hashes) {
            self.narrator.lines(&format!("SHA-256({email} email {pepper})\n  = {hash}"));
        }
        self.narrator.step("It looks up the hashes. Alice is found. Carol is not, and nothing about her is stored: hashes are only compared in memory.");
        let found = self.look_up(bob, &pepper, &hashes).await?;
        check(found == json!({ hashes[0].clone(): mxid("alice") }), "Bob finds Alice and nobody else")?;
        let [of_alice, _] = hashes;
        Ok(of_alice)
    }

    async fn look_up(&self, visitor: &Visitor<'_>, pepper: &str, hashes: &[String]) -> Outcome<Value> {
        let body = json!({ "algorithm": "sha256", "pepper": pepper, "addresses": hashes });
        Ok(visitor.post("/lookup", &body, 200).await?["mappings"].clone())
    }

    async fn reject_a_stranger(&self) -> Outcome {
        self.narrator.chapter("A stranger tries to collect addresses");
        self.narrator.step("Look-ups require an account.");
        let mut mallory = self.visitor()?;
        mallory.get("/hash_details", 401).await?;
        self.narrator.step("So the stranger registers and accepts the terms.");
        println!();
        mallory.show = Show::Briefly;
        self.register(&mut mallory, "mallory").await?;
        self.accept_terms(&mallory).await?;
        mallory.show = Show::Fully;
        self.narrator.step("A precomputed table of hashes is useless, because it was made with another pepper.");
        let (other, guesses) = ("0123456789abcdef", 0..=USER_LIMIT);
        let body = json!({ "algorithm": "sha256", "pepper": other, "addresses": [hash(ALICE, other)] });
        let rejected = mallory.post("/lookup", &body, 400).await?;
        check(rejected["errcode"] == "M_INVALID_PEPPER", "another pepper is rejected")?;
        self.narrator.step(&format!(
            "With the right pepper, the stranger guesses {} addresses at once. An account may look up {USER_LIMIT} addresses \
             on this server, so the whole request is rejected and reveals nothing.",
            USER_LIMIT + 1
        ));
        let pepper = text(&rejected, "lookup_pepper")?;
        let guesses: Vec<String> = guesses.map(|n| hash(&format!("person{n}@mail.example"), &pepper)).collect();
        let body = json!({ "algorithm": "sha256", "pepper": pepper, "addresses": guesses });
        let rejected = mallory.post("/lookup", &body, 429).await?;
        check(rejected["errcode"] == "M_LIMIT_EXCEEDED", "the rate limit is enforced")
    }

    async fn unbind(&self, alice: &Visitor<'_>, session: &Session, bob: &Visitor<'_>) -> Outcome {
        self.narrator.chapter("Alice changes her mind");
        self.narrator.step(
            "She unbinds the address. The session that validated it is less than a day old, so it can still be used.",
        );
        let threepid = json!({ "medium": "email", "address": ALICE });
        let body = session.with(&json!({ "mxid": mxid("alice"), "threepid": threepid }));
        alice.post("/3pid/unbind", &body, 200).await?;
        self.narrator.step("Bob can no longer find her.");
        let pepper = text(&bob.get("/hash_details", 200).await?, "lookup_pepper")?;
        let found = self.look_up(bob, &pepper, &[hash(ALICE, &pepper)]).await?;
        check(found == json!({}), "Alice is no longer found")
    }
}

fn mxid(localpart: &str) -> String {
    format!("@{localpart}:{HOMESERVER}")
}

fn text(object: &Value, name: &str) -> Outcome<String> {
    Ok(object[name].as_str().ok_or_else(|| format!("the response has no {name}"))?.to_owned())
}
