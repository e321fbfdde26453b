//! Whole journeys: an address is asked to be proved, the mail comes, its token is submitted, the address is bound.

use serde_json::{Value, json};
use url::Url;
use vouch_test_support::mail_sink::Message;

use crate::Result;
use crate::client::{Connection, post};
use crate::measure::Doing;
use crate::people::Person;
use crate::world::World;

/// The journeys of a group of users, one after the other, each with another address.
pub struct Journeys<'a> {
    world: &'a World,
    group: usize,
    people: Vec<Person>,
    made: usize,
}

/// The journeys of every group.
pub fn all(world: &World, people: Vec<Vec<Person>>) -> Vec<Journeys<'_>> {
    people.into_iter().enumerate().map(|(group, people)| Journeys { world, group, people, made: 0 }).collect()
}

impl Doing for Journeys<'_> {
    async fn once(&mut self, connection: &mut Connection) -> Result<()> {
        let person = &self.people[self.made % self.people.len()];
        let email = format!("traveller{}-{}@example.net", self.group, self.made);
        self.made += 1;

        let secret = "travelling_light";
        let mail = self.world.mail_to(&email);
        let asked = json!({ "client_secret": secret, "email": email, "send_attempt": 1 });
        let sid = ask(connection, "validate/email/requestToken", person, &asked).await?["sid"].take();

        let submitted = json!({ "sid": sid, "client_secret": secret, "token": token(&mail.await?)? });
        ask(connection, "validate/email/submitToken", person, &submitted).await?;

        let bound = json!({ "sid": sid, "client_secret": secret, "mxid": person.mxid });
        let association = ask(connection, "3pid/bind", person, &bound).await?;
        let right = association["address"] == email && association["signatures"].is_object();
        if right { Ok(()) } else { Err(format!("not the association: {association}").into()) }
    }
}

async fn ask(connection: &mut Connection, path: &str, person: &Person, body: &Value) -> Result<Value> {
    connection.json(&post(&format!("/_matrix/identity/v2/{path}"), &person.token, &body.to_string())).await
}

/// The token of the link in a mail.
fn token(mail: &Message) -> Result<String> {
    let links = mail.links();
    let link = links.iter().find(|link| link.contains("/submitToken?")).ok_or("no link in the mail")?;
    let link = Url::parse(link)?;
    let token = link.query_pairs().find(|(name, _)| name == "token").ok_or("no token in the link")?;
    Ok(token.1.into_owned())
}
