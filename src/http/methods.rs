//! Routes by method, and 405 for all other methods (RFC 9110, section 15.5.6).

use std::future::ready;

use actix_web::http::header::{self, HeaderValue};
use actix_web::{FromRequest, Handler, HttpRequest, HttpResponse, Resource, Responder, Route, guard, web};

use super::measured::Measured;

/// The methods of a route, as listed in `Allow`, and the route.
pub(crate) type Methods = (&'static str, Route);

/// Returns a resource with a route for each method. `refuse` answers any other method; its response
/// gets an `Allow` header, which also names the methods in `elsewhere`: those that middleware
/// answers.
pub(crate) fn resource<const N: usize>(
    path: &str,
    routes: [Methods; N],
    elsewhere: Option<&'static str>,
    refuse: fn(&HttpRequest) -> HttpResponse,
) -> Resource {
    let allow = routes.iter().map(|(methods, _)| *methods).chain(elsewhere).collect::<Vec<_>>().join(", ");
    let unknown_method = move |request: HttpRequest| {
        let mut response = refuse(&request);
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_str(&allow).expect("methods are ASCII"));
        ready(response)
    };
    let resource = web::resource(path.to_owned()).app_data(Measured::default());
    let resource = resource.default_service(web::to(unknown_method));
    routes.into_iter().fold(resource, |resource, (_, route)| resource.route(route))
}

/// `GET` and `HEAD`, for a handler without side effects.
pub(crate) fn get<F, Args>(handler: F) -> Methods
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    ("GET, HEAD", web::route().guard(guard::Any(guard::Get()).or(guard::Head())).to(handler))
}

/// `GET` without `HEAD`, for a handler that changes something, which `HEAD` never may.
pub(crate) fn get_without_head<F, Args>(handler: F) -> Methods
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    ("GET", web::get().to(handler))
}

pub(crate) fn post<F, Args>(handler: F) -> Methods
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    ("POST", web::post().to(handler))
}
