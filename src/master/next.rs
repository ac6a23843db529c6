//! Which table follows from a change: pure.

use pat::{Edit, EditError, Table};

/// What somebody wants of the table.
#[derive(Debug, Clone)]
pub enum Change {
    /// These edits, all or none.
    Edits(Vec<Edit>),
    /// This table instead; its `ConfigID` is the master's to give.
    Replace(Box<Table>),
    /// This table, as it was found in the file. Its `ConfigID` counts if it is a later one.
    FoundInFile(Box<Table>),
}

/// The table after a change; `None` if it says the same as before.
///
/// # Errors
/// An edit that cannot be applied.
pub(super) fn next_table(current: &Table, change: Change) -> Result<Option<Table>, EditError> {
    let id = current.header().config_id;
    let (table, next_id) = match change {
        Change::Edits(edits) => (current.apply(&edits)?, id.next()),
        Change::Replace(table) => (*table, id.next()),
        Change::FoundInFile(table) => {
            let found = table.header().config_id;
            // Whoever edits by hand may have counted up already, and may have taken an old copy.
            let next = if found.0 > id.0 { found } else { id.next() };
            (*table, next)
        }
    };
    let differs = !table.same_content(current);
    Ok(differs.then(|| table.with_config_id(next_id)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pat::{ConfigId, Header};

    fn table(id: u32, name: &str) -> Table {
        let mut header = Header::new(name.parse().unwrap());
        header.config_id = ConfigId(id);
        Table::new(header, Vec::new()).unwrap()
    }

    fn next_id(current: u32, change: Change) -> Option<u32> {
        next_table(&table(current, "a"), change).unwrap().map(|table| table.header().config_id.0)
    }

    #[test]
    fn each_published_change_gets_an_id_of_its_own() {
        let rename = Edit::SetArrayName("b".parse().unwrap());
        assert_eq!(next_id(7, Change::Edits(vec![rename.clone()])), Some(8));
        assert_eq!(next_id(u32::MAX, Change::Edits(vec![rename])), Some(0));
        assert_eq!(next_id(7, Change::Replace(Box::new(table(3, "b")))), Some(8));
        for (found, given) in [(7, 8), (3, 8), (8, 8), (20, 20)] {
            assert_eq!(next_id(7, Change::FoundInFile(Box::new(table(found, "b")))), Some(given));
        }
    }

    #[test]
    fn a_change_that_says_the_same_is_none() {
        assert_eq!(next_id(7, Change::Edits(Vec::new())), None);
        assert_eq!(next_id(7, Change::Replace(Box::new(table(99, "a")))), None);
        assert_eq!(next_id(7, Change::FoundInFile(Box::new(table(99, "a")))), None);
    }
}
