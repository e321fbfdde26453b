//! The homeserver is away when an invited address is bound.

use reqwest::Method;
use serde_json::json;

use crate::world::World;

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
    world.synapse.start_again();
    world.until_up(&world.synapse.url, "/health").await;
    alice.sees_invited(&room, &carol.mxid).await;
}
