//! Databases in which an earlier version stored addresses with their domain folded.

use std::sync::atomic::Ordering;

use serde_json::json;
use vouch::clock::MINUTE;
use vouch::crypto::master_key::MasterKey;
use vouch::crypto::vault::{BlindIndex, Column, Purpose, Vault};

use crate::address_visitor::{Visitor, asks};
use crate::database::{allow, count, execute, refuse, texts};
use crate::invitations::invites;
use crate::lookup::hex;
use crate::notices::{PATIENCE, moody};
use crate::onbind::told;
use crate::world::{Answer, Person, Server, World, until};

const TABLES: [(&str, &str, &str, &str, Column, Purpose); 4] = [
    ("sessions", "session_key", "address_index", "address", Column::SessionAddress, Purpose::SessionAddress),
    ("invites", "key_index", "address_index", "address", Column::InviteAddress, Purpose::InviteAddress),
    ("outbox", "owner", "address_index", "payload", Column::OutboxPayload, Purpose::OutboxAddress),
    ("visits", "token_hash", "subject_index", "subject", Column::VisitSubject, Purpose::VisitSubject),
];

/// A stopped server's database, opened with its key.
struct Former<'a> {
    world: &'a World,
    vault: Vault,
}

impl<'a> Former<'a> {
    /// Makes the database one that has not been moved to the current form.
    async fn of(world: &'a World) -> Self {
        let master = MasterKey::read(&world.config.keys.master_key_file).unwrap().unwrap();
        execute(world, "DELETE FROM meta WHERE name = 'address_form'").await;
        Self { world, vault: Vault::new(&master) }
    }

    fn index(&self, purpose: Purpose, address: &str) -> BlindIndex {
        self.vault.index(purpose, &[b"email", address.as_bytes()])
    }

    fn literal(&self, bytes: &[u8]) -> String {
        if self.world.database.is_some() { format!("'\\x{}'", hex(bytes)) } else { format!("x'{}'", hex(bytes)) }
    }

    /// Returns the values of a column, in the rows with this index.
    async fn values(&self, table: &str, column: &str, index_column: &str, index: &BlindIndex) -> Vec<Vec<u8>> {
        let text =
            if self.world.database.is_some() { format!("encode({column}, 'hex')") } else { format!("hex({column})") };
        let index = self.literal(index.as_ref());
        let sql = format!("SELECT {text} AS text FROM {table} WHERE {index_column} = {index} ORDER BY {column}");
        texts(self.world, &sql).await.iter().map(|text| unhex(text)).collect()
    }

    /// Replaces an ASCII address in all tables by the forms that an earlier version stored: the
    /// folded one, and its lower-case form if it differed.
    async fn had(&self, current: &str, forms: &[&str]) {
        let sealed = forms.iter().map(|form| format!("{form} email")).collect::<Vec<_>>().join("\n");
        for (table, owner_column, index_column, sealed_column, column, purpose) in TABLES {
            let index = self.index(purpose, current);
            for owner in self.values(table, owner_column, index_column, &index).await {
                let owner = BlindIndex::new(owner.try_into().unwrap());
                let cipher = texts_of(self, table, sealed_column, owner_column, &owner).await;
                let text = self.vault.open(column, owner.as_ref(), &cipher).unwrap();
                let escaped =
                    if column == Column::OutboxPayload { sealed.replace('\n', "\\n") } else { sealed.clone() };
                let changed = text.replace(&format!("{current} email"), &escaped);
                assert_ne!(changed, text);
                let cipher = self.literal(&self.vault.seal(column, &owner, &changed));
                let (index, owner) =
                    (self.literal(self.index(purpose, forms[0]).as_ref()), self.literal(owner.as_ref()));
                execute(
                    self.world,
                    &format!("UPDATE {table} SET {index_column} = {index}, {sealed_column} = {cipher} WHERE {owner_column} = {owner}"),
                )
                .await;
            }
        }
        let (old, new) = (self.index(Purpose::BindingAddress, current), self.index(Purpose::BindingAddress, forms[0]));
        for cipher in self.values("bindings", "mxid", "address_index", &old).await {
            let mxid = self.vault.open(Column::BindingMxid, old.as_ref(), &cipher).unwrap();
            let mxid = self.literal(&self.vault.seal(Column::BindingMxid, &new, &mxid));
            let address = self.literal(&self.vault.seal(Column::BindingAddress, &new, &sealed));
            let (old, new) = (self.literal(old.as_ref()), self.literal(new.as_ref()));
            let change = format!("address_index = {new}, address = {address}, mxid = {mxid}");
            execute(self.world, &format!("UPDATE bindings SET {change} WHERE address_index = {old}")).await;
        }
    }

