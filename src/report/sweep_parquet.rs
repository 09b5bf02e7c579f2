//! Rows of a sweep as Parquet: a table of typed columns, written in groups of rows, however many there are.

use std::io::{self, Write};
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::Type;

use super::sweep::Writer;
use crate::sweep::Row;
use crate::sweep::columns::{Column as Named, Entry, Shows};

/// Rows of a group. A reader skips whole groups by their least and largest values, and the end of the file lists
/// them: 10^9 rows have fewer than 4000 groups, and a group is some tens of megabytes in memory.
const GROUP: usize = 1 << 18;

/// The values of one column. An unknown number is NaN.
#[derive(Debug)]
enum Column {
    Numbers(Vec<f64>),
    Marks(Vec<bool>),
    Texts(Vec<Option<ByteArray>>),
}

/// What the cells of a column are.
trait Typed {
    fn empty(self) -> Column;
    fn schema(self, name: &str) -> Result<Type, ParquetError>;
    fn optional(self) -> bool;
}

impl Typed for Shows {
    fn empty(self) -> Column {
        match self {
            Self::Axis(_, true) | Self::Figure(_) | Self::Beside(_) => Column::Numbers(Vec::new()),
            Self::Pareto | Self::Kept | Self::Holds => Column::Marks(Vec::new()),
            Self::Axis(_, false) | Self::Layout | Self::Broken | Self::Error => Column::Texts(Vec::new()),
        }
    }

    fn schema(self, name: &str) -> Result<Type, ParquetError> {
        let (physical, logical) = match self.empty() {
            Column::Numbers(_) => (Physical::DOUBLE, None),
            Column::Marks(_) => (Physical::BOOLEAN, None),
            Column::Texts(_) => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        };
        let repetition = if self.optional() { Repetition::OPTIONAL } else { Repetition::REQUIRED };
        Type::primitive_type_builder(name, physical).with_logical_type(logical).with_repetition(repetition).build()
    }

    fn optional(self) -> bool {
        !matches!(self, Self::Axis(..) | Self::Pareto | Self::Kept | Self::Holds)
    }
}

/// Some rows, column by column.
#[derive(Debug, Default)]
pub struct Batch(Vec<Column>);

impl Batch {
    fn rows(&self) -> usize {
        self.0.first().map_or(0, |column| match column {
            Column::Numbers(numbers) => numbers.len(),
            Column::Marks(marks) => marks.len(),
            Column::Texts(texts) => texts.len(),
        })
    }

    /// Adds the rows of another batch below these.
    fn append(&mut self, other: Self) {
        if self.0.is_empty() {
            return *self = other;
        }
        for (column, other) in self.0.iter_mut().zip(other.0) {
            match (column, other) {
                (Column::Numbers(numbers), Column::Numbers(other)) => numbers.extend(other),
                (Column::Marks(marks), Column::Marks(other)) => marks.extend(other),
                (Column::Texts(texts), Column::Texts(other)) => texts.extend(other),
                _ => {} // batches of one table have the same columns
            }
        }
    }
}

/// The columns of a sweep.
pub struct Table<'a> {
    writer: &'a Writer,
}

impl<'a> Table<'a> {
    /// The columns that the rows of this writer have.
    pub fn new(writer: &'a Writer) -> Self {
        Self { writer }
    }

    /// Adds a point's row to a batch, unless it is dropped.
    pub fn row(&self, row: &Row<'_>, batch: &mut Batch) {
        if self.writer.drops(row) {
            return;
        }
        if batch.0.is_empty() {
            batch.0 = self.writer.columns.iter().map(|column| column.shows.empty()).collect();
        }
        let on = self.writer.is_on_front(row);
        for (column, all) in self.writer.columns.iter().zip(&mut batch.0) {
            match (column.shows, all, column.entry(row, on)) {
                // An axis that mixes numbers and names is written as it was typed.
                (Shows::Axis(index, false), Column::Texts(all), _) => {
                    push(all, row.cells.get(index).map(|cell| cell.text.as_str()));
                }
                (_, Column::Numbers(all), Entry::Number(number)) => all.push(number),
                (_, Column::Numbers(all), _) => all.push(f64::NAN),
                (_, Column::Texts(all), Entry::Text(text)) => push(all, Some(&text)),
                (_, Column::Texts(all), _) => push(all, None),
                (_, Column::Marks(all), entry) => all.push(entry == Entry::Mark(true)),
            }
        }
    }

