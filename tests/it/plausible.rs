//! What no run can mean is refused with the range it has to be in, at every door.

use flopbill::internals::catalog::Found;
use flopbill::internals::input::field::{FIELDS, Field, find};
use flopbill::internals::input::file::spec;
use flopbill::internals::input::question::{Input, Question};
use flopbill::internals::read::Document;
use flopbill::internals::sweep::Sweep;
use flopbill::{ConvertRequest, OptimalRequest, PolicyRequest};

use super::doors::catalog;
use super::shell::Shell;

/// Texts of a field that are out of its range, with the unit of its example.
fn absurd(field: &Field) -> Vec<String> {
    let example = field.example;
    let start = example.find(|c: char| c.is_ascii_digit()).unwrap_or(0);
    let end = example[start..].find(|c: char| !(c.is_ascii_digit() || c == '.')).map_or(example.len(), |at| start + at);
    let (sign, unit) = (&example[..start], example[end..].trim_start_matches(['K', 'M', 'B', 'T']));
    let numbers = if field.limits().0 > 0.0 { &["1e-300", "1e300"][..] } else { &["1e300"][..] };
    numbers.iter().map(|number| format!("{sign}{number}{unit}")).collect()
}

#[test]
fn every_number_has_a_range_that_every_door_holds_it_to() {
    for field in FIELDS.iter().filter(|field| field.put.is_some()) {
        for text in absurd(field) {
            let flags = Question::default().with(field.path, text.as_str()).spec();
            assert!(flags.is_err(), "{field:?} takes {text}");
            let (table, key) = field.table_and_key();
            let head = if table.is_empty() { String::new() } else { format!("[{table}]\n") };
            let file = Document::new("x.toml", format!("name = \"x\"\n{head}{key} = \"{text}\"\n"));
            let file = spec(&Found { id: "x".into(), document: file, from_user: true });
            assert!(file.is_err(), "{field:?} of a file takes {text}");
            let setter = Input::new().set(field.path, text.as_str()).question(catalog()).unwrap();
            assert!(setter.spec().is_err(), "{field:?} of the library takes {text}");
        }
    }
}

#[test]
fn the_message_names_the_range() {
    let shell = Shell::new();
    for (args, says) in [
        ("--tokens 1e-300", "`run.tokens` is from 1K to 100000T"),
        ("--set price.rent=$0.00001/h", "`price.rent` is from $0.0001/h to $100000/h"),
        ("--days 1e-9", "`run.wall_clock` is from"),
        ("--params 3", "`run.params` is from 1K to"),
    ] {
        let args: Vec<&str> = ["estimate"].into_iter().chain(args.split(' ')).collect();
        shell.refused(&args, 2, &[says]);
    }
}

#[test]
fn chips_that_are_given_are_whole() {
    let shell = Shell::new();
    for args in [
        "estimate deepseek-v3 --chips 1000.5",
        "estimate deepseek-v3 --set run.chips=1000.5",
        "estimate deepseek-v3 --chips 1000.5..2000",
        "estimate deepseek-v3 --gpu 1000.5xh200",
        "estimate deepseek-v3 --max-chips 10.5",
        "sweep deepseek-v3 --vary chips=1000.5,2000",
        "sweep deepseek-v3 --vary chips=1..100000:0.75",
        "convert deepseek-v3 --to h200 --to-chips 1000.5",
        "plan optimal --gpu h100 --budget $10M --chips 1000.5 --days 60 --mfu 40%",
    ] {
        let args: Vec<&str> = args.split(' ').collect();
        shell.refused(&args, 2, &["whole number"]);
    }
    // A count that is solved may have a fraction, and a run that is moved takes whole ones.
    let solved = shell.json(&["estimate", "--gpu-hours", "2.788M", "--days", "60"]);
    assert!(solved["result"]["chips"].as_f64().unwrap().fract() > 0.0);
    let input = Input::about("deepseek-v3").chips(1000.5);
    assert!(ConvertRequest::new(input, "h200").ask(catalog()).is_err());
    assert!(find("run.chips").unwrap().check(1936.1).is_err());
    let swept = Sweep::new(Question::about("deepseek-v3", catalog()).unwrap(), &["tokens=1e-9,2T"], catalog().clone());
    assert!(swept.unwrap_err().to_string().contains("run.tokens"));
}

#[test]
fn requests_that_hold_numbers_are_held_to_the_same_ranges() {
    let mut asked = OptimalRequest::new("h100", "$10M", "4096", "60d", "40%").unwrap();
    asked.chips = flopbill::quantities::Chips::new(4096.5);
    assert!(asked.ask(catalog()).unwrap_err().to_string().contains("`run.chips` is a whole number"));
    let mut asked = PolicyRequest::new("h200");
    asked.mfu = flopbill::quantities::Fraction::new(1e-12);
    assert!(asked.ask(catalog()).unwrap_err().to_string().contains("`run.mfu` is from"));
}
