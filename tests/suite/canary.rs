//! Canaries: recognisable personal values are sent through the whole server, successfully and not,
//! with the most verbose logging. Afterwards none of them may be found in the logs, in the metrics
//! or in the raw database files.

mod needles;
mod pages;

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE, Engine};
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::form_urlencoded::byte_serialize;
use vouch_test_support::ca::Ca;
use vouch_test_support::homeserver::{Conduct, Homeserver};
use vouch_test_support::mail_sink::{Action, MailSink, Message, Options};
use vouch_test_support::postgres::Cluster;

use crate::address_visitor::{Visitor, asks as asks_for_link, mailed, presses};
use crate::canary::needles::{
    ABSENT_EMAIL, ACCEPTING_USER, AVATAR, BODY, CLIENT, Canaries, EMAIL, INVITED_EMAIL, INVITER_NAME, LOCALPART,
    MAIL_PASSWORD, NEXT_LINK, NUMBER, OBJECTING_EMAIL, OPERATORS_EMAIL, OPERATORS_USER, PATH, QUERY, REFUSED_EMAIL,
    ROOM, ROOM_NAME, SECRET, SERVER, TYPED_NUMBER, UNKNOWN_TOKEN, USER_AGENT, contains, contents,
};
use crate::invitations::{mailed_link, parameter};
use crate::program::{Binary, Process};
use crate::scrapes::{OPEN_METRICS, accepts, text};
use crate::world::{Person, World, hash, link, query};

/// Returns a world in which every name is a canary.
async fn world() -> World {
    let mut world = World::on_sqlite().await;
    let ca = Ca::new();
    ca.write_to(&world.folder.path().join("ca.pem"));
    world.homeserver = Homeserver::start(SERVER, &ca);
    let refuses = |line: &str| line.contains(REFUSED_EMAIL).then_some(Action::Reply("550 5.1.1 canary-garganey"));
    world.mail = MailSink::start_with(Options { script: Some(Arc::new(refuses)), ..Options::default() }).await;
    world
}

/// The binary with its most verbose logging.
fn talkative(world: &World) -> Binary {
    let mut binary = Binary::of(world);
    binary.set("RUST_LOG", "trace");
    binary.set("VOUCH__LOG__ACCESS", "true");
    binary.set("VOUCH__SERVER__TRUSTED_PROXIES", "127.0.0.0/8");
    binary.set("VOUCH__SMS__DIRECTORY", world.config.sms.directory.to_str().unwrap());
    binary.set("VOUCH__MAIL__USER", "canary");
    binary.set("VOUCH__MAIL__PASSWORD", MAIL_PASSWORD);
    binary.set("VOUCH__FEDERATION__DNS_SERVERS", "127.0.0.1:1");
    binary.set("VOUCH__METRICS__LISTEN", "127.0.0.1:0");
    binary
}

async fn serve(binary: &Binary, world: &World, canaries: &mut Canaries) -> Process {
    let mut process = binary.serve().await;
    process.server.metrics = process.metrics();
    let forwarded = HeaderMap::from_iter([("x-forwarded-for".parse().unwrap(), HeaderValue::from_static(CLIENT))]);
    let client = reqwest::Client::builder().user_agent(USER_AGENT).default_headers(forwarded);
    process.server.http = client.redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
    for name in ["master.key", "signing.key"] {
        let text = fs::read_to_string(world.folder.path().join("data").join(name)).unwrap();
        let seed = text.trim().rsplit(' ').next().unwrap();
        canaries.keep("key", BASE64_STANDARD.decode(format!("{}=", seed.trim_end_matches('='))).unwrap());
    }
    process
}

