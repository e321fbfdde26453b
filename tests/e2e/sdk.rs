//! matrix-js-sdk as a client of both servers.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};

use serde_json::{Value, json};
use tokio::sync::mpsc::{self, UnboundedReceiver};

use crate::invites::{invitation, sign_url};
use crate::person::{Person, text};
use crate::phones::code;
use crate::world::{World, installed};

/// The name of the SDK for an identity server.
const IDENTITY_SERVER: &str = "SERVICE_TYPE_IS";

/// A process with a client of the SDK, logged in to the homeserver. It is killed when dropped.
struct Sdk {
    child: Child,
    calls: ChildStdin,
    answers: UnboundedReceiver<String>,
    identity_server: String,
}

impl Sdk {
    fn start(person: &Person) -> Self {
        let (world, installed) = (person.world, installed());
        let mut command = Command::new(installed.join("bin/node"));
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/js/client.mjs")).env("INSTALLED", installed);
        command.env("NODE_EXTRA_CA_CERTS", world.folder.path().join("ca.pem"));
        command.env("HOMESERVER", &world.synapse.url).env("IDENTITY_SERVER", &world.vouch.url);
        command.env("USER_ID", &person.mxid).env("ACCESS_TOKEN", &person.token);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("scripts/e2e has installed it");
        let (calls, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (tell, answers) = mpsc::unbounded_channel();
        // Not awaited, because it ends with the process.
        std::thread::spawn(move || {
            BufReader::new(output).lines().map_while(Result::ok).try_for_each(|line| tell.send(line))
        });
        Self { child, calls, answers, identity_server: world.vouch.url.clone() }
    }

    /// Calls a method of `MatrixClient`. Returns its result, or the status and body of the
    /// `MatrixError`.
    async fn try_call(&mut self, method: &str, arguments: Value) -> Result<Value, (u64, Value)> {
        writeln!(self.calls, "{}", json!({ "method": method, "arguments": arguments })).unwrap();
        let answer = self.answers.recv().await.expect("the SDK threw what is no Matrix error; see above");
        let mut answer: Value = serde_json::from_str(&answer).unwrap();
        match answer["error"].take() {
            Value::Null => Ok(answer["result"].take()),
            error => Err((error["status"].as_u64().unwrap_or_default(), error["body"].clone())),
        }
    }

    async fn call(&mut self, method: &str, arguments: Value) -> Value {
        self.try_call(method, arguments).await.unwrap_or_else(|error| panic!("{method}: {error:?}"))
    }

    /// Registers at the identity server, and returns its token.
    async fn arrives(&mut self) -> String {
        let openid = self.call("getOpenIdToken", json!([])).await;
        text(&self.call("registerWithIdentityServer", json!([openid])).await["token"])
    }

    /// Accepts the English version of every policy.
    async fn accepts_the_terms(&mut self, token: &str) {
        let terms = self.call("getTerms", json!([IDENTITY_SERVER, self.identity_server])).await;
        let policies = terms["policies"].as_object().unwrap();
        let urls: Vec<&Value> = policies.values().map(|policy| &policy["en"]["url"]).collect();
        self.call("agreeToTerms", json!([IDENTITY_SERVER, self.identity_server, token, urls])).await;
    }
}

impl Drop for Sdk {
    fn drop(&mut self) {
        // It may have exited already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn the_sdk_binds_finds_and_unbinds() {
    let world = World::start().await;
    let alice = Person::join(&world, "alice").await;
    let mut sdk = Sdk::start(&alice);
    let token = sdk.arrives().await;
    let (status, body) = sdk.try_call("getIdentityAccount", json!([token])).await.unwrap_err();
    assert_eq!((status, &body["errcode"]), (403, &json!("M_TERMS_NOT_SIGNED")));
    sdk.accepts_the_terms(&token).await;
    assert_eq!(sdk.call("getIdentityAccount", json!([token])).await, json!({ "user_id": alice.mxid }));

    let (email, secret) = ("alice@mail.example", "sd2CP3Ng");
    let next_link = "https://app.example/done?this=that";
    let session = sdk.call("requestEmailToken", json!([email, secret, 1, next_link, token])).await;
    let opened = alice.opens_the_link(email, secret).await;
    assert_eq!(opened.headers().get("location").unwrap(), next_link);
    let found = sdk.call("identityHashedLookup", json!([[[email, "email"]], token])).await;
    assert_eq!(found, json!([]), "to prove is not to publish");
    let server = &world.vouch.name;
    let proof =
        json!({ "client_secret": secret, "sid": session["sid"], "id_server": server, "id_access_token": token });
    sdk.call("bindThreePid", json!([proof])).await;

    let found = sdk
        .call("identityHashedLookup", json!([[["Alice@Mail.example", "email"], ["bob@mail.example", "email"]], token]))
        .await;
    assert_eq!(found, json!([{ "address": "Alice@Mail.example", "mxid": alice.mxid }]));
    let found = sdk.call("lookupThreePid", json!(["email", email, token])).await;
    assert_eq!(found, json!({ "address": email, "medium": "email", "mxid": alice.mxid }));
    let found = sdk.call("bulkLookupThreePids", json!([[["email", email], ["msisdn", "447700900001"]], token])).await;
    assert_eq!(found, json!({ "threepids": [["email", email, alice.mxid]] }));
    let details = sdk.call("getIdentityHashDetails", json!([token])).await;
    assert_eq!(details["algorithms"], json!(["sha256"]));

    let unbound = sdk.call("unbindThreePid", json!(["email", email])).await;
    assert_eq!(unbound, json!({ "id_server_unbind_result": "success" }));
    assert_eq!(sdk.call("lookupThreePid", json!(["email", email, token])).await, json!({}));
}

#[tokio::test]
async fn the_sdk_invites_and_is_invited() {
    let world = World::start().await;
    let (alice, carol) = (Person::join(&world, "alice").await, Person::join(&world, "carol").await);
    let (mut sdk, mut other) = (Sdk::start(&alice), Sdk::start(&carol));
    let token = sdk.arrives().await;
    sdk.accepts_the_terms(&token).await;
    let invite = json!({ "id_server": world.vouch.name, "medium": "email", "address": "carol@mail.example" });
    let room = sdk.call("createRoom", json!([{ "name": "Garden", "invite_3pid": [invite] }])).await["room_id"].take();
    let mail = invitation(&world, "carol@mail.example").await;
    let sign_url = sign_url(&world, &mail).await;
    let joined = other.call("joinRoom", json!([room, { "inviteSignUrl": sign_url.as_str() }])).await;
    assert_eq!(joined, room);
    assert_eq!(alice.member(&text(&room), &carol.mxid).await.unwrap()["content"]["membership"], "join");

    sdk.call("inviteByThreePid", json!([room, "email", "dave@mail.example"])).await;
    sdk.call("inviteByEmail", json!([room, "erin@mail.example"])).await;
    for email in ["dave@mail.example", "erin@mail.example"] {
        invitation(&world, email).await;
    }
}

#[tokio::test]
async fn the_sdk_proves_phone_numbers_to_either_server() {
    let world = World::start().await;
    let alice = Person::join(&world, "alice").await;
    let mut sdk = Sdk::start(&alice);
    let token = sdk.arrives().await;
    sdk.accepts_the_terms(&token).await;

    let (number, msisdn, secret) = ("07700 900 002", "447700900002", "sd2CP3Ng");
    let session = sdk.call("requestMsisdnToken", json!(["GB", number, secret, 1, null, token])).await;
    let submitted = json!([session["sid"], secret, code(&world, msisdn), token]);
    assert_eq!(sdk.call("submitMsisdnToken", submitted).await, json!({ "success": true }));
    let server = &world.vouch.name;
    let proof =
        json!({ "client_secret": secret, "sid": session["sid"], "id_server": server, "id_access_token": token });
    sdk.call("bindThreePid", json!([proof])).await;
    let found = sdk.call("lookupThreePid", json!(["msisdn", msisdn, token])).await;
    assert_eq!(found["mxid"], alice.mxid);

    let (number, msisdn, secret) = ("07700 900 003", "447700900003", "hn8Kd0Wq");
    let session = sdk.call("requestAdd3pidMsisdnToken", json!(["GB", number, secret, 1])).await;
    let submitted = json!([session["submit_url"], session["sid"], secret, code(&world, msisdn)]);
    assert_eq!(sdk.call("submitMsisdnTokenOtherUrl", submitted).await, json!({ "success": true }));
    let proof = json!({ "client_secret": secret, "sid": session["sid"], "auth": alice.auth() });
    sdk.call("addThreePidOnly", json!([proof])).await;
    assert_eq!(sdk.call("getThreePids", json!([])).await["threepids"][0]["address"], msisdn);
    let found = sdk.call("lookupThreePid", json!(["msisdn", msisdn, token])).await;
    assert_eq!(found, json!({}), "to add is not to publish");
}
