//! User journeys: request a token for an address, receive the mail, submit the token, bind the
//! address.

use serde_json::{Value, json};
use url::Url;
use vouch_test_support::mail_sink::Message;

use crate::Result;
use crate::client::{Connection, post};
use crate::measure::Task;
use crate::people::Person;
use crate::world::World;

/// The journeys of a group of users, one after the other, each with a new address.
pub struct Journeys<'a> {
    world: &'a World,
    group: usize,
    people: Vec<Person>,
    count: usize,
}

/// Returns the journeys of each group.
pub fn all(world: &World, people: Vec<Vec<Person>>) -> Vec<Journeys<'_>> {
    people.into_iter().enumerate().map(|(group, people)| Journeys { world, group, people, count: 0 }).collect()
}

impl Task for Journeys<'_> {
    async fn run(&mut self, connection: &mut Connection) -> Result<()> {
        let person = &self.people[self.count % self.people.len()];
        let email = format!("traveller{}-{}@example.net", self.group, self.count);
        self.count += 1;

        let secret = "travelling_light";
        let mail = self.world.mail_to(&email);
        let body = json!({ "client_secret": secret, "email": email, "send_attempt": 1 });
        let sid = request(connection, "validate/email/requestToken", person, &body).await?["sid"].take();

        let body = json!({ "sid": sid, "client_secret": secret, "token": token(&mail.await?)? });
        request(connection, "validate/email/submitToken", person, &body).await?;

        let body = json!({ "sid": sid, "client_secret": secret, "mxid": person.mxid });
        let association = request(connection, "3pid/bind", person, &body).await?;
        let is_correct = association["address"] == email && association["signatures"].is_object();
        if is_correct { Ok(()) } else { Err(format!("unexpected association: {association}").into()) }
    }
}

async fn request(connection: &mut Connection, path: &str, person: &Person, body: &Value) -> Result<Value> {
    connection.json(&post(&format!("/_matrix/identity/v2/{path}"), &person.token, &body.to_string())).await
}

/// Returns the token in the link of a mail.
fn token(mail: &Message) -> Result<String> {
    let links = mail.links();
    let link = links.iter().find(|link| link.contains("/submitToken?")).ok_or("no link in the mail")?;
    let link = Url::parse(link)?;
    let token = link.query_pairs().find(|(name, _)| name == "token").ok_or("no token in the link")?;
    Ok(token.1.into_owned())
}
