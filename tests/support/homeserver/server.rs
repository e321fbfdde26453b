//! The TLS server of the stub homeserver, and its misbehaviour.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::stream;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use super::{Body, Conduct, State, lock};

/// Accepts connections until `stopped`, which closes all of them.
pub(super) fn serve(
    listener: std::net::TcpListener,
    tls: &TlsAcceptor,
    state: &Arc<State>,
    stopped: oneshot::Receiver<()>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be created");
    runtime.block_on(async {
        listener.set_nonblocking(true).expect("a socket can be non-blocking");
        let listener = TcpListener::from_std(listener).expect("the socket listens");
        let accept = async {
            loop {
                if let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(converse(stream, tls.clone(), Arc::clone(state)));
                }
            }
        };
        tokio::select! {
            () = accept => {}
            _ = stopped => {}
        }
    });
}

/// Serves one connection. Errors are ignored: the client may close it, or not trust the
/// certificate.
async fn converse(stream: TcpStream, tls: TlsAcceptor, state: Arc<State>) {
    let Ok(stream) = tls.accept(stream).await else { return };
    let service = service_fn(move |request| respond(request, Arc::clone(&state)));
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// Records the request and answers as [`Conduct`] says. On an error, hyper closes the connection.
async fn respond(request: Request<Incoming>, state: Arc<State>) -> Result<Response<Body>, &'static str> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| "the request was aborted")?.to_bytes();
    lock(&state.requests).push(Request::from_parts(parts.clone(), body.clone()));
    let _busy = Busy::with(&state);
    let conduct = lock(&state.conduct).clone();
    match conduct {
        Conduct::Honest => {}
        Conduct::Answers(status, body) => {
            let status = StatusCode::from_u16(status).map_err(|_| "no status")?;
            return Ok(answer(status, Full::from(body).boxed_unsync()));
        }
        Conduct::Slow(delay) => tokio::time::sleep(delay).await,
        Conduct::Trickles => return Ok(answer(StatusCode::OK, trickle())),
        Conduct::Endless => return Ok(answer(StatusCode::OK, flood())),
        Conduct::HangsUp => return Err("hung up"),
    }
    Ok(state.answer(&parts, &body))
}

/// Counts a request as in progress until dropped.
struct Busy<'a>(&'a State);

impl<'a> Busy<'a> {
    fn with(state: &'a State) -> Self {
        let at_once = state.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        state.most_at_once.fetch_max(at_once, Ordering::SeqCst);
        Self(state)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.at_once.fetch_sub(1, Ordering::SeqCst);
    }
}

pub(super) fn answer(status: StatusCode, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, "application/json".parse().expect("a media type is a header value"));
    response
}

pub(super) fn json_answer(status: StatusCode, body: &Value) -> Response<Body> {
    answer(status, Full::from(body.to_string()).boxed_unsync())
}

pub(super) fn error(status: StatusCode, errcode: &str, text: &str) -> Response<Body> {
    json_answer(status, &json!({ "errcode": errcode, "error": text }))
}

fn trickle() -> Body {
    let frames = stream::unfold((), |()| async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        Some((Ok(Frame::data(Bytes::from_static(b" "))), ()))
    });
    StreamBody::new(frames).boxed_unsync()
}

fn flood() -> Body {
    let frames = stream::repeat_with(|| Ok(Frame::data(Bytes::from_static(&[b' '; 16 * 1024]))));
    StreamBody::new(frames).boxed_unsync()
}
