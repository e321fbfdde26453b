//! The pages in a real browser, as people see them: Chromium, the release binary, a homeserver and a mail server. `scripts/browser` installs what is
//! needed and runs this.
//!
//! A story starts a [`World`](world::World) of its own, opens a [`Browser`](browser::Browser) in it and does what a person does: visits a path,
//! clicks words, types into what is labelled, presses keys. Nothing names a selector, and nothing sleeps: what waits, waits for a heading or for
//! words to be there.
//!
//! ```ignore
//! let world = World::start().await;
//! let browser = Browser::open(&world).await;
//! browser.visit("/").await;
//! browser.click("Français").await;
//! browser.reads("Serveur d’identité Matrix").await;
//! browser.examine("home-french").await;
//! ```
//!
//! **Every page passes [`examine`](browser::Browser::examine) once**, under a name of its own: no fault that axe-core knows, by day and by night, on a phone
//! and on a desk; valid HTML; nothing in the console; nothing fetched from elsewhere; no sideways scrolling on the narrowest phone; controls that a
//! thumb can hit. It also keeps the four screenshots. What the person's app does meanwhile, an [`App`](app::App) does; what the homeserver and the
//! mail server saw, `world.homeserver.requests()` and `world.mail` tell, and what the browser sent, [`sent`](browser::Browser::sent).
//!
//! The stories of [`with_synapse`] are told in the world of `tests/e2e` instead, where the homeserver is a real one.

mod address;
mod app;
mod browser;
mod chromium;
mod confirming;
mod driver;
mod examine;
mod home;
mod invited;
mod keyboard;
mod not_me;
mod policies;
mod sign_in;
mod signing_in;
mod with_synapse;
mod world;
mod you;
