//! The commands of docs/installing.md, as they are written there.

const PAGE: &str = include_str!("../../docs/installing.md");

/// Returns the headings of the steps, in order.
pub fn steps() -> Vec<&'static str> {
    let headings = PAGE.lines().filter_map(|line| line.strip_prefix("## "));
    headings.filter(|heading| heading.starts_with(|first: char| first.is_ascii_digit())).collect()
}

/// Returns the blocks of commands below a heading, in order.
#[track_caller]
pub fn blocks(heading: &str) -> Vec<&'static str> {
    let (_, rest) = PAGE.split_once(&format!("\n## {heading}\n")).expect(heading);
    let section = rest.split("\n## ").next().unwrap();
    section.split("\n```sh\n").skip(1).map(|block| block.split("```\n").next().unwrap()).collect()
}

/// Returns a command that the page contains.
#[track_caller]
pub fn documented(command: &str) -> &str {
    assert!(PAGE.contains(command), "{command}");
    command
}
