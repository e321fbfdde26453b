//! The story.

use std::collections::BTreeMap;

use ruma_common::CanonicalJsonObject;
use ruma_common::serde::Base64;
use ruma_signatures::verify_json;
use serde_json::{Value, json};

use crate::house::{HOMESERVER, House, NAME};
use crate::search::{self, Secret};
use crate::show::{self, Teller, without_secrets};
use crate::visitor::{Show, Visitor, decode, hash};
use crate::{Outcome, check};

const ALICE: &str = "alice@mail.example";
const BOB: &str = "bob@mail.example";
/// Nobody's address.
const CAROL: &str = "carol@mail.example";
/// How many addresses a new account may look up ([budgets.newcomer] capacity).
const NEWCOMERS_BUDGET: usize = 2_000;

/// All of it. Returns what must not be on the disk.
pub async fn walk(teller: &Teller, house: &House) -> Outcome<Vec<Secret>> {
    let journey = Journey { teller, house };
    journey.arrive()?;
    let alice = journey.register_alice().await?;
    journey.accept_terms(&alice).await?;
    let session = journey.prove(&alice, ALICE).await?;
    journey.bind(&alice, &session).await?;
    let bob = journey.bring_bob().await?;
    let found = journey.find(&bob).await?;
    journey.refuse_a_stranger().await?;
    journey.unbind(&alice, &session, &bob).await?;
    let people = [ALICE, BOB, &mxid("alice"), &mxid("bob"), HOMESERVER, "mail.example"];
    let mut secrets: Vec<Secret> = people.into_iter().map(Secret::new).collect();
    secrets.push(Secret::named("Alice's look-up hash, as it was sent", found.as_str()));
    secrets.push(Secret::named("the same, as the 32 bytes it stands for", decode(&found)?));
    secrets.push(Secret::named("Alice's access token", alice.token.as_deref().unwrap_or_default()));
    secrets.push(Secret::named("Alice's client secret", session.client_secret));
    search::search(teller, &house.database(), &secrets)?;
    search::show_rows(teller, &house.database())?;
    Ok(secrets)
}

struct Journey<'a> {
    teller: &'a Teller,
    house: &'a House,
}

/// A validation session as its client knows it.
struct Session {
    sid: String,
    client_secret: String,
}

impl Session {
    /// What names it in a request, with more.
    fn with(&self, more: &Value) -> Value {
        let mut body = json!({ "sid": self.sid, "client_secret": self.client_secret });
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        body
    }
}

