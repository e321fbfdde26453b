//! The database: on each machine etcd, Patroni and PostgreSQL, as docs/operations.md describes it.

use std::fs;
use std::process::Child;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;

use crate::Result;
use crate::machines::{Machine, signal};

/// How many bytes a standby that keeps up may be behind.
const KEEPS_UP: u64 = 1_000_000;
const PASSWORD: &str = "correct-horse";

/// One member of the cluster.
pub struct Member {
    pub machine: Machine,
    /// The addresses of all members.
    peers: Vec<(String, String)>,
    etcd: Mutex<Option<Child>>,
    patroni: Mutex<Option<Child>>,
}

/// What Patroni says of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Primary,
    SynchronousStandby,
    Standby,
}

impl Member {
    /// Starts the members of a new cluster.
    pub fn start_all(machines: Vec<Machine>) -> Result<Vec<Self>> {
        let peers: Vec<_> =
            machines.iter().map(|machine| (machine.name.clone(), machine.address.to_string())).collect();
        let new = |machine| Self { machine, peers: peers.clone(), etcd: Mutex::default(), patroni: Mutex::default() };
        let members: Vec<_> = machines.into_iter().map(new).collect();
        for member in &members {
            fs::write(member.settings(), member.patroni_settings())?;
            member.start_etcd()?;
        }
        for member in &members {
            member.start_patroni()?;
        }
        Ok(members)
    }

    pub fn start_etcd(&self) -> Result<()> {
        let (name, address) = (&self.machine.name, self.machine.address);
        let peer = format!("http://{address}:2380");
        let client = format!("http://{address}:2379");
        let cluster: Vec<_> =
            self.peers.iter().map(|(name, address)| format!("{name}=http://{address}:2380")).collect();
        let arguments = [
            ("--name", name.as_str()),
            ("--data-dir", "etcd"),
            ("--listen-peer-urls", &peer),
            ("--initial-advertise-peer-urls", &peer),
            ("--listen-client-urls", &client),
            ("--advertise-client-urls", &client),
            ("--initial-cluster", &cluster.join(",")),
            ("--heartbeat-interval", "150"),
            ("--election-timeout", "1500"),
            ("--log-level", "error"),
        ];
        let arguments: Vec<_> = arguments.iter().flat_map(|(name, value)| [*name, *value]).collect();
        *lock(&self.etcd) = Some(self.machine.start(&from_environment("VOUCH_ETCD"), &arguments)?);
        Ok(())
    }

    pub fn start_patroni(&self) -> Result<()> {
        let settings = self.settings().display().to_string();
        *lock(&self.patroni) = Some(self.machine.start(&from_environment("VOUCH_PATRONI"), &[&settings])?);
        Ok(())
    }

    /// Kills Patroni, and not the PostgreSQL that it has started.
    pub fn kill_patroni(&self) {
        kill(&self.patroni);
    }

    pub fn kill_etcd(&self) {
        kill(&self.etcd);
    }

    /// Kills PostgreSQL's main process, if it runs. Its children end by themselves.
    pub fn kill_postgres(&self) -> Result<()> {
        signal(self.postmaster()?, "KILL")
    }

    /// Stops all processes of PostgreSQL, or lets them continue.
    pub fn freeze_postgres(&self, name: &str) -> Result<()> {
        let postmaster = self.postmaster()?;
        for child in children(postmaster)? {
            // It may have ended.
            let _ = signal(child, name);
        }
        signal(postmaster, name)
    }

    /// Stops Patroni and etcd, or lets them continue.
    pub fn freeze_managers(&self, name: &str) -> Result<()> {
        for child in [&self.patroni, &self.etcd] {
            if let Some(child) = lock(child).as_ref() {
                signal(child.id(), name)?;
            }
        }
        Ok(())
    }