/// Goes from registration to a friend's look-up. Returns the person and the session.
async fn journey<'a>(world: &'a World, process: &'a Process, canaries: &mut Canaries) -> (Person<'a>, String) {
    let server = &process.server;
    let openid = world.homeserver.openid_token(LOCALPART);
    canaries.keep("OpenID token", openid["access_token"].as_str().unwrap());
    let token = server.post("/_matrix/identity/v2/account/register", None, &openid).await.ok()["token"].clone();
    let person =
        Person { world, server, mxid: world.homeserver.user_id(LOCALPART), token: token.as_str().unwrap().into() };
    canaries.keep("access token", &person.token);
    person.accepts_everything().await;

    let asked = json!({ "client_secret": SECRET, "email": EMAIL, "send_attempt": 1, "next_link": NEXT_LINK });
    let sid = person.post("/validate/email/requestToken", asked).await.ok()["sid"].as_str().unwrap().to_owned();
    let link = link(&world.validation_mail(&EMAIL.to_lowercase()).await);
    canaries.keep("validation token", query(&link, "token"));
    let followed = server.get(&link[link.find("/_matrix").unwrap()..], None).await;
    assert_eq!((followed.status, followed.headers["location"].to_str().unwrap()), (302, NEXT_LINK));
    let asked = json!({ "client_secret": SECRET, "country": "GB", "phone_number": TYPED_NUMBER, "send_attempt": 1 });
    let by_phone = person.post("/validate/msisdn/requestToken", asked).await.ok()["sid"].clone();
    let code = world.texts()[0].code();
    canaries.keep("code", &code);
    for token in [QUERY, &code] {
        let named = json!({ "sid": by_phone, "client_secret": SECRET, "token": token });
        person.post("/validate/msisdn/submitToken", named).await;
    }
    let by_phone = json!({ "sid": by_phone, "client_secret": SECRET, "mxid": person.mxid });
    assert_eq!(person.post("/3pid/bind", by_phone).await.ok()["address"], NUMBER);
    let session = json!({ "sid": sid, "client_secret": SECRET, "mxid": person.mxid });
    person.get(&format!("/3pid/getValidated3pid?sid={sid}&client_secret={SECRET}")).await.ok();
    person.post("/3pid/bind", session).await.ok();
    let is_notice = |mail: &Message| mail.text().contains("/not-me?") && !mail.text().contains("/submitToken?");
    let undo = world.mail.wait_for(is_notice).await.links().remove(0);
    canaries.keep("undoing token", query(&undo, "token"));
    assert_eq!(server.get(&undo[undo.find("/not-me").unwrap()..], None).await.status, 200);

    let pepper = person.pepper().await;
    canaries.keep("pepper", &pepper);
    for (email, found) in [(EMAIL.to_lowercase(), true), (ABSENT_EMAIL.to_owned(), false)] {
        canaries.keep("hash", Sha256::digest(format!("{email} email {pepper}")));
        canaries.keep("hash as sent", hash(&email, &pepper));
        assert_eq!(person.looks_up(&email).await.is_some(), found);
    }
    assert_eq!(server.get(&format!("/_matrix/identity/versions?{QUERY}={QUERY}"), None).await.status, 200);
    (person, sid)
}

/// Invites somebody who accepts, with valid requests and invalid ones.
async fn invitation(person: &Person<'_>, canaries: &mut Canaries) {
    let (world, server) = (person.world, person.server);
    let asked = json!({
        "medium": "email", "address": INVITED_EMAIL, "room_id": ROOM, "sender": person.mxid, "room_name": ROOM_NAME,
        "sender_display_name": INVITER_NAME, "room_avatar_url": AVATAR, "org.matrix.web_client_location": NEXT_LINK,
    });
    let stored = person.post("/store-invite", asked.clone()).await.ok();
    canaries.keep("token of an invitation", stored["token"].as_str().unwrap());
    let public_key = stored["public_keys"][1]["public_key"].as_str().unwrap().to_owned();
    canaries.keep("public key", BASE64_STANDARD.decode(format!("{public_key}=")).unwrap());
    let link = mailed_link(world, server, INVITED_EMAIL).await;
    let signurl = parameter(&link, "signurl");
    let private_key = query(&signurl, "private_key");
    canaries.keep("private key", BASE64_URL_SAFE.decode(format!("{private_key}=")).unwrap());
    let path = &signurl[signurl.find("/_matrix").unwrap()..];
    for mxid in [ACCEPTING_USER, ACCEPTING_USER.trim_start_matches('@')] {
        let request = server.request(reqwest::Method::POST, &format!("{path}&mxid={mxid}"), None);
        assert_eq!(server.send(request).await.status, if mxid.starts_with('@') { 200 } else { 400 });
    }
    let key: String = byte_serialize(public_key.as_bytes()).collect();
    let valid = format!("/_matrix/identity/v2/pubkey/ephemeral/isvalid?public_key={key}");
    assert_eq!(server.get(&valid, None).await.ok()["valid"], true);
    let mut refused = asked;
    refused["address"] = REFUSED_EMAIL.into();
    assert_eq!(person.post("/store-invite", refused.clone()).await.error(), (400, "M_EMAIL_SEND_ERROR"));
    refused["sender"] = ACCEPTING_USER.into();
    assert_eq!(person.post("/store-invite", refused).await.error(), (403, "M_FORBIDDEN"));
    let unknown = json!({ "mxid": ACCEPTING_USER, "token": UNKNOWN_TOKEN, "private_key": private_key });
    assert_eq!(server.post("/_matrix/identity/v2/sign-ed25519", None, &unknown).await.status, 404);
}

