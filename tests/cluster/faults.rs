//! What fails, and how it is repaired.

use std::time::Duration;

use serde_json::json;

use crate::Result;
use crate::database::{self, Member, Role};
use crate::machines::signal;
use crate::proxy;
use crate::world::World;

/// A failure.
#[derive(Clone, Copy)]
pub enum Fault {
    PrimaryKilled,
    SynchronousStandbyKilled,
    StandbyKilled,
    BackendKilled,
    PrimaryMachineLost,
    PrimaryPatroniKilled,
    PrimaryFrozen,
    PrimaryMachineFrozen,
    SynchronousStandbyFrozen,
    PrimaryCutOff,
    PrimaryCutOffBriefly,
    SynchronousStandbyCutOff,
    DiskFull,
    SwitchOver,
    SwitchBack,
    EtcdLeaderKilled,
    EtcdWithoutQuorum,
    ProxyKilled,
    NodeKilled,
    OtherNodeKilled,
    BothNodesKilled,
    NodeFrozen,
}

/// What has to be repaired after a failure.
pub enum Damage<'a> {
    /// Nothing: that is somebody else's work.
    None,
    Etcd(Vec<&'a Member>),
    Patroni(&'a Member),
    Machine(&'a Member),
    Frozen(&'a Member),
    FrozenMachine(&'a Member),
    Cable(&'a Member),
    Disk(&'a Member),
    Proxy,
    Nodes(Vec<usize>),
    FrozenNode(usize),
}

impl Fault {
    /// All of them, in an order in which one does not hide another.
    pub const ALL: [Self; 22] = [
        Self::PrimaryKilled,
        Self::NodeKilled,
        Self::SynchronousStandbyKilled,
        Self::SwitchOver,
        Self::StandbyKilled,
        Self::EtcdLeaderKilled,
        Self::PrimaryCutOff,
        Self::BackendKilled,
        Self::PrimaryFrozen,
        Self::OtherNodeKilled,
        Self::SynchronousStandbyCutOff,
        Self::DiskFull,
        Self::ProxyKilled,
        Self::PrimaryPatroniKilled,
        Self::SynchronousStandbyFrozen,
        Self::NodeFrozen,
        Self::PrimaryMachineLost,
        Self::BothNodesKilled,
        Self::SwitchBack,
        Self::PrimaryMachineFrozen,
        Self::EtcdWithoutQuorum,
        Self::PrimaryCutOffBriefly,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::PrimaryKilled => "kill -9 of the primary",
            Self::SynchronousStandbyKilled => "kill -9 of the synchronous standby",
            Self::StandbyKilled => "kill -9 of the other standby",
            Self::BackendKilled => "kill -9 of one process of the primary",
            Self::PrimaryMachineLost => "power cut of the primary's machine",
            Self::PrimaryPatroniKilled => "kill -9 of the primary's Patroni",
            Self::PrimaryFrozen => "primary frozen",
            Self::PrimaryMachineFrozen => "primary's machine frozen",
            Self::SynchronousStandbyFrozen => "synchronous standby frozen",
            Self::PrimaryCutOff => "primary's network cut",
            Self::PrimaryCutOffBriefly => "primary's network cut for 2 seconds",
            Self::SynchronousStandbyCutOff => "synchronous standby's network cut",
            Self::DiskFull => "primary's disk full for 20 seconds",
            Self::SwitchOver => "switch-over",
            Self::SwitchBack => "another switch-over",
            Self::EtcdLeaderKilled => "kill -9 of etcd's leader",
            Self::EtcdWithoutQuorum => "etcd without a quorum for 10 seconds",
            Self::ProxyKilled => "kill -9 of HAProxy",
            Self::NodeKilled => "kill -9 of a node of Vouch",
            Self::OtherNodeKilled => "kill -9 of the other node of Vouch",
            Self::BothNodesKilled => "kill -9 of both nodes of Vouch",
            Self::NodeFrozen => "node of Vouch frozen for 10 seconds",
        }
    }

    /// How long it lasts before it is repaired: mostly long enough for others to take over, which
    /// they do after 20 seconds without a sign of life.
    pub const fn lasts(self) -> Duration {
        match self {
            Self::NodeKilled | Self::OtherNodeKilled | Self::BothNodesKilled | Self::ProxyKilled => {
                Duration::from_millis(500)
            }
            Self::PrimaryCutOffBriefly => Duration::from_secs(2),
            Self::EtcdWithoutQuorum | Self::NodeFrozen => Duration::from_secs(10),
            // Nobody takes over.
            Self::DiskFull => Duration::from_secs(20),
            Self::PrimaryKilled | Self::SwitchOver | Self::SwitchBack | Self::BackendKilled => Duration::from_secs(5),
            _ => Duration::from_secs(35),
        }
    }

    /// Lets it happen.
    pub async fn strike(self, world: &World) -> Result<Damage<'_>> {
        let primary = world.member(Role::Primary).await?;
        let synchronous = world.member(Role::SynchronousStandby).await?;
        Ok(match self {
            Self::PrimaryKilled => {
                primary.kill_postgres()?;
                Damage::None
            }
            Self::SynchronousStandbyKilled => {
                synchronous.kill_postgres()?;
                Damage::None
            }
            Self::StandbyKilled => {
                world.member(Role::Standby).await?.kill_postgres()?;
                Damage::None
            }
            Self::BackendKilled => {
                signal(primary.backend()?, "KILL")?;
                Damage::None
            }
            Self::PrimaryMachineLost => {
                primary.kill_patroni();
                primary.kill_etcd();
                primary.kill_postgres()?;
                Damage::Machine(primary)
            }
            Self::PrimaryPatroniKilled => {
                primary.kill_patroni();
                Damage::Patroni(primary)
            }
            Self::PrimaryFrozen => freeze(primary)?,
            Self::SynchronousStandbyFrozen => freeze(synchronous)?,
            Self::PrimaryMachineFrozen => {
                primary.freeze_managers("STOP")?;
                primary.freeze_postgres("STOP")?;
                Damage::FrozenMachine(primary)
            }
            Self::PrimaryCutOff | Self::PrimaryCutOffBriefly => cut_off(primary)?,
            Self::SynchronousStandbyCutOff => cut_off(synchronous)?,
            Self::DiskFull => {
                primary.machine.fill();
                Damage::Disk(primary)
            }
            Self::SwitchOver | Self::SwitchBack => {
                switch_over(world, primary, synchronous).await?;
                Damage::None
            }
            Self::EtcdLeaderKilled => {
                let leader = &world.members[database::etcd_leader(&world.members, &world.http).await?];
                leader.kill_etcd();
                Damage::Etcd(vec![leader])
            }
            Self::EtcdWithoutQuorum => {
                let others = world.members[1..].iter().inspect(|member| member.kill_etcd()).collect();
                Damage::Etcd(others)
            }
            Self::ProxyKilled => {
                world.proxy.stop();
                Damage::Proxy
            }
            Self::NodeKilled => kill_nodes(world, vec![0]),
            Self::OtherNodeKilled => kill_nodes(world, vec![1]),
            Self::BothNodesKilled => kill_nodes(world, vec![0, 1]),
            Self::NodeFrozen => {
                signal(world.nodes[0].pid().ok_or("the node does not run")?, "STOP")?;
                Damage::FrozenNode(0)
            }
        })
    }
}

impl Damage<'_> {
    /// Repairs it.
    pub fn repair(&self, world: &World) -> Result<()> {
        match self {
            Self::None => Ok(()),
            Self::Etcd(members) => members.iter().try_for_each(|member| member.start_etcd()),
            Self::Patroni(member) => member.start_patroni(),
            Self::Machine(member) => {
                member.start_etcd()?;
                member.start_patroni()
            }
            Self::Frozen(member) => member.freeze_postgres("CONT"),
            Self::FrozenMachine(member) => {
                member.freeze_postgres("CONT")?;
                member.freeze_managers("CONT")
            }
            Self::Cable(member) => member.machine.connect(true),
            Self::Disk(member) => {
                member.machine.empty()?;
                // It has ended when it could not write.
                member.kill_etcd();
                member.start_etcd()
            }
            Self::Proxy => {
                proxy::start_again(world.folder.path(), &world.proxy);
                Ok(())
            }
            Self::Nodes(nodes) => {
                for node in nodes {
                    world.nodes[*node].start();
                }
                Ok(())
            }
            Self::FrozenNode(node) => signal(world.nodes[*node].pid().ok_or("the node does not run")?, "CONT"),
        }
    }
}

fn freeze(member: &Member) -> Result<Damage<'_>> {
    member.freeze_postgres("STOP")?;
    Ok(Damage::Frozen(member))
}

fn cut_off(member: &Member) -> Result<Damage<'_>> {
    member.machine.connect(false)?;
    Ok(Damage::Cable(member))
}

fn kill_nodes(world: &World, nodes: Vec<usize>) -> Damage<'_> {
    for node in &nodes {
        world.nodes[*node].kill();
    }
    Damage::Nodes(nodes)
}

async fn switch_over(world: &World, from: &Member, to: &Member) -> Result<()> {
    let url = format!("http://{}:8008/switchover", from.machine.address);
    let asked = json!({ "leader": from.machine.name, "candidate": to.machine.name });
    let answer = world.http.post(url).json(&asked).send().await?;
    if answer.status() == 200 { Ok(()) } else { Err(answer.text().await?.into()) }
}