    /// Stores an objection of the owner of an address.
    async fn objected(&self, folded: &str) {
        let index = self.literal(self.index(Purpose::Objection, folded).as_ref());
        execute(self.world, &format!("INSERT INTO objections (address_index, objected_at) VALUES ({index}, 7)")).await;
    }
}

async fn texts_of(former: &Former<'_>, table: &str, column: &str, owner_column: &str, owner: &BlindIndex) -> Vec<u8> {
    former.values(table, column, owner_column, owner).await.remove(0)
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// The identity of a person, without the server they used.
struct Identity(String, String);

impl Identity {
    fn of(person: &Person<'_>) -> Self {
        Self(person.mxid.clone(), person.token.clone())
    }

    fn at<'a>(&self, world: &'a World, server: &'a Server) -> Person<'a> {
        Person { world, server, mxid: self.0.clone(), token: self.1.clone() }
    }
}

async fn finds(person: &Person<'_>, expected: &[(&str, Option<&str>)]) {
    for (email, mxid) in expected {
        assert_eq!(person.looks_up(email).await.as_deref(), *mxid, "{email}");
    }
}

async fn asks_to_prove(person: &Person<'_>, email: &str) -> Answer {
    let asked = json!({ "client_secret": "another", "email": email, "send_attempt": 1 });
    person.post("/validate/email/requestToken", asked).await
}

on_both_backends! {
    async fn a_former_binding_is_found_under_every_form_of_its_domain_and_no_other(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let forms: [(&str, &[&str]); 7] = [
            ("one@example.com", &["x@bücher.example"]),
            ("two@example.com", &["a@strasse.example", "a@straße.example"]),
            ("three@example.com", &["strauss@strasse.example", "strauß@straße.example"]),
            ("four@example.com", &["x@cafe\u{301}.example"]),
            ("five@example.com", &["x@xn--mnchen-3ya.example"]),
            ("six@example.com", &["strauss@example.com", "strauß@example.com"]),
            ("seven@example.com", &["x@βόλοσ.example", "x@βόλος.example"]),
        ];
        for (current, _) in forms {
            alice.binds(current).await;
        }
        let id = Identity::of(&alice);
        server.stop().await;
        let former = Former::of(&world).await;
        for (current, forms) in forms {
            former.had(current, forms).await;
        }
        for _ in 0..2 {
            let server = world.start().await;
            let alice = id.at(&world, &server);
            let mxid = Some(alice.mxid.as_str());
            finds(&alice, &[
                ("x@bücher.example", mxid), ("x@xn--bcher-kva.example", mxid),
                ("a@strasse.example", mxid), ("a@straße.example", None), ("a@xn--strae-oqa.example", None),
                ("strauss@strasse.example", mxid), ("strauß@strasse.example", mxid),
                ("strauß@straße.example", None), ("strauss@straße.example", None), ("strauss@xn--strae-oqa.example", None),
                ("x@café.example", mxid), ("x@xn--caf-dma.example", mxid), ("x@cafe\u{301}.example", None),
                ("x@münchen.example", mxid), ("x@xn--mnchen-3ya.example", mxid),
                ("strauss@example.com", mxid), ("strauß@example.com", mxid),
                ("x@βόλοσ.example", mxid), ("x@βόλος.example", None), ("one@example.com", None),
            ]).await;
            assert_eq!(count(&world, "bindings").await, forms.len());
            server.stop().await;
        }
        let server = world.start().await;
        world.mail.forget();
        let alice = id.at(&world, &server);
        alice.unbinds("x@xn--bcher-kva.example").await.ok();
        finds(&alice, &[("x@bücher.example", None), ("x@xn--bcher-kva.example", None)]).await;
    }

    async fn of_two_forms_of_an_address_the_last_binding_wins(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        let pairs = [("x@bücher.example", "x@xn--bcher-kva.example"), ("x@xn--caf-dma.example", "x@café.example")];
        for (number, _) in pairs.iter().enumerate() {
            alice.binds(&format!("first{number}@example.com")).await;
        }
        alice.binds("wide@example.com").await;
        alice.binds("narrow@example.com").await;
        world.clock.advance(1);
        for (number, _) in pairs.iter().enumerate() {
            bob.binds(&format!("last{number}@example.com")).await;
        }
        // This address was already in the current form, and its binding is later or earlier.
        bob.binds("x@wide.example").await;
        world.mail.forget();
        bob.binds("wider@example.com").await;
        let id = Identity::of(&alice);
        let of_bob = bob.mxid.clone();
        server.stop().await;
        let former = Former::of(&world).await;
        for (number, (first, last)) in pairs.iter().enumerate() {
            former.had(&format!("first{number}@example.com"), &[first]).await;
            former.had(&format!("last{number}@example.com"), &[last]).await;
        }
        former.had("wide@example.com", &["x@ｗide.example"]).await;
        former.had("narrow@example.com", &["x@narrow.example"]).await;
        former.had("wider@example.com", &["x@ｎarrow.example"]).await;
        let server = world.start().await;
        let alice = id.at(&world, &server);
        let bob = Some(of_bob.as_str());
        for (one, other) in pairs {
            finds(&alice, &[(one, bob), (other, bob)]).await;
        }
        finds(&alice, &[("x@wide.example", bob), ("x@narrow.example", bob), ("x@ｎarrow.example", None)]).await;
        assert_eq!(count(&world, "bindings").await, 4);
    }

    async fn an_objection_in_one_form_removes_what_is_stored_in_another(world: World) {
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        invites(&bob, "p@example.com").await.ok();
        bob.asks_to_prove("p@example.com").await;
        alice.binds("q@example.com").await;
        alice.binds("r@example.com").await;
        let id = Identity::of(&bob);
        alice.proves("s@example.com").await;
        server.stop().await;
        let former = Former::of(&world).await;
        former.had("p@example.com", &["x@xn--bcher-kva.example"]).await;
        former.had("q@example.com", &["x@bücher.example"]).await;
        former.had("r@example.com", &["x@xn--caf-dma.example"]).await;
        former.had("s@example.com", &["a@strasse.example", "a@straße.example"]).await;
        former.objected("x@bücher.example").await;
        former.objected("x@café.example").await;
        let server = world.start().await;
        world.mail.forget();
        let bob = id.at(&world, &server);
        for table in ["bindings", "invites"] {
            assert_eq!(count(&world, table).await, 0, "{table}");
        }
        assert_eq!(count(&world, "sessions").await, 1, "that of another domain");
        for email in ["x@bücher.example", "X@BÜCHER.example", "x@xn--bcher-kva.example", "x@CAFÉ.example"] {
            assert_eq!(asks_to_prove(&bob, email).await.error(), (400, "M_EMAIL_SEND_ERROR"), "{email}");
            assert_eq!(invites(&bob, email).await.error(), (400, "M_EMAIL_SEND_ERROR"), "{email}");
        }
        assert!(world.mail.messages().is_empty());
        asks(&server, "x@bücher.example").await;
        let visitor = Visitor::by_mail(&world, &server, "x@xn--bcher-kva.example").await;
        assert!(visitor.sees().await.text.contains("1970-01-01T00:00:00Z"));
        visitor.done("withdraw").await;
        asks_to_prove(&bob, "x@bücher.example").await.ok();
    }

    async fn what_had_begun_continues(world: World) {
        let mut world = world;
        let refuses = moody(&mut world).await;
        let server = world.start().await;
        let (alice, bob) = (world.person(&server, "alice").await, world.person(&server, "bob").await);
        let token = invites(&bob, "p@example.com").await.ok()["token"].as_str().unwrap().to_owned();
        let (sid, other) = (alice.proves("p@example.com").await, bob.proves("q@example.com").await);
        let cookie = Visitor::by_mail(&world, &server, "p@example.com").await.cookie;
        refuses.store(true, Ordering::SeqCst);
        bob.binds_by(&other).await.ok();
        let tried = "SELECT CAST(attempts AS TEXT) AS text FROM outbox WHERE held_until = 0";
        until(PATIENCE, "an attempt", async || texts(&world, tried).await == ["1"]).await;
        let id = Identity::of(&alice);
        server.stop().await;
        let former = Former::of(&world).await;
        former.had("p@example.com", &["x@bücher.example"]).await;
        former.had("q@example.com", &["q@strasse.example", "q@straße.example"]).await;
        refuses.store(false, Ordering::SeqCst);
        world.clock.advance(2 * MINUTE);
        let server = world.start().await;
        let alice = id.at(&world, &server);
        assert_eq!(alice.binds_by(&sid).await.ok()["address"], "x@xn--bcher-kva.example");
        until(PATIENCE, "the invitation", async || told(&world).contains(&token)).await;
        world.mail.wait_for(|mail| mail.to == ["q@strasse.example"]).await;
        let visitor = Visitor { server: &server, cookie };
        assert!(visitor.sees().await.text.contains("x@xn--bcher-kva.example"));
        assert!(visitor.downloads().await["binding"].to_string().contains(&alice.mxid));
    }

    async fn what_is_no_longer_an_address_is_removed(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        let forms = ["x@localhost", "x@intranet", "x%evil.example@example.com", "evil.example!x@example.com", "x@a.-b.example", "x@127.0.0.1"];
        for (number, _) in forms.iter().enumerate() {
            let address = format!("p{number}@example.com");
            invites(&alice, &address).await.ok();
            alice.asks_to_prove(&address).await;
        }
        alice.binds("bound@example.com").await;
        alice.binds("kept@example.com").await;
        let id = Identity::of(&alice);
        server.stop().await;
        let former = Former::of(&world).await;
        for (number, form) in forms.iter().enumerate() {
            former.had(&format!("p{number}@example.com"), &[form]).await;
        }
        former.had("bound@example.com", &["y@localhost"]).await;
        let server = world.start().await;
        let alice = id.at(&world, &server);
        finds(&alice, &[("y@localhost", None), ("kept@example.com", Some(&alice.mxid))]).await;
        assert_eq!((count(&world, "bindings").await, count(&world, "invites").await, count(&world, "sessions").await), (1, 0, 1));
    }

    async fn everything_is_moved_or_nothing(world: World) {
        let server = world.start().await;
        let alice = world.person(&server, "alice").await;
        alice.binds("p@example.com").await;
        invites(&alice, "q@example.com").await.ok();
        let id = Identity::of(&alice);
        server.stop().await;
        let former = Former::of(&world).await;
        former.had("p@example.com", &["x@bücher.example"]).await;
        former.had("q@example.com", &["x@café.example"]).await;
        refuse(&world, "UPDATE", "invites").await;
        assert!(Server::try_start(world.config.clone(), world.clock.clone()).is_err());
        let index = former.index(Purpose::BindingAddress, "x@bücher.example");
        assert_eq!(former.values("bindings", "mxid", "address_index", &index).await.len(), 1);
        allow(&world, "invites").await;
        let server = world.start().await;
        let alice = id.at(&world, &server);
        finds(&alice, &[("x@bücher.example", Some(&alice.mxid)), ("x@xn--bcher-kva.example", Some(&alice.mxid))]).await;
        assert_eq!(former.values("bindings", "mxid", "address_index", &index).await.len(), 0);
    }
}