/// Binds the invited address while the homeserver is unavailable, so that the delivery waits in the
/// outbox.
async fn completion(person: &Person<'_>, canaries: &mut Canaries) {
    let world = person.world;
    let asked = json!({ "client_secret": SECRET, "email": INVITED_EMAIL, "send_attempt": 1 });
    let sid = person.post("/validate/email/requestToken", asked).await.ok()["sid"].clone();
    let token = query(&link(&world.validation_mail(INVITED_EMAIL).await), "token");
    canaries.keep("validation token", &token);
    let session = json!({ "sid": sid, "client_secret": SECRET, "token": token, "mxid": person.mxid });
    person.post("/validate/email/submitToken", session.clone()).await.ok();
    world.homeserver.behave(Conduct::Answers(500, BODY.to_owned()));
    person.post("/3pid/bind", session).await.ok();
    let begun = Instant::now();
    while world.homeserver.told().is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(20), "the homeserver was not notified");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    world.homeserver.behave(Conduct::Honest);
}

/// Opens the page of an address and objects, after a few failed attempts.
async fn objection(process: &Process, world: &World, canaries: &mut Canaries) {
    let server = &process.server;
    for typed in [BODY, REFUSED_EMAIL] {
        asks_for_link(server, typed).await;
    }
    let path = mailed(world, server, &OBJECTING_EMAIL.to_lowercase()).await;
    let token = query(&format!("http://h{path}"), "token");
    canaries.keep("token of a link to what is held", &token);
    assert_eq!(server.get(&format!("{}A", path.replace("&lang", "A&lang")), None).await.status, 404);
    let visitor = Visitor::begun(server, &presses(server, &path).await);
    canaries.keep("token of a visit", visitor.cookie.split_once('=').unwrap().1);
    assert_eq!(visitor.downloads().await["address"], OBJECTING_EMAIL.to_lowercase());
    assert_eq!(visitor.done("object").await, "Your objection has been recorded");
    assert_eq!(visitor.posts(&[("form_token", BODY), ("action", "withdraw")]).await.status, 403);
}

/// Makes requests, a homeserver and a mail server fail in every way.
async fn mishaps(person: &Person<'_>, sid: &str) {
    let (world, server) = (person.world, person.server);
    let v2 = "/_matrix/identity/v2";
    assert_eq!(server.get(&format!("{v2}/account"), Some(UNKNOWN_TOKEN)).await.status, 401);
    assert_eq!(server.get(&format!("{v2}/account?access_token={UNKNOWN_TOKEN}"), None).await.status, 401);
    assert_eq!(server.get(&format!("{v2}/{PATH}?{QUERY}"), None).await.status, 404);
    assert_eq!(server.get(&format!("/{PATH}"), None).await.status, 404);
    let broken =
        server.request(reqwest::Method::POST, &format!("{v2}/account/register"), None).body(format!("{{\"{BODY}"));
    assert_eq!(server.send(broken).await.status, 400);
    let plain = json!({ "algorithm": "none", "pepper": BODY, "addresses": [format!("{EMAIL} email")] });
    assert_eq!(person.post("/lookup", plain).await.status, 400);
    let wrong = json!({ "sid": sid, "client_secret": BODY, "token": UNKNOWN_TOKEN });
    assert_eq!(person.post("/validate/email/submitToken", wrong.clone()).await.status, 404);
    let others = json!({ "sid": sid, "client_secret": SECRET, "mxid": OPERATORS_USER });
    assert_eq!(person.post("/3pid/bind", others).await.status, 403);
    assert_eq!(asks(person, &format!("{EMAIL}@x"), "").await, "M_INVALID_EMAIL");
    assert_eq!(asks(person, EMAIL, "javascript:canary-garganey").await, "M_INVALID_PARAM");
    assert_eq!(asks(person, REFUSED_EMAIL, NEXT_LINK).await, "M_EMAIL_SEND_ERROR");

    let impostor = json!({ "sub": OPERATORS_USER }).to_string();
    let conducts = [
        Conduct::HangsUp,
        Conduct::Answers(500, BODY.to_owned()),
        Conduct::Answers(200, BODY.to_owned()),
        Conduct::Answers(200, impostor),
    ];
    let mut openid = world.homeserver.openid_token(LOCALPART);
    for conduct in conducts {
        world.homeserver.behave(conduct);
        assert_ne!(server.post(&format!("{v2}/account/register"), None, &openid).await.status, 200);
    }
    world.homeserver.behave(Conduct::Honest);
    openid["matrix_server_name"] = Value::from(OPERATORS_USER.split_once(':').unwrap().1);
    assert_ne!(server.post(&format!("{v2}/account/register"), None, &openid).await.status, 200);
}

