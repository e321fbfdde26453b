//! A single sign-on server for homeservers and browsers that speaks CAS (Central Authentication
//! Service) 2.0 without TLS.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, LOCATION};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use url::{Url, form_urlencoded};

/// A running server on a free port of 127.0.0.1, which stops when dropped.
pub struct Cas {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

struct State {
    user: String,
    /// The unused tickets, with the service that each was issued for.
    tickets: Mutex<HashMap<String, String>>,
}

impl Cas {
    /// Starts a server that only knows `user` and asks for no password. Its page has a heading
    /// “Single sign-on” and a button “Yes, it is me”.
    pub fn start(user: &str) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("the listener is bound");
        let state = Arc::new(State { user: user.to_owned(), tickets: Mutex::default() });
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || serve(listener, &state, stopped));
        Self { address, stop: Some(stop), thread: Some(thread) }
    }

    /// Returns its URL, without a path.
    pub fn url(&self) -> String {
        format!("http://localhost:{}", self.address.port())
    }
}

impl Drop for Cas {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // The thread has already printed any panic.
            let _ = thread.join();
        }
    }
}

/// Accepts connections until `stopped`, which closes all of them.
fn serve(listener: std::net::TcpListener, state: &Arc<State>, stopped: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be created");
    runtime.block_on(async {
        listener.set_nonblocking(true).expect("a socket can be non-blocking");
        let listener = TcpListener::from_std(listener).expect("the socket listens");
        let accept = async {
            loop {
                if let Ok((stream, _)) = listener.accept().await {
                    let state = Arc::clone(state);
                    let service = service_fn(move |request| {
                        let answer = state.answer(&request);
                        async { Ok::<_, Infallible>(answer) }
                    });
                    tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
                }
            }
        };
        tokio::select! {
            () = accept => {}
            _ = stopped => {}
        }
    });
}

impl State {
    fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let query = request.uri().query().unwrap_or_default();
        let query: HashMap<String, String> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        match (request.method(), request.uri().path(), query.get("service")) {
            (&Method::GET, "/login", Some(_)) => page(&self.user),
            (&Method::POST, "/login", Some(service)) => self.send_back(service),
            (&Method::GET, "/proxyValidate", Some(service)) => self.validate(query.get("ticket"), service),
            _ => response(StatusCode::NOT_FOUND, "text/plain", "Not found".to_owned()),
        }
    }

    /// Redirects to the service with a new ticket.
    fn send_back(&self, service: &str) -> Response<Full<Bytes>> {
        let ticket = format!("ST-{:032x}", rand::random::<u128>());
        let mut url: Url = service.parse().expect("a service is a URL");
        url.query_pairs_mut().append_pair("ticket", &ticket);
        self.tickets.lock().unwrap_or_else(PoisonError::into_inner).insert(ticket, service.to_owned());
        let mut response = response(StatusCode::FOUND, "text/plain", String::new());
        response.headers_mut().insert(LOCATION, url.as_str().parse().expect("a URL is ASCII"));
        response
    }

    /// Validates a ticket, which can be used once, and only by its service.
    fn validate(&self, ticket: Option<&String>, service: &str) -> Response<Full<Bytes>> {
        let given = ticket.and_then(|it| self.tickets.lock().unwrap_or_else(PoisonError::into_inner).remove(it));
        let outcome = if given.as_deref() == Some(service) {
            format!("<cas:authenticationSuccess><cas:user>{}</cas:user></cas:authenticationSuccess>", self.user)
        } else {
            r#"<cas:authenticationFailure code="INVALID_TICKET">Not valid</cas:authenticationFailure>"#.to_owned()
        };
        let answer =
            format!(r#"<cas:serviceResponse xmlns:cas="http://www.yale.edu/tp/cas">{outcome}</cas:serviceResponse>"#);
        response(StatusCode::OK, "application/xml", answer)
    }
}

fn page(user: &str) -> Response<Full<Bytes>> {
    let page = format!(
        r#"<!DOCTYPE html><html lang="en"><title>Single sign-on</title><h1>Single sign-on</h1><p>Are you {user}?</p>
        <form method="post"><button>Yes, it is me</button></form></html>"#
    );
    response(StatusCode::OK, "text/html; charset=utf-8", page)
}

fn response(status: StatusCode, kind: &str, body: String) -> Response<Full<Bytes>> {
    Response::builder().status(status).header(CONTENT_TYPE, kind).body(Full::from(body)).expect("the response is valid")
}
