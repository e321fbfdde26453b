//! A flame graph: where the server spends its CPU time, as sampled by `perf`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::Result;

/// The width of the drawing and the height of a frame, in pixels.
const WIDTH: u32 = 1200;
const HEIGHT: i32 = 17;
/// The width of a letter, about.
const LETTER: i32 = 7;
/// Frames with fewer than one in so many samples are not drawn.
const LEAST: u32 = 300;

/// Crates whose frames say nothing about what the server does: they call what was handed to them.
/// Their time counts for their callers.
const PLUMBING: [&str; 19] = [
    "actix_codec",
    "actix_http",
    "actix_rt",
    "actix_server",
    "actix_service",
    "actix_web",
    "alloc",
    "core",
    "diesel",
    "diesel_async",
    "futures_channel",
    "futures_core",
    "futures_util",
    "hashbrown",
    "mio",
    "pin_project_lite",
    "std",
    "tokio",
    "tokio_util",
];

/// Frames that are called by each other, outermost first.
#[derive(Default)]
struct Frame {
    samples: u32,
    callees: BTreeMap<String, Frame>,
}

impl Frame {
    fn add<'a>(&mut self, mut stack: impl Iterator<Item = &'a String>) {
        self.samples += 1;
        if let Some(name) = stack.next() {
            self.callees.entry(name.clone()).or_default().add(stack);
        }
    }

    /// The number of frames on top of each other that are drawn.
    fn depth(&self, least: u32) -> i32 {
        let callees = self.callees.values().filter(|callee| callee.samples > least);
        1 + callees.map(|callee| callee.depth(least)).max().unwrap_or(0)
    }
}

/// Starts to sample a process.
pub fn record(pid: u32, duration: Duration, samples: &Path) -> Result<Child> {
    // Without frame pointers, the stacks are read from copies of their upper parts.
    let options = ["record", "--quiet", "--call-graph", "dwarf,16384", "--freq", "199"];
    let mut perf = Command::new("perf");
    perf.args(options).args(["--pid", &pid.to_string(), "--output"]).arg(samples);
    perf.args(["--", "sleep", &duration.as_secs_f64().to_string()]).stdout(Stdio::null());
    perf.spawn().map_err(|error| format!("perf (Debian: linux-perf): {error}").into())
}

/// Draws what was sampled into an SVG file.
pub fn draw(samples: &Path, title: &str, svg: &Path) -> Result<()> {
    let mut perf = Command::new("perf");
    perf.args(["script", "--no-inline", "--fields", "ip,sym", "--input"]).arg(samples);
    let output = perf.stderr(Stdio::null()).output()?;
    let mut all = Frame::default();
    for stack in String::from_utf8_lossy(&output.stdout).split("\n\n") {
        let frames = frames(stack);
        if !frames.is_empty() {
            all.add(frames.iter());
        }
    }
    if all.samples == 0 {
        return Err("perf has sampled nothing that has a name: build with --profile profiling".into());
    }
    let drawing = Drawing { total: all.samples, least: all.samples / LEAST };
    let height = (all.depth(drawing.least) + 2) * HEIGHT;
    let root = SVGBackend::new(svg, (WIDTH, height.unsigned_abs())).into_drawing_area();
    root.fill(&WHITE)?;
    let label = format!("{title}: {} samples", all.samples);
    root.draw_text(&label, &("sans-serif", 14).into_text_style(&root), (4, 2))?;
    drawing.draw_callees(&root, &all, 0, height - HEIGHT, false)?;
    root.present()?;
    Ok(())
}

/// The scale of a drawing, in samples.
struct Drawing {
    total: u32,
    least: u32,
}