/// Unbinds the address with the homeserver's signature, after a forged attempt.
async fn leaves(person: &Person<'_>, canaries: &mut Canaries) {
    let body = json!({ "mxid": person.mxid, "threepid": { "medium": "email", "address": EMAIL } });
    let path = "/_matrix/identity/v2/3pid/unbind";
    let signed =
        json!({ "method": "POST", "uri": path, "origin": SERVER, "destination_is": "127.0.0.1:8090", "content": body });
    let (key, sig) = person.world.homeserver.sign(&signed);
    canaries.keep("homeserver's signature", BASE64_STANDARD.decode(format!("{sig}==")).unwrap());
    for (uri, status) in [(format!("{path}?{QUERY}"), 401), (path.to_owned(), 200)] {
        let header = format!("X-Matrix origin=\"{SERVER}\",key=\"{key}\",sig=\"{sig}\"");
        let request = person.server.request(reqwest::Method::POST, &uri, None).header("Authorization", header);
        let answer = person.server.send(request.json(&body)).await;
        assert_eq!(answer.status, status, "{answer:?}");
    }
}

/// Requests validation of an address, and returns the errcode.
async fn asks(person: &Person<'_>, email: &str, next_link: &str) -> String {
    let asked = json!({ "client_secret": SECRET, "email": email, "send_attempt": 2, "next_link": next_link });
    person.post("/validate/email/requestToken", asked).await.error().1.to_owned()
}

/// Runs the operator's commands, whose errors are logs too.
fn operates(binary: &Binary, canaries: &Canaries) {
    let bind = ["bind", "--address", OPERATORS_EMAIL, "--user", OPERATORS_USER];
    for arguments in [&bind[..], &["lookup", OPERATORS_EMAIL], &["export", "--user", OPERATORS_USER]] {
        let done = binary.run(arguments);
        assert_eq!(done.status, Some(0), "{done:?}");
        assert!(done.stdout.contains("canary-lapwing"));
        canaries.assert_absent(arguments[0], done.stderr.as_bytes());
    }
}

/// Searches the metrics, in both formats. They count everything, but name nothing.
async fn read_metrics(process: &Process, canaries: &Canaries) {
    for text in [text(&process.server).await, accepts(&process.server, OPEN_METRICS).await.text] {
        for planted in ["/pubkey/ephemeral/isvalid", "route=\"unmatched\"", "vouch_database_up 1"] {
            assert!(text.contains(planted), "{planted} is not among the metrics, so perhaps nothing is:\n{text}");
        }
        canaries.assert_absent("the metrics", text.as_bytes());
        for part in ["canary", "203.0.113", "country=", "@"] {
            assert!(!text.contains(part), "{part} is in the metrics:\n{text}");
        }
    }
}

/// Stops the server, and searches its output. The session ID may be on disk but not in the logs.
async fn listen(process: Process, mut canaries: Canaries, sid: &str) {
    process.signal("TERM");
    let (status, log) = process.ended().await;
    assert_eq!(status, Some(0), "{log}");
    for planted in [
        "vouch::",
        "/_matrix/identity/v2/lookup 200",
        "203.0.113.0/24",
        "/_matrix/identity/v2/3pid/bind 403",
        "/you/sign-in 303",
        "/invited 404",
    ] {
        assert!(log.contains(planted), "{planted} is not in the log, so perhaps nothing is:\n{log}");
    }
    canaries.keep("sid", sid);
    canaries.assert_absent("the log", log.as_bytes());
}

/// Values that the disk may contain, which show that the right files were searched.
#[track_caller]
fn assert_searched(disk: &[u8], sid: &str) {
    for planted in ["/policies/privacy_policy/1.0/en", "master_key_check", sid] {
        assert!(contains(disk, planted), "{planted} is not on the disk, so perhaps nothing is");
    }
}

