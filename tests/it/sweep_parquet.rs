//! A sweep as a Parquet file: the rows of the CSV file, typed, and unknown where they are.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

fn run(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flopbill"));
    command.arg("sweep").args(args).current_dir(folder);
    command.stdin(Stdio::null()).env_remove("FLOPBILL_PROFILES").env("NO_COLOR", "1").output().unwrap()
}

fn refused(folder: &Path, args: &[&str], why: &str) {
    let output = run(folder, args);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains(why), "{said}");
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 0, "nothing is written");
}

#[cfg(not(feature = "parquet"))]
#[test]
fn a_build_without_parquet_says_how_to_build_with_it() {
    let folder = TempDir::new().unwrap();
    for ask in [["-o", "x.parquet"], ["--format", "parquet"]] {
        let args = [&["deepseek-v3", "--vary", "chips=1,2"][..], &ask].concat();
        refused(folder.path(), &args, "--features parquet");
    }
}

#[cfg(feature = "parquet")]
mod built {
    use super::*;
    use flopbill::internals::sweep::columns::FIGURES;
    use parquet::basic::{Repetition, Type as Physical};
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field;

    fn read(path: &Path) -> SerializedFileReader<std::fs::File> {
        SerializedFileReader::new(std::fs::File::open(path).unwrap()).unwrap()
    }

    fn rows(file: &SerializedFileReader<std::fs::File>) -> Vec<Vec<Field>> {
        let fields = |row: parquet::record::Row| row.into_columns().into_iter().map(|(_, field)| field).collect();
        file.get_row_iter(None).unwrap().map(|row| fields(row.unwrap())).collect()
    }

    /// A cell as the CSV file would have it.
    fn agrees(field: &Field, text: &str) -> bool {
        match field {
            Field::Null => text.is_empty(),
            Field::Double(number) => text.parse::<f64>().is_ok_and(|other| (number / other - 1.0).abs() < 1e-14),
            Field::Bool(mark) => text == mark.to_string(),
            Field::Str(string) => text == string,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_parquet_file_holds_the_rows_of_the_csv_file() {
        let folder = TempDir::new().unwrap();
        let v3 = ["deepseek-v3", "--vary", "chips=1000..1010:1", "--vary", "gpu=h800,h200,mi300x"];
        let unanswered = ["--model", "llama-3.1-8b", "--gpu", "h100", "--tokens", "15T", "--vary", "chips=512,1000003"];
        for args in [
            v3.to_vec(),
            [&v3[..], &["--pareto"]].concat(),
            [&v3[..], &["--pareto=front"]].concat(),
            unanswered.to_vec(),
        ] {
            for file in ["x.csv", "x.parquet"] {
                let output = run(folder.path(), &[&args[..], &["-o", file]].concat());
                assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            }
            let file = read(&folder.path().join("x.parquet"));
            let mut csv = csv::Reader::from_path(folder.path().join("x.csv")).unwrap();
            let schema = file.metadata().file_metadata().schema_descr();
            let names: Vec<&str> = schema.columns().iter().map(|column| column.name()).collect();
            assert_eq!(names, csv.headers().unwrap().iter().collect::<Vec<_>>());
            let (rows, texts) = (rows(&file), csv.records().map(Result::unwrap).collect::<Vec<_>>());
            assert_eq!(rows.len(), texts.len());
            for (row, texts) in rows.iter().zip(&texts) {
                assert_eq!(row.len(), texts.len());
                assert!(row.iter().zip(texts).all(|(field, text)| agrees(field, text)), "{row:?} {texts:?}");
            }
        }
        let mut left: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["x.csv", "x.parquet"], "no part file stays");
    }

    #[test]
    fn a_group_goes_on_where_the_one_before_ends() {
        let folder = TempDir::new().unwrap();
        let vary = ["deepseek-v3", "--vary", "chips=1..600:1", "--vary", "mfu=10%..60%:0.1%", "-o", "x.parquet"];
        assert!(run(folder.path(), &vary).status.success());
        let file = read(&folder.path().join("x.parquet"));
        let groups: Vec<i64> = file.metadata().row_groups().iter().map(|group| group.num_rows()).collect();
        assert_eq!(groups, [1 << 18, 600 * 501 - (1 << 18)]);
        let second = file.get_row_group(1).unwrap();
        let first: Vec<f64> = second
            .get_row_iter(None)
            .unwrap()
            .next()
            .map(|row| row.unwrap().into_columns().into_iter().take(2))
            .unwrap()
            .map(|(_, field)| if let Field::Double(number) = field { number } else { panic!("{field:?}") })
            .collect();
        // By hand: point 262144 is 523 times the 501 values of mfu, and 121 more.
        assert!(first[0] == 524.0 && (first[1] - 0.221).abs() < 1e-12, "{first:?}");
    }

    #[test]
    fn values_that_are_not_all_numbers_are_kept_as_they_were_written() {
        let folder = TempDir::new().unwrap();
        assert!(run(folder.path(), &["deepseek-v3", "--vary", "mfu=30%..45%,40%", "-o", "x.parquet"]).status.success());
        let rows = rows(&read(&folder.path().join("x.parquet")));
        let first: Vec<&Field> = rows.iter().map(|row| &row[0]).collect();
        assert_eq!(first, [&Field::Str("30%..45%".into()), &Field::Str("40%".into())]);
    }

    #[test]
    fn numbers_are_doubles_names_are_strings_and_only_what_may_be_unknown_is_optional() {
        let folder = TempDir::new().unwrap();
        let vary = ["--vary", "price=$2/h,$3/h", "--vary", "gpu=h800,h200", "-o", "x.parquet"];
        assert!(run(folder.path(), &[&["deepseek-v3"], &vary[..]].concat()).status.success());
        let file = read(&folder.path().join("x.parquet"));
        let columns = file.metadata().file_metadata().schema_descr().columns();
        let kinds: Vec<_> = columns
            .iter()
            .map(|column| (column.name(), column.physical_type(), column.self_type().get_basic_info().repetition()))
            .collect();
        let unknown = |name| (name, Physical::DOUBLE, Repetition::OPTIONAL);
        let text = |name| (name, Physical::BYTE_ARRAY, Repetition::OPTIONAL);
        assert_eq!(kinds[0], ("price.rent_usd_per_gpu_hour", Physical::DOUBLE, Repetition::REQUIRED));
        assert_eq!(kinds[1], ("run.gpu", Physical::BYTE_ARRAY, Repetition::REQUIRED));
        assert_eq!(kinds[2..11], FIGURES.map(unknown));
        assert_eq!(kinds[11..], ["layout", "error"].map(text));
        // By hand: 2.788 M hours at $2.
        let first = &rows(&file)[0];
        assert_eq!(first[..2], [Field::Double(2.0), Field::Str("h800".into())]);
        assert!(matches!(first[6], Field::Double(cost) if (cost / 5.576e6 - 1.0).abs() < 1e-12), "{first:?}");
        assert_eq!(first[12], Field::Null);
    }

    #[test]
    fn what_parquet_cannot_do_is_refused() {
        let folder = TempDir::new().unwrap();
        for (ask, why) in [
            (&["-o", "x.parquet", "--resume"][..], "cannot be continued"),
            (&["-o", "x.parquet", "--format", "csv"], "contradict each other"),
            (&["-o", "x.csv", "--format", "parquet"], "-o FILE.parquet"),
            (&["--format", "parquet"], "-o FILE.parquet"),
        ] {
            refused(folder.path(), &[&["deepseek-v3", "--vary", "chips=1,2"], ask].concat(), why);
        }
    }
}
