//! What is told of a run, and the numbers that only get better.

use std::fmt::Write;
use std::path::Path;

use super::compare::{StepResult, Verdict};
use super::scenario;

/// How long a value may be in the report.
const MAX_VALUE: usize = 400;

pub(super) struct Report<'r> {
    results: &'r [StepResult],
}

impl<'r> Report<'r> {
    pub(super) fn new(results: &'r [StepResult]) -> Self {
        Self { results }
    }

    fn count(&self, verdict: Verdict) -> usize {
        self.results
            .iter()
            .filter(|result| result.verdict == verdict)
            .count()
    }

    /// Returns the numbers, in one line.
    pub(super) fn summary(&self) -> String {
        let identical = self.count(Verdict::Identical);
        let permille = identical * 1000 / self.results.len().max(1);
        format!(
            "differential suite: {identical} of {} steps are identical ({}.{} %), {} differ as meant, {} differ, \
             {} are accepted here and refused there",
            self.results.len(),
            permille / 10,
            permille % 10,
            self.count(Verdict::Meant),
            self.count(Verdict::Different),
            self.count(Verdict::TooLenient),
        )
    }

    /// Returns every difference that is not meant; the worst come first.
    pub(super) fn text(&self) -> String {
        let mut text = format!("{}\n", self.summary());
        for verdict in [Verdict::TooLenient, Verdict::Different] {
            for result in self
                .results
                .iter()
                .filter(|result| result.verdict == verdict)
            {
                let _ = writeln!(text, "\n{verdict:?} {} ({})", result.name, result.title);
                for difference in result.telling() {
                    let _ = writeln!(text, "  {}", difference.at);
                    let _ = writeln!(text, "    here  {}", shown(difference.ours.as_ref()));
                    let _ = writeln!(text, "    there {}", shown(difference.theirs.as_ref()));
                }
            }
        }
        text
    }

    /// Compares the numbers with those of a file.
    pub(super) fn check_floor(&self, path: &Path) {
        let (identical, lenient) = (
            self.count(Verdict::Identical),
            self.count(Verdict::TooLenient),
        );
        if std::env::var_os("WINDLASS_UPDATE").is_some() {
            let text = format!("identical: {identical}\ntooLenient: {lenient}\n");
            std::fs::write(path, text).unwrap();
        }
        let floor = scenario::read_yaml(path);
        let number = |key: &str| floor[key].as_u64().unwrap() as usize;
        let text = self.text();
        assert!(
            identical >= number("identical"),
            "fewer than {} steps agree\n{text}",
            number("identical")
        );
        assert!(
            lenient <= number("tooLenient"),
            "too much is accepted\n{text}"
        );
    }
}

fn shown(value: Option<&serde_json::Value>) -> String {
    let Some(value) = value else {
        return "-".to_owned();
    };
    let mut text = value.to_string();
    if !super::tells_all() {
        text.truncate(text.floor_char_boundary(MAX_VALUE));
    }
    text
}