impl Drawing {
    /// Draws the callees of a frame side by side, after `before` samples, and theirs on top of them.
    fn draw_callees(
        &self,
        area: &DrawingArea<SVGBackend<'_>, Shift>,
        frame: &Frame,
        mut before: u32,
        bottom: i32,
        is_sqlite: bool,
    ) -> Result<()> {
        for (name, callee) in &frame.callees {
            let (from, to) = (self.position(before)?, self.position(before + callee.samples)?);
            // Few of its functions have a name that says so.
            let is_sqlite = name.starts_with("sqlite3") || (is_sqlite && !name.contains(':'));
            if callee.samples > self.least {
                let color = color(name, is_sqlite);
                area.draw(&Rectangle::new([(from, bottom - HEIGHT + 1), (to - 1, bottom)], color.filled()))?;
                let letters = usize::try_from((to - from - 6) / LETTER).unwrap_or(0);
                if letters >= 3 {
                    let text: String = label(name).chars().take(letters).collect();
                    let style = ("sans-serif", 12).into_text_style(area);
                    area.draw_text(&text, &style, (from + 3, bottom - HEIGHT + 3))?;
                }
                self.draw_callees(area, callee, before, bottom - HEIGHT, is_sqlite)?;
            }
            before += callee.samples;
        }
        Ok(())
    }

    /// Returns the position in pixels after so many samples.
    fn position(&self, samples: u32) -> Result<i32> {
        Ok(i32::try_from(u64::from(WIDTH) * u64::from(samples) / u64::from(self.total))?)
    }
}

/// Returns the last two parts of a path.
fn label(name: &str) -> &str {
    let last_but_one = name.rmatch_indices("::").nth(1);
    last_but_one.map_or(name, |(at, separator)| &name[at + separator.len()..])
}

/// The server is orange, Linux blue, `SQLite` green, and everything else yellow.
fn color(name: &str, is_sqlite: bool) -> RGBColor {
    match name {
        name if name.starts_with("vouch") => RGBColor(255, 190, 120),
        name if name.starts_with("Linux") => RGBColor(175, 205, 240),
        _ if is_sqlite => RGBColor(185, 225, 170),
        _ => RGBColor(245, 235, 150),
    }
}

/// Returns the names that say something in a stack of `perf script`, outermost first.
fn frames(stack: &str) -> Vec<String> {
    let mut frames: Vec<String> = Vec::new();
    for line in stack.lines().rev() {
        let Some((address, symbol)) = line.trim().split_once(' ') else { continue };
        let name = if address.starts_with("ffff") { in_linux(symbol) } else { shortened(symbol) };
        let is_new = |name: &String| frames.last() != Some(name);
        if let Some(name) = name.filter(is_new) {
            frames.push(name);
        }
    }
    frames
}

/// Of what happens in Linux, the system call or the reason says enough.
fn in_linux(symbol: &str) -> Option<String> {
    let name = symbol.strip_prefix("__x64_sys_").or_else(|| symbol.strip_prefix("asm_"))?;
    Some(format!("Linux: {name}"))
}

/// Returns the path of a function without its types, hash and closures, unless it says nothing.
fn shortened(symbol: &str) -> Option<String> {
    // `<vouch::a::B<C> as d::E>::f` is a function of `vouch::a::B`.
    let symbol = symbol.trim_start_matches(['<', '&']).trim_start_matches("mut ").trim_start_matches("dyn ");
    let mut path = String::new();
    let mut depth = 0;
    let symbol = symbol.split_once(" as ").map_or_else(
        || symbol.to_owned(),
        |(of, rest)| format!("{of}{}", rest.rsplit_once(">::").map_or(String::new(), |(_, name)| format!("::{name}"))),
    );
    for letter in symbol.chars() {
        match letter {
            '<' => depth += 1,
            '>' => depth -= 1,
            letter if depth <= 0 => path.push(letter),
            _ => {}
        }
    }
    let is_hash =
        |part: &str| part.len() == 17 && part.starts_with('h') && part[1..].chars().all(|c| c.is_ascii_hexdigit());
    let parts: Vec<&str> =
        path.split("::").filter(|part| !part.is_empty() && !part.starts_with('{') && !is_hash(part)).collect();
    let first = *parts.first()?;
    // The name of a type that is not known here, or of something below the standard library.
    let says_nothing = PLUMBING.contains(&first) || first.len() == 1 || first.starts_with(['_', '[']);
    let is_beginning = ["main", "start_thread", "clone3"].contains(&first);
    (!says_nothing && !is_beginning).then(|| parts.join("::"))
}
