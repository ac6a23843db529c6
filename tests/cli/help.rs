//! Help, completions and man pages.

use tempfile::TempDir;

use crate::support::{run, stdout};

#[test]
fn the_help_of_every_command_stays_as_it_is() {
    let commands: [&[&str]; 25] = [
        &[],
        &["up"],
        &["master"],
        &["member"],
        &["pat"],
        &["pat", "init"],
        &["pat", "show"],
        &["pat", "check"],
        &["pat", "add"],
        &["pat", "set"],
        &["pat", "off"],
        &["pat", "diff"],
        &["pac", "generate"],
        &["pac", "eval"],
        &["pac", "check"],
        &["pac", "test"],
        &["pac", "diff"],
        &["pac", "verify"],
        &["pac", "simulate"],
        &["route"],
        &["cache"],
        &["cache", "stats"],
        &["cache", "get"],
        &["cache", "purge"],
        &["cache", "ban"],
    ];
    for command in commands {
        let mut arguments = command.to_vec();
        arguments.push("--help");
        let output = run(&arguments);
        assert!(output.status.success());
        insta::assert_snapshot!(format!("help {}", command.join(" ")).trim(), stdout(&output));
    }
}

#[test]
fn completions_and_man_pages_are_made() {
    assert!(stdout(&run(&["completions", "bash"])).contains("parray"));
    let folder = TempDir::new().unwrap();
    assert!(run(&["man", &folder.path().display().to_string()]).status.success());
    assert!(folder.path().join("parray-pat-set.1").exists());
}
