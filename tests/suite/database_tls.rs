//! TLS to PostgreSQL, for which `SQLite` has no equivalent.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::time::Duration;

use tokio_postgres::NoTls;
use vouch_test_support::ca::{Ca, SelfSigned};
use vouch_test_support::postgres::Cluster;

use crate::world::{Server, World, until};

/// Makes a cluster serve TLS with a certificate and key in PEM, from its next connection on.
async fn serve_tls(cluster: &Cluster, certificate: &str, key: &str) {
    let data = cluster.path().join("data");
    let owner = fs::metadata(&data).unwrap();
    for (name, pem) in [("server.crt", certificate), ("server.key", key)] {
        let file = data.join(name);
        fs::write(&file, pem).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        chown(&file, Some(owner.uid()), Some(owner.gid())).unwrap();
    }
    let (client, connection) = tokio_postgres::connect(cluster.url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute("ALTER SYSTEM SET ssl = on").await.unwrap();
    client.batch_execute("SELECT pg_reload_conf()").await.unwrap();
    let is_on = async || client.query_one("SHOW ssl", &[]).await.unwrap().get::<_, &str>(0) == "on";
    until(Duration::from_secs(10), "no TLS", is_on).await;
}

/// Starts a server that connects over TLS and trusts `ca_file`; returns why it does not start.
async fn starts(cluster: &Cluster, ca_file: &str) -> Result<(), String> {
    let mut world = World::on_sqlite().await;
    let file = world.folder.path().join("database.pem");
    fs::write(&file, ca_file).unwrap();
    world.config.database.ca_file = Some(file);
    world.config.database.url = format!("{}?sslmode=require", cluster.url()).parse().unwrap();
    let server = Server::try_start(world.config.clone(), world.clock.clone())?;
    server.until_ready().await;
    Ok(())
}

#[tokio::test]
async fn a_self_signed_certificate_in_ca_file_is_accepted_and_every_other_cause_is_named() {
    let cluster = tokio::task::spawn_blocking(Cluster::start).await.unwrap();
    let [own, other] = [(); 2].map(|()| SelfSigned::authority_for(&["127.0.0.1"]));
    serve_tls(&cluster, &own.pem(), &own.key_pem()).await;
    assert_eq!(starts(&cluster, &own.pem()).await, Ok(()));
    let refused = starts(&cluster, &other.pem()).await.unwrap_err();
    assert!(refused.contains("an authority's (CA:TRUE)"), "{refused}");
    let elsewhere = SelfSigned::authority_for(&["db.example"]);
    let folder = tempfile::tempdir().unwrap();
    let ca = Ca::new();
    let (certificate, key) = ca.write_certificate_for(&["127.0.0.1"], folder.path());
    let issued = (fs::read_to_string(certificate).unwrap(), fs::read_to_string(key).unwrap());
    for (certificate, key, ca_file, cause) in [
        (elsewhere.pem(), elsewhere.key_pem(), elsewhere.pem(), "not for the name"),
        (issued.0.clone(), issued.1.clone(), Ca::new().pem(), "not issued by a trusted authority"),
    ] {
        // Nothing shows when a running one has read another certificate.
        let cluster = tokio::task::spawn_blocking(Cluster::start).await.unwrap();
        serve_tls(&cluster, &certificate, &key).await;
        let refused = starts(&cluster, &ca_file).await.unwrap_err();
        assert!(refused.contains("TLS") && refused.contains(cause), "{refused}");
    }
}
