//! The tree shows the architecture, and these tests keep it so.

use std::fs;
use std::path::{Path, PathBuf};

/// Layers of `src/`, lowest first. A module uses itself and lower rows; modules of one row do not know each other.
const LAYERS: &[&[&str]] = &[
    &["blame", "files", "units"],
    &["net"],
    &["access", "access_log", "auth", "route"],
    &["cache", "pac"],
    &["config"],
    &["site"],
    &["master", "member"],
];

/// Lines of a Rust file at most.
const LONGEST: usize = 500;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            files.push(path);
        }
    }
    files
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|row| row.contains(&module))
}

#[test]
fn a_module_names_only_lower_layers() {
    let src = root().join("src");
    for file in rust_files(&src) {
        let inside = file.strip_prefix(&src).unwrap();
        let own = inside
            .components()
            .next()
            .unwrap()
            .as_os_str()
            .to_str()
            .unwrap()
            .trim_end_matches(".rs");
        if own == "lib" {
            continue;
        }
        let mine = layer(own).unwrap_or_else(|| panic!("src/{own} stands in no layer"));
        for (i, line) in fs::read_to_string(&file).unwrap().lines().enumerate() {
            if line.trim_start().starts_with("//") {
                continue;
            }
            for part in line.split("crate::").skip(1) {
                let end =
                    part.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(part.len());
                let named = part.get(..end).unwrap();
                let allowed = named == own || layer(named).is_some_and(|row| row < mine);
                assert!(allowed, "{}:{}: {own} may not use {named}", file.display(), i + 1);
            }
        }
    }
}

#[test]
fn no_rust_file_is_longer_than_500_lines() {
    for folder in ["src", "pat/src", "cli/src", "tests", "benches"] {
        for file in rust_files(&root().join(folder)) {
            let lines = fs::read_to_string(&file).unwrap().lines().count();
            assert!(lines <= LONGEST, "{}: {lines} lines", file.display());
        }
    }
}

#[test]
fn no_test_file_is_forgotten() {
    for suite in fs::read_dir(root().join("tests")).unwrap() {
        let suite = suite.unwrap().path();
        let Ok(main) = fs::read_to_string(suite.join("main.rs")) else {
            continue;
        };
        for entry in fs::read_dir(&suite).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap();
            let module = path.extension().is_some_and(|end| end == "rs") && name != "main";
            assert!(
                !module || main.contains(&format!("mod {name};")),
                "{} is not in main.rs",
                path.display()
            );
        }
    }
}
