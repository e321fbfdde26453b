//! A DNS server that misbehaves on demand.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use hickory_resolver::proto::op::{Message, MessageType, OpCode, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, CNAME, SRV};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

/// A DNS server over UDP and TCP with the records of a test. No other name exists, and nothing may
/// be cached.
#[derive(Clone)]
pub(in crate::federation) struct Zone {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    records: Vec<Record>,
    faults: Vec<Fault>,
    over_tcp: usize,
}

/// A way in which a server departs from the ideal.
#[derive(Clone, Copy, PartialEq)]
pub(in crate::federation) enum Fault {
    /// It never answers queries of this type.
    Silent(RecordType),
    /// It answers queries of this type with an error.
    Fails(RecordType, ResponseCode),
    /// It answers everything with an error.
    Down(ResponseCode),
    /// It answers nothing.
    Dead,
    /// It returns an alias without the records of its target.
    AliasesAlone,
    /// Its answers over UDP are cut off.
    Truncates,
    /// Its answers spell all names in upper case.
    Shouts,
    /// It does not know EDNS.
    NoEdns,
}

impl Zone {
    pub(in crate::federation) async fn start() -> Self {
        let (socket, listener) = both_sockets().await;
        let zone = Self { address: socket.local_addr().unwrap(), state: Arc::default() };
        let state = Arc::clone(&zone.state);
        tokio::spawn(async move {
            let mut buffer = [0; 1500];
            while let Ok((length, peer)) = socket.recv_from(&mut buffer).await {
                let reply = state.lock().unwrap().answer_over_udp(&buffer[..length]);
                if let Some(reply) = reply {
                    socket.send_to(&reply.to_vec().unwrap(), peer).await.unwrap();
                }
            }
        });
        let state = Arc::clone(&zone.state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&state)));
            }
        });
        zone
    }

    /// Returns its address.
    pub(in crate::federation) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Makes the server misbehave.
    pub(in crate::federation) fn suffers(&self, fault: Fault) {
        self.state.lock().unwrap().faults.push(fault);
    }

    /// Returns the number of queries over TCP.
    pub(in crate::federation) fn over_tcp(&self) -> usize {
        self.state.lock().unwrap().over_tcp
    }

    /// Replaces the addresses of a name.
    pub(in crate::federation) fn a(&self, name: &str, address: Ipv4Addr) {
        let owner = fqdn(name);
        let is_other = |record: &Record| record.name != owner || !matches!(record.data, RData::A(_));
        self.state.lock().unwrap().records.retain(is_other);
        self.add(name, RData::A(A(address)));
    }

    pub(in crate::federation) fn cname(&self, name: &str, target: &str) {
        self.add(name, RData::CNAME(CNAME(fqdn(target))));
    }

    pub(in crate::federation) fn srv(&self, name: &str, priority: u16, port: u16, target: &str) {
        self.add(name, RData::SRV(SRV::new(priority, 0, port, fqdn(target))));
    }

    fn add(&self, name: &str, data: RData) {
        self.state.lock().unwrap().records.push(Record::from_rdata(fqdn(name), 0, data));
    }
}

/// Returns sockets with the same port.
async fn both_sockets() -> (UdpSocket, TcpListener) {
    loop {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        if let Ok(socket) = UdpSocket::bind(listener.local_addr().unwrap()).await {
            return (socket, listener);
        }
    }
}

async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    while let Ok(length) = stream.read_u16().await {
        let mut query = vec![0; length.into()];
        stream.read_exact(&mut query).await.unwrap();
        state.lock().unwrap().over_tcp += 1;
        let reply = state.lock().unwrap().answer(&query);
        if let Some(reply) = reply {
            let reply = reply.to_vec().unwrap();
            stream.write_u16(reply.len().try_into().unwrap()).await.unwrap();
            stream.write_all(&reply).await.unwrap();
        }
    }
}

impl State {
    fn answer_over_udp(&self, query: &[u8]) -> Option<Message> {
        let mut reply = self.answer(query)?;
        if self.faults.contains(&Fault::Truncates) {
            reply.metadata.truncation = true;
            reply.answers.clear();
        }
        Some(reply)
    }

    fn answer(&self, query: &[u8]) -> Option<Message> {
        let query = Message::from_vec(query).unwrap();
        let question = query.queries.first()?;
        let mut reply = Message::new(query.metadata.id, MessageType::Response, OpCode::Query);
        reply.metadata.recursion_available = true;
        reply.add_queries(query.queries.clone());
        for fault in &self.faults {
            match fault {
                Fault::Dead => return None,
                Fault::Silent(kind) if *kind == question.query_type() => return None,
                Fault::Fails(kind, code) if *kind == question.query_type() => {
                    reply.metadata.response_code = *code;
                    return Some(reply);
                }
                Fault::Down(code) => {
                    reply.metadata.response_code = *code;
                    return Some(reply);
                }
                Fault::NoEdns if query.edns.is_some() => {
                    reply.metadata.response_code = ResponseCode::FormErr;
                    return Some(reply);
                }
                _ => {}
            }
        }
        let mut name = question.name().clone();
        while let Some(alias) = self.alias(&name) {
            reply.add_answer(alias.clone());
            let RData::CNAME(CNAME(target)) = &alias.data else { unreachable!() };
            name = target.clone();
            if self.faults.contains(&Fault::AliasesAlone) {
                return Some(self.spelled(reply));
            }
        }
        let of_name: Vec<_> = self.records.iter().filter(|record| record.name == name).collect();
        if of_name.is_empty() {
            reply.metadata.response_code = ResponseCode::NXDomain;
        }
        let of_type = of_name.into_iter().filter(|record| record.record_type() == question.query_type());
        reply.add_answers(of_type.cloned());
        Some(self.spelled(reply))
    }

    fn alias(&self, name: &Name) -> Option<&Record> {
        self.records.iter().find(|record| record.name == *name && matches!(record.data, RData::CNAME(_)))
    }

    fn spelled(&self, mut reply: Message) -> Message {
        if self.faults.contains(&Fault::Shouts) {
            let loud = |name: &Name| Name::from_ascii(name.to_ascii().to_uppercase()).unwrap();
            for query in &mut reply.queries {
                let name = loud(query.name());
                query.set_name(name);
            }
            for record in &mut reply.answers {
                record.name = loud(&record.name);
            }
        }
        reply
    }
}

fn fqdn(name: &str) -> Name {
    let mut name = Name::from_ascii(name).unwrap();
    name.set_fqdn(true);
    name
}