#[tokio::test]
async fn sqlite_files_and_logs_contain_no_personal_data() {
    let mut world = world().await;
    let (binary, mut canaries) = (talkative(&world), Canaries::new());
    let process = serve(&binary, &world, &mut canaries).await;
    let (person, sid) = journey(&world, &process, &mut canaries).await;
    invitation(&person, &mut canaries).await;
    completion(&person, &mut canaries).await;
    pages::visits(&person, &mut canaries).await;
    pages::refuses(&person, &mut canaries).await;
    pages::uses_rights(&person).await;
    mishaps(&person, &sid).await;
    objection(&process, &world, &mut canaries).await;
    leaves(&person, &mut canaries).await;
    operates(&binary, &canaries);
    let token = person.token;
    world.mail = MailSink::start().await;
    mail_is_down(&process, &token).await;
    read_metrics(&process, &canaries).await;

    // While the server runs, the write-ahead log exists too.
    let disk = contents_of_sqlite(&world);
    assert_searched(&disk, &sid);
    canaries.assert_absent("the files", &disk);
    listen(process, canaries, &sid).await;
}

#[tokio::test]
async fn postgres_files_and_logs_contain_no_personal_data() {
    let mut world = world().await;
    let cluster = Arc::new(tokio::task::spawn_blocking(Cluster::start).await.unwrap());
    let (mut binary, mut canaries) = (talkative(&world), Canaries::new());
    binary.set("VOUCH__DATABASE__URL", cluster.url());
    let process = serve(&binary, &world, &mut canaries).await;
    let (person, sid) = journey(&world, &process, &mut canaries).await;
    invitation(&person, &mut canaries).await;
    completion(&person, &mut canaries).await;
    pages::visits(&person, &mut canaries).await;
    pages::refuses(&person, &mut canaries).await;
    pages::uses_rights(&person).await;
    mishaps(&person, &sid).await;
    objection(&process, &world, &mut canaries).await;
    leaves(&person, &mut canaries).await;
    operates(&binary, &canaries);
    let token = person.token;
    world.mail = MailSink::start().await;
    mail_is_down(&process, &token).await;
    read_metrics(&process, &canaries).await;

    database_is_down(&cluster, &process, &binary, &token, &canaries).await;
    let client = connect(cluster.url()).await;
    client.batch_execute("CHECKPOINT").await.unwrap();
    let disk = [contents(&cluster.path().join("data")), fs::read(cluster.path().join("log")).unwrap()].concat();
    assert_searched(&disk, &sid);
    assert!(contains(&disk, "database system is ready to accept connections"), "the cluster's log was not searched");
    canaries.assert_absent("the cluster", &disk);
    canaries.keep("password of the database", cluster.url().split([':', '@']).nth(2).unwrap());
    listen(process, canaries, &sid).await;
}

fn contents_of_sqlite(world: &World) -> Vec<u8> {
    let file = |name: &str| fs::read(world.folder.path().join("data").join(name)).unwrap();
    ["vouch.db", "vouch.db-wal", "vouch.db-shm"].map(file).concat()
}

async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Stops the mail server that the binary uses.
async fn mail_is_down(process: &Process, token: &str) {
    let asked = json!({ "client_secret": SECRET, "email": EMAIL, "send_attempt": 7, "next_link": NEXT_LINK });
    let answer = process.server.post("/_matrix/identity/v2/validate/email/requestToken", Some(token), &asked).await;
    assert_eq!(answer.error(), (400, "M_EMAIL_SEND_ERROR"));
}

/// Stops the database under the server, and starts it again.
async fn database_is_down(
    cluster: &Arc<Cluster>,
    process: &Process,
    binary: &Binary,
    token: &str,
    canaries: &Canaries,
) {
    let stopping = Arc::clone(cluster);
    tokio::task::spawn_blocking(move || stopping.stop()).await.unwrap();
    let asked = json!({ "client_secret": SECRET, "email": ABSENT_EMAIL, "send_attempt": 1 });
    for _ in 0..2 {
        let answer = process.server.post("/_matrix/identity/v2/validate/email/requestToken", Some(token), &asked).await;
        assert_eq!(answer.error(), (503, "M_UNKNOWN"));
    }
    let done = binary.run(&["bind", "--address", OPERATORS_EMAIL, "--user", OPERATORS_USER]);
    assert_eq!(done.status, Some(1), "{done:?}");
    canaries.assert_absent("bind", done.stderr.as_bytes());
    let starting = Arc::clone(cluster);
    tokio::task::spawn_blocking(move || starting.start_again()).await.unwrap();
    process.server.until_ready().await;
    assert_eq!(process.server.get("/_matrix/identity/v2/account", Some(token)).await.status, 200);
}
