//! Databases of a ma1sd and of a Synapse, written as these servers write them, in `SQLite` or in
//! `PostgreSQL`.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use diesel::connection::SimpleConnection as _;
use diesel::{Connection, SqliteConnection};
use serde_json::json;
use vouch::crypto::ephemeral::EphemeralKey;
use vouch_test_support::postgres::Database;

use crate::world::World;

/// A database.
pub struct Foreign {
    /// Its file or URL.
    pub place: String,
    link: Link,
}

enum Link {
    Sqlite(SqliteConnection),
    Postgres { database: Database },
}

const MA1SD: &str = r#"
    CREATE TABLE changelog (id VARCHAR(255) PRIMARY KEY, "createdAt" TIMESTAMP, comment VARCHAR(255));
    CREATE TABLE invite_3pid (id TEXT PRIMARY KEY, token TEXT NOT NULL, sender TEXT NOT NULL, medium TEXT NOT NULL,
        address TEXT NOT NULL, "roomId" TEXT NOT NULL, properties TEXT);
    CREATE TABLE invite_3pid_history (id TEXT PRIMARY KEY, token TEXT NOT NULL, sender TEXT NOT NULL, medium TEXT NOT NULL,
        address TEXT NOT NULL, "roomId" TEXT NOT NULL, properties TEXT, "resolvedTo" TEXT NOT NULL,
        "resolvedAt" BIGINT NOT NULL, "couldPublish" BOOLEAN NOT NULL, "publishAttempts" BIGINT NOT NULL);
    CREATE TABLE session_3pid (id VARCHAR(255) PRIMARY KEY, "creationTime" BIGINT NOT NULL, server VARCHAR(255) NOT NULL,
        medium VARCHAR(255) NOT NULL, address VARCHAR(255) NOT NULL, secret VARCHAR(255) NOT NULL, attempt INTEGER NOT NULL,
        token VARCHAR(255) NOT NULL, validated BOOLEAN, "isRemote" BOOLEAN NOT NULL, "isRemoteValidated" BOOLEAN NOT NULL);
    CREATE TABLE as_txn ("transactionId" VARCHAR(255), localpart VARCHAR(255), timestamp BIGINT NOT NULL, result VARCHAR(255) NOT NULL);
    CREATE TABLE account (token VARCHAR(255) PRIMARY KEY, "accessToken" VARCHAR(255) NOT NULL, "expiresIn" BIGINT NOT NULL,
        "createdAt" BIGINT NOT NULL, "userId" VARCHAR(255) NOT NULL);
    CREATE TABLE accepted (id BIGINT PRIMARY KEY, url VARCHAR(255) NOT NULL, "userId" VARCHAR(255) NOT NULL,
        "acceptedAt" BIGINT NOT NULL);
    CREATE TABLE hashes (id BIGINT PRIMARY KEY, mxid VARCHAR(255) NOT NULL, medium VARCHAR(255) NOT NULL,
        address VARCHAR(255) NOT NULL, hash VARCHAR(255) NOT NULL);
    INSERT INTO changelog (id) VALUES ('2019_12_09__2254__fix_accepted_dao');"#;

const SYNAPSE: &str = "
    CREATE TABLE schema_version (lock CHAR(1) NOT NULL, version INTEGER NOT NULL, upgraded BOOLEAN NOT NULL);
    CREATE TABLE users (name TEXT, password_hash TEXT, creation_ts BIGINT, deactivated SMALLINT DEFAULT 0 NOT NULL);
    CREATE TABLE user_threepids (user_id TEXT NOT NULL, medium TEXT NOT NULL, address TEXT NOT NULL,
        validated_at BIGINT NOT NULL, added_at BIGINT NOT NULL);
    CREATE TABLE user_threepid_id_server (user_id TEXT NOT NULL, medium TEXT NOT NULL, address TEXT NOT NULL,
        id_server TEXT NOT NULL);
    INSERT INTO schema_version VALUES ('X', 88, TRUE);";

impl Foreign {
    /// Creates an empty database, of the same kind as the world's.
    async fn new(world: &World, name: &str, schema: &str) -> Self {
        let mut foreign = if world.database.is_some() {
            let database = tokio::task::spawn_blocking(Database::create).await.unwrap();
            Self { place: database.url().to_owned(), link: Link::Postgres { database } }
        } else {
            let path = world.folder.path().join(name);
            let conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
            Self { place: path.to_str().unwrap().to_owned(), link: Link::Sqlite(conn) }
        };
        foreign.run(schema).await;
        foreign
    }

    /// Creates the database of a ma1sd.
    pub async fn ma1sd(world: &World) -> Self {
        Self::new(world, "store.db", MA1SD).await
    }

    /// Creates the database of a Synapse, in which these users are registered.
    pub async fn synapse(world: &World, users: &[&str]) -> Self {
        let mut synapse = Self::new(world, "homeserver.db", SYNAPSE).await;
        for user in users {
            synapse.run(&format!("INSERT INTO users (name, creation_ts) VALUES ('{user}', 1700000000)")).await;
        }
        synapse
    }

    /// Runs statements.
    pub async fn run(&mut self, sql: &str) {
        match &mut self.link {
            Link::Sqlite(conn) => conn.batch_execute(sql).unwrap(),
            Link::Postgres { database } => database.connect().await.batch_execute(sql).await.unwrap(),
        }
    }

    /// A Synapse remembers that an address was bound at an identity server.
    pub async fn publishes(&mut self, user: &str, address: &str, id_server: &str) {
        self.run(&format!(
            "INSERT INTO user_threepid_id_server VALUES ('{user}', 'email', '{address}', '{id_server}')"
        ))
        .await;
    }

    /// A Synapse forgets that an address was bound.
    pub async fn withdraws(&mut self, address: &str) {
        self.run(&format!("DELETE FROM user_threepid_id_server WHERE address = '{address}'")).await;
    }

    /// A ma1sd stores an invitation that is signed with this key.
    pub async fn invites(&mut self, address: &str, token: &str, server_key: (&str, &str), own: &EphemeralKey) {
        let id = BASE64_URL_SAFE_NO_PAD.encode(format!("hs.exampleemail{address}"));
        let properties = properties(server_key, own);
        self.run(&format!(
            "INSERT INTO invite_3pid VALUES ('{id}', '{token}', '@alice:hs.example', 'email', '{address}',
             '!room:hs.example', '{properties}')"
        ))
        .await;
    }

    /// A ma1sd tells a homeserver about an invitation, which accepts it or not.
    pub async fn delivers(&mut self, address: &str, is_accepted: bool) {
        self.run(&format!(
            r#"INSERT INTO invite_3pid_history SELECT token || 'x', token, sender, medium, address, "roomId", properties,
               '@guest:hs.example', 1700000000000, {}, 1 FROM invite_3pid WHERE address = '{address}';
               DELETE FROM invite_3pid WHERE address = '{address}'"#,
            if is_accepted { "TRUE" } else { "FALSE" }
        ))
        .await;
    }
}

/// Returns the properties of an invitation.
pub fn properties((serial, public): (&str, &str), own: &EphemeralKey) -> String {
    json!({
        "room_name": "A room",
        "created_at": "1700000000000",
        "p_key_algo": "ed25519",
        "p_key_serial": serial,
        "p_key_public": public,
        "e_key_algo": "ed25519",
        "e_key_serial": "AAAAL3rAAABa",
        "e_key_public": own.public_key(),
    })
    .to_string()
}
