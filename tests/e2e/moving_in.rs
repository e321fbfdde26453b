//! Invitations that a Sydent has made, redeemed after its database was imported. Their tokens and
//! keys are those of a real Sydent (tests/data); the rooms are on this test's Synapse.

use std::fs;
use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use crate::person::{Person, encode, text};
use crate::world::{Answer, World};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");

/// The public keys of the invitations in `sydent-invite-keys.json`, in their order.
const EPHEMERAL: [&str; 2] =
    ["DSgf8cGofPyta1HCBcykpxhuFULaVOTaZ7W5fKcLuv8", "GueQ_w-Re89B7lX28s2V_OiUZ2-2Pt3W4OiKx_5MHcs"];

/// Makes the signing key of the Sydent that of the server, as docs/moving-in.md has it, and returns
/// its public half.
async fn takes_over_the_key(world: &World) -> String {
    let settings = fs::read_to_string(Path::new(DATA).join("sydent.conf")).unwrap();
    let key = settings.lines().find_map(|line| line.strip_prefix("ed25519.signingkey = ")).unwrap();
    let file = world.folder.path().join("sydent.key");
    fs::write(&file, key).unwrap();
    world.vouch.run(&["keys", "import", "--sign", file.to_str().unwrap()]);
    world.vouch.stop();
    world.vouch.start_again();
    world.until_up(&world.vouch.url, "/ready").await;
    let url = format!("{}/_matrix/identity/v2/pubkey/ed25519:0", world.vouch.url);
    text(&Answer::to(world.request(Method::GET, &url, None)).await.ok()["public_key"])
}

/// Creates a room with the invitation that a homeserver has stored in it with the Sydent's answer.
async fn room(inviter: &Person<'_>, token: &str, server_key: &str, key: &str) -> String {
    let room = inviter.creates_a_room("Garden", &[]).await;
    let valid = format!("{}/_matrix/identity/api/v1/pubkey", inviter.world.vouch.url);
    let of_server = json!({ "public_key": server_key, "key_validity_url": format!("{valid}/isvalid") });
    let of_invitation = json!({ "public_key": key, "key_validity_url": format!("{valid}/ephemeral/isvalid") });
    let content = json!({
        "display_name": "g...@e...",
        "public_key": server_key,
        "key_validity_url": format!("{valid}/isvalid"),
        "public_keys": [of_server, of_invitation],
    });
    let state = format!("/rooms/{}/state/m.room.third_party_invite/{}", encode(&room), encode(token));
    inviter.homeserver(Method::PUT, &state, content).await.ok();
    room
}

#[tokio::test]
async fn invitations_of_a_sydent_are_accepted_after_the_move() {
    let world = World::start().await;
    let server_key = takes_over_the_key(&world).await;
    let alice = world.person("alice").await;
    let mailed: Value =
        serde_json::from_str(&fs::read_to_string(Path::new(DATA).join("sydent-invite-keys.json")).unwrap()).unwrap();
    let tokens = [0, 1].map(|nth: usize| text(&mailed[nth]["token"]));
    let garden = room(&alice, &tokens[0], &server_key, EPHEMERAL[0]).await;
    let cellar = room(&alice, &tokens[1], &server_key, EPHEMERAL[1]).await;

    let file = world.folder.path().join("sydent.db");
    fs::copy(Path::new(DATA).join("sydent-2.7.0.db"), &file).unwrap();
    let mut sydent = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    for ((token, room), address) in
        tokens.iter().zip([&garden, &cellar]).zip(["carol@mail.example", "dave@mail.example"])
    {
        let sql = format!(
            "UPDATE invite_tokens SET room_id = '{room}', sender = '{}', address = '{address}' WHERE token = '{token}'",
            alice.mxid
        );
        sydent.batch_execute(&sql).unwrap();
    }
    let report = world.vouch.run(&["import", "sydent", file.to_str().unwrap(), "--yes", "--accept-losses", "--json"]);
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["outcomes"]["invitations"]["added"], 2, "{report}");
    assert_eq!(report["signing_key"], json!({ "matches": "ed25519:0" }));

    // Carol binds the address: her homeserver is told, asks whether the keys are valid, and invites
    // her.
    let carol = world.person("carol").await;
    carol.binds("carol@mail.example").await;
    let event = alice.sees_invited(&garden, &carol.mxid).await;
    assert_eq!(event["sender"], alice.mxid);
    assert_eq!(event["content"]["third_party_invite"]["signed"]["token"], tokens[0]);
    carol.joins(&garden, None).await;
    assert_eq!(alice.member(&garden, &carol.mxid).await.unwrap()["content"]["membership"], "join");

    // Dave has the link that Sydent has sent, and no account here.
    let dave = Person::join(&world, "dave").await;
    let mut link: Url = format!("{}/_matrix/identity/api/v1/sign-ed25519", world.vouch.url).parse().unwrap();
    let private_key = text(&mailed[1]["private_key"]);
    link.query_pairs_mut().extend_pairs([("token", &tokens[1]), ("private_key", &private_key), ("mxid", &dave.mxid)]);
    let signed = Answer::to(world.request(Method::POST, link.as_str(), None)).await.ok();
    dave.joins(&cellar, Some(signed)).await;
    assert_eq!(alice.member(&cellar, &dave.mxid).await.unwrap()["content"]["membership"], "join");
}
