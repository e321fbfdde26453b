//! The users.

use serde_json::{Value, json};

use crate::Result;
use crate::client::{Connection, get, post};
use crate::server::Server;
use crate::world::World;

/// A registered user who has accepted the terms.
#[derive(Clone)]
pub struct Person {
    pub mxid: String,
    pub token: String,
}

/// Registers a group of users for each connection.
pub async fn register(world: &World, server: &Server, groups: u8, size: u16, name: &str) -> Result<Vec<Vec<Person>>> {
    let mut people = Vec::new();
    for group in 0..groups {
        let mut connection = Connection::open(server.address(), group).await?;
        let mut members = Vec::new();
        for member in 0..size.max(1) {
            members.push(register_one(world, &mut connection, &format!("{name}{group}-{member}")).await?);
        }
        people.push(members);
    }
    Ok(people)
}

async fn register_one(world: &World, connection: &mut Connection, localpart: &str) -> Result<Person> {
    let openid = world.homeserver.openid_token(localpart).to_string();
    let registered = connection.json(&post("/_matrix/identity/v2/account/register", "", &openid)).await?;
    let token = registered["token"].as_str().ok_or("the response has no token")?.to_owned();
    let terms = connection.json(&get("/_matrix/identity/v2/terms", "")).await?;
    let policies = terms["policies"].as_object().ok_or("the response has no policies")?;
    let urls: Vec<&Value> = policies.values().map(|policy| &policy["en"]["url"]).collect();
    let accepted = json!({ "user_accepts": urls }).to_string();
    connection.json(&post("/_matrix/identity/v2/terms", &token, &accepted)).await?;
    Ok(Person { mxid: world.homeserver.user_id(localpart), token })
}

/// Returns the server's current pepper.
pub async fn pepper(server: &Server, person: &Person) -> Result<String> {
    let mut connection = Connection::open(server.address(), 0).await?;
    let details = connection.json(&get("/_matrix/identity/v2/hash_details", &person.token)).await?;
    Ok(details["lookup_pepper"].as_str().ok_or("the response has no pepper")?.to_owned())
}