impl<'a> Journey<'a> {
    fn visitor(&self) -> Outcome<Visitor<'a>> {
        Visitor::new(self.teller, self.house)
    }

    fn arrive(&self) -> Outcome {
        self.teller.chapter("The server");
        self.teller.step(&format!(
            "A server called {NAME} has started on an empty directory. It made its keys and its database by itself. Beside it run \
             a homeserver, {HOMESERVER}, and a mail server. All three listen on this machine only."
        ));
        for name in ["master.key", "signing.key", "vouch.db"] {
            let length = std::fs::metadata(self.house.folder().join(name))?.len();
            self.teller.lines(&format!("{name:<12} {length:>7} bytes"));
        }
        Ok(())
    }

    async fn register_alice(&self) -> Outcome<Visitor<'a>> {
        self.teller.chapter("Alice wants to be found");
        self.teller.step(
            "Alice registers. Her client asked her homeserver for an OpenID token and hands it on: it proves who she is, and \
             gives no access to her Matrix account.",
        );
        let mut alice = self.visitor()?;
        self.register(&mut alice, "alice").await?;
        let asked = self.house.homeserver.requests().iter().map(|request| request.uri().to_string()).next_back();
        let asked = asked.filter(|uri| uri.starts_with("/_matrix/federation/v1/openid/userinfo?"));
        show::note("Before it answered, the server asked the homeserver whose token that is:");
        self.teller.lines(&format!("GET https://{HOMESERVER}{}", without_secrets(&asked.ok_or("nobody asked")?)));
        self.teller.step("She cannot do anything yet: there are terms, and she has not accepted them.");
        let refused = alice.get("/hash_details", 403).await?;
        check(refused["errcode"] == "M_TERMS_NOT_SIGNED", "the gate is closed")?;
        Ok(alice)
    }

    async fn register(&self, visitor: &mut Visitor<'_>, localpart: &str) -> Outcome {
        let openid = self.house.homeserver.openid_token(localpart);
        let registered = visitor.post("/account/register", &openid, 200).await?;
        visitor.token = Some(text(&registered, "token")?);
        Ok(())
    }

    async fn accept_terms(&self, visitor: &Visitor<'_>) -> Outcome {
        let is_told = visitor.show == Show::Fully;
        if is_told {
            self.teller.step("What are the terms? Each policy has an address for each version and language.");
        }
        let terms = visitor.get("/terms", 200).await?;
        let policies = terms["policies"].as_object().ok_or("there are no policies")?;
        let urls: Vec<&str> = policies.values().filter_map(|policy| policy["en"]["url"].as_str()).collect();
        if is_told {
            self.teller.step("She reads one of them, as anybody can in a browser.");
            visitor.open(urls.first().ok_or("there is nothing to read")?).await?;
            self.teller.step(
                "She accepts both. The server keeps which policy, version and language it was, the checksum of the document, \
                 and the time.",
            );
        }
        visitor.post("/terms", &json!({ "user_accepts": urls }), 200).await?;
        if is_told {
            self.teller.step("The gate is open.");
        }
        visitor.get("/account", 200).await.map(drop)
    }

    async fn prove(&self, visitor: &Visitor<'_>, email: &str) -> Outcome<Session> {
        let is_told = visitor.show == Show::Fully;
        if is_told {
            self.teller.step(
                "She says which address is hers. The client keeps a secret, so that nobody else can use the session.",
            );
        }
        let client_secret = format!("{:016x}", rand::random::<u64>());
        let asked = json!({ "email": email, "client_secret": client_secret, "send_attempt": 1 });
        let answer = visitor.post("/validate/email/requestToken", &asked, 200).await?;
        let session = Session { sid: text(&answer, "sid")?, client_secret };
        let mail = self.house.mail.wait_to(email).await;
        if is_told {
            self.teller
                .step("This mail is in her mailbox. It says which Matrix ID asks, and what to do if that was not her.");
            let (from, to) = (mail.header("From").unwrap_or_default(), mail.header("To").unwrap_or_default());
            self.teller.lines(&format!("From: {from}\nTo: {to}\nSubject: {}\n\n", mail.subject()));
            self.teller.lines(&without_secrets(&mail.text()));
            self.teller.step("She opens the link.");
        }
        let link = mail.links().into_iter().find(|link| link.contains("/submitToken?"));
        let heading = visitor.open(&link.ok_or("the mail has no link")?).await?;
        check(heading == "Your address is confirmed", "the link confirms the address")?;
        if is_told {
            self.teller.step("Her client asks what the session has proved.");
        }
        let named = format!("/3pid/getValidated3pid?sid={}&client_secret={}", session.sid, session.client_secret);
        let validated = visitor.get(&named, 200).await?;
        check(validated["address"] == email, "the session proves the address")?;
        Ok(session)
    }

    async fn bind(&self, alice: &Visitor<'_>, session: &Session) -> Outcome {
        self.teller.step("Nothing is published so far. Now she binds the address to her Matrix ID. The server vouches for that with its signature.");
        let bound = alice.post("/3pid/bind", &session.with(&json!({ "mxid": mxid("alice") })), 200).await?;
        self.teller.step(
            "Anybody can fetch the key and check the signature. The tour does, with another library than the server's.",
        );
        let signatures = bound["signatures"][NAME].as_object().ok_or("the server did not sign")?;
        let id = signatures.keys().next().ok_or("the server did not sign")?;
        let key = text(&alice.get(&format!("/pubkey/{id}"), 200).await?, "public_key")?;
        let keys = BTreeMap::from([(NAME.to_owned(), BTreeMap::from([(id.clone(), Base64::parse(key)?)]))]);
        let signed: CanonicalJsonObject = serde_json::from_value(bound.clone())?;
        verify_json(&keys, &signed)?;
        show::note("The signature is good.");
        Ok(())
    }

    async fn bring_bob(&self) -> Outcome<Visitor<'a>> {
        self.teller.chapter("Bob looks for his friends");
        self.teller.step("Bob does what Alice did: the same requests, in short.");
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

    /// Returns the hash by which Alice is found.
    async fn find(&self, bob: &Visitor<'_>) -> Outcome<String> {
        self.teller.step(
            "He wants to know which people in his address book are on Matrix. He does not send their addresses: he asks for the \
             pepper, which changes every day.",
        );
        let pepper = text(&bob.get("/hash_details", 200).await?, "lookup_pepper")?;
        self.teller.step("His client hashes each address together with the pepper.");
        let hashes = [ALICE, CAROL].map(|email| hash(email, &pepper));
        for (email, hash) in [ALICE, CAROL].iter().zip(&hashes) {
            self.teller.lines(&format!("SHA-256({email} email {pepper})\n  = {hash}"));
        }
        self.teller.step("He looks the hashes up. Alice is there. Carol is not, and nothing of her is kept: hashes are compared in memory and never stored.");
        let found = self.look_up(bob, &pepper, &hashes).await?;
        check(found == json!({ hashes[0].clone(): mxid("alice") }), "Bob finds Alice and nobody else")?;
        let [of_alice, _] = hashes;
        Ok(of_alice)
    }

    async fn look_up(&self, visitor: &Visitor<'_>, pepper: &str, hashes: &[String]) -> Outcome<Value> {
        let asked = json!({ "algorithm": "sha256", "pepper": pepper, "addresses": hashes });
        Ok(visitor.post("/lookup", &asked, 200).await?["mappings"].clone())
    }

    async fn refuse_a_stranger(&self) -> Outcome {
        self.teller.chapter("A stranger wants everybody");
        self.teller.step("Without an account nothing is found.");
        let mut mallory = self.visitor()?;
        mallory.get("/hash_details", 401).await?;
        self.teller.step("So the stranger registers and accepts the terms.");
        println!();
        mallory.show = Show::Briefly;
        self.register(&mut mallory, "mallory").await?;
        self.accept_terms(&mallory).await?;
        mallory.show = Show::Fully;
        self.teller.step("A table of hashes made in advance is worth nothing: it was made with another pepper.");
        let (other, guesses) = ("0123456789abcdef", 0..=NEWCOMERS_BUDGET);
        let asked = json!({ "algorithm": "sha256", "pepper": other, "addresses": [hash(ALICE, other)] });
        let refused = mallory.post("/lookup", &asked, 400).await?;
        check(refused["errcode"] == "M_INVALID_PEPPER", "another pepper is refused")?;
        self.teller.step(&format!(
            "With the right pepper the stranger guesses {} addresses at once. A new account has a budget of {NEWCOMERS_BUDGET} \
             addresses: this is refused as a whole, and tells nothing.",
            NEWCOMERS_BUDGET + 1
        ));
        let pepper = text(&refused, "lookup_pepper")?;
        let guesses: Vec<String> = guesses.map(|n| hash(&format!("person{n}@mail.example"), &pepper)).collect();
        let asked = json!({ "algorithm": "sha256", "pepper": pepper, "addresses": guesses });
        let refused = mallory.post("/lookup", &asked, 429).await?;
        check(refused["errcode"] == "M_LIMIT_EXCEEDED", "the budget is kept")
    }

    async fn unbind(&self, alice: &Visitor<'_>, session: &Session, bob: &Visitor<'_>) -> Outcome {
        self.teller.chapter("Alice changes her mind");
        self.teller
            .step("She unbinds the address. The session that proved it is less than a day old, so it still counts.");
        let threepid = json!({ "medium": "email", "address": ALICE });
        let asked = session.with(&json!({ "mxid": mxid("alice"), "threepid": threepid }));
        alice.post("/3pid/unbind", &asked, 200).await?;
        self.teller.step("At once Bob does not find her any more.");
        let pepper = text(&bob.get("/hash_details", 200).await?, "lookup_pepper")?;
        let found = self.look_up(bob, &pepper, &[hash(ALICE, &pepper)]).await?;
        check(found == json!({}), "Alice is not found any more")
    }
}

fn mxid(localpart: &str) -> String {
    format!("@{localpart}:{HOMESERVER}")
}

fn text(object: &Value, name: &str) -> Outcome<String> {
    Ok(object[name].as_str().ok_or_else(|| format!("the answer has no {name}"))?.to_owned())
}