    /// One process that serves a client.
    pub fn backend(&self) -> Result<u32> {
        let is_client = |pid: &u32| {
            fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|name| name.contains("vouch vouch"))
        };
        children(self.postmaster()?)?.into_iter().find(is_client).ok_or_else(|| "nobody is connected".into())
    }

    fn postmaster(&self) -> Result<u32> {
        let file = fs::read_to_string(self.machine.disk.join("data/postmaster.pid"))?;
        Ok(file.lines().next().unwrap_or_default().parse()?)
    }

    fn settings(&self) -> std::path::PathBuf {
        self.machine.disk.join("patroni.yml")
    }

    fn patroni_settings(&self) -> String {
        let (name, address) = (&self.machine.name, self.machine.address);
        let hosts: Vec<_> = self.peers.iter().map(|(_, address)| format!("{address}:2379")).collect();
        let hosts = hosts.join(",");
        let disk = self.machine.disk.display();
        format!(
            "scope: vouch
name: {name}
restapi: {{ listen: '{address}:8008', connect_address: '{address}:8008' }}
etcd3: {{ hosts: '{hosts}' }}
bootstrap:
  dcs:
    ttl: 20
    loop_wait: 2
    retry_timeout: 5
    primary_start_timeout: 10
    maximum_lag_on_failover: 1048576
    synchronous_mode: true
    synchronous_mode_strict: true
    postgresql:
      use_pg_rewind: true
      parameters:
        wal_log_hints: 'on'
        max_connections: 200
        max_wal_size: 96MB
        wal_keep_size: 48MB
        wal_sender_timeout: 5s
        wal_receiver_timeout: 5s
        wal_retrieve_retry_interval: 1s
        shared_buffers: 64MB
  initdb: [{{ encoding: UTF8 }}, {{ locale: C.UTF-8 }}, data-checksums]
  pg_hba:
  - host all all 10.77.0.0/24 scram-sha-256
  - host replication replicator 10.77.0.0/24 scram-sha-256
postgresql:
  listen: '{address}:5432'
  connect_address: '{address}:5432'
  data_dir: {disk}/data
  bin_dir: {bin}
  pgpass: {disk}/pgpass
  remove_data_directory_on_rewind_failure: true
  remove_data_directory_on_diverged_timelines: true
  authentication:
    superuser: {{ username: postgres, password: {PASSWORD} }}
    replication: {{ username: replicator, password: {PASSWORD} }}
    rewind: {{ username: postgres, password: {PASSWORD} }}
  parameters: {{ unix_socket_directories: '{disk}' }}
",
            bin = from_environment("VOUCH_POSTGRES_BIN"),
        )
    }
}

/// Creates the role and the database of Vouch.
pub async fn create_database(port: u16) -> Result<()> {
    let url = format!("postgres://postgres:{PASSWORD}@127.0.0.1:{port}/postgres");
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await?;
    tokio::spawn(connection);
    client.batch_execute(&format!("CREATE ROLE vouch LOGIN PASSWORD '{PASSWORD}'")).await?;
    Ok(client.batch_execute("CREATE DATABASE vouch OWNER vouch").await?)
}

/// The URL of Vouch's database behind a proxy.
pub fn url(port: u16) -> String {
    format!("postgres://vouch:{PASSWORD}@127.0.0.1:{port}/vouch")
}

/// Returns the role of each member, or `None` while one of them does not answer or is not what it
/// should be: there must be a primary, and two standbys that keep up, one of them synchronously.
/// All must agree, since a member that was cut off takes itself for the primary for a moment.
pub async fn roles(members: &[Member], http: &reqwest::Client) -> Option<Vec<Role>> {
    let mut agreed = None;
    for member in members {
        let roles = roles_in(&describe(member, http).await.ok()?, members)?;
        if *agreed.get_or_insert_with(|| roles.clone()) != roles {
            return None;
        }
    }
    agreed
}

/// Returns the role of each member in a description.
fn roles_in(described: &Value, members: &[Member]) -> Option<Vec<Role>> {
    let listed = described["members"].as_array()?;
    let role = |member: &Member| {
        let entry = listed.iter().find(|entry| entry["name"] == member.machine.name.as_str())?;
        match (entry["role"].as_str()?, entry["state"].as_str()?, entry["lag"].as_u64()) {
            ("leader", "running", _) => Some(Role::Primary),
            ("sync_standby", "running" | "streaming", Some(..KEEPS_UP)) => Some(Role::SynchronousStandby),
            ("replica", "running" | "streaming", Some(..KEEPS_UP)) => Some(Role::Standby),
            _ => None,
        }
    };
    let roles: Vec<_> = members.iter().map(role).collect::<Option<_>>()?;
    let is_complete = [Role::Primary, Role::SynchronousStandby].iter().all(|role| roles.contains(role));
    is_complete.then_some(roles)
}

/// Returns what the Patroni of a member says of all members.
pub async fn describe(member: &Member, http: &reqwest::Client) -> Result<Value> {
    let url = format!("http://{}:8008/cluster", member.machine.address);
    Ok(http.get(url).timeout(Duration::from_secs(1)).send().await?.json().await?)
}

/// Returns the position of etcd's leader.
pub async fn etcd_leader(members: &[Member], http: &reqwest::Client) -> Result<usize> {
    for (position, member) in members.iter().enumerate() {
        let url = format!("http://{}:2379/v3/maintenance/status", member.machine.address);
        let status: Value = http.post(url).body("{}").send().await?.json().await?;
        if status["leader"].is_string() && status["leader"] == status["header"]["member_id"] {
            return Ok(position);
        }
    }
    Err("etcd has no leader".into())
}

/// Returns what `scripts/cluster` has found.
fn from_environment(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

fn children(parent: u32) -> Result<Vec<u32>> {
    let listed = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"))?;
    Ok(listed.split_whitespace().filter_map(|pid| pid.parse().ok()).collect())
}

fn kill(child: &Mutex<Option<Child>>) {
    if let Some(mut child) = lock(child).take() {
        // It may have ended.
        let _ = child.kill();
        let _ = child.wait();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
