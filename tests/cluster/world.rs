//! Everything together.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::sync::oneshot;
use vouch_test_support::ca::Ca;
use vouch_test_support::homeserver::Homeserver;
use vouch_test_support::mail_sink::{Awaited, MailSink, Message};
use vouch_test_support::program::{Program, tail};

use crate::Result;
use crate::database::{self, Member, Role};
use crate::health::Probes;
use crate::machines::{self, Machine};
use crate::proxy;
use crate::vouch::{Node, PORTS};

/// How long the cluster may take to become whole.
const WHOLE_WITHIN: Duration = Duration::from_mins(3);

/// How often the members are asked for their roles.
const ATTEMPTS: usize = 50;

const PROXY: &str = "http://127.0.0.1:8100";

/// The cluster and all around it.
pub struct World {
    pub nodes: Vec<Node>,
    pub proxy: Program,
    pub members: Vec<Member>,
    pub homeserver: Homeserver,
    pub http: reqwest::Client,
    awaited: Awaited,
    _mail: MailSink,
    pub folder: TempDir,
}

impl World {
    /// Starts it, and returns when all answer.
    pub async fn start() -> Result<Self> {
        let folder = TempDir::new()?;
        // PostgreSQL runs as another user.
        fs::set_permissions(&folder, Permissions::from_mode(0o755))?;
        let ca = Ca::new();
        ca.write_to(&folder.path().join("ca.pem"));
        let homeserver = Homeserver::start("hs.example", &ca);
        let awaited = Awaited::default();
        let mail = MailSink::start_with(awaited.options(with_token)).await;
        let http = reqwest::Client::builder().build()?;

        machines::switch()?;
        let machines = (1..=3).map(|number| Machine::new(number, folder.path())).collect::<Result<_>>()?;
        let members = Member::start_all(machines)?;
        let proxy = proxy::start(folder.path(), &members, &PORTS)?;
        let node = |port| Node::new(port, folder.path(), (homeserver.name(), homeserver.address()), mail.address());
        let nodes = PORTS.map(node).into();
        let world = Self { nodes, proxy, members, homeserver, http, awaited, _mail: mail, folder };
        world.until("the cluster is whole", async || world.roles().await.is_some()).await?;
        world
            .until("the database is created", async || database::create_database(proxy::DATABASE).await.is_ok())
            .await?;
        for node in &world.nodes {
            // The first one makes the keys.
            node.start();
            world.until("the node is ready", async || world.is_ready(&node.url).await).await?;
        }
        world.until("the proxy knows the nodes", async || world.is_ready(PROXY).await).await?;
        Ok(world)
    }

    /// The URLs of the nodes.
    pub fn urls(&self) -> Vec<&str> {
        self.nodes.iter().map(|node| node.url.as_str()).collect()
    }

    /// Where users send requests: to the nodes, and to the proxy before them.
    pub fn all_urls(&self) -> Vec<&str> {
        [self.urls(), vec![PROXY]].concat()
    }

    /// The role of each member, if the cluster is whole.
    pub async fn roles(&self) -> Option<Vec<Role>> {
        database::roles(&self.members, &self.http).await
    }

    /// The member with this role. On a busy machine, a member may answer late.
    pub async fn member(&self, role: Role) -> Result<&Member> {
        for _ in 0..ATTEMPTS {
            if let Some(roles) = self.roles().await {
                let position = roles.iter().position(|it| *it == role).ok_or("no member has this role")?;
                return Ok(&self.members[position]);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err("the cluster is not whole".into())
    }

    /// Waits until the cluster is whole and all nodes are sound, and returns how long that took.
    pub async fn until_healthy(&self, probes: &Probes) -> Result<Duration> {
        let begun = Instant::now();
        self.until("all nodes answer", async || probes.are_sound()).await?;
        self.until("the cluster is whole", async || probes.are_sound() && self.roles().await.is_some()).await?;
        Ok(begun.elapsed())
    }

    async fn is_ready(&self, url: &str) -> bool {
        self.http.get(format!("{url}/ready")).send().await.is_ok_and(|answer| answer.status() == 200)
    }

    async fn until(&self, what: &str, holds: impl AsyncFn() -> bool) -> Result<()> {
        let begun = Instant::now();
        while !holds().await {
            if begun.elapsed() > WHOLE_WITHIN {
                let mut state = Vec::new();
                for member in &self.members {
                    state.push(format!("{:?}", database::describe(member, &self.http).await));
                }
                return Err(format!("waited in vain until {what}\n{}\n{}", state.join("\n"), self.logs()).into());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    /// The ends of all logs.
    fn logs(&self) -> String {
        let own = ["vouch8101.log", "vouch8102.log", "haproxy.log"].map(|name| self.folder.path().join(name));
        let theirs = self.members.iter().map(|member| member.machine.log());
        let logs: Vec<_> =
            own.into_iter().chain(theirs).map(|log| format!("--- {}\n{}", log.display(), tail(&log))).collect();
        logs.join("\n")
    }

    /// Returns the next mail to an address. Must be called before the mail is requested.
    pub fn mail_to(&self, address: &str) -> oneshot::Receiver<Message> {
        self.awaited.mail_to(address)
    }
}

/// Whether a mail proves an address.
fn with_token(message: &Message) -> bool {
    message.links().iter().any(|link| link.contains("/submitToken?"))
}
