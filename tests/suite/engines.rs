//! Servers that speak PostgreSQL's protocol but are something else are refused at startup.

use crate::database::{execute, texts};
use crate::world::{Server, World};

/// Makes the server claim to be something else, in the schema of a world.
async fn pretends(world: &World, version: &str) {
    let sql = format!("CREATE FUNCTION version() RETURNS text LANGUAGE sql AS $$ SELECT '{version}'::text $$");
    execute(world, &sql).await;
}

async fn refusal(world: &World) -> String {
    let (config, clock) = (world.config.clone(), world.clock.clone());
    let started = tokio::task::spawn_blocking(move || Server::try_start(config, clock)).await.unwrap();
    started.err().expect("it starts")
}

/// Makes functions of the world's schema hide those of the server.
fn hide_builtins(world: &mut World) {
    let database = world.database.as_ref().unwrap();
    let (of_world, hiding) = (database.schema(), format!("{},pg_catalog", database.schema()));
    let url = database.url().replace(of_world, &hiding.replace(',', "%2C"));
    world.config.database.url = url.parse().unwrap();
}

#[tokio::test]
async fn a_server_that_only_resembles_postgresql_is_refused_and_untouched() {
    let mut world = World::on_postgres().await;
    hide_builtins(&mut world);
    pretends(&world, "CockroachDB CCL v24.1.0 (x86_64-pc-linux-gnu)").await;
    let refused = refusal(&world).await;
    for part in ["the database is CockroachDB", "advisory locks", "Use PostgreSQL 13 or later, or SQLite"] {
        assert!(refused.contains(part), "{refused}");
    }
    let tables = "SELECT table_name::text AS text FROM information_schema.tables WHERE table_schema = current_schema()";
    assert_eq!(texts(&world, tables).await, [""; 0]);
    let drop = format!("DROP FUNCTION {}.version()", world.database.as_ref().unwrap().schema());
    execute(&world, &drop).await;
    world.start().await;
}

#[tokio::test]
async fn tables_distributed_by_citus_are_refused() {
    let world = World::on_postgres().await;
    // The extension is installed, and other tables are distributed.
    execute(
        &world,
        "CREATE TABLE pg_dist_partition (logicalrel regclass); INSERT INTO pg_dist_partition VALUES ('pg_class')",
    )
    .await;
    world.start().await.stop().await;
    execute(&world, "INSERT INTO pg_dist_partition VALUES ('bindings')").await;
    let refused = refusal(&world).await;
    assert!(refused.contains("Citus") && refused.contains("use a schema that is not distributed"), "{refused}");
}
