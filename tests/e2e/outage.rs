//! The homeserver is unavailable when an invited address is bound.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{PATIENCE, World};

/// Returns the only pending delivery, once it has failed.
async fn waiting(world: &World) -> Value {
    let begun = Instant::now();
    loop {
        let listed: Value = serde_json::from_str(&world.vouch.run(&["outbox", "list", "--json"])).unwrap();
        let onbind = listed.as_array().unwrap().iter().find(|one| one["kind"] == "onbind").expect("it is not lost");
        if onbind["attempts"] == 1 && onbind["under_way"] == false {
            return onbind.clone();
        }
        assert!(begun.elapsed() < PATIENCE, "{listed}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn an_invitation_arrives_when_the_homeserver_is_back() {
    let world = World::start().await;
    let (alice, carol) = (world.person("alice").await, world.person("carol").await);
    let room = alice.creates_a_room("Garden", &["carol@mail.example"]).await;
    let session = carol.proves("carol@mail.example").await;
    world.synapse.stop();
    let body = json!({ "sid": session.sid, "client_secret": session.client_secret, "mxid": carol.mxid });
    let association = carol.identity_server(Method::POST, "/3pid/bind", body).await.ok();
    assert_eq!(association["address"], "carol@mail.example");
    let delivery = waiting(&world).await;

    world.synapse.start_again();
    world.until_up(&world.synapse.url, "/health").await;
    assert_eq!(alice.member(&room, &carol.mxid).await, None);
    // It would be retried half a minute after the failure.
    world.vouch.run(&["outbox", "retry", &delivery["id"].to_string()]);
    alice.sees_invited(&room, &carol.mxid).await;
}
