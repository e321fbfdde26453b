//! Nodes of the last release beside nodes of this version, as during an upgrade.
//! `scripts/side-by-side` builds the program of the last release and runs this.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::invitations::invites;
use crate::nodes::at;
use crate::own_proofs::DATA;
use crate::program::{Binary, Process};
use crate::world::{Person, SECRET, Server, World, until};

const PATIENCE: Duration = Duration::from_secs(30);

/// What nodes log when a statement does not fit the tables.
const MISFITS: [&str; 3] = ["is missing from the database", "violates a constraint", "reported an error"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the program of the last release: run scripts/side-by-side"]
async fn nodes_of_two_versions_do_everything_for_each_other() {
    let program = std::env::var("VOUCH_PREVIOUS").expect("scripts/side-by-side names the program");
    let world = World::on_postgres().await;
    let (new, mut old) = (Binary::beside(&world), Binary::beside(&world));
    old.run_by(&program);
    let old_node = old.serve().await;
    let before = world.person(&old_node.server, "before").await;
    before.binds("before@example.com").await;

    // This changes the tables under the old node.
    let new_node = new.serve().await;
    assert_eq!(at(&before, &new_node.server).looks_up("before@example.com").await, Some(before.mxid.clone()));
    act(&world, &old_node.server, &new_node.server, "one").await;
    act(&world, &new_node.server, &old_node.server, "two").await;
    fits(&old_node);

    // It is started again.
    drop(old_node);
    let old_node = old.serve().await;
    act(&world, &old_node.server, &new_node.server, "three").await;
    act(&world, &new_node.server, &old_node.server, "four").await;
    for node in [&old_node, &new_node] {
        assert_eq!(node.server.get("/ready", None).await.status, 200);
        fits(node);
    }
}

fn fits(node: &Process) {
    let log = node.log();
    assert!(!MISFITS.iter().any(|misfit| log.contains(misfit)), "{log}");
}

/// Begins something on one node and ends it on another, for everything that users do.
async fn act(world: &World, here: &Server, there: &Server, name: &str) {
    let user = world.person(here, name).await;
    let user_there = at(&user, there);
    let inviter = world.person(there, &format!("{name}-inviter")).await;
    let email = format!("{name}@example.com");
    let invitation = invites(&inviter, &email).await.ok();

    let sid = user.asks_to_prove(&email).await;
    assert_eq!(user_there.proves(&email).await, sid);
    user.binds_by(&sid).await.ok();
    for user in [&user, &user_there] {
        until(PATIENCE, "it is not found", async || user.looks_up(&email).await.is_some()).await;
    }
    until(PATIENCE, "the invitation is not delivered", async || is_delivered(world, &invitation)).await;

    let threepid = json!({ "medium": "email", "address": email });
    let asked = json!({ "sid": sid, "client_secret": SECRET, "mxid": user.mxid, "threepid": threepid });
    user_there.post("/3pid/unbind", asked).await.ok();
    assert_eq!(user.looks_up(&email).await, None);

    ends(world, &user_there, here).await;
}

/// Whether the homeserver was told of an invitation.
fn is_delivered(world: &World, invitation: &Value) -> bool {
    world.homeserver.told().iter().any(|request| {
        let told: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        told["invites"]
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one["signed"]["token"] == invitation["token"]))
    })
}

/// Signs out one user, and erases another, each of whom is then unknown elsewhere.
async fn ends(world: &World, user: &Person<'_>, elsewhere: &Server) {
    let erased = world.person(user.server, &format!("{}-erased", user.mxid.len())).await;
    user.post("/account/logout", json!({})).await.ok();
    let erase = erased.server.request(Method::DELETE, DATA, Some(&erased.token));
    erased.server.send(erase).await.ok();
    for user in [user, &erased] {
        let user = at(user, elsewhere);
        until(PATIENCE, "the token is accepted", async || user.get("/account").await.status == 401).await;
    }
}
