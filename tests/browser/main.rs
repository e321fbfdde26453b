//! The pages in a real browser: Chromium, the server's binary, a homeserver and a mail server.
//! `scripts/browser` installs what is needed and runs these tests.
//!
//! A test starts its own [`World`](world::World), opens a [`Browser`](browser::Browser) in it and
//! acts like a person: opens a path, clicks text, types into labelled fields, presses keys. Tests
//! do not use selectors and do not sleep: they wait for a heading or a text.
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
//! **Every page passes [`examine`](browser::Browser::examine) once**, under its own name: no
//! violation known to axe-core, in light and dark colours, on a phone and on a desktop; valid HTML;
//! an empty console; no requests to other hosts; no horizontal scrolling on the narrowest phone;
//! controls large enough to touch. `VOUCH_TEST_SCREENSHOTS` saves four screenshots of it. An [`App`](app::App) acts as the
//! person's app; `world.homeserver.requests()` and `world.mail` show what the homeserver and the
//! mail server received, and [`sent`](browser::Browser::sent) what the browser sent.
//!
//! The tests in [`with_synapse`] use the world of `tests/e2e`, where the homeserver is a real
//! Synapse.

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
mod mix_up;
mod not_me;
mod policies;
mod sign_in;
mod signing_in;
mod with_synapse;
mod world;
mod you;
