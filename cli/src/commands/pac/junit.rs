//! What `pac test` found, as JUnit XML.

use std::path::Path;
use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::test::{Session, title};
use crate::error::{CommandError, Kind};

/// A suite for each PAC, a case for each case and client.
pub(super) fn report(file: &Path, sessions: &[Session<'_>]) -> Result<String, CommandError> {
    let mut report = Report::new(file.display().to_string());
    for session in sessions {
        let mut suite = TestSuite::new(session.pac.as_str());
        suite.set_time(Duration::from_secs_f64(session.seconds));
        for trial in &session.trials {
            let status = match &trial.found {
                Some(Ok(())) => TestCaseStatus::success(),
                found => {
                    let found = found.as_ref().and_then(|found| found.as_ref().err());
                    let found = found.map_or("nothing", String::as_str);
                    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                    status.set_message(format!("expected {}, found {found}", trial.case.expect));
                    status.set_description(format!("url {}", trial.case.url));
                    status
                }
            };
            let mut case = TestCase::new(title(trial), status);
            case.set_classname(session.pac.as_str());
            suite.add_test_case(case);
        }
        report.add_test_suite(suite);
    }
    report.to_string().map_err(|error| CommandError::new(Kind::Io, error))
}
