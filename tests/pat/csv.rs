//! Members as CSV.

use pat::{LoadFactor, Member, Status, read_csv, write_csv};

use crate::support::{campus, member, opaque};

const HEADING: &str = "name,ip,port,table_url,agent,state_time,status,load_factor,cache_size";

fn error(text: &str) -> String {
    read_csv(text).unwrap_err().to_string()
}

fn line_of_error(text: &str) -> u64 {
    read_csv(text).unwrap_err().line
}

#[test]
fn members_are_written_with_a_heading_in_the_order_of_the_table() {
    assert_eq!(
        write_csv(campus().members()),
        format!(
            "{HEADING}\n\
             p1,10.0.0.1,3128,http://p1/pat,ws/4,60,on,100,512\n\
             p2,10.0.0.2,3128,http://p1/pat,ws/4,60,off,100,512\n"
        )
        .replace("3128", "8080")
    );
}

#[test]
fn what_is_written_reads_back_as_the_same() {
    let mut odd = member("[2001:db8::1]");
    odd.agent = opaque("a \"b\", c;'d'");
    odd.table_url = opaque("http://x/?a,b");
    odd.status = Status::Off;
    let mut with_ip = member("p1");
    with_ip.ip = Some("2001:db8::1".parse().unwrap());
    let members = [odd, with_ip];
    assert_eq!(read_csv(&write_csv(&members)).unwrap(), members);
}

#[test]
fn name_and_port_are_enough() {
    assert_eq!(read_csv("name,port\np1,3128\n").unwrap(), [member("p1")]);
    let row = format!("{HEADING}\np1,,3128,,,,,,\n");
    assert_eq!(read_csv(&row).unwrap(), [member("p1")]);
}

#[test]
fn columns_stand_in_any_order() {
    let read = read_csv("load_factor,port,name\n1,3128,p1\n").unwrap();
    assert_eq!(read, [Member { load_factor: LoadFactor::ONE, ..member("p1") }]);
}

#[test]
fn blanks_around_cells_and_line_ends_of_a_spreadsheet_say_nothing() {
    let expected = [member("p1"), member("p2")];
    assert_eq!(read_csv("name , port\n p1 ,\t3128 \np2,3128").unwrap(), expected);
    assert_eq!(read_csv("name,port\r\np1,3128\r\n\r\np2,3128\r\n").unwrap(), expected);
    assert_eq!(read_csv("\u{feff}name,port\np1,3128\np2,3128\n").unwrap(), expected);
}

#[test]
fn no_rows_are_no_members() {
    assert_eq!(read_csv("name,port\n").unwrap(), []);
    assert_eq!(read_csv("").unwrap(), []);
}

#[test]
fn an_error_names_its_line() {
    assert_eq!(line_of_error("name,port\np1,0\n"), 2);
    assert_eq!(line_of_error("name,port\np1,1\np2,2\np!3,3\n"), 4);
    assert_eq!(line_of_error("name,port\np1,1\np2\n"), 3);
    assert_eq!(line_of_error("name,port\np1,1\n,2\n"), 3);
    assert_eq!(line_of_error("name,port\np1,1,extra\n"), 2);
}

#[test]
fn an_error_says_what_was_expected_and_found() {
    let row = |cells: &str| error(&format!("{HEADING}\n{cells}\n"));
    for (cells, expected) in [
        ("p!1,,80,,,,,,", "found \"p!1\""),
        ("p1,,80,,,,,0,", "load factor must be 1 to 16777215, found \"0\""),
        ("p1,,80,,,,,16777216,", "load factor must be 1 to 16777215, found \"16777216\""),
        ("p1,,80,,,,maybe,,", "maybe"),
        ("p1,10.0.0.256,80,,,,,,", "IP address"),
        ("p1,,65536,,,,,,", ""),
        ("p1,,80,,,-1,,,", ""),
        ("p1,,80,,,,,,-5", ""),
        ("p1,,80,,a\tb,,,,", "text must be 1 to 1024 printable characters"),
    ] {
        let error = row(cells);
        assert!(error.starts_with("line 2: ") && error.contains(expected), "{cells}: {error}");
    }
}

#[test]
fn a_missing_or_unknown_column_is_named() {
    assert!(error("name\np1\n").contains("missing field `port`"));
    assert!(error("port\n80\n").contains("missing field `name`"));
    assert!(error("name,port,weight\np1,80,3\n").contains("unknown field `weight`"));
}

#[test]
fn a_cell_over_two_lines_does_not_move_the_lines_of_errors() {
    let text = "name,port,agent\np1,80,\"a\nb\"\np2,80,x\n";
    assert_eq!(line_of_error(text), 2);
    assert_eq!(line_of_error("name,port\n\"p1\n\",80\np2,0\n"), 4);
}

#[test]
fn an_error_names_its_line_in_a_text_with_crlf() {
    assert_eq!(line_of_error("name,port\r\np1,1\r\np!2,2\r\n"), 3);
}

#[test]
fn empty_lines_do_not_move_the_lines_of_errors() {
    assert_eq!(line_of_error("name,port\n\n\np!2,2\n"), 4);
}

#[test]
fn no_members_are_a_heading() {
    assert_eq!(write_csv(&[]), format!("{HEADING}\n"));
}
