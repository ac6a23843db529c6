//! `parray pac verify`, what `generate` writes, and `simulate`.

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{run, stderr, stdout};

const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/tables/campus.pat");

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn place(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.place(name), text).unwrap();
        self.place(name)
    }

    fn generate(&self, more: &[&str]) -> String {
        let pac = self.place("some.pac");
        let output = run(&[&["pac", "generate", "--table", TABLE, "-o", &pac][..], more].concat());
        assert!(output.status.success(), "{}", stderr(&output));
        pac
    }
}

fn certificate(pac: &str, more: &[&str]) -> (Option<i32>, Value) {
    let arguments = ["pac", "verify", pac, "--table", TABLE, "--urls", "2000", "--json"];
    let output = run(&[&arguments[..], more].concat());
    let document: Value = serde_json::from_str(&stdout(&output))
        .unwrap_or_else(|error| panic!("{error}: {}", stderr(&output)));
    (output.status.code(), document)
}

#[test]
fn what_is_generated_is_proven_in_every_style_and_the_certificate_is_the_same_each_time() {
    let folder = Folder::new();
    for flags in [&[][..], &["--minify"], &["--explain"], &["--failover", "1", "--scheme", "HTTPS"]]
    {
        let pac = folder.generate(flags);
        let of_table: Vec<&str> =
            flags.iter().copied().filter(|flag| *flag != "--explain").collect();
        let (code, proof) = certificate(&pac, &of_table);
        assert_eq!(code, Some(0), "{flags:?}: {proof}");
        let proven = &proof["certificate"];
        assert_eq!(
            (&proven["generated"], &proven["differ"]),
            (&true.into(), &0.into()),
            "{flags:?}"
        );
        assert_eq!(certificate(&pac, &of_table).1, proof);
    }
}

#[test]
fn the_engines_see_the_same_urls_and_every_member_owns_some() {
    let folder = Folder::new();
    let pac = folder.generate(&["--minify"]);
    let (_, quickjs) = certificate(&pac, &["--seed", "5"]);
    let (code, boa) = certificate(&pac, &["--seed", "5", "--engine", "boa"]);
    assert_eq!(code, Some(0));
    assert_eq!(quickjs["certificate"]["corpus"], boa["certificate"]["corpus"]);
    let owned = boa["certificate"]["owned"].as_array().unwrap();
    assert!(owned.len() == 3 && owned.iter().all(|it| it[1].as_u64().unwrap() > 500), "{owned:?}");
    let (_, other) = certificate(&pac, &["--seed", "6"]);
    assert_ne!(other["certificate"]["corpus"], boa["certificate"]["corpus"]);
}

#[test]
fn a_pac_that_differs_is_told_with_the_first_urls() {
    let folder = Folder::new();
    let text = std::fs::read_to_string(folder.generate(&[])).unwrap();
    let wrong = folder.write(
        "wrong.pac",
        &text.replace(
            "return parrayRoute(url)",
            "return url.length == 30 ? 'DIRECT' : parrayRoute(url)",
        ),
    );
    let (code, proof) = certificate(&wrong, &[]);
    assert_eq!(code, Some(1));
    let first = proof["mismatches"][0].clone();
    assert_eq!((&first["pac"], first["url"].as_str().unwrap().len()), (&"DIRECT".into(), 30));
    assert_eq!(proof["mismatches"].as_array().unwrap().len(), 10);
    assert_eq!(certificate(&wrong, &[]).1, proof, "whichever process is faster");
    let broken = folder.write("broken.pac", "function (");
    let output = run(&["pac", "verify", &broken, "--table", TABLE, "--urls", "200000"]);
    assert_eq!(output.status.code(), Some(65));
    assert!(stderr(&output).contains("gives no answers"), "{}", stderr(&output));
}

#[test]
fn a_pac_of_another_make_is_sampled() {
    let folder = Folder::new();
    let text = std::fs::read_to_string(folder.generate(&[])).unwrap();
    let (code, proof) = certificate(&folder.write("other.pac", &(text + "// by hand\n")), &[]);
    assert_eq!(code, Some(0));
    assert_eq!(proof["certificate"]["generated"], false);
    let bound = proof["certificate"]["bound"].as_f64().unwrap();
    assert!((bound - 3.0 / 2000.0).abs() < 1e-5, "{bound}");
}

