//! `parray member --check`: what can be known before a start.

use std::process::Output;

use tempfile::TempDir;

use crate::support::{run, stdout};

const TABLE: &str = "Proxy Array Information/1.0\nArrayEnabled: 1\nConfigID: 1\nArrayName: a\nListTTL: 10\n\n\
    m1 127.0.0.1 3128 http://m1/pat x 0 UP 100 0\n";

/// What a check of these settings says; `@` is a folder with a table.
fn check(folder: &TempDir, settings: &str) -> Output {
    let path = folder.path().display().to_string();
    std::fs::write(folder.path().join("table.pat"), TABLE).unwrap();
    let config = folder.path().join("m.toml");
    std::fs::write(&config, settings.replace('@', &path)).unwrap();
    run(&["member", "--check", "--config", &config.display().to_string()])
}

#[test]
fn what_can_be_used_is_in_order_and_no_folder_is_made() {
    let folder = TempDir::new().unwrap();
    let settings = "name = \"m1\"\ntable = \"@/table.pat\"\n\
        [cache]\nfolder = \"@/cache/below\"\n[access_log]\npath = \"@/log\"\n";
    let output = check(&folder, settings);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(stdout(&output), "settings are in order\n");
    assert!(!folder.path().join("cache").exists());
}

#[test]
fn what_cannot_be_used_is_named_with_its_setting() {
    let folder = TempDir::new().unwrap();
    for (settings, code, told) in [
        ("name = \"m1\"\ntable = \"@/none.pat\"\n", 74, "table @/none.pat: No such file"),
        ("name = \"m1\"\ntable = \"@/m.toml\"\n", 65, "@/m.toml"),
        (
            "name = \"m1\"\ntable = \"@/table.pat\"\n[cache]\nfolder = \"/proc/none\"\n",
            74,
            "cache.folder /proc/none",
        ),
        (
            "name = \"m1\"\ntable = \"@/table.pat\"\n[access_log]\npath = \"@/table.pat/log\"\n",
            78,
            "@/table.pat/log: Not a directory",
        ),
        (
            "name = \"m1\"\ntable = \"@/table.pat\"\n[cache]\ndeny_types = [\"video\"]\n",
            78,
            "cache.deny_types: must be a media type like",
        ),
    ] {
        let output = check(&folder, settings);
        let error = String::from_utf8(output.stderr).unwrap();
        let told = told.replace('@', &folder.path().display().to_string());
        assert_eq!(output.status.code(), Some(code), "{error}");
        assert!(error.contains(&told), "{error}");
    }
    let output = check(&folder, "name = \"m2\"\ntable = \"@/table.pat\"\n");
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("m2 is not in "), "{output:?}");
}
