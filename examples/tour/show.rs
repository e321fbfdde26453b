//! Output: steps, requests and responses. Secrets are shortened, and colors are only used on a
//! terminal.

use std::cell::Cell;
use std::io::{IsTerminal, stdout};

use serde_json::Value;

/// The width of text in columns.
const WIDTH: usize = 100;
/// The names of JSON fields and query parameters that contain secrets.
const SECRETS: [&str; 3] = ["access_token", "client_secret", "token"];
/// The number of characters of a secret that are shown.
const SHOWN: usize = 6;
/// The number of items of a list that are shown.
const ITEMS: usize = 3;

/// Prints the numbered steps of the tour.
pub struct Narrator {
    use_color: bool,
    steps: Cell<usize>,
}

impl Narrator {
    pub fn new() -> Self {
        Self { use_color: stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(), steps: Cell::new(0) }
    }

    /// Prints a heading.
    pub fn chapter(&self, title: &str) {
        println!("\n{}", self.paint("1", &format!("== {title}")));
    }

    /// Prints what happens next.
    pub fn step(&self, text: &str) {
        self.steps.set(self.steps.get() + 1);
        let number = format!("{:>2}. ", self.steps.get());
        println!();
        for (index, line) in wrap(text, WIDTH - number.len()).iter().enumerate() {
            let margin = if index == 0 { &number } else { "    " };
            println!("{}", self.paint("1", &format!("{margin}{line}")));
        }
    }

    /// Prints lines without wrapping them.
    pub fn lines(&self, text: &str) {
        for line in text.lines() {
            println!("    {}", self.paint("2", line));
        }
    }

    pub fn request(&self, method: &str, path: &str, token: Option<&str>, body: Option<&Value>) {
        println!("\n    {} {}", self.paint("36", method), self.paint("36", &without_secrets(path)));
        if let Some(token) = token {
            println!("    Authorization: Bearer {}", shorten(token));
        }
        if let Some(body) = body {
            json(body);
        }
    }

    pub fn status(&self, status: u16) {
        println!("\n    {}", self.paint_status(status));
    }

    /// Prints a request and the status of its response on one line, if a similar one was shown in
    /// full before.
    pub fn brief(&self, method: &str, path: &str, status: u16) {
        let path = without_secrets(path.split('?').next().unwrap_or_default());
        println!("    {:<4} {path}  ->  {}", self.paint("36", method), self.paint_status(status));
    }

    /// Prints a value of a row.
    pub fn cell(&self, name: &str, value: &str) {
        println!("      {name:<16} {}", self.paint("2", value));
    }

    fn paint_status(&self, status: u16) -> String {
        self.paint(if status < 400 { "32" } else { "33" }, &status.to_string())
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.use_color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// Prints a remark about what was just shown.
pub fn note(text: &str) {
    println!();
    for line in wrap(text, WIDTH - 4) {
        println!("    {line}");
    }
}

/// Prints the body of a request or response.
pub fn json(body: &Value) {
    println!("{}", indented(&format!("{:#}", readable(body))));
}

/// Shortens secrets and long lists.
fn readable(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| {
                let shown = match value {
                    Value::String(secret) if SECRETS.contains(&name.as_str()) => shorten(secret).into(),
                    other => readable(other),
                };
                (name.clone(), shown)
            };
            Value::Object(fields.iter().map(field).collect())
        }
        Value::Array(items) => {
            let mut shown: Vec<Value> = items.iter().take(ITEMS).map(readable).collect();
            if items.len() > ITEMS {
                shown.push(format!("… and {} more", items.len() - ITEMS).into());
            }
            Value::Array(shown)
        }
        other => other.clone(),
    }
}

/// Shortens the secrets in the links of a text.
pub fn without_secrets(text: &str) -> String {
    let mut shown = text.to_owned();
    for name in SECRETS {
        for separator in ['?', '&'] {
            let parameter = format!("{separator}{name}=");
            let Some(start) = shown.find(&parameter).map(|at| at + parameter.len()) else { continue };
            let length = shown[start..].find(|c: char| c == '&' || c.is_whitespace());
            let end = length.map_or(shown.len(), |length| start + length);
            shown.replace_range(start..end, &shorten(&shown[start..end]));
        }
    }
    shown
}

fn shorten(secret: &str) -> String {
    let shown: String = secret.chars().take(SHOWN).collect();
    format!("{shown}…")
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}

fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("the list is never empty");
        if line.is_empty() {
            word.clone_into(line);
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}