    fn schema(&self) -> Result<Type, ParquetError> {
        let field = |column: &Named| Ok(Arc::new(column.shows.schema(&column.name)?));
        let fields = self.writer.columns.iter().map(field).collect::<Result<Vec<_>, ParquetError>>()?;
        Type::group_type_builder("sweep").with_fields(fields).build()
    }
}

/// Adds a text; one that equals the text before it shares its memory.
fn push(texts: &mut Vec<Option<ByteArray>>, text: Option<&str>) {
    let same = |last: &&ByteArray| Some(last.data()) == text.map(str::as_bytes);
    let last = texts.last().and_then(Option::as_ref).filter(same).cloned();
    texts.push(last.or_else(|| text.map(ByteArray::from)));
}

/// A Parquet file that is being written.
pub struct Groups<'a, W: Write + Send> {
    table: &'a Table<'a>,
    file: SerializedFileWriter<W>,
    waiting: Batch,
}

impl<'a, W: Write + Send> Groups<'a, W> {
    /// Starts a file.
    ///
    /// # Errors
    /// What keeps it from being written.
    pub fn new(table: &'a Table<'a>, out: W) -> io::Result<Self> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            // What is known of single pages stays in memory to the end, and would grow with the rows.
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true)
            .set_created_by(concat!("flopbill version ", env!("CARGO_PKG_VERSION")).into());
        let file = table.schema().and_then(|schema| {
            SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties.build())) // writes the first bytes
        });
        Ok(Self { table, file: file.map_err(io_error)?, waiting: Batch::default() })
    }

    /// Adds rows. Where the groups end does not depend on how the rows come.
    ///
    /// # Errors
    /// What keeps a group from being written.
    pub fn add(&mut self, batch: Batch) -> io::Result<()> {
        self.waiting.append(batch);
        while self.waiting.rows() >= GROUP {
            self.write(GROUP)?;
        }
        Ok(())
    }

    /// Writes the rest and the end of the file, and gives back what it was written to.
    ///
    /// # Errors
    /// What keeps them from being written.
    pub fn finish(mut self) -> io::Result<W> {
        let rest = self.waiting.rows();
        if rest > 0 {
            self.write(rest)?;
        }
        self.file.into_inner().map_err(io_error)
    }

    fn write(&mut self, rows: usize) -> io::Result<()> {
        let mut write = || {
            let mut group = self.file.next_row_group()?;
            for (named, column) in self.table.writer.columns.iter().zip(&mut self.waiting.0) {
                let optional = named.shows.optional();
                let Some(out) = group.next_column()? else { break };
                match column {
                    Column::Numbers(all) => {
                        let known = |number: f64| (!optional || number.is_finite()).then_some(number);
                        put::<DoubleType>(out, optional, all.drain(..rows.min(all.len())).map(known))?;
                    }
                    Column::Marks(all) => put::<BoolType>(out, optional, all.drain(..rows.min(all.len())).map(Some))?,
                    Column::Texts(all) => put::<ByteArrayType>(out, optional, all.drain(..rows.min(all.len())))?,
                }
            }
            group.close().map(drop)
        };
        write().map_err(io_error)
    }
}

/// Writes the values of a column of a group, and which of them are there.
fn put<T: DataType>(
    mut out: SerializedColumnWriter<'_>,
    optional: bool,
    values: impl Iterator<Item = Option<T::T>>,
) -> Result<(), ParquetError> {
    let (mut there, mut known) = (Vec::new(), Vec::new());
    for value in values {
        there.push(i16::from(value.is_some()));
        known.extend(value);
    }
    let there = optional.then_some(there.as_slice());
    out.typed::<T>().write_batch(&known, there, None)?;
    out.close()
}

/// An error of the disk keeps its kind and message.
fn io_error(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(inner) => match inner.downcast::<io::Error>() {
            Ok(trouble) => *trouble,
            Err(other) => io::Error::other(other),
        },
        other => io::Error::other(other),
    }
}