#[test]
fn custom_logic_is_left_out_of_the_proof_and_judged_before_it_is_inserted() {
    let folder = Folder::new();
    let logic =
        folder.write("logic.js", "if (dnsDomainIs(host, \".example.com\")) return \"DIRECT\";");
    let pac = folder.generate(&["--custom-logic", &logic]);
    let (code, proof) = certificate(&pac, &["--custom-logic", &logic]);
    assert_eq!(code, Some(0));
    assert!(proof["certificate"]["custom_logic"].is_string(), "{proof}");
    assert_eq!(certificate(&pac, &[]).0, Some(1), "the table alone says something else");
    let generate = |text: &str| {
        let logic = folder.write("logic.js", text);
        run(&["pac", "generate", "--table", TABLE, "--custom-logic", &logic])
    };
    let bad = generate("if (host == \"WWW.example.com\") return \"DIRECT\";");
    assert_eq!(bad.status.code(), Some(65));
    let said = stderr(&bad);
    assert!(
        said.contains("logic.js:1:13: \"WWW.example.com\"") && said.contains("host-case"),
        "{said}"
    );
    assert!(stdout(&bad).is_empty());
    let always = generate("return \"DIRECT\"; // \u{e9}");
    assert!(always.status.success() && stderr(&always).is_empty(), "{}", stderr(&always));
    let unwise = generate("if (dnsDomainIs(host, \"example.com\")) return \"DIRECT\";");
    assert!(
        unwise.status.success() && stderr(&unwise).contains("undotted-domain"),
        "{}",
        stderr(&unwise)
    );
}

#[test]
fn what_only_some_clients_take_is_a_difference_and_what_never_ends_ends_at_once() {
    let folder = Folder::new();
    let text = std::fs::read_to_string(folder.generate(&[])).unwrap();
    let more = text.replace("return parrayRoute(url)", "return parrayRoute(url) + '; HTTP evil:1'");
    assert_eq!(certificate(&folder.write("more.pac", &more), &[]).0, Some(1));
    let endless = folder.write("endless.pac", "function FindProxyForURL() { while (true) ; }");
    let output = run(&["pac", "verify", &endless, "--table", TABLE, "--timeout", "100ms"]);
    assert_eq!(output.status.code(), Some(65));
    assert!(stderr(&output).contains("took longer than 100ms"), "{}", stderr(&output));
}

#[test]
fn a_budget_is_kept_or_refused() {
    let generate = |budget: &str| run(&["pac", "generate", "--table", TABLE, "--budget", budget]);
    let small = generate("4000");
    assert!(small.status.success() && stdout(&small).len() <= 4000);
    assert!(stderr(&small).contains("minified"), "{}", stderr(&small));
    let none = generate("1000");
    assert_eq!(none.status.code(), Some(65));
    assert!(
        stderr(&none).contains("may have 1000") && stdout(&none).is_empty(),
        "{}",
        stderr(&none)
    );
}

#[test]
fn what_is_generated_has_nothing_to_be_remarked_on() {
    let folder = Folder::new();
    for hash in ["hrw-sip13", "carp-1.0", "carp-1.1", "squid-3.2"] {
        let table = std::fs::read_to_string(TABLE).unwrap().replace("hrw-sip13", hash);
        let table = folder.write("table.pat", &table);
        for flag in ["--minify", "--explain"] {
            let pac = folder.place("own.pac");
            let output = run(&["pac", "generate", "--table", &table, flag, "-o", &pac]);
            assert!(output.status.success(), "{}", stderr(&output));
            let said = stdout(&run(&["pac", "check", &pac]));
            assert!(said.ends_with("0 errors, 0 warnings, 0 notes\n"), "{hash} {flag}: {said}");
        }
    }
}

#[test]
fn a_simulation_tells_each_client_apart_and_draws_it() {
    let folder = Folder::new();
    let picture = folder.place("s.svg");
    let arguments = [
        "pac",
        "simulate",
        "--table",
        TABLE,
        "--down",
        "p1.campus.example.org",
        "--back",
        "30m",
        "--svg",
        &picture,
        "--json",
    ];
    let output = run(&arguments);
    let clients: Vec<Value> =
        stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<&str> = clients.iter().map(|it| it["client"].as_str().unwrap()).collect();
    assert_eq!(names, ["chrome", "firefox", "winhttp", "wininet"]);
    assert_eq!(clients[0]["sum"]["failed"], 0);
    assert!(clients[2]["sum"]["failed"].as_u64().unwrap() > 0);
    let drawn = std::fs::read_to_string(&picture).unwrap();
    assert_eq!(drawn.matches("<polyline").count(), 4);
    assert_eq!(stdout(&run(&arguments)), stdout(&output), "the same each time");
    let unknown = run(&["pac", "simulate", "--table", TABLE, "--down", "nobody"]);
    assert_eq!(unknown.status.code(), Some(64));
    for (flag, value) in [("--time", "10s"), ("--every", "100ms"), ("--clients", "0")] {
        let wrong = run(&["pac", "simulate", "--table", TABLE, flag, value]);
        assert_eq!(wrong.status.code(), Some(64), "{flag} {value}");
    }
    let shown = stdout(&run(&["pac", "simulate", "--table", TABLE]));
    assert!(shown.contains('\u{2588}') && shown.contains("wininet"), "{shown}");
}
